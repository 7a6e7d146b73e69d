//! The parent's clock, by the time that KMS's own answer carries. AWS refuses signed requests that are over five minutes
//! off. What an enclave attests has the NSM's own time, which no clock of the parent changes.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_kms::primitives::{DateTime, DateTimeFormat};

use crate::verdict::Verdict;

/// Compares this machine's clock, `here`, with the `Date` header of an answer of this moment.
pub fn check(verdict: &mut Verdict, host: &str, here: SystemTime, date: Option<&str>) {
    let Some(there) = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok()) else {
        return verdict.skip(NAME, format!("the answer of {host} carries no time"));
    };
    let here = here.duration_since(UNIX_EPOCH).map(|since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX)).unwrap_or_default();
    let ahead = here.saturating_sub(there.secs());
    let off = match ahead {
        -1..=1 => "agrees with".to_owned(),
        2.. => format!("is {ahead} s ahead of"),
        _ => format!("is {} s behind", ahead.unsigned_abs()),
    };
    let detail = format!("this machine's clock {off} {host}");
    if ahead.unsigned_abs() > TOLERANCE_SECONDS {
        verdict.refuse(NAME, format!("{detail}: AWS refuses signatures that are over five minutes off"), MEND);
    } else {
        verdict.check(NAME, true, detail);
    }
}

/// What says that the clock was not looked at.
pub const NAME: &str = "clock";

/// The limit of AWS's signatures (SigV4).
const TOLERANCE_SECONDS: u64 = 5 * 60;

const MEND: &str = "`sudo systemctl enable --now chronyd`, then `chronyc makestep`; on EC2 the time source is 169.254.169.123";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::verdict::Outcome;

    /// The outcome for a clock that is so many seconds ahead.
    fn outcome(ahead: i64) -> Outcome {
        let mut verdict = Verdict::default();
        let date = "Sun, 22 Nov 2026 09:30:00 GMT";
        let there = DateTime::from_str(date, DateTimeFormat::HttpDate).expect("a date").secs();
        let here = UNIX_EPOCH + Duration::from_secs(u64::try_from(there + ahead).expect("after 1970"));
        check(&mut verdict, "kms.example.com", here, Some(date));
        verdict.lines()[0].outcome
    }

    #[test]
    fn five_minutes_are_the_limit_in_both_directions() {
        for ahead in [0, 1, -1, 300, -300] {
            assert_eq!(outcome(ahead), Outcome::Passed, "{ahead}");
        }
        for ahead in [301, -301, 86_400, -86_400] {
            assert_eq!(outcome(ahead), Outcome::Failed, "{ahead}");
        }
    }

    #[test]
    fn an_answer_without_a_readable_time_is_not_checked() {
        for date in [None, Some(""), Some("yesterday"), Some("2026-11-22T09:30:00Z")] {
            let mut verdict = Verdict::default();
            check(&mut verdict, "kms.example.com", SystemTime::now(), date);
            assert_eq!(verdict.lines()[0].outcome, Outcome::NotChecked, "{date:?}");
        }
    }
}
