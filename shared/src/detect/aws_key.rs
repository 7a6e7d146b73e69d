//! AWS access key ids: a prefix of those that AWS lists for credentials (IAM user guide, "Unique identifiers"), and 16 characters
//! of base 32. Secret access keys have no shape of their own and are not found.

use super::ascii::{run, word_ends};

/// Where the one that begins at `start` ends.
pub(super) fn end(text: &[u8], start: usize) -> Option<usize> {
    let prefix = text.get(start..)?.first_chunk::<4>()?;
    if !PREFIXES.contains(&prefix) {
        return None;
    }
    let end = run(text, start, LENGTH, |byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'));
    (end == start + LENGTH && word_ends(text, end)).then_some(end)
}

/// Long-term keys, temporary keys, bearer tokens, context-specific credentials.
const PREFIXES: [&[u8; 4]; 4] = [b"AKIA", b"ASIA", b"ABIA", b"ACCA"];
const LENGTH: usize = 20;
