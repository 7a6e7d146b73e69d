//! The data keys of sealed values that one job has been given, shared by its workers. Data keys come from outside, once
//! the header that wraps them has verified under them; they die with the job.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::limits;
use crate::message::{DataKey, Header};

/// Data keys by field and wrapping.
#[derive(Default)]
pub struct ValueKeys {
    keys: RwLock<HashMap<ValuesOf, Arc<DataKey>>>,
}

/// A data key that is needed and was not given yet.
pub struct MissingKey {
    /// The header of the first message seen that needs it. Nothing in it has been verified.
    pub header: Header,
    /// What it is needed for.
    pub of: ValuesOf,
}

/// The sealed values that share a data key: those of one field under one wrapping. A message in another field is another
/// entry, and its context is looked at anew.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ValuesOf {
    pub(super) index: usize,
    pub(super) field: Arc<str>,
    /// The bytes of context and encrypted data keys.
    pub(super) wrapping: Box<[u8]>,
}

/// More than [`limits::VALUE_DATA_KEYS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed values are under more data keys than one job asks for")]
pub struct TooManyKeys;

impl ValueKeys {
    /// Gives the data key of values. The header that asked for it must have verified under it, with the context of an
    /// input of the policy and of the field.
    ///
    /// # Errors
    /// [`TooManyKeys`].
    pub fn give(&self, of: ValuesOf, key: DataKey) -> Result<(), TooManyKeys> {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= limits::VALUE_DATA_KEYS && !keys.contains_key(&of) {
            return Err(TooManyKeys);
        }
        keys.entry(of).or_insert_with(|| Arc::new(key));
        Ok(())
    }

    /// Whether the data key was given.
    #[must_use]
    pub fn has(&self, of: &ValuesOf) -> bool {
        self.find(of).is_some()
    }

    pub(super) fn find(&self, of: &ValuesOf) -> Option<Arc<DataKey>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).get(of).cloned()
    }
}

impl ValuesOf {
    /// The field to which the values' context must be bound.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }
}
