//! Values that were found in a record: validated, and lying where the record lies, or where they were opened.

use super::{is_number, text};
use crate::policy::TextType;
use crate::record::decimal::{Decimal, DecimalOutOfBounds};
use crate::record::{RecordRefused, Scratch};

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
    String(Spelling),
    Array,
    Object,
}

/// How the text of a string is spelled where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// In JSON's quotes, without escapes.
    Json,
    /// In JSON's quotes, with escapes.
    JsonEscaped,
    /// As it is: a cell of CSV, or an opened value.
    Plain,
    /// A quoted cell of CSV whose quotes are doubled.
    Doubled,
}

impl<'r> Fields<'_, 'r> {
    /// The wanted field with this index; none where the record does not have it.
    #[must_use]
    #[inline]
    pub fn value(&self, index: usize) -> Option<Value<'r>> {
        let found = (*self.found.get(index)?)?;
        Some(Value { kind: found.kind, raw: self.record.get(found.start..found.end)? })
    }

    /// Where in the record the value's raw text lies.
    #[must_use]
    pub fn range(&self, index: usize) -> Option<std::ops::Range<usize>> {
        let found = (*self.found.get(index)?)?;
        Some(found.start..found.end)
    }
}

impl<'r> Value<'r> {
    /// A value without a type of its own: a cell of CSV, or what was sealed.
    ///
    /// # Errors
    /// [`RecordRefused::NotANumber`].
    pub(crate) fn of_text(raw: &'r str, spelling: Spelling, text_type: TextType) -> Result<Self, RecordRefused> {
        match text_type {
            TextType::String => Ok(Self { kind: Kind::String(spelling), raw }),
            TextType::Number if is_number(raw) => Ok(Self { kind: Kind::Number, raw }),
            TextType::Number => Err(RecordRefused::NotANumber),
        }
    }

    /// A value that has been validated.
    pub(super) fn new(kind: Kind, raw: &'r str) -> Self {
        Self { kind, raw }
    }

    /// An array put together of values that have been validated.
    pub(crate) fn array(raw: &'r str) -> Self {
        Self::new(Kind::Array, raw)
    }

    /// Null.
    pub(crate) const NULL: Value<'static> = Value { kind: Kind::Null, raw: "null" };

    /// Its type.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its text as it is spelled: JSON's with its quotes; a cell without the quotes around it.
    #[must_use]
    pub fn raw(&self) -> &'r str {
        self.raw
    }

    /// Overwrites `scratch.bytes` with bytes that are the same for equal values and for them alone: a text, or a number as an
    /// exact decimal. None for other types.
    ///
    /// # Errors
    /// [`DecimalOutOfBounds`].
    pub(crate) fn write_canonical(&self, scratch: &mut Scratch) -> Result<Option<()>, DecimalOutOfBounds> {
        let Some(text) = self.text(&mut scratch.text) else { return Ok(None) };
        let bytes = &mut scratch.bytes;
        bytes.clear();
        if self.kind == Kind::Number {
            bytes.push(b'n');
            Decimal::parse(text)?.write_canonical(bytes);
        } else {
            bytes.push(b's');
            bytes.extend_from_slice(text.as_bytes());
        }
        Ok(Some(()))
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
            Kind::String(Spelling::Plain) => Some(self.raw),
            Kind::String(Spelling::Json) => self.raw.get(1..self.raw.len().checked_sub(1)?),
            Kind::String(Spelling::JsonEscaped) => {
                scratch.clear();
                text::unescape(self.raw.get(1..self.raw.len().checked_sub(1)?)?, scratch);
                Some(scratch)
            }
            Kind::String(Spelling::Doubled) => {
                scratch.clear();
                for (index, piece) in self.raw.split("\"\"").enumerate() {
                    scratch.push_str(if index == 0 { "" } else { "\"" });
                    scratch.push_str(piece);
                }
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
