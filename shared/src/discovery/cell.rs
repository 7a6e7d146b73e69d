//! One count, and whose: the records that agree in something. Never tells who, nor how many they are beyond the minimum.

use crate::aggregate::Contributors;
use crate::record::people::Person;

/// How many records, and of whom.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    count: u64,
    people: Contributors,
}

impl Cell {
    /// No record yet.
    pub(super) fn new() -> Self {
        Self { count: 0, people: Contributors::none() }
    }

    /// Counts one record. One of nobody counts as well, for nobody.
    #[inline]
    pub(super) fn add(&mut self, person: Option<Person>, min: usize) {
        self.count = self.count.saturating_add(1);
        if let Some(person) = person {
            self.people.add(person, min);
        }
    }

    /// Takes in what another counted apart.
    pub(super) fn add_all(&mut self, other: &Self, min: usize) {
        self.count = self.count.saturating_add(other.count);
        self.people.add_all(&other.people, min);
    }

    /// Adds whose they are to `people`.
    pub(super) fn add_people_to(&self, people: &mut Contributors, min: usize) {
        people.add_all(&self.people, min);
    }

    /// How many records.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Whether they are of as many people as the minimum.
    pub(super) fn is_enough(&self, min: usize) -> bool {
        self.people.is_enough(min)
    }
}
