//! The job: what the operator asks for, parsed strictly. Reading a job allows nothing; that is `authorize`'s to decide.

use crate::digest::Sha384Digest;
use crate::limits;
use crate::record::operations::{self, Request};
use crate::record::pointer::FieldPath;
use crate::toml_reader::{self, DocumentError, Item, Rule, Table};
pub use aggregate::{AggregateJob, GroupColumn, Measure};
pub use condition::Condition;
pub use discover::{DiscoverJob, DiscoveredField};

mod aggregate;
mod condition;
mod discover;

#[cfg(test)]
mod tests;

/// What is wrong with a job, with line and key.
pub type JobError = DocumentError;

/// A job.
#[derive(Debug)]
pub struct Job {
    digest: Sha384Digest,
    kind: JobKind,
}

/// What kind of job.
#[derive(Debug)]
pub enum JobKind {
    /// `kind = "records"`: one row for each record.
    Records(RecordsJob),
    /// `kind = "aggregate"`: one row for each group of records.
    Aggregate(AggregateJob),
    /// `kind = "discover"`: counts for each field.
    Discover(DiscoverJob),
}

/// A job that releases rows.
#[derive(Debug)]
pub struct RecordsJob {
    conditions: Vec<Condition>,
    columns: Vec<Column>,
}

/// One entry of `[fields]`.
#[derive(Debug)]
pub struct Column {
    /// Name in the output.
    pub name: String,
    /// The field that feeds it.
    pub from: String,
    /// The operation; none is `drop`: nothing of the field leaves, and there is no such column.
    pub operation: Option<Request>,
    /// Line of the job file.
    pub line: u32,
}

impl Job {
    /// Reads a job file.
    ///
    /// # Errors
    /// [`JobError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, JobError> {
        toml_reader::document(bytes, limits::JOB_BYTES, |mut root| {
            root.required("version")?.integer(1..=1)?;
            let kind = root.required("kind")?;
            let kind = match kind.string(limits::NAME_BYTES)? {
                "records" => JobKind::Records(RecordsJob::read(&mut root)?),
                "aggregate" => JobKind::Aggregate(AggregateJob::read(&mut root)?),
                "discover" => JobKind::Discover(DiscoverJob::read(&mut root)?),
                _ => return Err(kind.error(Rule::Value("\"records\", \"aggregate\" or \"discover\""))),
            };
            root.finish()?;
            Ok(Self { digest: Sha384Digest::of(bytes), kind })
        })
    }

    /// SHA-384 of the exact bytes.
    #[must_use]
    pub fn digest(&self) -> Sha384Digest {
        self.digest
    }

    /// What it asks for.
    #[must_use]
    pub fn kind(&self) -> &JobKind {
        &self.kind
    }
}

impl RecordsJob {
    /// The conditions, all of which must hold; may be empty.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// The entries of `[fields]` in the order of the file; at least one is not `drop`.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn read(root: &mut Table<'_>) -> Result<Self, JobError> {
        let conditions = conditions(root)?;
        let needs = Rule::KindNeeds("records", "fields", "the columns of its output");
        let fields = root.required_or("fields", needs)?;
        let entries = fields.table()?.entries(limits::COLUMNS)?;
        let columns = entries.into_iter().map(|(name, item)| Column::read(name, &item)).collect::<Result<Vec<_>, _>>()?;
        if columns.iter().all(|column| column.operation.is_none()) {
            return Err(fields.error(Rule::NoColumns));
        }
        Ok(Self { conditions, columns })
    }
}

/// Takes `where`.
fn conditions(root: &mut Table<'_>) -> Result<Vec<Condition>, JobError> {
    match root.take("where") {
        Some(item) => item.array(limits::CONDITIONS)?.iter().map(Condition::read).collect(),
        None => Ok(Vec::new()),
    }
}

impl Column {
    fn read(name: String, item: &Item<'_>) -> Result<Self, JobError> {
        let mut table = item.table()?;
        let op = table.required("op")?;
        let from = table.take("from").map(|item| field_name(&item)).transpose()?;
        let operation = if op.string(limits::NAME_BYTES)? == operations::DROP { None } else { Some(Request::take(&op, &mut table)?) };
        table.finish()?;
        let from = match from {
            Some(from) => from,
            None if name.starts_with('/') => return Err(item.error(Rule::ColumnNeedsFrom)),
            None => name.clone(),
        };
        Ok(Self { name, from, operation, line: item.line() })
    }
}

/// The name of a field, or the pointer to it.
fn field_name(item: &Item<'_>) -> Result<String, JobError> {
    let name = item.name(limits::NAME_BYTES)?;
    FieldPath::parse(&name).map_err(|error| item.error(error.into()))?;
    Ok(name)
}
