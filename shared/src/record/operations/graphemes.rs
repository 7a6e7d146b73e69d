//! Graphemes: what a reader sees as one character (Unicode's extended grapheme clusters). Cutting between them never
//! cuts a code point, an accent or an emoji sequence.

use unicode_segmentation::UnicodeSegmentation;

/// How many graphemes `text` has.
pub(crate) fn count(text: &str) -> usize {
    if one_per_byte(text) { text.len() } else { text.graphemes(true).count() }
}

/// `text` in two: its first `count` graphemes, or all it has, and the rest.
pub(super) fn split(text: &str, count: usize) -> (&str, &str) {
    let at = if one_per_byte(text) { count } else { text.grapheme_indices(true).nth(count).map_or(text.len(), |(start, _)| start) };
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// In ASCII only a carriage return and a line feed join.
fn one_per_byte(text: &str) -> bool {
    text.is_ascii() && !text.contains('\r')
}
