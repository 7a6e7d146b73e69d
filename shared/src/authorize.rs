//! Deciding whether a policy allows a job. A [`RecordsPlan`] exists only because it did: it is the one way to a
//! processor of records. Pure; called in the enclave before any key is asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::job::{Condition, Job, JobKind, RecordsJob};
use crate::policy::{Form, Input, OnError, OutsideValidity, Policy, TextType, UnixMillis};
use crate::record::RowProcessor;
use crate::record::blocks::BlockCutter;
use crate::record::filter::Test;
use crate::record::operations::Allowed;
use crate::record::rows::{Column, Program};
use crate::record::sealed::{MissingKey, ValueOpener};
use crate::record::tokens::{TokenCheck, TokenDomains, TokenKey, TokenKeyRefused};
use crate::record::view::{Viewer, Wanted};

#[cfg(test)]
mod tests;

/// The policy does not allow the job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{breach}", Place(.line, .field))]
pub struct JobNotAllowed {
    /// Line of the job file; 0 where it is about no line.
    pub line: u32,
    /// The field that it is about; empty where it is about none.
    pub field: String,
    /// What the policy does not allow.
    pub breach: Breach,
}

/// How a job goes beyond its policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// The time is outside the policy's.
    #[error(transparent)]
    Validity(#[from] OutsideValidity),
    /// The policy lists its jobs, and this is none of them.
    #[error("the policy allows only the job files that it lists in `jobs`, and this is none of them")]
    JobNotListed,
    /// No `[release.records]`.
    #[error("the policy releases no rows: it has no [release.records]")]
    NoRowRelease,
    /// The policy does not name the field.
    #[error("the policy does not name this field")]
    FieldNotNamed,
    /// The policy does not permit the operation on the field.
    #[error("the policy does not permit `{0}` on this field")]
    OperationNotPermitted(&'static str),
    /// A parameter beyond its bound.
    #[error("`{parameter}` is beyond the policy's `{bound} = {most}`")]
    OverBound {
        /// The job's parameter.
        parameter: &'static str,
        /// The policy's bound.
        bound: &'static str,
        /// The bound's value.
        most: u64,
    },
    /// A field feeds two columns.
    #[error("this field feeds another column already; a field feeds one column only")]
    FieldReleasedTwice,
    /// The policy does not permit the condition on the field.
    #[error("the policy does not permit `{0}` as a condition on this field")]
    ConditionNotPermitted(&'static str),
    /// A value in a condition that no value of the field can equal.
    #[error("every value of this field is a {0}, by the policy's `type`; compare it with one")]
    ConditionType(&'static str),
    /// `where` without `[people]`.
    #[error("`where` needs a policy with [people]: a filtered output has to speak of enough of them")]
    ConditionWithoutPeople,
    /// The first sealed value that a job reads shows that the policy is its owner's, where there is no manifest.
    #[error("the job reads no sealed field: without a manifest, a sealed value alone shows whose policy this is")]
    NothingSealed,
}

/// A records job that the policy allows: what is read, what becomes of it, and what must hold at the end.
#[derive(Debug)]
pub struct RecordsPlan {
    columns: Vec<PlannedColumn>,
    conditions: Vec<(Read, Test)>,
    /// The field that tells people apart and the minimum; present exactly where there are conditions.
    people: Option<(Read, usize)>,
    token_checks: BTreeMap<String, TokenCheck>,
    input: Input,
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

/// Decides whether `policy` allows the records job `job` at the time `now`.
///
/// # Errors
/// [`JobNotAllowed`], for the first thing that the policy does not allow.
pub fn records(policy: &Policy, job: &Job, now: UnixMillis) -> Result<RecordsPlan, JobNotAllowed> {
    let whole = |breach| JobNotAllowed { line: 0, field: String::new(), breach };
    policy.still_valid(now).map_err(|outside| whole(outside.into()))?;
    if policy.jobs().is_some_and(|jobs| !jobs.contains(&job.digest())) {
        return Err(whole(Breach::JobNotListed));
    }
    let JobKind::Records(job) = job.kind();
    let release = policy.release().records.as_ref().ok_or_else(|| whole(Breach::NoRowRelease))?;
    let columns = columns(policy, job)?;
    let conditions = conditions(policy, job.conditions())?;
    let people = match policy.people() {
        Some(people) if !conditions.is_empty() => {
            Some((Read::new(policy, &people.field), usize::try_from(people.min).unwrap_or(usize::MAX)))
        }
        _ => None,
    };
    let input = policy.input();
    if input.form == Form::Fields && !input.whole && !columns.iter().any(|column| column.from.sealed) {
        return Err(whole(Breach::NothingSealed));
    }
    let domains = columns.iter().filter_map(|column| column.operation.token_domain());
    let token_checks = domains.filter_map(|domain| Some((domain.to_owned(), *policy.tokens().get(domain)?))).collect();
    Ok(RecordsPlan { conditions, people, token_checks, input, max_records: release.max_records, columns })
}

impl RecordsPlan {
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
        let wanted = self.wanted();
        let index_of = |field: &Read| wanted.iter().position(|known| *known.name == field.name).ok_or(TokenKeyRefused::Missing);
        let conditions = self.conditions.iter().map(|(field, test)| Ok((index_of(field)?, test.clone())));
        let conditions = conditions.collect::<Result<_, TokenKeyRefused>>()?;
        let people = self.people.as_ref().map(|(field, min)| Ok((index_of(field)?, *min))).transpose()?;
        let mut columns = Vec::new();
        for column in &self.columns {
            let writer = column.operation.writer(&domains).ok_or(TokenKeyRefused::Missing)?;
            columns.push(Column { field: index_of(&column.from)?, name: column.name.clone(), writer });
        }
        Ok(RowProcessor::new(Program {
            format: self.input.format,
            wanted,
            conditions,
            columns,
            people,
            skip_bad_records: self.input.on_error == OnError::Skip,
            max_records: self.max_records,
        }))
    }

    /// The fields that the job reads, each once, always in the same order.
    fn wanted(&self) -> Vec<Wanted> {
        let read = self.conditions.iter().map(|(field, _)| field);
        let read = read.chain(self.people.iter().map(|(field, _)| field)).chain(self.columns.iter().map(|column| &column.from));
        let mut wanted: Vec<Wanted> = Vec::new();
        for Read { name, sealed, text_type } in read {
            if !wanted.iter().any(|known| *known.name == *name) {
                wanted.push(Wanted { name: name.as_str().into(), sealed: *sealed, text_type: *text_type });
            }
        }
        wanted
    }
}

fn columns(policy: &Policy, job: &RecordsJob) -> Result<Vec<PlannedColumn>, JobNotAllowed> {
    let mut columns: Vec<PlannedColumn> = Vec::new();
    for column in job.columns() {
        let Some(request) = &column.operation else { continue };
        let at = |breach| JobNotAllowed { line: column.line, field: column.from.clone(), breach };
        let field = policy.fields().get(&column.from).ok_or_else(|| at(Breach::FieldNotNamed))?;
        let operation = request.authorize(&field.operations).map_err(at)?;
        if columns.iter().any(|other| other.from.name == column.from) {
            return Err(at(Breach::FieldReleasedTwice));
        }
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

struct Place<'p>(&'p u32, &'p str);

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self(0, _) => Ok(()),
            Self(line, field) => write!(out, "line {line}: field {field:?}: "),
        }
    }
}
