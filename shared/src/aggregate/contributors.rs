//! Who contributed, until there are enough: past the minimum nobody needs to be held. Never says who, and never how many.

use std::collections::HashSet;

use super::held::{self, Change};
use crate::record::people::{Person, Somebody};

/// The distinct people behind a number, up to a minimum that the caller gives each time: always the policy's.
#[derive(Debug, Clone)]
#[expect(clippy::box_collection, reason = "held for every group, of which few have many")]
pub(crate) enum Contributors {
    /// Fewer than the minimum, few enough to look through.
    Few(Vec<Person>),
    /// Fewer than the minimum.
    Many(Box<HashSet<Person>>),
    /// As many as the minimum.
    Enough,
}

impl Contributors {
    /// Nobody yet.
    pub(crate) fn none() -> Self {
        Self::Few(Vec::new())
    }

    /// Counts somebody, whom it tells apart only while that matters.
    #[inline]
    pub(crate) fn add_somebody(&mut self, somebody: &Somebody<'_>, min: usize) -> Change {
        if self.is_enough(min) { Change::default() } else { self.add(somebody.person(), min) }
    }

    /// Counts `person`.
    pub(crate) fn add(&mut self, person: Person, min: usize) -> Change {
        let before = self.held();
        let count = match self {
            Self::Enough => return Change::default(),
            Self::Few(few) if few.contains(&person) => few.len(),
            Self::Few(few) if few.len() < FEW => {
                few.push(person);
                few.len()
            }
            Self::Few(few) => {
                let many: HashSet<Person> = few.iter().copied().chain([person]).collect();
                let count = many.len();
                *self = Self::Many(Box::new(many));
                count
            }
            Self::Many(many) => {
                many.insert(person);
                many.len()
            }
        };
        if count >= min {
            *self = Self::Enough;
        }
        Change::between(before, self.held())
    }

    /// Takes in others.
    pub(crate) fn add_all(&mut self, others: &Self, min: usize) {
        match others {
            Self::Enough => *self = Self::Enough,
            Self::Few(few) => few.iter().for_each(|person| {
                self.add(*person, min);
            }),
            Self::Many(many) => many.iter().for_each(|person| {
                self.add(*person, min);
            }),
        }
    }

    /// Whether the minimum is met.
    pub(crate) fn is_enough(&self, min: usize) -> bool {
        min == 0 || matches!(self, Self::Enough)
    }

    /// The most that it can hold, in bytes.
    pub(crate) fn most_held(min: usize) -> usize {
        match min.saturating_sub(1) {
            0 => 0,
            most => most.saturating_mul(EACH_BYTES).saturating_add(FIRST_BYTES),
        }
    }

    /// What it holds, in bytes.
    pub(crate) fn held(&self) -> usize {
        match self {
            Self::Enough => 0,
            Self::Few(few) => held::list::<Person>(few.capacity()),
            Self::Many(many) => held::piece(size_of::<HashSet<Person>>()) + held::table::<Person>(many.capacity()),
        }
    }
}

/// Up to here a list is smaller and faster than a set.
const FEW: usize = 32;
/// The most that one of many takes, in a table that has just grown.
const EACH_BYTES: usize = 44;
/// What the first one takes beyond it.
const FIRST_BYTES: usize = 128;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn person(number: u8) -> Person {
        Person::of_digest([number; 16])
    }

    #[test]
    fn the_same_person_counts_once() {
        let mut people = Contributors::none();
        for _ in 0..5 {
            people.add(person(1), 2);
        }
        assert!(!people.is_enough(2));
        people.add(person(2), 2);
        assert!(people.is_enough(2));
    }

    #[test]
    fn enough_people_are_no_longer_held() {
        let mut people = Contributors::none();
        for number in 0..100 {
            people.add(person(number), 100);
            assert_eq!(people.is_enough(100), number == 99);
        }
        assert_eq!(people.held(), 0);
        assert_eq!(people.add(person(200), 100), Change::default());
    }

    #[test]
    fn what_is_held_is_the_sum_of_its_changes_and_never_more_than_the_most() {
        for min in [1, 2, 3, 5, 6, 9, 10, 30, 33, 34, 35, 58, 59, 70, 114, 115, 120, 226, 227, 250] {
            let (mut people, mut held) = (Contributors::none(), Change::default());
            for number in 0..=u8::MAX {
                held += people.add(person(number), min);
                assert_eq!(held.bytes(), i64::try_from(people.held()).unwrap());
                assert!(people.held() <= Contributors::most_held(min), "{min}: {number}");
            }
            assert_eq!(held.bytes(), 0, "{min}: enough are no longer held");
        }
    }

    #[test]
    fn others_are_taken_in_once() {
        let (mut one, mut other) = (Contributors::none(), Contributors::none());
        for number in 0..40 {
            one.add(person(number), 60);
            other.add(person(number + 10), 60);
        }
        one.add_all(&other, 60);
        assert!(!one.is_enough(60), "fifty are different");
        for number in 100..110 {
            one.add(person(number), 60);
        }
        assert!(one.is_enough(60));
    }
}
