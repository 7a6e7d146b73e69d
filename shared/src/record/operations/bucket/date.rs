//! Buckets of dates: the month, quarter or year of a date as it is written. No time zone is ever converted.

use std::fmt::{self, Display, Formatter};

use super::{DocumentError, Item, Output, RecordRefused, Rule, Scratch, Value};
use crate::record::json::Kind;

/// A period of the calendar, shorter ones first: each is made of whole ones of those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named as written in policies and jobs")]
pub enum Period {
    Month,
    Quarter,
    Year,
}

/// A day of the Gregorian calendar. Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    pub(super) year: u16,
    pub(super) month: u8,
    pub(super) day: u8,
}

impl Period {
    const ALL: [(&'static str, Self); 3] = [("month", Self::Month), ("quarter", Self::Quarter), ("year", Self::Year)];

    pub(super) fn read(item: &Item<'_>) -> Result<Self, DocumentError> {
        item.word(&Self::ALL, "month, quarter or year")
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, period)| *period == self).map_or("", |(name, _)| name)
    }

    /// Writes `2026-03`, `2026-Q1` or `2026`.
    pub(super) fn write(self, value: &Value<'_>, scratch: &mut Scratch, out: &mut Output<'_>) -> Result<(), RecordRefused> {
        let Kind::String(_) = value.kind() else { return Err(RecordRefused::OperationType) };
        let text = value.text(&mut scratch.text).ok_or(RecordRefused::OperationType)?;
        let date = Date::parse(text).ok_or(RecordRefused::NotBucketed)?;
        let (Some(year), Some(month)) = (text.get(..4), text.get(..7)) else { return Err(RecordRefused::NotBucketed) };
        out.text(|out| match self {
            Self::Month => out.push(month),
            Self::Year => out.push(year),
            Self::Quarter => {
                out.push(year);
                out.push(match date.month {
                    1..=3 => "-Q1",
                    4..=6 => "-Q2",
                    7..=9 => "-Q3",
                    _ => "-Q4",
                });
            }
        });
        Ok(())
    }
}

impl Date {
    /// Reads a date of a policy.
    pub(super) fn read(item: &Item<'_>) -> Result<Self, DocumentError> {
        let written = item.datetime()?;
        match (written.date, written.time, written.offset) {
            (Some(date), None, None) => Ok(Self { year: date.year, month: date.month, day: date.day }),
            _ => Err(item.error(Rule::Type("a date without a time, such as 2026-01-01"))),
        }
    }

    /// The date that begins `text`: a full-date or a date-time of RFC 3339, the latter with or without its offset, and with
    /// `T`, `t` or a blank before the time. All of it has to be valid.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = date.as_bytes() else { return None };
        let year = u16::from(two(*y0, *y1)?) * 100 + u16::from(two(*y2, *y3)?);
        let (month, day) = (two(*m0, *m1)?, two(*d0, *d1)?);
        let is_date = (1..=12).contains(&month) && (1..=days(year, month)).contains(&day);
        let is_whole = rest.is_empty() || rest.strip_prefix(['T', 't', ' ']).is_some_and(is_time);
        (is_date && is_whole).then_some(Self { year, month, day })
    }
}

impl Display for Date {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// `10:00:00`, with a fraction or without, with an offset or without.
fn is_time(text: &str) -> bool {
    let Some((time, rest)) = text.as_bytes().split_at_checked(8) else { return false };
    let [h0, h1, b':', m0, m1, b':', s0, s1] = time else { return false };
    // A leap second is the 60th.
    let fits =
        [(h0, h1, 23), (m0, m1, 59), (s0, s1, 60)].into_iter().all(|(tens, ones, most)| two(*tens, *ones).is_some_and(|n| n <= most));
    let rest = match rest.strip_prefix(b".") {
        Some(fraction) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            fraction.get(digits..).filter(|_| digits > 0)
        }
        None => Some(rest),
    };
    fits && rest.is_some_and(|rest| match rest {
        [] | [b'Z' | b'z'] => true,
        [b'+' | b'-', h0, h1, b':', m0, m1] => two(*h0, *h1).is_some_and(|h| h <= 23) && two(*m0, *m1).is_some_and(|m| m <= 59),
        _ => false,
    })
}

fn two(tens: u8, ones: u8) -> Option<u8> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
}

fn days(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(if year.is_multiple_of(100) { 400 } else { 4 }) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn dates_and_date_times_are_read_as_written() {
        for text in [
            "2026-03-17",
            "2026-03-17T10:00:00Z",
            "2026-03-17t10:00:00z",
            "2026-03-17 23:59:60",
            "2026-03-17T23:59:59.999999999999999999-23:59",
            "2026-03-17T00:00:00.5+14:00",
            "2026-03-17T00:00:00",
        ] {
            assert_eq!(Date::parse(text), Some(Date { year: 2026, month: 3, day: 17 }), "{text}");
            assert_eq!(Date::parse(text).map(|date| date.to_string()).as_deref(), Some("2026-03-17"));
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "2026",
            "2026-03",
            "2026-3-17",
            "2026-00-17",
            "2026-13-17",
            "2026-03-00",
            "2026-03-32",
            "2026-04-31",
            "2026-02-29",
            "1900-02-29",
            "26-03-17",
            "+2026-03-17",
            "17.03.2026",
            "03/17/2026",
            "20260317",
            "2026-W12-2",
            "2026-03-17 ",
            " 2026-03-17",
            "2026-03-17T",
            "2026-03-17T10:00",
            "2026-03-17T10:00Z",
            "2026-03-17T24:00:00Z",
            "2026-03-17T10:60:00Z",
            "2026-03-17T10:00:61Z",
            "2026-03-17T10:00:00.Z",
            "2026-03-17T10:00:00,5Z",
            "2026-03-17T10:00:00+0100",
            "2026-03-17T10:00:00+24:00",
            "2026-03-17T10:00:00+01:60",
            "2026-03-17T10:00:00ZZ",
            "2026-03-17T10:00:00Z ",
            "2026-03-17x10:00:00Z",
            "2026-03-1:",
            "2026-03-1/",
            "2026-03-1७",
            "２026-03-17",
            "2026-03-1é",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_these_years_is_read_and_no_other() {
        // The reader of TOML judges.
        for year in [0, 1900, 1999, 2000, 2023, 2024, 2100, 9999] {
            for (month, day) in (0..=13_i8).flat_map(|month| (0..=32_i8).map(move |day| (month, day))) {
                let text = format!("{year:04}-{month:02}-{day:02}");
                let expected = toml::from_str::<toml::Table>(&format!("d = {text}")).is_ok();
                assert_eq!(Date::parse(&text).is_some(), expected, "{text}");
            }
        }
    }
}
