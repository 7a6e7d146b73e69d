//! Exact decimal arithmetic for sums and means: no floating point, no rounding but the one of a mean. Values are bounded, so
//! that no sum of as many records as a job may read can overflow.

use std::fmt;

use crate::record::RecordRefused;
use crate::record::decimal::Decimal;

/// Digits before and after the point that a value may have.
pub(crate) const DIGITS: i64 = 28;
const DIGITS_U32: u32 = 28;
/// What one whole is, in units of the last digit after the point.
const UNIT: i128 = 10_i128.pow(28);
/// 10^0 to 10^28.
const POWERS: [i128; 29] = powers();
/// Digits that are read at once: as many fit into 64 bits.
const SHORT: usize = 18;
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
    /// The number that the text of a JSON number is.
    ///
    /// # Errors
    /// [`RecordRefused::Decimal`], [`RecordRefused::TooManyDigits`].
    pub(crate) fn read(text: &str) -> Result<Self, RecordRefused> {
        match Self::short(text.as_bytes()) {
            Some(number) => Ok(number),
            None => Ok(Self::of(&Decimal::parse(text)?)?),
        }
    }

    /// The same for a few digits with at most one point and no exponent, as most numbers are written; none for all others.
    fn short(text: &[u8]) -> Option<Self> {
        let (negative, text) = text.strip_prefix(b"-").map_or((false, text), |digits| (true, digits));
        let point = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
        let (before, after) = text.split_at_checked(point)?;
        let after = after.get(1..).unwrap_or_default();
        if before.is_empty() {
            return None;
        }
        let (whole, fraction) = (short_digits(before)?, short_digits(after)? * power(DIGITS_U32 - u32::try_from(after.len()).ok()?)?);
        Some(if negative { Self::negative(whole, fraction) } else { Self { whole, fraction } })
    }

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
        let power = |exponent: i64| u32::try_from(exponent.max(0)).ok().and_then(power).ok_or(TooManyDigits);
        whole *= power(point - place)?;
        fraction *= power(DIGITS - (place - point).max(0))?;
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
        let scale = self.scale();
        let fraction = fraction / power(DIGITS_U32 - scale).map_or(1, i128::unsigned_abs);
        write!(out, "{sign}{whole}.{fraction:0places$}", places = usize::try_from(scale).unwrap_or_default())
    }
}

/// 10 to the power of `exponent`, at most 28.
fn power(exponent: u32) -> Option<i128> {
    POWERS.get(usize::try_from(exponent).ok()?).copied()
}

#[expect(clippy::indexing_slicing, reason = "within the length, and the compiler evaluates it")]
const fn powers() -> [i128; 29] {
    let (mut powers, mut exponent) = ([1; 29], 1);
    while exponent < powers.len() {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
}

/// The number that at most [`SHORT`] digits are.
fn short_digits(digits: &[u8]) -> Option<i128> {
    let next = |number: u64, byte: &u8| byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'));
    if digits.len() > SHORT { None } else { digits.iter().try_fold(0_u64, next).map(i128::from) }
}

impl Sum {
    /// Adds one number.
    pub(crate) fn add(&mut self, number: Exact) {
        // 10^28 added 10^10 times stays below 10^38; a job reads no more records than that in years.
        self.whole = self.whole.saturating_add(number.whole);
        self.fraction = self.fraction.saturating_add(number.fraction);
        self.count = self.count.saturating_add(1);
        // Looking for zeros at the end takes long: only where there are more digits than any number before had.
        if power(DIGITS_U32 - self.scale.min(DIGITS_U32)).is_some_and(|last| number.fraction % last != 0) {
            self.scale = number.scale();
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
        // No digit of the sum is left: it has no more after the point than the numbers that were added.
        let last_is_odd = digits.last().is_some_and(|digit| digit % 2 == 1);
        let up = match (remainder * 2).cmp(&count) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => last_is_odd,
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
mod tests;
