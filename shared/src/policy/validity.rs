//! When a policy's jobs may run. Time is the NSM's signed time and comes in as a value; nothing here reads a clock.

use toml::value::{Date, Datetime, Offset, Time};

use super::{PolicyError, Root};
use crate::toml_reader::{Item, OFFSET_DATE_TIME, Rule};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub u64);

/// From when and until when, both included; none is unbounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validity {
    not_before: Option<UnixMillis>,
    not_after: Option<UnixMillis>,
}

/// The time is outside a policy's validity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutsideValidity {
    /// Before `not_before`.
    #[error("the policy is not valid yet (not_before)")]
    NotYet,
    /// After `not_after`.
    #[error("the policy has expired (not_after)")]
    Expired,
}

impl Validity {
    pub(super) fn take(root: &mut Root<'_>) -> Result<Self, PolicyError> {
        let not_before = root.take("not_before").map(|item| millis(&item)).transpose()?;
        let not_after_item = root.take("not_after");
        let not_after = not_after_item.as_ref().map(millis).transpose()?;
        match (not_before, not_after, not_after_item) {
            (Some(from), Some(until), Some(item)) if from >= until => Err(item.error(Rule::EmptyValidity)),
            _ => Ok(Self { not_before, not_after }),
        }
    }

    /// The first moment at which jobs may run.
    #[must_use]
    pub fn not_before(&self) -> Option<UnixMillis> {
        self.not_before
    }

    /// The last moment at which jobs may run.
    #[must_use]
    pub fn not_after(&self) -> Option<UnixMillis> {
        self.not_after
    }

    pub(super) fn holds(&self, now: UnixMillis) -> Result<(), OutsideValidity> {
        if self.not_before.is_some_and(|from| now < from) {
            return Err(OutsideValidity::NotYet);
        }
        if self.not_after.is_some_and(|until| now > until) {
            return Err(OutsideValidity::Expired);
        }
        Ok(())
    }
}

fn millis(item: &Item<'_>) -> Result<UnixMillis, PolicyError> {
    let error = || item.error(Rule::Type(OFFSET_DATE_TIME));
    let Datetime { date: Some(date), time: Some(time), offset: Some(offset) } = item.datetime()? else { return Err(error()) };
    let offset_minutes = match offset {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(*minutes),
    };
    let seconds = date_seconds(date).zip(time_seconds(time)).map(|(date, time)| date + time - offset_minutes * 60);
    let millis = seconds.and_then(|seconds| u64::try_from(seconds).ok()).map(|seconds| {
        let fraction = time.nanosecond.unwrap_or(0) / 1_000_000;
        UnixMillis(seconds * 1000 + u64::from(fraction))
    });
    millis.ok_or_else(error)
}

/// Seconds from 1970 to midnight of a date of the Gregorian calendar.
fn date_seconds(date: &Date) -> Option<i64> {
    let (year, month, day) = (i64::from(date.year), i64::from(date.month), i64::from(date.day));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1970..=9999).contains(&year) || !(1..=month_length).contains(&day) {
        return None;
    }
    // Years counted from March, so that the leap day is the last: days in them have a closed form.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    Some((days - DAYS_TO_1970) * 86_400)
}

fn time_seconds(time: &Time) -> Option<i64> {
    let second = time.second.unwrap_or(0);
    let in_bounds = time.hour < 24 && time.minute < 60 && second < 60;
    in_bounds.then(|| i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(second))
}

/// Days from 1 March of the year 0 to 1 January 1970.
const DAYS_TO_1970: i64 = 719_468;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(text: &str) -> Option<u64> {
        let datetime: Datetime = text.parse().unwrap();
        let (Some(date), Some(time)) = (datetime.date, datetime.time) else { return None };
        date_seconds(&date).zip(time_seconds(&time)).and_then(|(date, time)| u64::try_from(date + time).ok())
    }

    #[test]
    fn dates_are_seconds_since_1970() {
        // date -u -d DATE +%s
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-03-01T00:00:00Z", 5_097_600),
            ("1972-02-29T23:59:59Z", 68_255_999),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2026-01-01T00:00:00Z", 1_767_225_600),
            ("2027-12-31T23:59:59Z", 1_830_297_599),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(read(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn days_follow_each_other() {
        let mut expected = 0;
        for year in 1970..=2405 {
            for month in 1..=12 {
                for day in 1..=31 {
                    if let Some(seconds) = date_seconds(&Date { year, month, day }) {
                        assert_eq!(seconds, expected, "{year}-{month}-{day}");
                        expected += 86_400;
                    }
                }
            }
        }
    }

    #[test]
    fn a_time_of_day_has_its_bounds() {
        let time = |hour, minute, second| time_seconds(&Time { hour, minute, second, nanosecond: None });
        assert_eq!([time(23, 59, Some(59)), time(0, 0, Some(0)), time(1, 2, None)], [Some(86_399), Some(0), Some(3720)]);
        assert_eq!([time(24, 0, Some(0)), time(0, 60, Some(0)), time(0, 0, Some(60)), time(23, 60, None)], [None; 4]);
    }

    #[test]
    fn both_ends_of_the_validity_are_included() {
        let validity = Validity { not_before: Some(UnixMillis(10)), not_after: Some(UnixMillis(20)) };
        for (now, expected) in [(9, Err(OutsideValidity::NotYet)), (10, Ok(())), (20, Ok(())), (21, Err(OutsideValidity::Expired))] {
            assert_eq!(validity.holds(UnixMillis(now)), expected);
        }
        assert_eq!(Validity { not_before: None, not_after: None }.holds(UnixMillis(0)), Ok(()));
    }
}
