//! Where records end: at a line feed outside of quotes. "Outside" is the parity of the quotes since the record began,
//! which for valid CSV is RFC 4180's rule, and which ends the records of any other bytes in one way as well.

/// The next record at or after `at`, without its line end (LF or CRLF), and the position after that line end; none
/// where only blank lines are left. `at` is 0 or the position that the call before has returned. The last record needs
/// no line end.
#[must_use]
#[inline]
pub fn next_record(block: &[u8], mut at: usize) -> Option<(&[u8], usize)> {
    loop {
        let rest = block.get(at..)?;
        let Some(end) = record_end(rest) else {
            return (!rest.is_empty()).then_some((rest, block.len()));
        };
        at += end + 1;
        let record = rest.get(..end)?;
        let record = record.strip_suffix(b"\r").unwrap_or(record);
        if !record.is_empty() {
            return Some((record, at));
        }
    }
}

/// The position of the line feed that ends the record with which `bytes` begin; none where it goes on.
#[inline]
fn record_end(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut quoted) = (0, false);
    loop {
        let rest = bytes.get(at..)?;
        let feed = memchr::memchr(b'\n', rest)?;
        quoted ^= has_odd_quotes(rest.get(..feed)?);
        if !quoted {
            return Some(at + feed);
        }
        at += feed + 1;
    }
}

/// The position of the last line feed of `bytes` that ends a record. `quoted` says whether their end lies within quotes.
pub(in crate::record) fn last_record_end(bytes: &[u8], mut quoted: bool) -> Option<usize> {
    for at in memchr::memrchr2_iter(b'"', b'\n', bytes) {
        if bytes.get(at) == Some(&b'"') {
            quoted = !quoted;
        } else if !quoted {
            return Some(at);
        }
    }
    None
}

/// Whether the number of quotes is odd.
#[inline]
pub(in crate::record) fn has_odd_quotes(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'"', bytes).count() % 2 == 1
}
