//! Deciding whether a policy allows a job. A [`Plan`] exists only because it did: it is the one way to a
//! processor of records. Pure; called in the enclave before any key is asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::job::{Condition, Job, JobKind, RecordsJob};
use crate::policy::{Form, Input, OnError, Policy, TextType, UnixMillis};
use crate::record::RowProcessor;
use crate::record::blocks::BlockCutter;
use crate::record::filter::Test;
use crate::record::operations::Allowed;
use crate::record::rows::{Column, Program};
use crate::record::sealed::{MissingKey, ValueOpener};
use crate::record::summary::Summary;
use crate::record::tokens::{TokenCheck, TokenDomains, TokenKey, TokenKeyRefused};
use crate::record::view::{Viewer, Wanted};

mod aggregate;
mod beside;
mod breach;
mod discover;
mod sample;
#[cfg(test)]
mod tests;

use aggregate::PlannedGroups;
use beside::beside;
pub use breach::{Breach, JobNotAllowed};
use discover::PlannedDiscovery;
pub use sample::{NoSampleKeys, SampleMinimum};

/// A job that the policy allows: what is read, what becomes of it, and what must hold at the end.
#[derive(Debug)]
pub struct Plan {
    work: Work,
    conditions: Vec<(Read, Test)>,
    token_checks: BTreeMap<String, TokenCheck>,
    input: Input,
}

/// What becomes of the records.
#[derive(Debug)]
enum Work {
    Rows(PlannedRows),
    Groups(PlannedGroups),
    Discovery(PlannedDiscovery),
}

#[derive(Debug)]
struct PlannedRows {
    columns: Vec<PlannedColumn>,
    /// The field that tells people apart and the minimum; present exactly where there are conditions.
    people: Option<(Read, usize)>,
    max_records: u64,
}

/// A field that the job reads, and what the policy says of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Read {
    name: String,
    sealed: bool,
    text_type: TextType,
}

#[derive(Debug)]
struct PlannedColumn {
    name: String,
    from: Read,
    operation: Allowed,
}

/// Decides whether `policy` allows `job` at the time `now`.
///
/// # Errors
/// [`JobNotAllowed`], for the first thing that the policy does not allow.
pub fn job(policy: &Policy, job: &Job, now: UnixMillis) -> Result<Plan, JobNotAllowed> {
    let whole = |breach| JobNotAllowed { line: 0, field: String::new(), breach };
    policy.still_valid(now).map_err(|outside| whole(outside.into()))?;
    if policy.jobs().is_some_and(|jobs| !jobs.contains(&job.digest())) {
        return Err(whole(Breach::JobNotListed));
    }
    let (work, conditions) = match job.kind() {
        JobKind::Records(job) => {
            let rows = rows(policy, job)?;
            (Work::Rows(rows), conditions(policy, job.conditions())?)
        }
        JobKind::Aggregate(job) => {
            let groups = aggregate::plan(policy, job)?;
            (Work::Groups(groups), conditions(policy, job.conditions())?)
        }
        JobKind::Discover(job) => (Work::Discovery(discover::plan(policy, job)?), Vec::new()),
    };
    let domains = work.columns().iter().filter_map(|column| column.operation.token_domain());
    let token_checks = domains.filter_map(|domain| Some((domain.to_owned(), *policy.tokens().get(domain)?))).collect();
    Ok(Plan { work, conditions, token_checks, input: policy.input() })
}

fn rows(policy: &Policy, job: &RecordsJob) -> Result<PlannedRows, JobNotAllowed> {
    let whole = |breach| JobNotAllowed { line: 0, field: String::new(), breach };
    let release = policy.release().records.as_ref().ok_or_else(|| whole(Breach::NoRowRelease))?;
    let columns = columns(policy, job)?;
    let people = match policy.people() {
        Some(people) if !job.conditions().is_empty() => {
            Some((Read::new(policy, &people.field), usize::try_from(people.min).unwrap_or(usize::MAX)))
        }
        _ => None,
    };
    let input = policy.input();
    if input.form == Form::Fields && !input.whole && !columns.iter().any(|column| column.from.sealed) {
        return Err(whole(Breach::NothingSealed));
    }
    Ok(PlannedRows { columns, people, max_records: release.max_records })
}

impl Plan {
    /// The token domains whose keys the job needs.
    pub fn token_domains(&self) -> impl Iterator<Item = &str> {
        self.token_checks.keys().map(String::as_str)
    }

    /// The first data key that sealed values at the beginning of an input need, if one of its first records has any. It
    /// shows, once released, that the policy is its owner's.
    #[must_use]
    pub fn first_sealed(&self, beginning: &[u8]) -> Option<MissingKey> {
        let wanted = self.wanted();
        let mut cutter = BlockCutter::new(self.input.format, wanted.iter().map(|wanted| Arc::clone(&wanted.name)).collect());
        cutter.space().extend_from_slice(beginning);
        let opener = ValueOpener::new(Arc::default(), wanted.len());
        Viewer::new(&wanted, Some(opener)).first_missing(&wanted, &cutter.finish())
    }

    /// The processor of this job's records. Keys of domains that the job does not use are left alone.
    ///
    /// # Errors
    /// [`TokenKeyRefused`] where a key is missing or does not fit the policy's check value.
    pub fn processor(&self, token_keys: &BTreeMap<String, TokenKey>) -> Result<RowProcessor, TokenKeyRefused> {
        let domains = TokenDomains::new(&self.token_checks, token_keys)?;
        self.processor_of(&domains, self.wanted(), Minimum::OfPolicy)
    }

