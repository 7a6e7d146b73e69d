//! Buckets of numbers: half-open ranges between multiples of a width, counted from zero. Exact decimals throughout.

use std::fmt::{self, Display, Formatter, Write};

use super::{DocumentError, Item, Output, RecordRefused, Rule, Scratch, Value};
use crate::record::decimal::Decimal;
use crate::record::json::Kind;

/// The width of buckets: a positive number of at most 12 digits before and 9 after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Width {
    /// In units of 10^-9.
    units: i128,
    /// Digits after the point that it is written with, without trailing zeros.
    decimals: usize,
}

impl Width {
    pub(super) fn read(item: &Item<'_>) -> Result<Self, DocumentError> {
        Self::parse(item.number()?).ok_or_else(|| {
            item.error(Rule::Value("a number above 0 with at most 12 digits before and 9 after the point, without exponent"))
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fraction = fraction.trim_end_matches('0');
        if text.contains(['e', 'E']) || whole.len() > 12 || fraction.len() > SCALE {
            return None;
        }
        let units = Decimal::parse(text).ok()?.floor_scaled(SCALE_DIGITS)?;
        (units > 0).then_some(Self { units, decimals: fraction.len() })
    }

    /// Whether buckets of this width are whole buckets of `min` put together.
    pub(super) fn is_multiple_of(&self, min: &Self) -> bool {
        self.units % min.units == 0
    }

    /// Writes `[FROM,TO)`: the text of a half-open range as PostgreSQL's `numrange` reads it.
    pub(super) fn write(&self, value: &Value<'_>, scratch: &mut Scratch, out: &mut Output<'_>) -> Result<(), RecordRefused> {
        if value.kind() != Kind::Number {
            return Err(RecordRefused::OperationType);
        }
        let units = Decimal::parse(value.raw())?.floor_scaled(SCALE_DIGITS).ok_or(RecordRefused::NotBucketed)?;
        let from = units.div_euclid(self.units) * self.units;
        scratch.text.clear();
        write!(scratch.text, "[{},{})", self.written(from), self.written(from + self.units)).map_err(|_| RecordRefused::NotBucketed)?;
        out.text(|out| out.push(&scratch.text));
        Ok(())
    }

    fn written(&self, units: i128) -> Written {
        Written { units, decimals: self.decimals }
    }
}

impl Display for Width {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        self.written(self.units).fmt(out)
    }
}

/// A number in units of 10^-9, of which only the first decimals can be other than zero.
struct Written {
    units: i128,
    decimals: usize,
}

impl Display for Written {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Self { units, decimals } = self;
        let (whole, fraction) = (units.unsigned_abs() / ONE, units.unsigned_abs() % ONE);
        let sign = if *units < 0 { "-" } else { "" };
        write!(out, "{sign}{whole}")?;
        if *decimals == 0 {
            return Ok(());
        }
        let dropped = u32::try_from(SCALE - decimals.min(&SCALE)).unwrap_or(0);
        write!(out, ".{:0decimals$}", fraction / 10_u128.pow(dropped))
    }
}

/// Digits after the point that widths can have.
const SCALE: usize = 9;
const SCALE_DIGITS: u8 = 9;
/// 1, in units.
const ONE: u128 = 1_000_000_000;
