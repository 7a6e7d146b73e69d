//! Times of documents and receipts as a person reads them. Times come in as values; nothing here reads a clock.

use aws_sdk_kms::primitives::{DateTime, DateTimeFormat};

/// Milliseconds since 1970 as an RFC 3339 time in UTC, such as `2026-01-01T00:00:00Z`; the number itself where it is beyond
/// any date.
pub fn text(milliseconds: u64) -> String {
    let time = i64::try_from(milliseconds).ok().map(DateTime::from_millis);
    time.and_then(|time| time.fmt(DateTimeFormat::DateTime).ok()).unwrap_or_else(|| format!("{milliseconds} ms since 1970"))
}

/// Milliseconds since 1970 of an RFC 3339 time; none where it is none, or before 1970.
pub fn parse(text: &str) -> Option<u64> {
    let time = DateTime::from_str(text, DateTimeFormat::DateTimeWithOffset).ok()?;
    time.to_millis().ok().and_then(|millis| u64::try_from(millis).ok())
}

#[cfg(test)]
mod tests {
    use super::{parse, text};

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        // date -u -d 2026-07-15T12:00:00Z +%s
        assert_eq!(text(1_784_116_800_123), "2026-07-15T12:00:00.123Z");
        assert_eq!(text(u64::MAX), "18446744073709551615 ms since 1970");
    }
    #[test]
    fn times_are_read_with_their_offset() {
        assert_eq!(parse("2026-07-15T12:00:00.123Z"), Some(1_784_116_800_123));
        assert_eq!(parse("2026-07-15T14:00:00+02:00"), Some(1_784_116_800_000));
        for other in ["", "2026-07-15", "2026-07-15T12:00:00", "1969-12-31T23:59:59Z", "now"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
