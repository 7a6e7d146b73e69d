//! One group while records come in: how many, of whom, and what the measures need of their values.

use std::collections::{BTreeMap, HashSet};

use super::contributors::Contributors;
use super::exact::{Exact, Sum};
use super::histogram::Bin;
use super::program::Program;
use crate::record::people::Person;

/// One group.
pub(crate) struct Group {
    pub(super) rows: u64,
    pub(super) people: Contributors,
    pub(super) numbers: Box<[Numbers]>,
    pub(super) distinct: Box<[Distinct]>,
}

/// What has to be held of a field's numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NumberNeeds {
    /// The smallest and the greatest.
    pub(crate) extremes: bool,
    /// Every value with its person.
    pub(crate) every_value: bool,
    /// Widths of the bins of histograms.
    pub(crate) widths: Vec<u64>,
}

/// One field's numbers within a group.
pub(crate) struct Numbers {
    /// Who has a value here, where that is not everybody in the group.
    people: Option<Contributors>,
    hidden: bool,
    pub(super) sum: Sum,
    pub(super) extremes: Option<(Exact, Exact)>,
    pub(super) values: Vec<(Exact, Option<Person>)>,
    /// For each width.
    pub(super) bins: Box<[BTreeMap<i128, Bin>]>,
}

/// One field's different values within a group.
pub(crate) struct Distinct {
    people: Option<Contributors>,
    hidden: bool,
    pub(super) values: HashSet<[u8; 16]>,
}

/// One record, read and ready to count.
pub(super) struct Contribution<'c> {
    pub(super) person: Option<Person>,
    /// The values of [`Program::numbers`].
    pub(super) numbers: &'c [Option<Exact>],
    /// Digests of the values of [`Program::distinct`].
    pub(super) distinct: &'c [Option<[u8; 16]>],
}

impl Group {
    /// A group of nothing yet.
    pub(super) fn new(program: &Program) -> Self {
        let numbers = program.numbers.iter().map(|input| Numbers {
            people: None,
            hidden: false,
            sum: Sum::default(),
            extremes: None,
            values: Vec::new(),
            bins: input.needs.widths.iter().map(|_| BTreeMap::new()).collect(),
        });
        let distinct = program.distinct.iter().map(|_| Distinct { people: None, hidden: false, values: HashSet::new() });
        Self { rows: 0, people: Contributors::none(), numbers: numbers.collect(), distinct: distinct.collect() }
    }

    /// What an empty group takes, in bytes.
    pub(super) fn empty_bytes(program: &Program) -> usize {
        size_of::<Self>() + program.numbers.len() * size_of::<Numbers>() + program.distinct.len() * size_of::<Distinct>()
    }

    /// Takes in one record. Returns how many bytes are held more than before.
    pub(super) fn add(&mut self, program: &Program, record: &Contribution<'_>) -> usize {
        let min = program.min_people;
        let mut held = 0;
        // Before the group's own people: where a value is missing for the first time, those so far all had one.
        for ((numbers, value), input) in self.numbers.iter_mut().zip(record.numbers).zip(&program.numbers) {
            held += note(&mut numbers.people, value.is_some(), &self.people, record.person, min);
            if let Some(value) = value {
                held += numbers.add(*value, record.person, &input.needs, min);
            }
        }
        for (distinct, value) in self.distinct.iter_mut().zip(record.distinct) {
            held += note(&mut distinct.people, value.is_some(), &self.people, record.person, min);
            if let Some(value) = value
                && distinct.values.insert(*value)
            {
                held += SET_ENTRY_BYTES;
            }
        }
        self.rows = self.rows.saturating_add(1);
        held + record.person.map_or(0, |person| self.people.add(person, min))
    }

    /// Whether as many people as the minimum have a value of this number.
    pub(super) fn enough_have(&self, number: usize, min: usize) -> bool {
        self.who_have(number).is_some_and(|people| people.is_enough(min))
    }

    /// Who have a value of this number; none where no record has one, or where it is hidden.
    pub(super) fn who_have(&self, number: usize) -> Option<&Contributors> {
        let numbers = self.numbers.get(number).filter(|numbers| !numbers.hidden && numbers.sum.count() > 0)?;
        Some(numbers.people.as_ref().unwrap_or(&self.people))
    }

    /// Hides what is measured of this number.
    pub(super) fn hide(&mut self, number: usize) {
        if let Some(numbers) = self.numbers.get_mut(number) {
            numbers.hidden = true;
        }
    }

    /// Whether as many people as the minimum have one of these values.
    pub(super) fn enough_have_distinct(&self, distinct: usize, min: usize) -> bool {
        self.who_have_distinct(distinct).is_some_and(|people| people.is_enough(min))
    }

    /// Who have one of these values; none where no record has one, or where their count is hidden.
    pub(super) fn who_have_distinct(&self, distinct: usize) -> Option<&Contributors> {
        let distinct = self.distinct.get(distinct).filter(|distinct| !distinct.hidden && !distinct.values.is_empty())?;
        Some(distinct.people.as_ref().unwrap_or(&self.people))
    }

    /// Hides the count of these values.
    pub(super) fn hide_distinct(&mut self, distinct: usize) {
        if let Some(distinct) = self.distinct.get_mut(distinct) {
            distinct.hidden = true;
        }
    }
}

impl Numbers {
    fn add(&mut self, value: Exact, person: Option<Person>, needs: &NumberNeeds, min: usize) -> usize {
        let mut held = 0;
        self.sum.add(value);
        if needs.extremes {
            let (low, high) = self.extremes.unwrap_or((value, value));
            self.extremes = Some((low.min(value), high.max(value)));
        }
        if needs.every_value {
            self.values.push((value, person));
            held += VALUE_BYTES;
        }
        for (bins, width) in self.bins.iter_mut().zip(&needs.widths) {
            let bin = bins.entry(value.floor_div(*width)).or_insert_with(|| {
                held += BIN_BYTES;
                Bin::new()
            });
            held += bin.add(person, min);
        }
        held
    }
}

/// Notes who has a value: nobody apart while everybody in the group has one.
fn note(apart: &mut Option<Contributors>, has_value: bool, everybody: &Contributors, person: Option<Person>, min: usize) -> usize {
    match (apart, has_value) {
        (None, true) | (Some(_), false) => 0,
        (apart @ None, false) => {
            *apart = Some(everybody.clone());
            everybody.held()
        }
        (Some(people), true) => person.map_or(0, |person| people.add(person, min)),
    }
}

/// What one value and its person take, with room for growth.
const VALUE_BYTES: usize = 2 * size_of::<(Exact, Option<Person>)>();
/// What one entry of a set of digests takes, with room for growth.
const SET_ENTRY_BYTES: usize = 40;
/// What one bin takes.
const BIN_BYTES: usize = 2 * size_of::<(i128, Bin)>();