    /// The fields that the job reads, each once: its name, and whether its values are sealed one by one.
    pub fn fields_read(&self) -> impl Iterator<Item = (Arc<str>, bool)> {
        self.wanted().into_iter().map(|wanted| (wanted.name, wanted.sealed))
    }

    fn processor_of(&self, domains: &TokenDomains, wanted: Vec<Wanted>, minimum: Minimum) -> Result<RowProcessor, TokenKeyRefused> {
        let index_of = |field: &Read| wanted.iter().position(|known| *known.name == field.name).ok_or(TokenKeyRefused::Missing);
        let conditions = self.conditions.iter().map(|(field, test)| Ok((index_of(field)?, test.clone())));
        let conditions = conditions.collect::<Result<_, TokenKeyRefused>>()?;
        let (columns, people, max_records, summary) = match &self.work {
            Work::Rows(rows) => {
                let people = rows.people.as_ref().map(|(field, min)| Ok((index_of(field)?, minimum.of(*min)))).transpose()?;
                let mut columns = Vec::new();
                for column in &rows.columns {
                    let writer = column.operation.writer(domains).ok_or(TokenKeyRefused::Missing)?;
                    columns.push(Column { field: index_of(&column.from)?, name: column.name.clone(), writer });
                }
                (columns, people, rows.max_records, None)
            }
            Work::Groups(planned) => {
                let groups = planned.groups(self.input.format, domains, minimum, index_of)?;
                (Vec::new(), None, u64::MAX, Some(Summary::Groups(Arc::new(groups))))
            }
            Work::Discovery(planned) => {
                let discovery = planned.discovery(minimum, index_of)?;
                (Vec::new(), None, u64::MAX, Some(Summary::Discovery(Arc::new(discovery))))
            }
        };
        let program = Program {
            format: self.input.format,
            wanted,
            conditions,
            columns,
            people,
            skip_bad_records: self.input.on_error == OnError::Skip,
            max_records,
        };
        Ok(RowProcessor::new(program, summary))
    }

    /// The fields that the job reads, each once, always in the same order.
    fn wanted(&self) -> Vec<Wanted> {
        let read = self.conditions.iter().map(|(field, _)| field);
        let read: Vec<&Read> = match &self.work {
            Work::Rows(rows) => {
                let people = rows.people.iter().map(|(field, _)| field);
                read.chain(people).chain(rows.columns.iter().map(|column| &column.from)).collect()
            }
            Work::Groups(groups) => read.chain(groups.read()).collect(),
            Work::Discovery(discovery) => read.chain(discovery.read()).collect(),
        };
        let mut wanted: Vec<Wanted> = Vec::new();
        for Read { name, sealed, text_type } in read {
            if !wanted.iter().any(|known| *known.name == *name) {
                wanted.push(Wanted { name: name.as_str().into(), sealed: *sealed, text_type: *text_type });
            }
        }
        wanted
    }
}

/// Which minimum of people a processor keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Minimum {
    /// The policy's, always, where records are opened.
    OfPolicy,
    /// None: for samples in the clear, whose reader has them before his eyes anyway.
    Ignored,
}

impl Minimum {
    fn of(self, people: usize) -> usize {
        match self {
            Self::OfPolicy => people,
            Self::Ignored => 0,
        }
    }
}

impl Work {
    fn columns(&self) -> &[PlannedColumn] {
        match self {
            Self::Rows(rows) => &rows.columns,
            Self::Groups(groups) => &groups.columns,
            Self::Discovery(_) => &[],
        }
    }
}

fn columns(policy: &Policy, job: &RecordsJob) -> Result<Vec<PlannedColumn>, JobNotAllowed> {
    let mut columns: Vec<PlannedColumn> = Vec::new();
    for column in job.columns() {
        let Some(request) = &column.operation else { continue };
        let at = |breach| JobNotAllowed { line: column.line, field: column.from.clone(), breach };
        let field = policy.fields().get(&column.from).ok_or_else(|| at(Breach::FieldNotNamed))?;
        let operation = request.authorize(&field.operations).map_err(at)?;
        beside(policy, &columns, &column.from, request.name()).map_err(at)?;
        columns.push(PlannedColumn { name: column.name.clone(), from: Read::new(policy, &column.from), operation });
    }
    Ok(columns)
}

fn conditions(policy: &Policy, conditions: &[Condition]) -> Result<Vec<(Read, Test)>, JobNotAllowed> {
    let allow = |condition: &Condition| {
        let at = |breach| JobNotAllowed { line: condition.line, field: condition.field.clone(), breach };
        let field = policy.fields().get(&condition.field).ok_or_else(|| at(Breach::FieldNotNamed))?;
        let op = condition.test.op();
        if !field.filter.contains(&op) {
            return Err(at(Breach::ConditionNotPermitted(op.name())));
        }
        if policy.people().is_none() {
            return Err(at(Breach::ConditionWithoutPeople));
        }
        if policy.input().is_text(field.sealed) && !condition.test.fits(field.text_type) {
            return Err(at(Breach::ConditionType(field.text_type.name())));
        }
        Ok((Read::new(policy, &condition.field), condition.test.clone()))
    };
    conditions.iter().map(allow).collect()
}

impl Read {
    fn new(policy: &Policy, name: &str) -> Self {
        let field = policy.fields().get(name);
        let (sealed, text_type) = field.map_or((false, TextType::String), |field| (field.sealed, field.text_type));
        Self { name: name.to_owned(), sealed, text_type }
    }
}
