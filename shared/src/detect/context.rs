//! Words before a number that say what it is. They let a detector take forms that without them would be any number.

use super::ascii::before;

/// Whether one of `words`, written in small letters, stands as a word of its own shortly before `start`, with no digit and no
/// marker between: `Tel. (mobile): `.
pub(super) fn says(text: &[u8], start: usize, words: &[&str]) -> bool {
    let mut first = start;
    while start - first < REACH && first > 0 && is_between(before(text, first)) {
        first -= 1;
    }
    // A word that reaches beyond is cut, so it is none of these.
    let whole = first == 0 || !is_letter(before(text, first));
    let reached = text.get(first..start).unwrap_or_default();
    let said = reached.split(|byte| !is_letter(*byte));
    said.skip(usize::from(!whole)).any(|word| words.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word)))
}

fn is_between(byte: u8) -> bool {
    is_letter(byte) || matches!(byte, b' ' | b':' | b'#' | b'=' | b'.' | b'-' | b'_' | b'/' | b'(' | b')' | b'\'' | b'"' | b'+')
}

/// ASCII, or any part of a character beyond it.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

/// Bytes that are looked at.
const REACH: usize = 32;
