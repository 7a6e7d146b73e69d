//! Bytes of a text, and where a word begins and ends. A word is a run of ASCII letters and digits: nothing that is found
//! begins or ends inside one. Other letters end a word, so that what stands between Chinese characters is found.

/// The byte at `at`; 0 beyond the end, which is no letter, digit or separator.
#[inline]
pub(super) fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// The byte before `at`; 0 at the beginning.
#[inline]
pub(super) fn before(text: &[u8], at: usize) -> u8 {
    at.checked_sub(1).map_or(0, |at| byte(text, at))
}

/// Whether no word goes on at `end`.
#[inline]
pub(super) fn word_ends(text: &[u8], end: usize) -> bool {
    !byte(text, end).is_ascii_alphanumeric()
}

/// Where the run of bytes for which `is` holds ends that begins at `start`, of at most `most` bytes.
#[inline]
pub(super) fn run(text: &[u8], start: usize, most: usize, is: impl Fn(u8) -> bool) -> usize {
    let length = text.iter().skip(start).take(most).take_while(|byte| is(**byte)).count();
    start + length
}

/// Whether what begins at `start` is the rest of something longer: one of `joints` stands before it, and a digit before
/// that. The end of a marker counts as a digit: it stands for one, and redacting twice finds what redacting once found.
#[inline]
pub(super) fn goes_on_before(text: &[u8], start: usize, joints: &[u8]) -> bool {
    joints.contains(&before(text, start)) && {
        let joined = before(text, start - 1);
        joined.is_ascii_digit() || joined == b']'
    }
}

/// The same behind what ends at `end`.
#[inline]
pub(super) fn goes_on_after(text: &[u8], end: usize, joints: &[u8]) -> bool {
    joints.contains(&byte(text, end)) && {
        let joined = byte(text, end + 1);
        joined.is_ascii_digit() || joined == b'['
    }
}
