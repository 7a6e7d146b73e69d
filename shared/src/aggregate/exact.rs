//! Exact decimal arithmetic for sums and means: no floating point, no rounding but the one of a mean. Values are bounded, so
//! that no sum of as many records as a job may read can overflow.

use std::fmt;

use crate::record::decimal::Decimal;

/// Digits before and after the point that a value may have.
pub(crate) const DIGITS: i64 = 28;
/// What one whole is, in units of the last digit after the point.
const UNIT: i128 = 10_i128.pow(28);
/// Digits that a mean has more than its input.
const MEAN_DIGITS: u32 = 6;

/// A decimal number: `whole + fraction / 10^28`, where `0 <= fraction < 10^28`, so that the order is that of the pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Exact {
    whole: i128,
    fraction: i128,
}

/// Exact numbers added up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    whole: i128,
    fraction: i128,
    count: u64,
    scale: u32,
}

/// A number has more than 28 digits before or after its point, and can be compared but not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number has more than {DIGITS} digits before or after its point")]
pub struct TooManyDigits;

impl Exact {
    /// The number that `decimal` is.
    ///
    /// # Errors
    /// [`TooManyDigits`].
    pub(crate) fn of(decimal: &Decimal<'_>) -> Result<Self, TooManyDigits> {
        let (negative, point, digits) = decimal.parts();
        let length = i64::try_from(digits.clone().count()).map_err(|_| TooManyDigits)?;
        if point > DIGITS || length.saturating_sub(point) > DIGITS {
            return Err(TooManyDigits);
        }
        let (mut whole, mut fraction, mut place) = (0_i128, 0_i128, 0_i64);
        for digit in digits {
            let digit = i128::from(digit - b'0');
            if place < point {
                whole = whole * 10 + digit;
            } else {
                fraction = fraction * 10 + digit;
            }
            place += 1;
        }
        let power = |exponent: i64| u32::try_from(exponent.max(0)).ok().and_then(|exponent| 10_i128.checked_pow(exponent));
        whole *= power(point - place).ok_or(TooManyDigits)?;
        fraction *= power(DIGITS - (place - point).max(0)).ok_or(TooManyDigits)?;
        Ok(if negative { Self::negative(whole, fraction) } else { Self { whole, fraction } })
    }

    /// The number within `low` and `high`.
    pub(crate) fn clamped(self, low: Self, high: Self) -> Self {
        self.max(low).min(high)
    }

    /// How many whole `width`s, a positive integer, lie below: the number rounded down.
    pub(crate) fn floor_div(self, width: u64) -> i128 {
        self.whole.div_euclid(i128::from(width.max(1)))
    }

    /// The number times 10^9, rounded down; none where that is out of bounds.
    pub(crate) fn in_billionths(self) -> Option<i128> {
        self.whole.checked_mul(1_000_000_000)?.checked_add(self.fraction / 10_i128.pow(19))
    }

    /// Digits after the point, zeros at the end not counted.
    pub(crate) fn scale(self) -> u32 {
        if self.fraction == 0 {
            return 0;
        }
        let (mut scale, mut fraction) = (28, self.fraction);
        while fraction % 10 == 0 {
            fraction /= 10;
            scale -= 1;
        }
        scale
    }

    fn negative(whole: i128, fraction: i128) -> Self {
        if fraction == 0 { Self { whole: -whole, fraction } } else { Self { whole: -whole - 1, fraction: UNIT - fraction } }
    }

    /// Sign, whole and fraction of the absolute value.
    fn absolute(self) -> (bool, u128, u128) {
        if self.whole >= 0 {
            (false, self.whole.unsigned_abs(), self.fraction.unsigned_abs())
        } else if self.fraction == 0 {
            (true, self.whole.unsigned_abs(), 0)
        } else {
            (true, self.whole.unsigned_abs() - 1, (UNIT - self.fraction).unsigned_abs())
        }
    }
}

/// In plain digits, without an exponent and without zeros at the end of the fraction.
impl fmt::Display for Exact {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (negative, whole, fraction) = self.absolute();
        let sign = if negative { "-" } else { "" };
        if fraction == 0 {
            return write!(out, "{sign}{whole}");
        }
        let fraction = format!("{fraction:028}");
        write!(out, "{sign}{whole}.{}", fraction.trim_end_matches('0'))
    }
}

impl Sum {
    /// Adds one number.
    pub(crate) fn add(&mut self, number: Exact) {
        // 10^28 added 10^10 times stays below 10^38; a job reads no more records than that in years.
        self.whole = self.whole.saturating_add(number.whole);
        self.fraction = self.fraction.saturating_add(number.fraction);
        self.count = self.count.saturating_add(1);
        if self.scale < 28 && number.fraction != 0 {
            self.scale = self.scale.max(number.scale());
        }
    }

    /// How many numbers were added.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The sum; none where nothing was added, or where it has left the bounds.
    pub(crate) fn total(&self) -> Option<Exact> {
        let total = Exact { whole: self.whole.checked_add(self.fraction.div_euclid(UNIT))?, fraction: self.fraction.rem_euclid(UNIT) };
        let within = self.whole != i128::MAX && self.whole != i128::MIN && self.fraction != i128::MAX;
        (self.count > 0 && within).then_some(total)
    }

