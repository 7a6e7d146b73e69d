//! US social security numbers: `123-45-6789`, with spaces or full stops too. Nine digits in one piece are one only behind a word
//! that says so: nearly nine of ten such numbers would be. Numbers that were never given out are none (SSA: area 000, 666 and from 900, group
//! 00, serial 0000).

use super::ascii::{goes_on_after, goes_on_before};
use super::context;
use super::numbers::{Group, Groups};

/// Where the one that begins at `start` ends.
pub(super) fn end(text: &[u8], start: usize, groups: &Groups) -> Option<usize> {
    let last = match groups.all() {
        [area, group, serial, ..] if are_separated(area, group, serial) => serial,
        [only, ..] if only.length() == 9 && context::says(text, start, &WORDS) => only,
        _ => return None,
    };
    let end = groups.end(last);
    if last.extended || goes_on_before(text, start, JOINTS) || goes_on_after(text, end, JOINTS) {
        return None;
    }
    groups.digits().first_chunk().filter(|digits| is_given_out(digits)).map(|_| end)
}

fn are_separated(area: &Group, group: &Group, serial: &Group) -> bool {
    let shape = [area.length(), group.length(), serial.length()] == [3, 2, 4];
    let brackets = group.behind_brackets || serial.behind_brackets;
    shape && !brackets && group.separator == serial.separator && matches!(group.separator, b'-' | b' ' | b'.')
}

fn is_given_out(digits: &[u8; 9]) -> bool {
    let [a, b, c, d, e, serial @ ..] = digits;
    let area = [*a, *b, *c];
    area != *b"000" && area != *b"666" && *a != b'9' && [*d, *e] != *b"00" && serial != b"0000" && !NEVER.contains(&digits)
}

/// Printed in advertisements: the Woolworth wallet's, and the SSA's own pamphlet's.
const NEVER: [&[u8; 9]; 2] = [b"078051120", b"219099999"];
/// What joins a number to a longer one.
const JOINTS: &[u8] = b"-.";
/// Words before one.
const WORDS: [&str; 2] = ["ssn", "social"];
