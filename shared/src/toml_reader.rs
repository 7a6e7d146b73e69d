//! Strict reading of TOML documents with positions. Policy and job readers take the keys they know, one by one; what
//! is left is an error that names line and key and lists what is allowed. It never guesses, converts or defaults.

use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

use crate::limits;

/// What is wrong with a policy or a job file, and where. Speaks of the author's own text only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {}{rule}", KeyPrefix(.key))]
pub struct DocumentError {
    /// Line of the file, from 1.
    pub line: u32,
    /// Dotted path of the key, cut at [`limits::KEY_PATH_SHOWN`] bytes; empty where it is about no key.
    pub key: String,
    /// What is wrong, and what is allowed.
    pub rule: Rule,
}

/// The rule that a document breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// Longer than its bound.
    #[error("the file is longer than {0} bytes")]
    TooLong(usize),
    /// Not UTF-8.
    #[error("the file is not UTF-8 text")]
    NotUtf8,
    /// Not TOML; the reader's own words.
    #[error("not valid TOML: {0}")]
    Syntax(String),
    /// A key that does not exist.
    #[error("unknown key; allowed here: {0}")]
    UnknownKey(String),
    /// A key, operation or value of the design that this version does not have.
    #[error("not yet supported by this version of Sealroom")]
    NotYetSupported,
    /// A required key is absent.
    #[error("this key is required here")]
    Missing,
    /// A value of another type.
    #[error("wrong type; expected {0}")]
    Type(&'static str),
    /// A value outside its list or bounds.
    #[error("not allowed; expected {0}")]
    Value(&'static str),
    /// A number outside its bounds.
    #[error("out of bounds; allowed are {0} to {1}")]
    Bounds(u64, u64),
    /// Too many entries.
    #[error("too many entries; at most {0}")]
    TooMany(usize),
    /// A name that is empty, too long or holds control characters.
    #[error("not a name; expected 1 to {0} bytes without control characters")]
    Name(usize),
    /// The same entry twice.
    #[error("stands here twice")]
    Duplicate,
    /// Not the ARN of a key that can be used.
    #[error(transparent)]
    KeyArn(#[from] crate::arn::KeyArnError),
    /// Not a digest.
    #[error(transparent)]
    Digest(#[from] crate::digest::DigestFormat),
    /// Not an RSA public key that can be used.
    #[error("not an RSA public key that can be used; expected one PEM block `PUBLIC KEY` with a key of 2048 to 4096 bits")]
    RsaPublicKey,
    /// A recipient's key is one of the policy's own.
    #[error("a recipient's kms_key must not be one of `keys`: whoever may read outputs could then read the inputs")]
    RecipientIsInputKey,
    /// A recipient has both or neither key.
    #[error("a recipient has exactly one of kms_key and rsa_public_key")]
    RecipientKey,
    /// `not_before` is not before `not_after`.
    #[error("not_after must be later than not_before")]
    EmptyValidity,
    /// A domain without its `[tokens]` entry.
    #[error("this token domain has no [tokens.DOMAIN] entry")]
    UnknownTokenDomain,
    /// `check = ""`.
    #[error("the token key's check value is empty; make the key with `sealroom token-key new` and write the value it prints here")]
    TokenCheckEmpty,
    /// A job that would release no column.
    #[error("the job has no output column; give at least one field an operation other than drop")]
    NoColumns,
}

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
        match self.take(key) {
            Some(item) => Ok(item),
            None => Err(error(self.line(), &self.child(key), Rule::Missing)),
        }
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

struct KeyPrefix<'k>(&'k str);

impl std::fmt::Display for KeyPrefix<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(out, "{}: ", self.0) }
    }
}

fn error(line: u32, path: &str, rule: Rule) -> DocumentError {
    let key = path.char_indices().take_while(|(start, _)| *start < limits::KEY_PATH_SHOWN).map(|(_, character)| character).collect();
    DocumentError { line, key, rule }
}
