//! One group while records come in: how many, of whom, and what the measures need of their values.

use std::collections::{BTreeMap, HashSet};

use super::contributors::Contributors;
use super::exact::{Exact, Sum};
use super::held::{self, Change, Held};
use super::histogram::Bin;
use super::program::Program;
use crate::limits;
use crate::record::RecordRefused;
use crate::record::people::{Person, Somebody};

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
    pub(super) extremes: Option<Box<(Exact, Exact)>>,
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
    pub(super) somebody: Option<&'c Somebody<'c>>,
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

    /// What a group takes on the heap from its beginning, in bytes.
    pub(super) fn held_from_the_beginning(program: &Program) -> usize {
        let extremes = program.numbers.iter().filter(|input| input.needs.extremes).count();
        let bins = program.numbers.iter().map(|input| held::list::<BTreeMap<i128, Bin>>(input.needs.widths.len()));
        held::list::<Numbers>(program.numbers.len())
            + held::list::<Distinct>(program.distinct.len())
            + extremes * held::list::<(Exact, Exact)>(1)
            + bins.sum::<usize>()
    }

    /// Takes in one record. What has to grow for it must fit into what the job may hold beside `held`, to which the change is
    /// still to be added.
    ///
    /// # Errors
    /// [`RecordRefused::TooMuchToHold`]: the job is refused, and the group no longer of use.
    pub(super) fn add(&mut self, program: &Program, record: &Contribution<'_>, held: &Held) -> Result<Change, RecordRefused> {
        let min = program.min_people;
        // Deciding copies the people of totals that have too few of them, for each choice of columns.
        let copies = if program.is_decided_in_several_columns() { DECIDED_COPIES } else { 1 };
        let (mut change, mut of_people) = (Change::default(), Change::default());
        // Before the group's own people: where a value is missing for the first time, those so far all had one.
        for ((numbers, value), input) in self.numbers.iter_mut().zip(record.numbers).zip(&program.numbers) {
            of_people += note(&mut numbers.people, value.is_some(), &self.people, record.somebody, min);
            if let Some(value) = value {
                of_people += numbers.add_to_bins(*value, record.somebody, &input.needs, min, &mut change)?;
                change += numbers.add(*value, record.somebody, &input.needs, held)?;
            }
        }
        for (distinct, value) in self.distinct.iter_mut().zip(record.distinct) {
            of_people += note(&mut distinct.people, value.is_some(), &self.people, record.somebody, min);
            if let Some(value) = value {
                change += distinct.add(*value, held)?;
            }
        }
        self.rows = self.rows.saturating_add(1);
        if let Some(somebody) = record.somebody {
            of_people += self.people.add_somebody(somebody, min);
        }
        (0..copies).for_each(|_| change += of_people);
        Ok(change)
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
    fn add(&mut self, value: Exact, somebody: Option<&Somebody<'_>>, needs: &NumberNeeds, held: &Held) -> Result<Change, RecordRefused> {
        let mut change = Change::default();
        self.sum.add(value);
        if needs.extremes {
            let (low, high) = &mut **self.extremes.get_or_insert_with(|| Box::new((value, value)));
            (*low, *high) = (value.min(*low), value.max(*high));
        }
        if needs.every_value {
            let before = self.held_by_values();
            if self.values.len() == self.values.capacity() {
                held.has_room(Change::between(before, held::list::<(Exact, Option<Person>)>(self.values.capacity().saturating_mul(2))))?;
            }
            self.values.push((value, somebody.map(Somebody::person)));
            change += Change::between(before, self.held_by_values());
        }
        Ok(change)
    }

    /// Counts a value in the bins of each width. What new bins take goes into `change`; their people are the result.
    fn add_to_bins(
        &mut self,
        value: Exact,
        somebody: Option<&Somebody<'_>>,
        needs: &NumberNeeds,
        min: usize,
        change: &mut Change,
    ) -> Result<Change, RecordRefused> {
        let mut of_people = Change::default();
        for (bins, width) in self.bins.iter_mut().zip(&needs.widths) {
            let known = bins.len();
            let bin = bins.entry(value.floor_div(*width)).or_insert_with(|| {
                *change += Change::more(held::tree_entry::<(i128, Bin)>(known).saturating_add(BIN_DECIDED_BYTES));
                Bin::new()
            });
            of_people += bin.add(somebody, min);
            if bins.len() > limits::HISTOGRAM_BINS {
                return Err(RecordRefused::TooMuchToHold);
            }
        }
        Ok(of_people)
    }

    fn held_by_values(&self) -> usize {
        held::list::<(Exact, Option<Person>)>(self.values.capacity())
    }
}

impl Distinct {
    fn add(&mut self, value: [u8; 16], held: &Held) -> Result<Change, RecordRefused> {
        let before = self.held();
        if self.values.len() == self.values.capacity() {
            held.has_room(Change::between(before, held::large_table::<[u8; 16]>(self.values.capacity().saturating_mul(2))))?;
        }
        self.values.insert(value);
        Ok(Change::between(before, self.held()))
    }

    fn held(&self) -> usize {
        held::large_table::<[u8; 16]>(self.values.capacity())
    }
}

/// Notes who has a value: nobody apart while everybody in the group has one.
fn note(
    apart: &mut Option<Contributors>,
    has_value: bool,
    everybody: &Contributors,
    somebody: Option<&Somebody<'_>>,
    min: usize,
) -> Change {
    match (apart, has_value) {
        (None, true) | (Some(_), false) => Change::default(),
        (apart @ None, false) => Change::more(apart.insert(everybody.clone()).held()),
        (Some(people), true) => somebody.map_or(Change::default(), |somebody| people.add_somebody(somebody, min)),
    }
}

/// How often people are held at most while it is decided what stays hidden: measured, with two and three columns.
const DECIDED_COPIES: usize = 3;
/// What deciding takes for each bin, measured: 210 to 236 bytes.
const BIN_DECIDED_BYTES: usize = 256;
