//! The whole part of a decimal number, exactly: what buckets of numbers start from.

use super::Decimal;

impl Decimal<'_> {
    /// The largest integer that is not above this number times ten to the power of `scale`; none where that integer has
    /// more than [`DIGITS`] digits.
    pub(crate) fn floor_scaled(&self, scale: u8) -> Option<i128> {
        // The number is `0.DIGITS` times ten to the magnitude, so this many of its digits are whole.
        let whole = usize::try_from(self.magnitude + i64::from(scale)).unwrap_or(0);
        if whole > DIGITS {
            return None;
        }
        let mut digits = self.digits.0.iter().chain(self.digits.1);
        let digit = |value: i128, digit: &u8| value * 10 + i128::from(digit.saturating_sub(b'0'));
        let value = digits.by_ref().chain(std::iter::repeat(&b'0')).take(whole).fold(0, digit);
        // The last digit is never a zero, so a digit that is left is a fraction.
        let has_fraction = self.digits.0.len() + self.digits.1.len() > whole;
        Some(if !self.negative { value } else { -value - i128::from(has_fraction) })
    }
}

/// Digits that `i128` holds with room for a width on top.
const DIGITS: usize = 36;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn floor(text: &str, scale: u8) -> Option<i128> {
        Decimal::parse(text).unwrap().floor_scaled(scale)
    }

    #[test]
    fn the_floor_lies_below_on_both_sides_of_zero() {
        for (text, scale, expected) in [
            ("0", 0, 0),
            ("-0.0", 9, 0),
            ("0.999999999999999999999999999999999999999999", 0, 0),
            ("-0.000000000000000000000000000000000000000001", 0, -1),
            ("-1e-999999999", 9, -1),
            ("1e-999999999", 9, 0),
            ("12.345", 0, 12),
            ("12.345", 2, 1234),
            ("12.345", 3, 12345),
            ("12.345", 9, 12_345_000_000),
            ("-12.345", 2, -1235),
            ("-12.34", 2, -1234),
            ("-12", 0, -12),
            ("1e3", 0, 1000),
            ("-1e3", 0, -1000),
            ("0.0001", 3, 0),
            ("-0.0001", 3, -1),
            ("-10.0", 0, -10),
        ] {
            assert_eq!(floor(text, scale), Some(expected), "{text} at {scale}");
        }
    }

    #[test]
    fn a_number_of_too_many_digits_has_none() {
        assert_eq!(floor(&"9".repeat(36), 0), Some(10_i128.pow(36) - 1));
        for (text, scale) in [("1e36", 0), ("-1e36", 0), ("1e27", 9), ("1e999999999", 0), ("-9e999999999", 9)] {
            assert_eq!(floor(text, scale), None, "{text} at {scale}");
        }
        assert_eq!(floor("9.99e26", 9), Some(999 * 10_i128.pow(33)));
    }
}
