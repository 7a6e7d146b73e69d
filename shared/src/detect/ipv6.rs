//! IPv6 addresses in the forms of RFC 4291, section 2.2, with at least one decimal digit: `a::b` is more often a name in a
//! program. A zone or a prefix length behind it is left.

use std::net::Ipv6Addr;

use super::ascii::{before, byte, goes_on_after, run, word_ends};

/// Where the one that begins at `start` ends.
#[inline]
pub(super) fn end(text: &[u8], start: usize) -> Option<usize> {
    let group = run(text, start, 5, |byte| byte.is_ascii_hexdigit());
    let begins = group - start <= 4 && byte(text, group) == b':' && (group > start || byte(text, group + 1) == b':');
    if begins && !goes_on_before(text, start) { whole_end(text, start) } else { None }
}

fn whole_end(text: &[u8], start: usize) -> Option<usize> {
    let end = run(text, start, LONGEST + 2, |byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
    // What follows may be a full stop or a colon.
    let run = std::str::from_utf8(text.get(start..end)?).ok()?;
    let signs = run.as_bytes().windows(2).position(|pair| matches!(pair, b".." | b":." | b".:"));
    let written = signs.and_then(|at| run.get(..=at)).unwrap_or(run).trim_end_matches('.');
    let written = if written.ends_with("::") { written } else { written.trim_end_matches(':') };
    let end = start + written.len();
    // A marker stands for what would have gone on.
    let goes_on = goes_on_after(text, end, b":.") || written.ends_with(':') && byte(text, end) == b'[';
    let whole = word_ends(text, end) && !goes_on && written.bytes().any(|byte| byte.is_ascii_digit());
    (whole && !is_eui64(written) && written.parse::<Ipv6Addr>().is_ok()).then_some(end)
}

/// Eight pairs of digits name a device (EUI-64).
fn is_eui64(written: &str) -> bool {
    written.len() == 23 && written.split(':').all(|pair| pair.len() == 2)
}

/// Whether a group of an address, or a marker, and a colon stand before it.
fn goes_on_before(text: &[u8], start: usize) -> bool {
    if before(text, start) != b':' {
        return byte(text, start) == b':' && before(text, start) == b']';
    }
    let colon = start - 1;
    let hex = (1..=5).take_while(|back| colon >= *back && byte(text, colon - back).is_ascii_hexdigit()).count();
    let joined = before(text, colon - hex);
    (1..=4).contains(&hex) && !joined.is_ascii_alphanumeric() || matches!(before(text, colon), b':' | b']')
}

/// Six groups and an IPv4 address.
const LONGEST: usize = 45;
