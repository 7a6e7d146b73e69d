//! JSON web tokens (RFC 7519) in compact form, signed (three parts) or encrypted (five). The first part must be base64url of
//! JSON that names an algorithm.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::ascii::{before, byte, run};

/// Base64 of `{"`, with which every header begins.
pub(super) const BEGINNING: &str = "eyJ";

/// Where the one that begins at `start` ends.
pub(super) fn end(text: &[u8], start: usize) -> Option<usize> {
    // Only at the beginning of a part, so that no part is looked at more often than a token has parts.
    if !text.get(start..)?.starts_with(BEGINNING.as_bytes()) || is_part(before(text, start)) {
        return None;
    }
    let header = run(text, start, HEADER + 1, is_part);
    let second = part(text, header)?;
    let third = part(text, second)?;
    let fifth = part(text, third).and_then(|fourth| if fourth > third + 1 { part(text, fourth) } else { None });
    // Claims are never empty; an encrypted key may be, and so may the signature of a token without one.
    let complete = second > header + 1 || fifth.is_some();
    (complete && names_an_algorithm(text.get(start..header)?)).then_some(fifth.unwrap_or(third))
}

/// Where the part behind the full stop at `at` ends; it may be empty.
fn part(text: &[u8], at: usize) -> Option<usize> {
    (byte(text, at) == b'.').then(|| run(text, at + 1, usize::MAX, is_part))
}

fn names_an_algorithm(header: &[u8]) -> bool {
    let mut decoded = [0; HEADER];
    let length = URL_SAFE_NO_PAD.decode_slice(header, &mut decoded).unwrap_or(0);
    let json = decoded.get(..length).unwrap_or_default();
    json.starts_with(b"{") && json.ends_with(b"}") && memchr::memmem::find(json, b"\"alg\"").is_some()
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Bytes of a header in base64: those of certificates and long key names fit in.
const HEADER: usize = 4096;
