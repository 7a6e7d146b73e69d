//! IPv4 addresses in dotted decimal, without leading zeros. Four small numbers with dots are one, whatever they meant.

use std::net::Ipv4Addr;

use super::ascii::{byte, goes_on_after, goes_on_before, run, word_ends};

/// Where the one that begins at `start` ends.
pub(super) fn end(text: &[u8], start: usize) -> Option<usize> {
    let first = run(text, start, 4, |byte| byte.is_ascii_digit());
    if byte(text, first) != b'.' {
        return None;
    }
    let end = run(text, start, LONGEST + 1, |byte| byte.is_ascii_digit() || byte == b'.');
    // What follows may be a full stop, or several.
    let run = text.get(start..end)?;
    let dots = run.windows(2).position(|pair| pair == b"..");
    let written = std::str::from_utf8(run.get(..dots.unwrap_or(run.len()))?).ok()?.trim_end_matches('.');
    let end = start + written.len();
    let whole = word_ends(text, end) && !goes_on_before(text, start, b".") && !goes_on_after(text, end, b".");
    (whole && written.parse::<Ipv4Addr>().is_ok()).then_some(end)
}

/// `255.255.255.255`
const LONGEST: usize = 15;
