//! Which parts of a set have come: each at most once, and where the policy asks for the whole, all of one set in its order.

use std::collections::BTreeSet;

use sealroom_shared::limits;
use sealroom_shared::place::{self, Place};
use sealroom_shared::wire::Refusal;

/// The parts of a job so far.
pub(super) struct InputSet {
    /// Whether the policy asks for all parts of one set.
    whole: bool,
    /// The part that came last.
    last: Option<Part>,
    seen: BTreeSet<Part>,
    message_ids: BTreeSet<[u8; 32]>,
}

/// The place of a file among the files that its owner sealed together, as its authentic header states it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    pub(super) dataset: String,
    pub(super) set: String,
    /// From 1.
    pub(super) number: u32,
    /// Of how many.
    pub(super) of: u32,
}

impl InputSet {
    pub(super) fn new(whole: bool) -> Self {
        Self { whole, last: None, seen: BTreeSet::new(), message_ids: BTreeSet::new() }
    }

    /// Takes a further part.
    pub(super) fn take(&mut self, part: Part, message_id: &[u8; 32]) -> Result<(), Refusal> {
        if self.seen.len() >= limits::SET_PARTS {
            return Err(Refusal::TooLarge);
        }
        let follows = match &self.last {
            None => part.number == 1,
            Some(last) => part == Part { number: last.number.saturating_add(1), ..last.clone() },
        };
        if self.whole && !follows {
            return Err(Refusal::InputSet);
        }
        self.last = Some(part.clone());
        if self.message_ids.insert(*message_id) && self.seen.insert(part) { Ok(()) } else { Err(Refusal::InputSet) }
    }

    /// Ends the job's inputs.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        let is_whole = self.last.is_some_and(|last| last.number == last.of);
        if !self.whole || is_whole { Ok(()) } else { Err(Refusal::InputSet) }
    }
}

impl Part {
    /// The place that an input's context states.
    pub(super) fn parse(dataset: &str, set: &str, place: &str) -> Option<Self> {
        let Place { part, parts } = Place::parse(place)?;
        place::is_set(set).then(|| Self { dataset: dataset.to_owned(), set: set.to_owned(), number: part, of: parts })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const SET: &str = "00112233445566778899aabbccddeeff";

    fn part(number: &str) -> Part {
        Part::parse("d", SET, number).unwrap()
    }

    fn taken(whole: bool, parts: &[(Part, u8)]) -> Result<(), Refusal> {
        let mut set = InputSet::new(whole);
        parts.iter().try_for_each(|(part, id)| set.take(part.clone(), &[*id; 32]))?;
        set.finish()
    }

    #[test]
    fn a_whole_set_is_every_part_once_and_in_order() {
        assert_eq!(taken(true, &[(part("1/1"), 1)]), Ok(()));
        assert_eq!(taken(true, &[(part("1/3"), 1), (part("2/3"), 2), (part("3/3"), 3)]), Ok(()));
        for parts in [
            &[][..],
            &[(part("1/2"), 1)],
            &[(part("2/2"), 1)],
            &[(part("2/2"), 1), (part("1/2"), 2)],
            &[(part("1/3"), 1), (part("3/3"), 2), (part("2/3"), 3)],
            &[(part("1/3"), 1), (part("3/3"), 2)],
            &[(part("1/2"), 1), (part("1/2"), 2)],
            &[(part("1/2"), 1), (part("2/2"), 1)],
            &[(part("1/2"), 1), (part("2/3"), 2)],
            &[(part("1/2"), 1), (Part { set: SET.replace('0', "1"), ..part("2/2") }, 2)],
            &[(part("1/2"), 1), (Part { dataset: "e".to_owned(), ..part("2/2") }, 2)],
        ] {
            assert_eq!(taken(true, parts), Err(Refusal::InputSet), "{parts:?}");
        }
    }

    #[test]
    fn parts_may_be_missing_where_the_policy_says_so_but_never_come_twice() {
        assert_eq!(taken(false, &[(part("2/3"), 1)]), Ok(()));
        assert_eq!(taken(false, &[(part("2/3"), 1), (Part { set: SET.replace('0', "1"), ..part("1/2") }, 2)]), Ok(()));
        assert_eq!(taken(false, &[(part("2/3"), 1), (part("2/3"), 2)]), Err(Refusal::InputSet));
        assert_eq!(taken(false, &[(part("2/3"), 1), (part("1/3"), 1)]), Err(Refusal::InputSet));
        let many = (1..=1025_u32).map(|number| (part(&format!("{number}/2000")), number.to_be_bytes()));
        let mut set = InputSet::new(false);
        let refused =
            many.map(|(part, id)| set.take(part, &std::array::from_fn(|index| *id.get(index % 4).unwrap()))).find_map(Result::err);
        assert_eq!(refused, Some(Refusal::TooLarge));
    }
}
