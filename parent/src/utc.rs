//! Times of documents and receipts as a person reads them. Times come in as values; nothing here reads a clock.

use aws_sdk_kms::primitives::{DateTime, DateTimeFormat};

/// Milliseconds since 1970 as an RFC 3339 time in UTC, such as `2026-01-01T00:00:00Z`; the number itself where it is beyond
/// any date.
pub fn text(milliseconds: u64) -> String {
    let time = i64::try_from(milliseconds).ok().map(DateTime::from_millis);
    time.and_then(|time| time.fmt(DateTimeFormat::DateTime).ok()).unwrap_or_else(|| format!("{milliseconds} ms since 1970"))
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        // date -u -d 2026-07-15T12:00:00Z +%s
        assert_eq!(text(1_784_116_800_123), "2026-07-15T12:00:00.123Z");
        assert_eq!(text(u64::MAX), "18446744073709551615 ms since 1970");
    }
}
