//! Who contributed, until there are enough: past the minimum nobody needs to be held. Never says who, and never how many.

use std::collections::HashSet;

use crate::record::people::Person;

/// The distinct people behind a number, up to a minimum that the caller gives each time: always the policy's.
#[derive(Debug, Clone)]
pub(crate) enum Contributors {
    /// Fewer than the minimum, few enough to look through.
    Few(Vec<Person>),
    /// Fewer than the minimum.
    Many(HashSet<Person>),
    /// As many as the minimum.
    Enough,
}

impl Contributors {
    /// Nobody yet.
    pub(crate) fn none() -> Self {
        Self::Few(Vec::new())
    }

    /// Counts `person`. Returns how many bytes are held more than before.
    pub(crate) fn add(&mut self, person: Person, min: usize) -> usize {
        let (added, count) = match self {
            Self::Enough => return 0,
            Self::Few(few) => {
                let added = !few.contains(&person);
                if added {
                    few.push(person);
                }
                (added, few.len())
            }
            Self::Many(many) => (many.insert(person), many.len()),
        };
        if count >= min {
            *self = Self::Enough;
            return 0;
        }
        if let Self::Few(few) = self
            && few.len() > FEW
        {
            *self = Self::Many(few.drain(..).collect());
        }
        if added { HELD_BYTES } else { 0 }
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
        min.saturating_sub(1).saturating_mul(HELD_BYTES)
    }

    /// What it holds, in bytes.
    pub(crate) fn held(&self) -> usize {
        match self {
            Self::Enough => 0,
            Self::Few(few) => few.len() * HELD_BYTES,
            Self::Many(many) => many.len() * HELD_BYTES,
        }
    }
}

/// Up to here a list is smaller and faster than a set.
const FEW: usize = 32;
/// What one person takes, with room for growth.
const HELD_BYTES: usize = 40;

#[cfg(test)]
mod tests {
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
        assert_eq!(people.add(person(200), 100), 0);
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
