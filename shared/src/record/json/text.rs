//! Strings of JSON: where one ends, what its escapes mean, and how one is written. Only the scanner finds ends; the
//! bytes that it hands on are valid, so unescaping them cannot fail for a reason in the data.

use super::JsonError;

/// The position of the quote that ends the string whose content begins at `at`, and whether it holds escapes.
/// Checks every escape, surrogate pair and control character; UTF-8 is checked elsewhere, for the whole record.
#[inline]
pub(super) fn end_of_string(bytes: &[u8], mut at: usize) -> Result<(usize, bool), JsonError> {
    let mut escaped = false;
    loop {
        at = special(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok((at, escaped)),
            Some(b'\\') => {
                escaped = true;
                at = end_of_escape(bytes, at + 1)?;
            }
            Some(_) => return Err(JsonError::ControlCharacter),
            None => return Err(JsonError::Syntax),
        }
    }
}

/// Appends what `raw`, the content of a valid string, means.
pub(super) fn unescape(raw: &str, out: &mut String) {
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let (meaning, length) = meaning(escape.as_bytes());
        out.push(meaning);
        rest = escape.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
}

/// Appends `text` as the content of a JSON string: only quote, backslash and control characters are escaped.
pub(crate) fn write_escaped(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    loop {
        let (plain, tail) = rest.split_at_checked(special(rest, 0)).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        let Some((byte, tail)) = tail.split_first() else { return };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            8 => out.extend_from_slice(b"\\b"),
            12 => out.extend_from_slice(b"\\f"),
            other => out.extend_from_slice(format!("\\u{other:04x}").as_bytes()),
        }
        rest = tail;
    }
}

/// Whether `text` holds anything that a JSON string has to escape.
pub(crate) fn needs_escape(text: &[u8]) -> bool {
    special(text, 0) < text.len()
}

/// The first position from `at` that is a quote, a backslash or a control character; the length if there is none.
#[inline]
fn special(bytes: &[u8], mut at: usize) -> usize {
    let start = at;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let found = specials(u64::from_le_bytes(*chunk));
        if found != 0 {
            return at + usize::try_from(found.trailing_zeros() / 8).unwrap_or(0);
        }
        at += 8;
        // Most strings are over by now. The others may be long, and are then passed over in wider steps.
        if at - start == SHORT {
            at = pass_over(bytes, at);
        }
    }
    while bytes.get(at).is_some_and(|byte| *byte >= 0x20 && *byte != b'"' && *byte != b'\\') {
        at += 1;
    }
    at
}

/// The position from `at` up to which whole chunks hold nothing special. Written so that compilers compare many bytes at
/// once.
#[inline]
fn pass_over(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<WIDE>) {
        let found = chunk.iter().fold(0, |found, byte| found | u8::from((*byte < 0x20) | (*byte == b'"') | (*byte == b'\\')));
        if found != 0 {
            break;
        }
        at += WIDE;
    }
    at
}

/// Bytes after which a string counts as long.
const SHORT: usize = 24;
/// Bytes of one wide step.
const WIDE: usize = 32;

/// A word whose lowest set bit lies in the first of eight bytes that is a quote, a backslash or a control character.
/// Subtraction borrows only out of bytes that are themselves found, so the lowest one is exact.
#[inline]
fn specials(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let quote = word ^ (EACH * 0x22);
    let backslash = word ^ (EACH * 0x5c);
    let below = |word: u64, bound: u64| word.wrapping_sub(EACH * bound) & !word;
    (below(quote, 1) | below(backslash, 1) | below(word, 0x20)) & HIGH
}

/// The position after the escape whose backslash stands before `at`.
#[cold]
fn end_of_escape(bytes: &[u8], at: usize) -> Result<usize, JsonError> {
    match bytes.get(at) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 1),
        Some(b'u') => match hex4(bytes.get(at + 1..)).ok_or(JsonError::Escape)? {
            0xD800..=0xDBFF => {
                let low = bytes.get(at + 5..).and_then(|rest| rest.strip_prefix(b"\\u"));
                match hex4(low) {
                    Some(0xDC00..=0xDFFF) => Ok(at + 11),
                    _ => Err(JsonError::LoneSurrogate),
                }
            }
            0xDC00..=0xDFFF => Err(JsonError::LoneSurrogate),
            _ => Ok(at + 5),
        },
        _ => Err(JsonError::Escape),
    }
}

