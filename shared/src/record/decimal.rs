//! Exact decimal numbers, for comparing and counting what JSON numbers mean: `5`, `5.0` and `50e-1` are one number.
//! No floating point, no rounding; a number whose exponent is out of bounds is refused, never approximated.

use std::cmp::Ordering;

use crate::limits;

mod floor;

/// A number: its digits without leading or trailing zeros, and where its point stands.
#[derive(Debug, Clone, Copy)]
pub struct Decimal<'t> {
    negative: bool,
    /// The number is `0.DIGITS` times ten to this power; 0 for zero.
    magnitude: i64,
    /// The digits, in two pieces; both empty for zero.
    digits: (&'t [u8], &'t [u8]),
}

/// A number that owns its digits.
#[derive(Debug, Clone)]
pub struct OwnedDecimal {
    negative: bool,
    magnitude: i64,
    digits: Vec<u8>,
}

/// A number's exponent is beyond [`limits::DECIMAL_EXPONENT`], or the text is not a number as JSON writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number that has to be compared has an exponent out of bounds")]
pub struct DecimalOutOfBounds;

impl<'t> Decimal<'t> {
    /// Reads the text of a JSON number.
    ///
    /// # Errors
    /// [`DecimalOutOfBounds`].
    pub fn parse(text: &'t str) -> Result<Self, DecimalOutOfBounds> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return Err(DecimalOutOfBounds);
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        // Where one piece is empty, the zeros that it hid are at the edge of the other.
        let (point, whole, fraction) = match (whole, fraction) {
            ("", fraction) => {
                let digits = fraction.trim_start_matches('0');
                (-length(fraction)? + length(digits)?, "", digits)
            }
            (whole, "") => (length(whole)?, whole.trim_end_matches('0'), ""),
            both => (length(whole)?, both.0, both.1),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Ok(Self { negative: false, magnitude: 0, digits: (&[], &[]) });
        }
        Ok(Self { negative, magnitude: point + exponent, digits: (whole.as_bytes(), fraction.as_bytes()) })
    }

    /// The same number with digits of its own.
    #[must_use]
    pub fn to_owned(&self) -> OwnedDecimal {
        OwnedDecimal { negative: self.negative, magnitude: self.magnitude, digits: [self.digits.0, self.digits.1].concat() }
    }

    /// Appends bytes that are equal for equal numbers and for them alone.
    pub fn write_canonical(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.negative));
        out.extend_from_slice(&self.magnitude.to_be_bytes());
        out.extend_from_slice(self.digits.0);
        out.extend_from_slice(self.digits.1);
    }

    /// Whether it is negative, how many of its digits stand before the point, and its digits. Without zeros at either end.
    pub(crate) fn parts(&self) -> (bool, i64, impl Iterator<Item = u8> + Clone + 't) {
        (self.negative, self.magnitude, self.digits.0.iter().chain(self.digits.1).copied())
    }

    fn is_zero(&self) -> bool {
        self.digits.0.is_empty() && self.digits.1.is_empty()
    }

    fn cmp_absolute(&self, other: &Decimal<'_>) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        self.magnitude
            .cmp(&other.magnitude)
            .then_with(|| self.digits.0.iter().chain(self.digits.1).cmp(other.digits.0.iter().chain(other.digits.1)))
    }
}

impl OwnedDecimal {
    /// The number, borrowed.
    #[must_use]
    pub fn borrow(&self) -> Decimal<'_> {
        Decimal { negative: self.negative, magnitude: self.magnitude, digits: (&self.digits, &[]) }
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.cmp_absolute(other),
            (true, true) => other.cmp_absolute(self),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal<'_> {}

fn parse_exponent(text: &str) -> Result<i64, DecimalOutOfBounds> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecimalOutOfBounds);
    }
    let significant = digits.trim_start_matches('0');
    let value = if significant.is_empty() { 0 } else { significant.parse::<i64>().map_err(|_| DecimalOutOfBounds)? };
    if value > limits::DECIMAL_EXPONENT {
        return Err(DecimalOutOfBounds);
    }
    Ok(if negative { -value } else { value })
}

