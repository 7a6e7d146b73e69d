//! E-mail addresses: `local@domain`, with the characters that are in use, letters beyond ASCII included. Quoted local parts,
//! addresses in brackets and `/`, `=`, `?`, `*`, `{`, `|`, `}`, `` ` `` in a local part are not taken: in texts they belong to what surrounds it.

use super::ascii::{byte, run, word_ends};

/// Where the address around the `@` at `at` begins and ends.
pub(super) fn around(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let end = domain_end(text, at + 1)?;
    Some((local_start(text, at)?, end))
}

/// The first letter or digit of the characters before `at` that a local part may have, at most [`LOCAL`] of them.
fn local_start(text: &[u8], at: usize) -> Option<usize> {
    let (mut start, mut first) = (at, None);
    while let Some((before, kind)) = character_before(text, start).filter(|(before, _)| at - before <= LOCAL) {
        start = before;
        if kind == Kind::Letter {
            first = Some(start);
        }
    }
    first
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Sign,
}

fn character_before(text: &[u8], end: usize) -> Option<(usize, Kind)> {
    let last = end.checked_sub(1)?;
    match byte(text, last) {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' => Some((last, Kind::Letter)),
        b'.' | b'%' | b'+' | b'-' | b'\'' | b'&' | b'!' | b'#' | b'$' | b'~' | b'^' => Some((last, Kind::Sign)),
        // The second byte of two.
        0x80..=0xbf => last.checked_sub(1).filter(|first| begins_letter(byte(text, *first))).map(|first| (first, Kind::Letter)),
        _ => None,
    }
}

/// The first byte of a character from U+00C0 to U+07FF: Latin beyond ASCII, Greek, Cyrillic, Hebrew, Arabic.
fn begins_letter(byte: u8) -> bool {
    matches!(byte, 0xc3..=0xdf)
}

/// Where the longest domain that begins at `start` ends. Its last label holds no digit, or is an encoded one (`xn--`).
fn domain_end(text: &[u8], start: usize) -> Option<usize> {
    let (mut label, mut end) = (start, None);
    while label - start <= DOMAIN {
        let after = label_end(text, label);
        if after == label || byte(text, label) == b'-' {
            break;
        }
        if label > start {
            end = top_level_end(text, label, after).or(end);
        }
        if byte(text, after) != b'.' {
            break;
        }
        label = after + 1;
    }
    end
}

/// Where the characters of a label end.
fn label_end(text: &[u8], start: usize) -> usize {
    run(text, start, LABEL, |byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte >= 0x80 && (begins_letter(byte) || byte <= 0xbf))
}

/// Where a top-level domain ends that begins the label.
fn top_level_end(text: &[u8], start: usize, end: usize) -> Option<usize> {
    let label = text.get(start..end)?;
    if label.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case(b"xn--")) && !label.ends_with(b"-") {
        return word_ends(text, end).then_some(end);
    }
    let letters = run(label, 0, LABEL, |byte| byte.is_ascii_alphabetic() || byte >= 0x80);
    // A word ends behind its last letter, and behind any letter beyond ASCII.
    let beyond_ascii = || label.iter().take(letters).rposition(|byte| !byte.is_ascii()).map(|last| last + 1);
    let length = if word_ends(text, start + letters) { Some(letters) } else { beyond_ascii() }?;
    let name = label.get(..length)?;
    let is_file = FILES.iter().any(|file| name.eq_ignore_ascii_case(file));
    // A label that was cut may be cut inside a character.
    let between = !matches!(byte(text, start + length), 0x80..=0xbf);
    (length >= 2 && !is_file && between).then_some(start + length)
}

/// Bytes of a local part, RFC 5321, section 4.5.3.1.1. Of a longer one the last are found.
pub(super) const LOCAL: usize = 64;
/// Bytes of a domain, section 4.5.3.1.2.
pub(super) const DOMAIN: usize = 255;
/// Bytes of a label, RFC 1035, section 2.3.4.
const LABEL: usize = 63;
/// Ends of names of files such as `logo@2x.png`; none is a top-level domain.
const FILES: [&[u8]; 6] = [b"png", b"jpg", b"jpeg", b"gif", b"webp", b"svg"];
