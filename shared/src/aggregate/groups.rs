//! All groups of a job, filled by every worker. Bounded: a job that would hold more than its share of memory, or form more
//! groups than the policy allows, is refused.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;

use super::exact::Exact;
use super::group::{Contribution, Group};
use super::held::{self, Change, Held};
use super::key;
use super::output::ReleasedGroups;
use super::program::Program;
use super::rows_per_person::RowsPerPerson;
use super::suppress;
use crate::limits;
use crate::policy::Format;
use crate::record::json::Kind;
use crate::record::people::Somebody;
use crate::record::view::View;
use crate::record::{RecordRefused, Scratch};

/// One aggregate job while records come in.
pub(crate) struct Groups {
    pub(super) program: Program,
    pub(super) format: Format,
    hasher: RandomState,
    /// By hash, so that workers seldom wait for each other.
    shards: Vec<Mutex<Shard>>,
    rows_per_person: Mutex<RowsPerPerson>,
    groups: AtomicUsize,
    held: Held,
    /// What every group takes from its beginning, its key and its place in the table apart.
    held_by_each: usize,
}

type Shard = HashMap<Box<[u8]>, Group>;

/// Reads records into the groups, for one worker.
pub(crate) struct Collector {
    groups: Arc<Groups>,
    key: Vec<u8>,
    numbers: Vec<Option<Exact>>,
    distinct: Vec<Option<[u8; 16]>>,
}

impl Groups {
    /// No groups yet.
    pub(crate) fn new(program: Program, format: Format) -> Self {
        Self::bounded(program, format, limits::AGGREGATE_BYTES)
    }

    fn bounded(program: Program, format: Format, bound: usize) -> Self {
        let decided = if program.is_decided_in_several_columns() { DECIDED_BYTES_OF_SEVERAL } else { DECIDED_BYTES };
        Self {
            held_by_each: Group::held_from_the_beginning(&program) + decided,
            program,
            format,
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            rows_per_person: Mutex::default(),
            groups: AtomicUsize::new(0),
            held: Held::new(bound),
        }
    }

    /// A collector for one worker.
    pub(crate) fn collector(self: &Arc<Self>) -> Collector {
        Collector { groups: Arc::clone(self), key: Vec::new(), numbers: Vec::new(), distinct: Vec::new() }
    }

    /// Names of the output's columns, in order.
    pub(crate) fn column_names(&self) -> impl Iterator<Item = &str> {
        let columns = self.program.columns.iter().map(|column| column.name.as_str());
        columns.chain(self.program.measures.iter().map(|(name, _)| name.as_str()))
    }

    /// Whether records have to come in their order, through one worker: the first ones of each person count.
    pub(crate) fn needs_order(&self) -> bool {
        self.program.max_rows_per_person.is_some()
    }

    /// What may be released, in the order of the groups' columns. For when all workers have ended and every check has passed.
    pub(crate) fn release(self: &Arc<Self>) -> ReleasedGroups {
        let mut groups: Vec<(Box<[u8]>, Group)> = Vec::with_capacity(self.groups.load(Ordering::Relaxed));
        // One shard after the other, so that little is there twice.
        for shard in &self.shards {
            groups.extend(std::mem::take(&mut *shard.lock().unwrap_or_else(PoisonError::into_inner)));
        }
        let by_meaning = &self.program.by_meaning;
        groups.sort_unstable_by(|(one, _), (other, _)| key::columns_in(by_meaning, one).cmp(key::columns_in(by_meaning, other)));
        suppress::suppress(&mut groups, by_meaning, self.program.min_people);
        groups.sort_unstable_by(|(one, _), (other, _)| key::columns(one).cmp(key::columns(other)));
        ReleasedGroups::new(Arc::clone(self), groups)
    }

    fn add(&self, key: &[u8], record: &Contribution<'_>) -> Result<(), RecordRefused> {
        let hash = usize::try_from(self.hasher.hash_one(key) % SHARDS_U64).unwrap_or_default();
        let Some(shard) = self.shards.get(hash) else { return Ok(()) };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let change = match shard.get_mut(key) {
            Some(group) => group.add(&self.program, record, &self.held)?,
            None => {
                if self.groups.fetch_add(1, Ordering::Relaxed) >= self.program.max_groups {
                    return Err(RecordRefused::TooManyGroups);
                }
                let mut group = Group::new(&self.program);
                let mut change = group.add(&self.program, record, &self.held)?;
                let before = held_by(&shard);
                shard.insert(key.into(), group);
                change += Change::between(before, held_by(&shard));
                change += Change::more(self.held_by_each + held::piece(key.len()));
                change
            }
        };
        drop(shard);
        self.held.take(change)
    }
}