fn length(digits: &str) -> Result<i64, DecimalOutOfBounds> {
    i64::try_from(digits.len()).map_err(|_| DecimalOutOfBounds)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn decimal(text: &str) -> Decimal<'_> {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn numbers_stand_in_their_order() {
        let rising = [
            "-1e999999999",
            "-1e400",
            "-123456789012345678901234567890",
            "-10.01",
            "-10",
            "-9.9999",
            "-1",
            "-0.2",
            "-0.1",
            "-1e-400",
            "0",
            "1e-999999999",
            "1e-400",
            "0.00099",
            "0.001",
            "0.01",
            "0.0100000000000000000000000000000001",
            "0.1",
            "0.11",
            "0.9",
            "1",
            "1.00000000000000000000000000000000000001",
            "1.1",
            "2",
            "9",
            "9.99",
            "10",
            "11",
            "99",
            "100",
            "9007199254740992",
            "9007199254740993",
            "123456789012345678901234567890",
            "123456789012345678901234567890.5",
            "1e400",
            "1.1e400",
            "1e999999999",
        ];
        for (index, one) in rising.iter().enumerate() {
            for (other_index, other) in rising.iter().enumerate() {
                assert_eq!(decimal(one).cmp(&decimal(other)), index.cmp(&other_index), "{one} and {other}");
                assert_eq!(decimal(one).to_owned().borrow().cmp(&decimal(other)), index.cmp(&other_index));
                assert_eq!(decimal(one).partial_cmp(&decimal(other)), Some(index.cmp(&other_index)));
                assert_eq!(decimal(one) == decimal(other), index == other_index, "{one} and {other}");
            }
        }
    }

    #[test]
    fn one_number_has_one_canonical_form_however_written() {
        for same in [
            &["0", "-0", "0.0", "-0.000", "0e5", "0.00e-999999999", "0E+0"][..],
            &["5", "5.0", "50e-1", "0.5e1", "5e0", "5E+00000000000000000000000", "0.0005e4", "500E-2"],
            &["-1200", "-1200.000", "-12e2", "-1.2e3", "-0.0012e6", "-120000e-2"],
            &["0.0012", "12e-4", "1.2e-3", "0.00120", "0.12E-2"],
            &["100.001", "100001e-3", "1.000010e2"],
        ] {
            for one in same {
                for other in same {
                    assert_eq!(decimal(one), decimal(other), "{one} and {other}");
                    let (mut left, mut right) = (Vec::new(), Vec::new());
                    decimal(one).write_canonical(&mut left);
                    decimal(other).to_owned().borrow().write_canonical(&mut right);
                    assert_eq!(left, right, "{one} and {other}");
                }
            }
        }
    }

    #[test]
    fn exponents_out_of_bounds_are_refused() {
        let long = format!("1e{}", "9".repeat(100_000));
        for text in ["1e1000000000", "1e-1000000000", "0e1000000000", "1e99999999999999999999", &long] {
            assert_eq!(Decimal::parse(text).err(), Some(DecimalOutOfBounds), "{text:.30}");
        }
        assert!(Decimal::parse(&format!("1e{}1", "0".repeat(100_000))).is_ok());
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", "a", "1e", "1e+", ".5", "--1", "1.2.3", "1e2e3", "0x1", "NaN", "1,5", "+1"] {
            assert!(Decimal::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn comparison_agrees_with_integer_arithmetic() {
        let mut state = 0x5EED_u64;
        let mut next = move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            state >> 33
        };
        for _ in 0..20_000 {
            let mut number = || {
                let digits = i128::from(next() % 2000) - 1000;
                let scale = u32::try_from(next() % 7).unwrap();
                let text = match next() % 3 {
                    0 => format!("{digits}e-{scale}"),
                    1 => format!(
                        "{}{}.{:0width$}e{}",
                        if digits < 0 { "-" } else { "" },
                        digits.abs() / 100,
                        digits.abs() % 100,
                        2 - i64::from(scale),
                        width = 2
                    ),
                    _ => format!("{}0E-{}", digits, scale + 1),
                };
                (text, digits * 10_i128.pow(6 - scale))
            };
            let (one, one_value) = number();
            let (other, other_value) = number();
            assert_eq!(decimal(&one).cmp(&decimal(&other)), one_value.cmp(&other_value), "{one} and {other}");
        }
    }
}
