//! Discovery's output: one line of JSON for each field, whatever the input's format. Writes counts and the names of fields, as
//! the policy names them, and nothing else.

use std::sync::Arc;

use super::counting::Discovery;
use super::field::Field;
use super::hidden::{Told, ToldContent, ToldField};
use super::lengths;
use crate::detect::Detector;
use crate::limits;
use crate::record::json;

/// What a discovery job releases.
pub struct ReleasedFields {
    of: Arc<Discovery>,
    /// How many were written.
    written: usize,
    fields: std::vec::IntoIter<Field>,
}

impl ReleasedFields {
    pub(super) fn new(of: Arc<Discovery>, fields: Vec<Field>) -> Self {
        Self { of, written: 0, fields: fields.into_iter() }
    }

    /// Lines that are still to be written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether every line was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.len() == 0
    }

    /// Appends the next lines, about [`limits::BLOCK_BYTES`] of them, to `out`.
    pub fn next_block(&mut self, out: &mut Vec<u8>) {
        let full = out.len().saturating_add(limits::BLOCK_BYTES);
        while out.len() < full
            && let Some(field) = self.fields.next()
        {
            let program = &self.of.program;
            let name = program.fields.get(self.written).map_or("", |(_, name)| name.as_str());
            self.written += 1;
            let min = program.min_people;
            Line { out, min }.field(name, &ToldField::of(&field, min));
        }
    }
}

/// One line while it is written.
struct Line<'o> {
    out: &'o mut Vec<u8>,
    min: usize,
}

impl Line<'_> {
    fn field(&mut self, name: &str, field: &ToldField) {
        self.text("{\"field\":\"");
        json::write_escaped(name, self.out);
        self.text("\"");
        let counts = [
            ("records", field.records),
            ("absent", field.absent),
            ("null", field.null),
            ("boolean", field.boolean),
            ("object", field.object),
        ];
        for (name, told) in counts {
            self.key(",", name);
            self.told(told);
        }
        for (name, content) in [("string", &field.string), ("number", &field.number), ("array", &field.array)] {
            self.key(",", name);
            self.content(content, name != "array");
        }
        self.text("}\n");
    }

    /// An array as a whole is no sensitive data: what its elements are, it holds.
    fn content(&mut self, content: &ToldContent, can_be_one: bool) {
        self.key("{", "values");
        self.told(content.values);
        if let Some(parts) = &content.parts {
            self.parts("length", lengths::NAMES, &parts.lengths);
            if can_be_one {
                self.parts("is", Detector::ALL.map(Detector::name), &parts.is);
            }
            self.parts("holds", Detector::ALL.map(Detector::name), &parts.holds);
        }
        self.text("}");
    }

    fn parts<const N: usize>(&mut self, key: &str, names: [&str; N], parts: &[Told]) {
        self.key(",", key);
        for (index, (name, told)) in names.into_iter().zip(parts).enumerate() {
            self.key(if index == 0 { "{" } else { "," }, name);
            self.told(*told);
        }
        self.text("}");
    }

    fn told(&mut self, told: Told) {
        let text = match told {
            Told::Exactly(count) => count.to_string(),
            Told::Enough => format!("\"at least {}\"", self.min),
            Told::Under => format!("\"under {}\"", self.min),
        };
        self.text(&text);
    }

    /// A key of this module's own, which needs no escape.
    fn key(&mut self, before: &str, key: &str) {
        for piece in [before, "\"", key, "\":"] {
            self.text(piece);
        }
    }

    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
}
