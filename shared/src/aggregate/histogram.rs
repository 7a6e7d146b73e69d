//! Bins of a histogram: how many values lie in each, and of how many people.

use std::collections::BTreeMap;

use super::contributors::Contributors;
use crate::record::people::Person;

/// One bin.
pub(crate) struct Bin {
    count: u64,
    people: Contributors,
    hidden: bool,
}

impl Bin {
    /// A bin of nothing yet.
    pub(super) fn new() -> Self {
        Self { count: 0, people: Contributors::none(), hidden: false }
    }

    /// Counts one value. Returns how many bytes are held more than before.
    pub(super) fn add(&mut self, person: Option<Person>, min: usize) -> usize {
        self.count = self.count.saturating_add(1);
        person.map_or(0, |person| self.people.add(person, min))
    }

    /// How many values.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Of whom.
    pub(super) fn people(&self) -> &Contributors {
        &self.people
    }

    /// Keeps it out of the output.
    pub(super) fn hide(&mut self) {
        self.hidden = true;
    }
}

/// The bins that are not hidden: their indices and counts, rising.
pub(super) fn shown(bins: &BTreeMap<i128, Bin>) -> impl Iterator<Item = (i128, u64)> {
    bins.iter().filter(|(_, bin)| !bin.hidden).map(|(index, bin)| (*index, bin.count))
}
