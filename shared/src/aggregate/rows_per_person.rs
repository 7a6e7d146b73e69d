//! How many records each person has had counted, where the policy bounds that.

use std::collections::HashMap;

use crate::record::people::Person;

/// Counts of records by person.
#[derive(Default)]
pub(super) struct RowsPerPerson(HashMap<Person, u64>);

impl RowsPerPerson {
    /// Whether one more record of `person` counts, `most` at most; and the bytes that are held more than before.
    pub(super) fn take(&mut self, person: Person, most: u64) -> (bool, usize) {
        let before = self.0.len();
        let count = self.0.entry(person).or_default();
        let counts = *count < most;
        if counts {
            *count += 1;
        }
        (counts, if self.0.len() > before { ENTRY_BYTES } else { 0 })
    }
}

/// What one entry takes, with room for growth.
const ENTRY_BYTES: usize = 64;
