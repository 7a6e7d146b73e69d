//! Strict reading of TOML documents with positions. Policy and job readers take the keys they know, one by one; what
//! is left is an error that names line and key and lists what is allowed. It never guesses, converts or defaults.

use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

use crate::limits;
pub use rule::{DocumentError, Rule};

mod rule;

/// A table of a document, with the keys that were not taken yet.
pub(crate) struct Table<'t> {
    source: Source<'t>,
    path: String,
    start: usize,
    left: Vec<(&'t str, &'t Spanned<DeValue<'t>>, usize)>,
    asked: Vec<&'static str>,
}

/// One value of a document, with its path and line.
pub(crate) struct Item<'t> {
    source: Source<'t>,
    path: String,
    start: usize,
    value: &'t Spanned<DeValue<'t>>,
}

/// Reads `bytes` of at most `limit` bytes and hands the root table to `read`.
pub(crate) fn document<T>(
    bytes: &[u8],
    limit: usize,
    read: impl FnOnce(Table<'_>) -> Result<T, DocumentError>,
) -> Result<T, DocumentError> {
    let at = |line, rule| DocumentError { line, key: String::new(), rule };
    if bytes.len() > limit {
        return Err(at(1, Rule::TooLong(limit)));
    }
    let text =
        std::str::from_utf8(bytes).map_err(|error| at(Source(&String::from_utf8_lossy(bytes)).line(error.valid_up_to()), Rule::NotUtf8))?;
    let source = Source(text);
    let root = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| source.line(span.start));
        at(line, Rule::Syntax(error.message().to_owned()))
    })?;
    read(Table::new(source, String::new(), 0, root.get_ref()))
}

impl<'t> Table<'t> {
    fn new(source: Source<'t>, path: String, start: usize, table: &'t DeTable<'t>) -> Self {
        let mut left: Vec<_> = table.iter().map(|(key, value)| (key.get_ref().as_ref(), value, key.span().start)).collect();
        left.sort_by_key(|(.., start)| *start);
        Self { source, path, start, left, asked: Vec::new() }
    }

