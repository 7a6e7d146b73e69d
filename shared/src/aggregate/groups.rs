//! All groups of a job, filled by every worker. Bounded: a job that would hold more than its share of memory, or form more
//! groups than the policy allows, is refused.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;

use super::exact::Exact;
use super::group::{Contribution, Group};
use super::key;
use super::output::ReleasedGroups;
use super::program::Program;
use super::rows_per_person::RowsPerPerson;
use super::suppress;
use crate::limits;
use crate::policy::Format;
use crate::record::decimal::Decimal;
use crate::record::json::Kind;
use crate::record::people::Person;
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
    held: AtomicUsize,
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
        Self {
            program,
            format,
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            rows_per_person: Mutex::default(),
            groups: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
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
        let take = |shard: &Mutex<Shard>| std::mem::take(&mut *shard.lock().unwrap_or_else(PoisonError::into_inner));
        let mut groups: Vec<(Box<[u8]>, Group)> = self.shards.iter().flat_map(take).collect();
        let by_meaning = &self.program.by_meaning;
        groups.sort_unstable_by(|(one, _), (other, _)| key::columns_in(by_meaning, one).cmp(key::columns_in(by_meaning, other)));
        suppress::suppress(&mut groups, by_meaning, self.program.min_people);
        groups.sort_unstable_by(|(one, _), (other, _)| key::columns(one).cmp(key::columns(other)));
        ReleasedGroups::new(Arc::clone(self), groups)
    }

    fn hold(&self, bytes: usize) -> Result<(), RecordRefused> {
        let held = self.held.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if held > limits::AGGREGATE_BYTES { Err(RecordRefused::TooMuchToHold) } else { Ok(()) }
    }

    fn add(&self, key: &[u8], record: &Contribution<'_>) -> Result<(), RecordRefused> {
        let hash = usize::try_from(self.hasher.hash_one(key) % SHARDS_U64).unwrap_or_default();
        let Some(shard) = self.shards.get(hash) else { return Ok(()) };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let held = match shard.get_mut(key) {
            Some(group) => group.add(&self.program, record),
            None => {
                if self.groups.fetch_add(1, Ordering::Relaxed) >= self.program.max_groups {
                    return Err(RecordRefused::TooManyGroups);
                }
                let mut group = Group::new(&self.program);
                let held = group.add(&self.program, record);
                shard.insert(key.into(), group);
                held + Group::empty_bytes(&self.program) + key.len() + ENTRY_BYTES
            }
        };
        drop(shard);
        if held > 0 { self.hold(held) } else { Ok(()) }
    }
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
                    let number = Exact::of(&Decimal::parse(value.raw())?)?;
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
        let person = Person::of(view.value(program.person), scratch)?;
        if let Some(most) = program.max_rows_per_person {
            // Nobody's records could not be bounded.
            let Some(person) = person else { return Ok(false) };
            let (counts, held) = groups.rows_per_person.lock().unwrap_or_else(PoisonError::into_inner).take(person, most);
            groups.hold(held)?;
            if !counts {
                return Ok(false);
            }
        }
        groups.add(key, &Contribution { person, numbers, distinct })?;
        Ok(true)
    }
}

/// Parts of the groups that are locked each for itself.
const SHARDS: usize = 64;
const SHARDS_U64: u64 = 64;
/// What a group's place in the table takes, with room for growth.
const ENTRY_BYTES: usize = 64;
