//! Bins of a histogram: how many values lie in each, and of how many people.

use std::collections::BTreeMap;

use super::contributors::Contributors;
use super::held::Change;
use crate::record::people::Somebody;

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

    /// Counts one value.
    pub(super) fn add(&mut self, somebody: Option<&Somebody<'_>>, min: usize) -> Change {
        self.count = self.count.saturating_add(1);
        somebody.map_or(Change::default(), |somebody| self.people.add_somebody(somebody, min))
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