fn held_by(shard: &Shard) -> usize {
    held::table::<(Box<[u8]>, Group)>(shard.capacity())
}

impl Collector {
    /// Takes in one record. False where it does not count: its person has had as many as the policy lets count.
    pub(crate) fn take(&mut self, view: &View<'_>, scratch: &mut Scratch) -> Result<bool, RecordRefused> {
        let Self { groups, key, numbers, distinct } = self;
        let program = &groups.program;
        // Everything that can be wrong with the record comes before anything is counted.
        key::write(&program.columns, groups.format, view, scratch, key)?;
        numbers.clear();
        for input in &program.numbers {
            numbers.push(match view.value(input.field).filter(|value| value.kind() != Kind::Null) {
                None => None,
                Some(value) if value.kind() == Kind::Number => {
                    let number = Exact::read(value.raw())?;
                    Some(input.clamp.map_or(number, |clamp| clamp.apply(number)))
                }
                Some(_) => return Err(RecordRefused::OperationType),
            });
        }
        distinct.clear();
        for input in &program.distinct {
            distinct.push(match view.value(input.field).filter(|value| value.kind() != Kind::Null) {
                None => None,
                Some(value) => {
                    value.write_canonical(scratch)?.ok_or(RecordRefused::OperationType)?;
                    digest::digest(&digest::SHA256, &scratch.bytes).as_ref().first_chunk::<16>().copied()
                }
            });
        }
        let somebody = Somebody::of(view.value(program.person), scratch)?;
        if let Some(most) = program.max_rows_per_person {
            // Nobody's records could not be bounded.
            let Some(somebody) = &somebody else { return Ok(false) };
            let mut rows = groups.rows_per_person.lock().unwrap_or_else(PoisonError::into_inner);
            let counts = rows.take(somebody.person(), most, &groups.held)?;
            drop(rows);
            if !counts {
                return Ok(false);
            }
        }
        groups.add(key, &Contribution { somebody: somebody.as_ref(), numbers, distinct })?;
        Ok(true)
    }
}

