//! What inputs under a policy are: how records are written, how they are sealed, and what becomes of bad ones.

use super::PolicyError;
use crate::limits;
use crate::toml_reader::{Item, Rule};

/// `[input]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// How records are written, in inputs and in outputs.
    pub format: Format,
    /// What of them is sealed.
    pub form: Form,
    /// What becomes of a job when a record cannot be processed.
    pub on_error: OnError,
    /// Whether a job needs all that the owner sealed together: every part of a set, or a manifest with the fields form.
    pub whole: bool,
}

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Ndjson,
    /// RFC 4180 with a header row; cells are texts.
    Csv,
}

/// What of the records is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The whole file, as one message.
    File,
    /// Single values, each a message of its own in base64, in records that are not sealed.
    Fields,
}

/// What becomes of a job when a record cannot be processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// The job is refused.
    Fail,
    /// The record is left out.
    Skip,
}

/// The type of a text that has none of its own: a cell of CSV, or the content of a sealed value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextType {
    /// Any text.
    #[default]
    String,
    /// A number as JSON writes it; a record with anything else cannot be processed.
    Number,
}

impl Input {
    pub(super) fn read(item: &Item<'_>) -> Result<Self, PolicyError> {
        let mut table = item.table()?;
        let format = table.required("format")?.word(&[("ndjson", Format::Ndjson), ("csv", Format::Csv)], "\"ndjson\" or \"csv\"")?;
        let forms = [("file", Form::File), ("fields", Form::Fields)];
        let form = table.take("form").map_or(Ok(Form::File), |item| item.word(&forms, "\"file\" or \"fields\""))?;
        let on_error = table.required("on_error")?.word(&[("fail", OnError::Fail), ("skip", OnError::Skip)], "\"fail\" or \"skip\"")?;
        let whole = table.take("whole").map_or(Ok(true), |item| item.boolean())?;
        table.finish()?;
        Ok(Self { format, form, on_error, whole })
    }

    /// Whether a value of a field has no type of its own: it is a cell, or it is sealed.
    #[must_use]
    pub fn is_text(self, sealed: bool) -> bool {
        self.format == Format::Csv || sealed
    }
}

impl TextType {
    /// Its name, as a policy writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
        }
    }

    pub(super) fn read(item: &Item<'_>) -> Result<Self, PolicyError> {
        match item.string(limits::NAME_BYTES)? {
            "string" => Ok(Self::String),
            "number" => Ok(Self::Number),
            _ => Err(item.error(Rule::Value("\"string\" or \"number\""))),
        }
    }
}