    /// The sum divided by the count, rounded half to even, with six digits more after the point than any number added has.
    pub(crate) fn mean(&self) -> Option<String> {
        let (negative, whole, fraction) = self.total()?.absolute();
        let count = u128::from(self.count);
        let mut remainder = whole % count;
        let mut digits: Vec<u8> = (whole / count).to_string().into_bytes();
        let integer_digits = digits.len();
        let mut after = format!("{fraction:028}").into_bytes().into_iter();
        for _ in 0..self.scale + MEAN_DIGITS {
            remainder = remainder * 10 + u128::from(after.next().unwrap_or(b'0') - b'0');
            digits.push(b'0' + u8::try_from(remainder / count).ok()?);
            remainder %= count;
        }
        let rest = after.any(|digit| digit != b'0');
        let last_is_odd = digits.last().is_some_and(|digit| digit % 2 == 1);
        let up = match (remainder * 2).cmp(&count) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => rest || last_is_odd,
            std::cmp::Ordering::Less => false,
        };
        let mut carried = up;
        for digit in digits.iter_mut().rev() {
            if !carried {
                break;
            }
            carried = *digit == b'9';
            *digit = if carried { b'0' } else { *digit + 1 };
        }
        let mut text = String::from_utf8(digits).ok()?;
        text.insert(integer_digits, '.');
        if carried {
            text.insert(0, '1');
        }
        let text = text.trim_end_matches('0').trim_end_matches('.');
        Some(if negative && text != "0" { format!("-{text}") } else { text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn exact(text: &str) -> Exact {
        Exact::of(&Decimal::parse(text).unwrap()).unwrap()
    }

    fn sum(numbers: &[&str]) -> Sum {
        let mut sum = Sum::default();
        numbers.iter().for_each(|number| sum.add(exact(number)));
        sum
    }

    #[test]
    fn numbers_are_written_plainly_whatever_their_form() {
        for (text, plain) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("5.00", "5"),
            ("50e-1", "5"),
            ("-1.50", "-1.5"),
            ("1e3", "1000"),
            ("-12.345e2", "-1234.5"),
            ("0.0001", "0.0001"),
            ("-1e-28", "-0.0000000000000000000000000001"),
            ("9999999999999999999999999999.9999999999999999999999999999", "9999999999999999999999999999.9999999999999999999999999999"),
            ("-9999999999999999999999999999.9999999999999999999999999999", "-9999999999999999999999999999.9999999999999999999999999999"),
        ] {
            assert_eq!(exact(text).to_string(), plain);
        }
    }

    #[test]
    fn numbers_with_too_many_digits_are_refused() {
        for text in
            ["1e28", "-1e28", "1e-29", "1.00000000000000000000000000001", "12345678901234567890123456789", "1e999999999", "1e-999999999"]
        {
            assert_eq!(Exact::of(&Decimal::parse(text).unwrap()), Err(TooManyDigits), "{text}");
        }
        assert!(Exact::of(&Decimal::parse("0e999999999").unwrap()).is_ok());
    }

    #[test]
    fn order_is_that_of_the_numbers() {
        let rising = ["-10.5", "-10.25", "-10", "-1", "-0.75", "-0.5", "0", "1e-28", "0.5", "0.75", "1", "10", "10.25", "10.5"];
        for pair in rising.windows(2) {
            let [low, high] = pair else { panic!("a pair") };
            assert!(exact(low) < exact(high), "{low} {high}");
        }
    }

    #[test]
    fn sums_are_exact() {
        assert_eq!(sum(&["0.1", "0.2"]).total().unwrap().to_string(), "0.3");
        assert_eq!(sum(&["-0.1", "-0.2", "0.3"]).total().unwrap().to_string(), "0");
        assert_eq!(sum(&["-1.5", "-2.75", "1"]).total().unwrap().to_string(), "-3.25");
        assert_eq!(sum(&["9007199254740993", "1e-20"]).total().unwrap().to_string(), "9007199254740993.00000000000000000001");
        assert!(sum(&[]).total().is_none());
    }

    #[test]
    fn means_are_rounded_half_to_even_six_digits_further() {
        for (numbers, mean) in [
            (&["1", "2"][..], "1.5"),
            (&["10", "0", "0"], "3.333333"),
            (&["20", "0", "0"], "6.666667"),
            (&["-20", "0", "0"], "-6.666667"),
            (&["0.01", "0.00", "0.00"], "0.00333333"),
            (&["1", "0", "0", "0", "0", "0", "0", "0"], "0.125"),
            (&["-0.5", "0.5"], "0"),
            (&["99.9999999", "99.9999999", "100"], "99.9999999333333"),
        ] {
            assert_eq!(sum(numbers).mean().unwrap(), mean, "{numbers:?}");
        }
        let eighth = |numerator: &str| {
            let mut all = vec!["0"; 127];
            all.push(numerator);
            sum(&all).mean().unwrap()
        };
        assert_eq!(eighth("1"), "0.007812", "half, and the digit before is even");
        assert_eq!(eighth("3"), "0.023438", "0.0234375: half, and the digit before is odd");
        assert_eq!(eighth("127.99999999"), "0.99999999992188");
    }

    #[test]
    fn a_carry_runs_through_all_nines() {
        // 3 * 0.9999999 / 3 has scale 7 + 6 and needs no rounding; 2.9999999999 thirds with less do.
        assert_eq!(sum(&["2.9999999", "0", "0"]).mean().unwrap(), "0.9999999666667");
        assert_eq!(sum(&["29999998", "2", "-1e-1"]).mean().unwrap(), "9999999.9666667");
    }

    #[test]
    fn widths_are_counted_downwards() {
        assert_eq!(exact("-0.5").floor_div(100), -1);
        assert_eq!(exact("99.99").floor_div(100), 0);
        assert_eq!(exact("-100").floor_div(100), -1);
        assert_eq!(exact("-100.01").floor_div(100), -2);
        assert_eq!(exact("250").floor_div(100), 2);
    }
}