    /// Takes the value of `key`, if it is there.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<Item<'t>> {
        self.asked.push(key);
        let position = self.left.iter().position(|(name, ..)| *name == key)?;
        let (name, value, start) = self.left.remove(position);
        Some(self.item(name, value, start))
    }

    /// Takes the value of `key`, which must be there.
    pub(crate) fn required(&mut self, key: &'static str) -> Result<Item<'t>, DocumentError> {
        self.required_or(key, Rule::Missing)
    }

    /// Takes the value of `key`, which must be there, or is refused with `rule`.
    pub(crate) fn required_or(&mut self, key: &'static str, rule: Rule) -> Result<Item<'t>, DocumentError> {
        self.take(key).ok_or_else(|| error(self.line(), &self.child(key), rule))
    }

    /// Refuses, by name, keys that the design knows and this version does not have.
    pub(crate) fn not_yet(&mut self, keys: &[&'static str]) -> Result<(), DocumentError> {
        match self.left.iter().find(|(name, ..)| keys.contains(name)) {
            Some((name, value, start)) => Err(self.item(name, value, *start).error(Rule::NotYetSupported)),
            None => Ok(()),
        }
    }

    /// Ends a table: anything not taken is unknown.
    pub(crate) fn finish(self) -> Result<(), DocumentError> {
        match self.left.first() {
            Some((name, value, start)) => Err(self.item(name, value, *start).error(Rule::UnknownKey(self.asked.join(", ")))),
            None => Ok(()),
        }
    }

    /// All entries of a table whose keys the author chooses, in the order of the file; at most `limit`.
    pub(crate) fn entries(self, limit: usize) -> Result<Vec<(String, Item<'t>)>, DocumentError> {
        if self.left.len() > limit {
            return Err(self.error(Rule::TooMany(limit)));
        }
        self.left
            .iter()
            .map(|(name, value, start)| {
                let item = self.item(name, value, *start);
                let name = item.name_of(name, limits::NAME_BYTES)?;
                Ok((name, item))
            })
            .collect()
    }

    /// An error about the table itself.
    pub(crate) fn error(&self, rule: Rule) -> DocumentError {
        error(self.line(), &self.path, rule)
    }

    /// The line where the table begins.
    pub(crate) fn line(&self) -> u32 {
        self.source.line(self.start)
    }

    fn item(&self, name: &str, value: &'t Spanned<DeValue<'t>>, start: usize) -> Item<'t> {
        Item { source: self.source, path: self.child(name), start, value }
    }

    fn child(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

impl<'t> Item<'t> {
    /// An error about this value.
    pub(crate) fn error(&self, rule: Rule) -> DocumentError {
        error(self.line(), &self.path, rule)
    }

    /// The line of the value's key.
    pub(crate) fn line(&self) -> u32 {
        self.source.line(self.start)
    }

    /// A string, at most `limit` bytes.
    pub(crate) fn string(&self, limit: usize) -> Result<&'t str, DocumentError> {
        let DeValue::String(text) = self.value.get_ref() else { return Err(self.error(Rule::Type("a string"))) };
        if text.len() > limit { Err(self.error(Rule::TooMany(limit))) } else { Ok(text) }
    }

    /// A name: 1 to `limit` bytes without control characters.
    pub(crate) fn name(&self, limit: usize) -> Result<String, DocumentError> {
        self.name_of(self.string(limits::POLICY_BYTES)?, limit)
    }

    /// One word out of `words`; otherwise `allowed` says what they are.
    pub(crate) fn word<T: Copy>(&self, words: &[(&str, T)], allowed: &'static str) -> Result<T, DocumentError> {
        let text = self.string(limits::POLICY_BYTES)?;
        words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning).ok_or_else(|| self.error(Rule::Value(allowed)))
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self) -> Result<bool, DocumentError> {
        self.value.get_ref().as_bool().ok_or_else(|| self.error(Rule::Type("true or false")))
    }

    /// A plain decimal integer within `bounds`.
    pub(crate) fn integer(&self, bounds: RangeInclusive<u64>) -> Result<u64, DocumentError> {
        if !self.value.get_ref().is_integer() {
            return Err(self.error(Rule::Type("an integer")));
        }
        let out_of_bounds = || self.error(Rule::Bounds(*bounds.start(), *bounds.end()));
        let text = self.number().map_err(|_| self.error(Rule::Type("an integer in plain decimal digits")))?;
        let value = text.parse::<u64>().map_err(|_| out_of_bounds())?;
        if bounds.contains(&value) { Ok(value) } else { Err(out_of_bounds()) }
    }

    /// The exact text of a number, which must be written as JSON writes it.
    pub(crate) fn number(&self) -> Result<&'t str, DocumentError> {
        const WRITTEN: &str = "a number written as in JSON (no inf, nan, leading +, underscores, hex, octal or binary)";
        let text = match self.value.get_ref() {
            DeValue::Integer(_) | DeValue::Float(_) => self.source.0.get(self.value.span()),
            _ => None,
        };
        text.filter(|text| crate::record::json::is_number(text)).ok_or_else(|| self.error(Rule::Type(WRITTEN)))
    }

    /// What kind of value this is, for readers that take several.
    pub(crate) fn value(&self) -> &'t DeValue<'t> {
        self.value.get_ref()
    }

    /// A date-time as written.
    pub(crate) fn datetime(&self) -> Result<&'t Datetime, DocumentError> {
        self.value.get_ref().as_datetime().ok_or_else(|| self.error(Rule::Type(OFFSET_DATE_TIME)))
    }

    /// A table.
    pub(crate) fn table(&self) -> Result<Table<'t>, DocumentError> {
        let table = self.value.get_ref().as_table().ok_or_else(|| self.error(Rule::Type("a table")))?;
        Ok(Table::new(self.source, self.path.clone(), self.start, table))
    }

    /// An array of 1 to `limit` entries.
    pub(crate) fn array(&self, limit: usize) -> Result<Vec<Item<'t>>, DocumentError> {
        let array = self.value.get_ref().as_array().ok_or_else(|| self.error(Rule::Type("an array")))?;
        if array.is_empty() {
            return Err(self.error(Rule::Value("at least one entry")));
        }
        if array.len() > limit {
            return Err(self.error(Rule::TooMany(limit)));
        }
        let entry = |(index, value): (usize, &'t Spanned<DeValue<'t>>)| Item {
            source: self.source,
            path: format!("{}[{index}]", self.path),
            start: value.span().start,
            value,
        };
        Ok(array.iter().enumerate().map(entry).collect())
    }

    fn name_of(&self, text: &str, limit: usize) -> Result<String, DocumentError> {
        let plain = !text.is_empty() && text.len() <= limit && !text.chars().any(char::is_control);
        if plain { Ok(text.to_owned()) } else { Err(self.error(Rule::Name(limit))) }
    }
}

/// What a point in time is written like.
pub(crate) const OFFSET_DATE_TIME: &str = "a date-time with its offset, such as 2026-01-01T00:00:00Z";

#[derive(Clone, Copy)]
struct Source<'t>(&'t str);

impl Source<'_> {
    fn line(self, at: usize) -> u32 {
        let newlines = self.0.bytes().take(at).filter(|byte| *byte == b'\n').count();
        u32::try_from(newlines).unwrap_or(u32::MAX).saturating_add(1)
    }
}

fn error(line: u32, path: &str, rule: Rule) -> DocumentError {
    let shown = path.char_indices().take_while(|(start, _)| *start < limits::KEY_PATH_SHOWN);
    let key = shown.map(|(_, character)| if character.is_control() { char::REPLACEMENT_CHARACTER } else { character }).collect();
    DocumentError { line, key, rule }
}
