//! Counting distinct people, exactly, up to a minimum: past it nothing more needs to be known or held. Never says who,
//! and never how many beyond whether the minimum is met.

use std::collections::HashSet;

use aws_lc_rs::digest;

use super::decimal::Decimal;
use super::json::{Kind, Value};
use super::{RecordRefused, Scratch};

/// The distinct people seen, until there are enough.
pub struct PeopleCount {
    min: usize,
    /// Cut to 128 bits: a collision could only count too few, which refuses a job and releases nothing.
    seen: HashSet<[u8; 16]>,
}

impl PeopleCount {
    /// A count that is met from `min` people on. At 0 it is met from the beginning.
    #[must_use]
    pub fn new(min: usize) -> Self {
        Self { min, seen: HashSet::new() }
    }

    /// A count of nobody yet, with the same minimum.
    #[must_use]
    pub fn another(&self) -> Self {
        Self::new(self.min)
    }

    /// Counts the person that `value` names: a string's text or a number as an exact decimal. Null and absent are nobody.
    ///
    /// # Errors
    /// [`RecordRefused::PersonType`] for other types, [`RecordRefused::Decimal`].
    pub(crate) fn count(&mut self, value: Option<Value<'_>>, scratch: &mut Scratch) -> Result<(), RecordRefused> {
        let Some(value) = value.filter(|value| value.kind() != Kind::Null) else { return Ok(()) };
        let text = value.text(&mut scratch.text).ok_or(RecordRefused::PersonType)?;
        let bytes = &mut scratch.bytes;
        bytes.clear();
        if value.kind() == Kind::Number {
            bytes.push(b'n');
            Decimal::parse(text)?.write_canonical(bytes);
        } else {
            bytes.push(b's');
            bytes.extend_from_slice(text.as_bytes());
        }
        if !self.is_met() {
            let digest = digest::digest(&digest::SHA256, bytes);
            self.seen.extend(digest.as_ref().first_chunk::<16>());
        }
        Ok(())
    }

    /// Takes in the people that another worker saw.
    pub fn merge(&mut self, other: Self) {
        for person in other.seen {
            if self.is_met() {
                return;
            }
            self.seen.insert(person);
        }
    }

    /// Whether there are as many as the minimum.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.seen.len() >= self.min
    }
}
