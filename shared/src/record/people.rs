//! Counting distinct people, exactly, up to a minimum: past it nothing more needs to be known or held. Never says who,
//! and never how many beyond whether the minimum is met.

use std::cell::OnceCell;
use std::collections::HashSet;

use aws_lc_rs::digest;

use super::json::{Kind, Value};
use super::{RecordRefused, Scratch};

/// The distinct people seen, until there are enough.
pub struct PeopleCount {
    min: usize,
    seen: HashSet<Person>,
}

/// One person, told apart and not named: a digest of the value, cut to 128 bits. A collision could only count too few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Person([u8; 16]);

/// Somebody whom a record names, and who is not told apart before that is needed: it takes longer than all else that is
/// counted of a record.
pub(crate) struct Somebody<'b> {
    canonical: &'b [u8],
    person: OnceCell<Person>,
}

impl Person {
    /// The person that `value` names: a string's text or a number as an exact decimal. Null and absent are nobody.
    ///
    /// # Errors
    /// [`RecordRefused::PersonType`] for other types, [`RecordRefused::Decimal`].
    pub(crate) fn of(value: Option<Value<'_>>, scratch: &mut Scratch) -> Result<Option<Self>, RecordRefused> {
        Ok(Somebody::of(value, scratch)?.map(|somebody| somebody.person()))
    }

    /// For tests of what only tells people apart.
    #[cfg(test)]
    pub(crate) fn of_digest(digest: [u8; 16]) -> Self {
        Self(digest)
    }

    fn of_canonical(bytes: &[u8]) -> Self {
        let digest = digest::digest(&digest::SHA256, bytes);
        Self(digest.as_ref().first_chunk::<16>().copied().unwrap_or_default())
    }
}

impl<'b> Somebody<'b> {
    /// Whom `value` names: a string's text or a number as an exact decimal. Null and absent are nobody.
    ///
    /// # Errors
    /// [`RecordRefused::PersonType`] for other types, [`RecordRefused::Decimal`].
    pub(crate) fn of(value: Option<Value<'_>>, scratch: &'b mut Scratch) -> Result<Option<Self>, RecordRefused> {
        let named = write_person(value, scratch)?;
        Ok(named.then(|| Self { canonical: &scratch.bytes, person: OnceCell::new() }))
    }

    /// Tells the person apart.
    pub(crate) fn person(&self) -> Person {
        *self.person.get_or_init(|| Person::of_canonical(self.canonical))
    }
}

/// Overwrites `scratch.bytes` with what tells the person apart. False where there is nobody.
fn write_person(value: Option<Value<'_>>, scratch: &mut Scratch) -> Result<bool, RecordRefused> {
    let Some(value) = value.filter(|value| value.kind() != Kind::Null) else { return Ok(false) };
    value.write_canonical(scratch)?.ok_or(RecordRefused::PersonType)?;
    Ok(true)
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

    /// Counts the person that `value` names. Null and absent are nobody.
    ///
    /// # Errors
    /// [`RecordRefused::PersonType`], [`RecordRefused::Decimal`].
    pub(crate) fn count(&mut self, value: Option<Value<'_>>, scratch: &mut Scratch) -> Result<(), RecordRefused> {
        let somebody = Somebody::of(value, scratch)?;
        if let Some(somebody) = somebody.filter(|_| !self.is_met()) {
            self.seen.insert(somebody.person());
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
