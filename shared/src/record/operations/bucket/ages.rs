//! Bands of ages in completed years, the last one open, from a number of years or from a birth date at a day that the
//! policy fixes. The day is never today's: jobs on two days in a row would tell whose birthday lies between them.

use std::fmt::{self, Display, Formatter};

use super::date::Date;
use super::{DocumentError, Item, Output, RecordRefused, Rule, Scratch, Value};
use crate::limits;
use crate::record::decimal::Decimal;
use crate::record::json::Kind;

/// The ages at which a band begins, rising. The first band begins at 0, and the last has no end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgeBands {
    /// 0 is left out.
    begin: Vec<u64>,
}

/// What a policy says of ages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ages {
    /// Its bands.
    pub bands: AgeBands,
    /// Where values are birth dates: the day on which ages are looked at.
    pub on: Option<Date>,
}

/// Ready to write.
pub(crate) struct Writer {
    on: Option<Date>,
    begin: Vec<u64>,
    /// What each band is called; one more than `begin`.
    names: Vec<String>,
}

impl AgeBands {
    pub(super) fn read(item: &Item<'_>) -> Result<Self, DocumentError> {
        let mut begin: Vec<u64> = Vec::new();
        let mut before = None;
        for item in item.array(limits::AGE_BANDS)? {
            let age = item.integer(0..=limits::AGE)?;
            if before.replace(age).is_some_and(|before| before >= age) {
                return Err(item.error(Rule::Value("ages that rise from entry to entry")));
            }
            if age > 0 {
                begin.push(age);
            }
        }
        if begin.is_empty() { Err(item.error(Rule::Value("at least one age above 0"))) } else { Ok(Self { begin }) }
    }

    /// Whether each of these bands is made of whole bands of `others`.
    pub(super) fn are_unions_of(&self, others: &Self) -> bool {
        self.begin.iter().all(|age| others.begin.contains(age))
    }

    /// `0-17`, `18-29`, `30` where a band is one year, `75+`.
    fn names(&self) -> Vec<String> {
        let from = std::iter::once(&0).chain(&self.begin);
        let until = self.begin.iter().map(Some).chain([None]);
        let name = |(from, until): (&u64, Option<&u64>)| match until.map(|until| until - 1) {
            None => format!("{from}+"),
            Some(last) if last == *from => from.to_string(),
            Some(last) => format!("{from}-{last}"),
        };
        from.zip(until).map(name).collect()
    }
}

impl Display for AgeBands {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str("0")?;
        self.begin.iter().try_for_each(|age| write!(out, ", {age}"))
    }
}

impl Writer {
    pub(super) fn new(bands: &AgeBands, on: Option<Date>) -> Self {
        Self { on, begin: bands.begin.clone(), names: bands.names() }
    }

    pub(super) fn write(&self, value: &Value<'_>, scratch: &mut Scratch, out: &mut Output<'_>) -> Result<(), RecordRefused> {
        let age = match (self.on, value.kind()) {
            (None, Kind::Number) => Decimal::parse(value.raw())?.floor_scaled(0),
            (Some(on), Kind::String(_)) => {
                let born = Date::parse(value.text(&mut scratch.text).ok_or(RecordRefused::OperationType)?);
                born.map(|born| completed_years(born, on))
            }
            _ => return Err(RecordRefused::OperationType),
        };
        // Nobody has an age below zero.
        let age = age.and_then(|age| u64::try_from(age).ok()).ok_or(RecordRefused::NotBucketed)?;
        let band = self.begin.partition_point(|begin| *begin <= age);
        let name = self.names.get(band).ok_or(RecordRefused::NotBucketed)?;
        out.plain([name.as_bytes(), b""]);
        Ok(())
    }
}

/// Years completed on the day `on`; below zero where that lies before the birth. Who was born on 29 February completes a
/// year on 1 March where there is no 29 February.
fn completed_years(born: Date, on: Date) -> i128 {
    let years = i128::from(on.year) - i128::from(born.year);
    years - i128::from((on.month, on.day) < (born.month, born.day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_is_completed_on_the_birthday() {
        let date = |year, month, day| Date { year, month, day };
        for (born, on, years) in [
            (date(2000, 3, 17), date(2026, 3, 16), 25),
            (date(2000, 3, 17), date(2026, 3, 17), 26),
            (date(2000, 3, 17), date(2026, 4, 1), 26),
            (date(2000, 2, 29), date(2023, 2, 28), 22),
            (date(2000, 2, 29), date(2023, 3, 1), 23),
            (date(2000, 2, 29), date(2024, 2, 29), 24),
            (date(2026, 3, 17), date(2026, 3, 17), 0),
            (date(2026, 3, 18), date(2026, 3, 17), -1),
            (date(2027, 1, 1), date(2026, 12, 31), -1),
            (date(0, 1, 1), date(9999, 12, 31), 9999),
        ] {
            assert_eq!(completed_years(born, on), years, "{born:?} on {on:?}");
        }
    }
}
