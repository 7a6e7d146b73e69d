//! Strict reader of one record: a JSON object on one line (RFC 8259), validated whole, of which the wanted fields are
//! handed on. Stricter than the RFC where it is silent: no object names a key twice, no lone surrogates, bounded depth
//! and length. It builds no tree, converts no number, and allocates nothing per record once its buffers have grown.

use keys::{Keys, Shape};
use value::Found;

use crate::limits;
pub(crate) use text::{needs_escape, write_escaped};
pub use value::{Fields, Kind, Spelling, Value};
pub(crate) use walk::up_to_each;

mod keys;
mod number;
mod text;
mod value;
mod walk;

#[cfg(test)]
pub(crate) mod tests;

/// Reads records and finds the wanted fields in them. One for each worker.
pub struct Scanner {
    /// Names of the wanted fields, sorted, each with its index.
    wanted: Vec<(String, usize)>,
    found: Vec<Option<Found>>,
    keys: Keys,
    shape: Shape,
}

/// Why a record cannot be read. Carries nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Longer than [`limits::RECORD_BYTES`].
    #[error("a record is too long")]
    TooLong,
    /// Not UTF-8.
    #[error("a record is not UTF-8")]
    NotUtf8,
    /// Not an object.
    #[error("a record is not a JSON object")]
    NotAnObject,
    /// Not JSON.
    #[error("a record is not valid JSON")]
    Syntax,
    /// A control character inside a string.
    #[error("a string of a record holds a control character")]
    ControlCharacter,
    /// An escape that JSON does not have.
    #[error("a string of a record holds an invalid escape")]
    Escape,
    /// Half of a surrogate pair.
    #[error("a string of a record holds a lone surrogate")]
    LoneSurrogate,
    /// An object names a key twice.
    #[error("an object of a record names a key twice")]
    DuplicateKey,
    /// Deeper than [`limits::RECORD_DEPTH`].
    #[error("a record is nested too deep")]
    TooDeep,
    /// Something stands after the object.
    #[error("something stands after a record's object")]
    TrailingBytes,
}

impl Scanner {
    /// A scanner for the top-level fields `wanted`, all different.
    pub fn new<'n>(wanted: impl IntoIterator<Item = &'n str>) -> Self {
        Self::at(wanted.into_iter().enumerate().map(|(index, name)| (name.to_owned(), index)).collect())
    }

    /// A scanner for the top-level fields `wanted`, all different, each with the index to find it at.
    pub(crate) fn at(mut wanted: Vec<(String, usize)>) -> Self {
        wanted.sort_unstable();
        let found = vec![None; wanted.iter().map(|(_, index)| index + 1).max().unwrap_or(0)];
        Self { wanted, found, keys: Keys::default(), shape: Shape::default() }
    }

    /// Reads one record, which must not hold a line feed.
    ///
    /// # Errors
    /// [`JsonError`]; the record as a whole is then refused, whatever fields are wanted.
    pub fn scan<'s, 'r>(&'s mut self, record: &'r [u8]) -> Result<Fields<'s, 'r>, JsonError> {
        if record.len() > limits::RECORD_BYTES {
            return Err(JsonError::TooLong);
        }
        let text = std::str::from_utf8(record).map_err(|_| JsonError::NotUtf8)?;
        self.found.fill(None);
        self.keys.clear();
        let start = blanks(record, 0);
        if record.get(start) != Some(&b'{') {
            return Err(JsonError::NotAnObject);
        }
        let end = self.fields(text, start + 1)?;
        if blanks(record, end) != record.len() {
            return Err(JsonError::TrailingBytes);
        }
        Ok(Fields { record: text, found: &self.found })
    }

    /// The record's own object, after its brace.
    fn fields(&mut self, record: &str, at: usize) -> Result<usize, JsonError> {
        let bytes = record.as_bytes();
        let all = self.keys.mark();
        self.shape.begin();
        let mut at = blanks(bytes, at);
        if bytes.get(at) == Some(&b'}') {
            return Ok(at + 1);
        }
        loop {
            at = expect(bytes, at, b'"')?;
            let (key_end, wanted) = self.key(record, at)?;
            at = colon(bytes, key_end + 1)?;
            let start = at;
            let kind;
            (kind, at) = self.keys.value(record, at, 1)?;
            if let Some(found) = wanted.and_then(|wanted| self.found.get_mut(wanted)) {
                *found = Some(Found { kind, start, end: at });
            }
            at = blanks(bytes, at);
            match bytes.get(at) {
                Some(b',') => at = blanks(bytes, at + 1),
                Some(b'}') => break,
                _ => return Err(JsonError::Syntax),
            }
        }
        if !self.shape.was_followed() {
            self.keys.all_differ(record, all)?;
            self.shape.forget();
            for (start, end) in self.keys.plain_since(all) {
                let name = record.get(start..end).unwrap_or_default();
                let name = name.as_bytes();
                self.shape.learn(name, wanted_index(&self.wanted, name));
            }
        }
        Ok(at + 1)
    }

    /// A key of the record's own object: the position of its closing quote and the wanted field it feeds.
    #[inline]
    fn key(&mut self, record: &str, at: usize) -> Result<(usize, Option<usize>), JsonError> {
        let bytes = record.as_bytes();
        if let Some(followed) = self.shape.follow(bytes.get(at..).unwrap_or_default()) {
            self.keys.push_followed(at, followed);
            return Ok((at + followed.length, followed.wanted));
        }
        let (end, escaped) = text::end_of_string(bytes, at)?;
        let key = self.keys.push(record, at, end, escaped);
        Ok((end, wanted_index(&self.wanted, key)))
    }
}

