//! MAC addresses: six pairs of hexadecimal digits with `:` or `-` between them, or three groups of four with `.`.

use super::ascii::{before, byte, goes_on_after, goes_on_before, run, word_ends};

/// Where the one that begins at `start` ends.
#[inline]
pub(super) fn end(text: &[u8], start: usize) -> Option<usize> {
    match byte(text, start + 2) {
        sign @ (b':' | b'-') => groups(text, start, 6, 2, sign),
        _ if byte(text, start + 4) == b'.' => groups(text, start, 3, 4, b'.'),
        _ => None,
    }
}

fn groups(text: &[u8], start: usize, count: usize, length: usize, sign: u8) -> Option<usize> {
    let step = length + 1;
    let end = start + count * step - 1;
    let written = text.get(start..end)?;
    let is_part = |(index, byte): (usize, &u8)| if index % step == length { *byte == sign } else { byte.is_ascii_hexdigit() };
    if !written.iter().enumerate().all(is_part) || !word_ends(text, end) {
        return None;
    }
    // A longer row of the same groups is something else.
    let more = byte(text, end) == sign && run(text, end + 1, length, |byte| byte.is_ascii_hexdigit()) == end + step;
    let longer =
        more || group_before(text, start, length, sign) || goes_on_before(text, start, &[sign]) || goes_on_after(text, end, &[sign]);
    (!longer).then_some(end)
}

fn group_before(text: &[u8], start: usize, length: usize, sign: u8) -> bool {
    let Some(first) = start.checked_sub(length + 1) else { return false };
    before(text, start) == sign
        && run(text, first, length, |byte| byte.is_ascii_hexdigit()) == start - 1
        && !before(text, first).is_ascii_alphanumeric()
}
