//! Values that the scanner found: validated, and lying where the record lies.

use super::text;

/// The wanted fields of one record.
#[derive(Clone, Copy)]
pub struct Fields<'s, 'r> {
    pub(super) record: &'r str,
    pub(super) found: &'s [Option<Found>],
}

/// One value of a record, validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'r> {
    kind: Kind,
    raw: &'r str,
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the types of JSON")]
pub enum Kind {
    Null,
    Boolean,
    Number,
    String {
        /// Whether its text has to be unescaped.
        escaped: bool,
    },
    Array,
    Object,
}

impl<'r> Fields<'_, 'r> {
    /// The wanted field with this index; none where the record does not have it.
    #[must_use]
    #[inline]
    pub fn value(&self, index: usize) -> Option<Value<'r>> {
        let found = (*self.found.get(index)?)?;
        Some(Value { kind: found.kind, raw: self.record.get(found.start..found.end)? })
    }
}

impl<'r> Value<'r> {
    /// Its type.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its exact JSON text, quotes included.
    #[must_use]
    pub fn raw(&self) -> &'r str {
        self.raw
    }

    /// The text of a string, unescaped, or the exact text of a number; none for other types. `scratch` is overwritten
    /// where unescaping needs room.
    #[must_use]
    #[inline]
    pub fn text<'t>(&self, scratch: &'t mut String) -> Option<&'t str>
    where
        'r: 't,
    {
        match self.kind {
            Kind::Number => Some(self.raw),
            Kind::String { escaped } => {
                let content = self.raw.get(1..self.raw.len().checked_sub(1)?)?;
                if !escaped {
                    return Some(content);
                }
                scratch.clear();
                text::unescape(content, scratch);
                Some(scratch)
            }
            Kind::Null | Kind::Boolean | Kind::Array | Kind::Object => None,
        }
    }
}

/// Where a wanted field's value stands in its record.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}
