//! How many records each person has had counted, where the policy bounds that.

use std::collections::HashMap;

use super::held::{self, Change, Held};
use crate::record::RecordRefused;
use crate::record::people::Person;

/// Counts of records by person.
#[derive(Default)]
pub(super) struct RowsPerPerson(HashMap<Person, u64>);

impl RowsPerPerson {
    /// Whether one more record of `person` counts, `most` at most.
    ///
    /// # Errors
    /// [`RecordRefused::TooMuchToHold`].
    pub(super) fn take(&mut self, person: Person, most: u64, held: &Held) -> Result<bool, RecordRefused> {
        let before = self.held();
        if self.0.len() == self.0.capacity() {
            held.has_room(Change::between(before, held::large_table::<(Person, u64)>(self.0.capacity().saturating_mul(2))))?;
        }
        let count = self.0.entry(person).or_default();
        let counts = *count < most;
        if counts {
            *count += 1;
        }
        held.take(Change::between(before, self.held()))?;
        Ok(counts)
    }

    fn held(&self) -> usize {
        held::large_table::<(Person, u64)>(self.0.capacity())
    }
}
