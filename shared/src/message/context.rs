//! The encryption context: authenticated key-value pairs in the header, the same ones that KMS checks and logs in
//! clear. Never put anything secret in it.

use std::collections::BTreeMap;

use super::MessageError;
use super::bytes::{Reader, Short, put_field};
use crate::limits;

/// Ordered pairs of UTF-8 text, each key once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EncryptionContext {
    pairs: BTreeMap<String, String>,
}

impl EncryptionContext {
    /// The context without pairs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a pair.
    ///
    /// # Errors
    /// [`MessageError::DuplicateContextKey`] where the key is there already, [`MessageError::HeaderTooLarge`] over
    /// [`limits::CONTEXT_PAIRS`] or [`limits::CONTEXT_BYTES`].
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), MessageError> {
        if self.pairs.contains_key(key) {
            return Err(MessageError::DuplicateContextKey);
        }
        let added = key.len().saturating_add(value.len()).saturating_add(4);
        if self.pairs.len() >= limits::CONTEXT_PAIRS || self.serialized_length().saturating_add(added) > limits::CONTEXT_BYTES {
            return Err(MessageError::HeaderTooLarge);
        }
        self.pairs.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.get(key).map(String::as_str)
    }

    /// The pairs in the order of their keys' bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The canonical serialization: a 2-byte count, then the pairs by key. Empty for the empty context.
    /// It is the additional authenticated data of raw AES keyrings.
    #[must_use]
    pub fn serialize(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.pairs.is_empty() {
            let count = u16::try_from(self.pairs.len()).unwrap_or(u16::MAX);
            out.extend_from_slice(&count.to_be_bytes());
            for (key, value) in &self.pairs {
                // `insert` bounds every field far below 65,535 bytes.
                let _ = put_field(&mut out, key.as_bytes());
                let _ = put_field(&mut out, value.as_bytes());
            }
        }
        out
    }

    /// Reads a serialization whose length is known.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        let mut context = Self::new();
        if bytes.is_empty() {
            return Ok(context);
        }
        let mut reader = Reader::new(bytes);
        let malformed = |Short| MessageError::Header;
        let count = reader.u16().map_err(malformed)?;
        if count == 0 {
            return Err(MessageError::Header);
        }
        for _ in 0..count {
            let key = std::str::from_utf8(reader.field().map_err(malformed)?).map_err(|_| MessageError::Header)?;
            let value = std::str::from_utf8(reader.field().map_err(malformed)?).map_err(|_| MessageError::Header)?;
            context.insert(key, value)?;
        }
        if reader.remaining() != 0 {
            return Err(MessageError::Header);
        }
        Ok(context)
    }

    fn serialized_length(&self) -> usize {
        self.pairs.iter().fold(2, |sum, (key, value)| sum.saturating_add(key.len()).saturating_add(value.len()).saturating_add(4))
    }
}