/// The character that a valid escape means, and its length after the backslash.
fn meaning(escape: &[u8]) -> (char, usize) {
    match escape.first() {
        Some(b'b') => ('\u{8}', 1),
        Some(b'f') => ('\u{c}', 1),
        Some(b'n') => ('\n', 1),
        Some(b'r') => ('\r', 1),
        Some(b't') => ('\t', 1),
        Some(b'u') => {
            let high = hex4(escape.get(1..)).unwrap_or(0);
            match (high, hex4(escape.get(7..))) {
                (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => (character(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)), 11),
                _ => (character(high), 5),
            }
        }
        Some(other) => (char::from(*other), 1),
        None => (char::REPLACEMENT_CHARACTER, 0),
    }
}

fn character(code: u32) -> char {
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn hex4(bytes: Option<&[u8]>) -> Option<u32> {
    bytes?.first_chunk::<4>()?.iter().try_fold(0, |code, byte| Some(code << 4 | char::from(*byte).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn the_first_special_byte_is_found_at_every_position() {
        for byte in 0..=255_u8 {
            for length in 0..90 {
                for position in 0..length {
                    let mut bytes = vec![0xC3; length];
                    bytes[position] = byte;
                    let is_special = byte < 0x20 || byte == b'"' || byte == b'\\';
                    assert_eq!(special(&bytes, 0), if is_special { position } else { length }, "{byte} at {position}");
                    bytes[length - 1] = b'"';
                    assert_eq!(special(&bytes, 0), if is_special { position } else { length - 1 });
                }
            }
        }
    }

    #[test]
    fn escapes_come_back_as_serde_json_reads_them() {
        for raw in [
            r"plain",
            r#"\"\\\/\b\f\n\r\t"#,
            r"\u0041\u00e9\uD83D\uDE00x",
            r"\u0000\uFFFF",
            r"\uD83D\uDE00\uD83D\uDE00",
            r"é\u00E9é",
            r"\\u0041",
            r"\ud7ff\ue000",
        ] {
            let quoted = format!("\"{raw}\"");
            let expected: String = serde_json::from_str(&quoted).unwrap();
            assert_eq!(end_of_string(quoted.as_bytes(), 1), Ok((quoted.len() - 1, raw.contains('\\'))));
            let mut text = String::new();
            unescape(raw, &mut text);
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn what_is_written_reads_back_and_escapes_no_more_than_needed() {
        let all: String = (0..0x250).filter_map(char::from_u32).chain("😀\u{7f}\u{2028}".chars()).collect();
        let mut written = Vec::new();
        write_escaped(&all, &mut written);
        let quoted = format!("\"{}\"", String::from_utf8(written.clone()).unwrap());
        assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), all);
        assert_eq!(quoted, serde_json::to_string(&all).unwrap());
    }

    #[test]
    fn bad_strings_are_refused_by_name() {
        for (text, error) in [
            ("abc", JsonError::Syntax),
            ("a\u{1f}\"", JsonError::ControlCharacter),
            ("\t\"", JsonError::ControlCharacter),
            (r#"\x41""#, JsonError::Escape),
            (r#"\u12g4""#, JsonError::Escape),
            (r#"\u12"#, JsonError::Escape),
            (r#"\U0041""#, JsonError::Escape),
            (r#"\u+123""#, JsonError::Escape),
            ("\\", JsonError::Escape),
            (r#"\ud800""#, JsonError::LoneSurrogate),
            (r#"\udc00""#, JsonError::LoneSurrogate),
            (r#"\ud800\u0041""#, JsonError::LoneSurrogate),
            (r#"\ud800\ud800""#, JsonError::LoneSurrogate),
            (r#"\ud800x\udc00""#, JsonError::LoneSurrogate),
            (r#"\udc00\ud800""#, JsonError::LoneSurrogate),
            (r#"\ud800\"#, JsonError::LoneSurrogate),
        ] {
            assert_eq!(end_of_string(text.as_bytes(), 0), Err(error), "{text}");
        }
    }
}