impl Keys {
    /// A value: its kind and the position after it.
    #[inline]
    fn value(&mut self, record: &str, at: usize, depth: u32) -> Result<(Kind, usize), JsonError> {
        let bytes = record.as_bytes();
        match bytes.get(at) {
            Some(b'"') => {
                let (end, escaped) = text::end_of_string(bytes, at + 1)?;
                Ok((Kind::String(if escaped { Spelling::JsonEscaped } else { Spelling::Json }), end + 1))
            }
            Some(b'-' | b'0'..=b'9') => Ok((Kind::Number, number::end_of_number(bytes, at)?)),
            Some(b't') => Ok((Kind::Boolean, literal(bytes, at, b"true")?)),
            Some(b'f') => Ok((Kind::Boolean, literal(bytes, at, b"false")?)),
            Some(b'n') => Ok((Kind::Null, literal(bytes, at, b"null")?)),
            Some(b'[') => Ok((Kind::Array, self.array(record, at + 1, deeper(depth)?)?)),
            Some(b'{') => Ok((Kind::Object, self.object(record, at + 1, deeper(depth)?)?)),
            _ => Err(JsonError::Syntax),
        }
    }

    fn array(&mut self, record: &str, at: usize, depth: u32) -> Result<usize, JsonError> {
        let bytes = record.as_bytes();
        let mut at = blanks(bytes, at);
        if bytes.get(at) == Some(&b']') {
            return Ok(at + 1);
        }
        loop {
            (_, at) = self.value(record, at, depth)?;
            at = blanks(bytes, at);
            match bytes.get(at) {
                Some(b',') => at = blanks(bytes, at + 1),
                Some(b']') => return Ok(at + 1),
                _ => return Err(JsonError::Syntax),
            }
        }
    }

    fn object(&mut self, record: &str, at: usize, depth: u32) -> Result<usize, JsonError> {
        let bytes = record.as_bytes();
        let mark = self.mark();
        let mut at = blanks(bytes, at);
        if bytes.get(at) == Some(&b'}') {
            return Ok(at + 1);
        }
        loop {
            at = expect(bytes, at, b'"')?;
            let (end, escaped) = text::end_of_string(bytes, at)?;
            self.push(record, at, end, escaped);
            at = colon(bytes, end + 1)?;
            (_, at) = self.value(record, at, depth)?;
            at = blanks(bytes, at);
            match bytes.get(at) {
                Some(b',') => at = blanks(bytes, at + 1),
                Some(b'}') => break,
                _ => return Err(JsonError::Syntax),
            }
        }
        self.close(record, mark)?;
        Ok(at + 1)
    }
}

/// Whether `text` is a number as JSON writes it.
#[must_use]
pub fn is_number(text: &str) -> bool {
    number::end_of_number(text.as_bytes(), 0) == Ok(text.len())
}

fn wanted_index(wanted: &[(String, usize)], name: &[u8]) -> Option<usize> {
    let position = wanted.binary_search_by(|(known, _)| known.as_bytes().cmp(name)).ok()?;
    wanted.get(position).map(|(_, index)| *index)
}

/// The first position from `at` that is not blank. A line feed is not: it ends a record.
#[inline]
fn blanks(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The position after `byte`, which must stand at `at`.
#[inline]
fn expect(bytes: &[u8], at: usize, byte: u8) -> Result<usize, JsonError> {
    if bytes.get(at) == Some(&byte) { Ok(at + 1) } else { Err(JsonError::Syntax) }
}

/// The position of the value after a colon and blanks.
#[inline]
fn colon(bytes: &[u8], at: usize) -> Result<usize, JsonError> {
    Ok(blanks(bytes, expect(bytes, blanks(bytes, at), b':')?))
}

#[inline]
fn literal(bytes: &[u8], at: usize, word: &[u8]) -> Result<usize, JsonError> {
    if bytes.get(at..).is_some_and(|rest| rest.starts_with(word)) { Ok(at + word.len()) } else { Err(JsonError::Syntax) }
}

#[inline]
fn deeper(depth: u32) -> Result<u32, JsonError> {
    if depth < limits::RECORD_DEPTH { Ok(depth + 1) } else { Err(JsonError::TooDeep) }
}
