//! Values of a row as they are written: into JSON or into CSV. Operations write here and nowhere else, so that each is
//! the same in both.

use super::Scratch;
use super::csv;
use super::json::{self, Kind, Spelling, Value};
use crate::policy::Format;

/// Where a row is being written.
pub(crate) struct Output<'o> {
    format: Format,
    bytes: &'o mut Vec<u8>,
}

/// A text of which nothing has to be escaped yet.
pub(crate) struct Text<'o> {
    format: Format,
    bytes: &'o mut Vec<u8>,
    start: usize,
}

impl<'o> Output<'o> {
    /// An output at the end of `bytes`.
    #[inline]
    pub(crate) fn new(format: Format, bytes: &'o mut Vec<u8>) -> Self {
        Self { format, bytes }
    }

    /// Null: `null`, or an empty cell.
    #[inline]
    pub(crate) fn null(&mut self) {
        if self.format == Format::Ndjson {
            self.bytes.extend_from_slice(b"null");
        }
    }

    /// A number or a boolean, as JSON writes it and as a cell.
    #[inline]
    pub(crate) fn literal(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Bytes that stand before its end by now.
    #[inline]
    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// A value as it came: its exact JSON text, or its text.
    #[inline]
    pub(crate) fn keep(&mut self, value: &Value<'_>, scratch: &mut Scratch) {
        let as_it_lies = match (self.format, value.kind()) {
            (Format::Ndjson, Kind::String(Spelling::Plain | Spelling::Doubled)) => false,
            (Format::Ndjson, _) => true,
            (Format::Csv, kind) => !matches!(kind, Kind::String(_)),
        };
        if as_it_lies {
            self.bytes.extend_from_slice(value.raw().as_bytes());
        } else {
            let text = value.text(&mut scratch.text).unwrap_or_default();
            self.text(|out| out.push(text));
        }
    }

    /// A string whose text `write` writes.
    #[inline]
    pub(crate) fn text(&mut self, write: impl FnOnce(&mut Text<'_>)) {
        if self.format == Format::Ndjson {
            self.bytes.push(b'"');
        }
        let mut text = Text { format: self.format, start: self.bytes.len(), bytes: self.bytes };
        write(&mut text);
        text.end();
    }

    /// A string of pieces that hold no character which JSON or CSV escapes.
    #[inline]
    pub(crate) fn plain(&mut self, pieces: [&[u8]; 2]) {
        let quote: &[u8] = if self.format == Format::Ndjson { b"\"" } else { b"" };
        let [first, second] = pieces;
        for piece in [quote, first, second, quote] {
            self.bytes.extend_from_slice(piece);
        }
    }
}

impl Text<'_> {
    /// Appends a piece.
    #[inline]
    pub(crate) fn push(&mut self, piece: &str) {
        self.bytes.extend_from_slice(piece.as_bytes());
    }

    /// Appends `count` times a character that needs no escape.
    #[inline]
    pub(crate) fn repeat(&mut self, character: u8, count: usize) {
        self.bytes.resize(self.bytes.len() + count, character);
    }

    /// Most texts are written as they are; the others are taken back and written again.
    #[inline]
    fn end(self) {
        let Self { format, bytes, start } = self;
        let written = bytes.get(start..).unwrap_or_default();
        let needs_escape = match format {
            Format::Ndjson => json::needs_escape(written),
            Format::Csv => memchr::memchr3(b'"', b',', b'\n', written).is_some() || memchr::memchr2(b'\r', 0xef, written).is_some(),
        };
        if needs_escape {
            escape(format, bytes, start);
        }
        if format == Format::Ndjson {
            bytes.push(b'"');
        }
    }
}

#[cold]
fn escape(format: Format, bytes: &mut Vec<u8>, start: usize) {
    let text = zeroize::Zeroizing::new(bytes.split_off(start));
    // Whole texts were appended, so what was appended is text.
    let text = std::str::from_utf8(&text).unwrap_or_default();
    match format {
        Format::Ndjson => json::write_escaped(text, bytes),
        Format::Csv => csv::write_cell(text, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format, text: &str) -> Vec<u8> {
        let mut bytes = b"before".to_vec();
        Output::new(format, &mut bytes).text(|out| {
            out.repeat(b'*', 2);
            out.push(text);
        });
        bytes
    }

    #[test]
    fn a_text_is_escaped_as_its_format_asks() {
        for (text, json, csv) in [
            ("", r#"before"**""#, "before**"),
            ("é, x", r#"before"**é, x""#, "before\"**é, x\""),
            ("a\"b", r#"before"**a\"b""#, "before\"**a\"\"b\""),
            ("a\nb", r#"before"**a\nb""#, "before\"**a\nb\""),
            ("\\", r#"before"**\\""#, "before**\\"),
        ] {
            assert_eq!(written(Format::Ndjson, text), json.as_bytes(), "{text}");
            assert_eq!(written(Format::Csv, text), csv.as_bytes(), "{text}");
        }
    }
}
