//! The times of a certificate (RFC 5280, section 4.1.2.5) as seconds since 1970. Called by `certificate` only. Reads no clock.

use super::AttestationError;
use super::der::{DerReader, GENERALIZED_TIME, UTC_TIME};

/// Seconds since 1970 of a `Time`, in the one form that RFC 5280 allows for each type.
pub(super) fn time(reader: &mut DerReader<'_>) -> Result<u64, AttestationError> {
    let (century, text) = match reader.optional(UTC_TIME)? {
        Some(text) => (None, text),
        None => {
            let (century, text) = reader.element(GENERALIZED_TIME)?.split_first_chunk::<2>().ok_or(AttestationError::Certificate)?;
            (Some(two_digits(*century)?), text)
        }
    };
    let [y1, y2, m1, m2, d1, d2, h1, h2, n1, n2, s1, s2, b'Z'] = text else {
        return Err(AttestationError::Certificate);
    };
    let pair = |tens: &u8, ones: &u8| two_digits([*tens, *ones]);
    let short_year = pair(y1, y2)?;
    let century = century.unwrap_or(if short_year >= 50 { 19 } else { 20 });
    let (month, day) = (pair(m1, m2)?, pair(d1, d2)?);
    let (hour, minute, second) = (pair(h1, h2)?, pair(n1, n2)?, pair(s1, s2)?);
    let fits = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    let days = days_since_1970(century * 100 + short_year, month, day).ok_or(AttestationError::Certificate)?;
    if !fits {
        return Err(AttestationError::Certificate);
    }
    Ok(days * 86_400 + hour * 3600 + minute * 60 + second)
}

fn two_digits(digits: [u8; 2]) -> Result<u64, AttestationError> {
    let [tens, ones] = digits;
    if tens.is_ascii_digit() && ones.is_ascii_digit() {
        Ok(u64::from(tens - b'0') * 10 + u64::from(ones - b'0'))
    } else {
        Err(AttestationError::Certificate)
    }
}

/// Days of the proleptic Gregorian calendar; none before 1970. Years start in March, so a leap day is their last day.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let before_year = 365 * year + year / 4 - year / 100 + year / 400;
    (before_year + (153 * month + 2) / 5 + day).checked_sub(DAYS_TO_1970)
}

/// Days from 0000-02-29 to 1970-01-01.
const DAYS_TO_1970: u64 = 719_469;

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(tag: u8, text: &str) -> Result<u64, AttestationError> {
        let mut der = vec![tag, u8::try_from(text.len()).unwrap_or(0)];
        der.extend_from_slice(text.as_bytes());
        time(&mut DerReader::new(&der))
    }

    #[test]
    fn times_are_seconds_since_1970() {
        assert_eq!(seconds(UTC_TIME, "700101000000Z"), Ok(0));
        assert_eq!(seconds(UTC_TIME, "191028132805Z"), Ok(1_572_269_285));
        assert_eq!(seconds(GENERALIZED_TIME, "20491028142805Z"), Ok(2_519_044_085));
        assert_eq!(seconds(GENERALIZED_TIME, "20240229000000Z"), Ok(1_709_164_800));
        assert_eq!(seconds(UTC_TIME, "491231235959Z"), Ok(2_524_607_999));
    }

    #[test]
    fn times_in_other_forms_are_refused() {
        for text in ["1910281328Z", "191028132805", "191028132805+0100", "191328132805Z", "19102813280xZ", "500101000000Z"] {
            assert_eq!(seconds(UTC_TIME, text), Err(AttestationError::Certificate), "{text}");
        }
        for text in ["191028132805Z", "20491028142805.1Z", "19691231235959Z", "20490028142805Z", "20491028242805Z"] {
            assert_eq!(seconds(GENERALIZED_TIME, text), Err(AttestationError::Certificate), "{text}");
        }
    }
}