/// Parts of the groups that are locked each for itself.
const SHARDS: usize = 64;
const SHARDS_U64: u64 = 64;
/// What deciding what stays hidden takes for each group at the end, in one column. Measured: 230 bytes, a million groups.
const DECIDED_BYTES: usize = 256;
/// The same in several columns. Measured: 230 to 480 bytes, the most where each value of one goes with one of the other.
const DECIDED_BYTES_OF_SEVERAL: usize = 512;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::aggregate::{Column, DistinctInput, Measure, NumberInput, NumberNeeds};
    use crate::policy::TextType;
    use crate::record::blocks::Layout;
    use crate::record::view::{Viewer, Wanted};

    /// A job on records with `who`, `zip` and `pay`: grouped by `zip`, with what `change` makes of it.
    fn program(change: impl FnOnce(&mut Program)) -> Program {
        let mut program = Program {
            columns: vec![Column { field: 1, name: "zip".to_owned(), writer: None }],
            by_meaning: vec![0],
            measures: vec![("count".to_owned(), Measure::Count)],
            numbers: Vec::new(),
            distinct: Vec::new(),
            person: 0,
            min_people: 10,
            max_rows_per_person: None,
            max_groups: 1_000_000,
        };
        change(&mut program);
        program
    }

    fn numbers(needs: NumberNeeds) -> impl FnOnce(&mut Program) {
        |program| program.numbers = vec![NumberInput { field: 2, clamp: None, needs }]
    }

    /// Puts in records of `who` and `zip` until the job is refused, `most` at most; how many were taken, and why no more.
    fn fill(groups: &Arc<Groups>, most: usize, record: impl Fn(usize) -> (usize, usize)) -> (usize, Option<RecordRefused>) {
        let wanted = ["who", "zip", "pay"].map(|name| Wanted { name: name.into(), sealed: false, text_type: TextType::String });
        let (mut viewer, mut scratch, mut collector) = (Viewer::new(&wanted, None), Scratch::default(), groups.collector());
        for number in 0..most {
            let (who, zip) = record(number);
            let record = format!("{{\"who\":\"{who}\",\"zip\":{zip},\"pay\":{number}.25}}");
            let Ok(view) = viewer.view(&wanted, &Layout::Ndjson, record.as_bytes(), &mut scratch) else { return (number, None) };
            if let Err(refused) = collector.take(&view, &mut scratch) {
                return (number, Some(refused));
            }
        }
        (most, None)
    }

    /// Who and which zip the record with this number has.
    type Record = fn(usize) -> (usize, usize);

    const BOUND: usize = 256 * 1024;

    #[test]
    fn a_job_that_would_hold_more_than_its_bound_is_refused_whatever_takes_the_memory() {
        let nothing = NumberNeeds::default();
        let of_one: Record = |number| (number % 3, 1);
        let of_another: Record = |number| (number, 1);
        let cases: [(&str, Program, Record, usize); 7] = [
            ("groups", program(|_| {}), |number| (1, number), 250),
            ("people under the minimum", program(|program| program.min_people = 100_000), of_another, 2500),
            ("people of many groups", program(|_| {}), |number| (number, number / 9), 500),
            ("values", program(numbers(NumberNeeds { every_value: true, ..nothing.clone() })), of_one, 1000),
            ("bins", program(numbers(NumberNeeds { widths: vec![10], ..nothing })), of_one, 3000),
            ("different values", program(|program| program.distinct = vec![DistinctInput { field: 2 }]), of_one, 2500),
            ("rows per person", program(|program| program.max_rows_per_person = Some(1)), of_another, 2500),
        ];
        for (what, program, record, at_least) in cases {
            let groups = Arc::new(Groups::bounded(program, Format::Ndjson, BOUND));
            let (taken, refused) = fill(&groups, 200_000, record);
            assert_eq!(refused, Some(RecordRefused::TooMuchToHold), "{what}");
            assert!(taken >= at_least, "{what}: refused after {taken}");
        }
    }

    #[test]
    fn a_histogram_of_too_many_bins_in_one_group_is_refused() {
        let of_widths = |widths| program(numbers(NumberNeeds { widths, ..NumberNeeds::default() }));
        let one_group = Arc::new(Groups::new(of_widths(vec![100, 1]), Format::Ndjson));
        assert_eq!(fill(&one_group, 20_000, |_| (1, 1)), (limits::HISTOGRAM_BINS, Some(RecordRefused::TooMuchToHold)));
        let two_groups = Arc::new(Groups::new(of_widths(vec![1]), Format::Ndjson));
        assert_eq!(fill(&two_groups, 20_000, |number| (1, number % 2)), (20_000, None));
    }

    #[test]
    fn what_may_become_large_is_refused_before_it_grows() {
        let of_one: Record = |number| (number % 3, 1);
        let cases: [(Program, Record); 3] = [
            (program(numbers(NumberNeeds { every_value: true, ..NumberNeeds::default() })), of_one),
            (program(|program| program.distinct = vec![DistinctInput { field: 2 }]), of_one),
            (program(|program| program.max_rows_per_person = Some(1)), |number| (number, 1)),
        ];
        for (program, record) in cases {
            let groups = Arc::new(Groups::bounded(program, Format::Ndjson, BOUND));
            let (taken, refused) = fill(&groups, 200_000, record);
            assert_eq!(refused, Some(RecordRefused::TooMuchToHold));
            let held = usize::try_from(groups.held.bytes()).unwrap();
            assert!(held <= BOUND && taken > 1000, "{held} bytes are held after {taken} records");
        }
    }

    #[test]
    fn a_refused_job_takes_nothing_more_in() {
        let groups = Arc::new(Groups::bounded(program(|_| {}), Format::Ndjson, BOUND));
        let (first, _) = fill(&groups, 200_000, |number| (1, number));
        for another in [1, 2] {
            let (taken, refused) = fill(&groups, 200_000, |number| (1, another * 1_000_000 + number));
            assert_eq!((taken, refused), (0, Some(RecordRefused::TooMuchToHold)), "after {first} records");
        }
    }

    #[test]
    fn records_of_known_people_in_known_groups_take_nothing_more() {
        let sums = numbers(NumberNeeds { extremes: true, ..NumberNeeds::default() });
        let groups = Arc::new(Groups::bounded(program(sums), Format::Ndjson, BOUND));
        assert_eq!(fill(&groups, 10_000, |number| (number % 9, number % 100)), (10_000, None));
    }

    #[test]
    fn people_are_given_back_once_there_are_enough() {
        let groups = Arc::new(Groups::bounded(program(|_| {}), Format::Ndjson, BOUND));
        let held = || groups.held.bytes();
        assert_eq!(fill(&groups, 900, |number| (number, number % 100)).1, None);
        let before = held();
        assert_eq!(fill(&groups, 100, |number| (1000 + number, number)).1, None);
        assert!(held() <= before - 100 * 9 * 16, "{before} bytes, then {}", held());
    }

    #[test]
    fn one_group_more_than_allowed_is_refused() {
        let groups = Arc::new(Groups::bounded(program(|program| program.max_groups = 7), Format::Ndjson, BOUND));
        assert_eq!(fill(&groups, 100, |number| (number, number)), (7, Some(RecordRefused::TooManyGroups)));
    }
}
