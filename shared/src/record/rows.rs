//! Rows: one released row for each record that a job's conditions let through. The processor is the job's, made by `authorize`
//! alone; its workers turn blocks of records into rows, and a tally keeps what the whole job must satisfy. Nothing written counts as
//! released until [`Tally::finish`] has agreed.

use std::sync::Arc;

use super::blocks::BlockCutter;
use super::filter::Test;
use super::operations::Writer;
use super::sealed::{ValueKeys, ValueOpener};
use super::summary::{ReleasedSummary, Summary};
use super::view::Wanted;
use super::{Counts, RecordRefused, Tally};
use crate::policy::Format;

mod line;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod text_tests;
mod worker;

pub use worker::{RowWorker, Step};

/// What a worker does with every record. Made by `authorize` alone, from what the policy allows.
pub(crate) struct Program {
    /// How records and rows are written.
    pub(crate) format: Format,
    /// The fields that are read, all different.
    pub(crate) wanted: Vec<Wanted>,
    /// Conditions, each on the wanted field with this index.
    pub(crate) conditions: Vec<(usize, Test)>,
    /// Output columns, in order.
    pub(crate) columns: Vec<Column>,
    /// The wanted field that tells people apart, and the minimum of them; none where no minimum applies.
    pub(crate) people: Option<(usize, usize)>,
    /// Leave out a record that cannot be processed, rather than refuse the job.
    pub(crate) skip_bad_records: bool,
    /// Most rows released.
    pub(crate) max_records: u64,
}

/// One output column.
pub(crate) struct Column {
    /// Index of the wanted field that feeds it.
    pub(crate) field: usize,
    /// Its name.
    pub(crate) name: String,
    /// What it writes.
    pub(crate) writer: Writer,
}

/// A job's rows: where workers, cutters and the output's head come from, and where tallies go.
pub struct RowProcessor {
    program: Arc<Program>,
    /// What stands before each column of a row.
    labels: Arc<[Vec<u8>]>,
    keys: Arc<ValueKeys>,
    tally: Tally,
    /// Of a job that writes nothing before its end.
    summary: Option<Summary>,
}

impl RowProcessor {
    pub(crate) fn new(program: Program, summary: Option<Summary>) -> Self {
        let tally = Tally::new(program.people.map_or(0, |(_, min)| min), program.max_records);
        let labels = program.columns.iter().enumerate().map(|(index, column)| line::label(program.format, index, &column.name)).collect();
        Self { program: Arc::new(program), labels, keys: Arc::default(), tally, summary }
    }

    /// A worker for one thread; its tally is merged at the end.
    #[must_use]
    pub fn worker(&self) -> RowWorker {
        let sealed = ValueOpener::new(Arc::clone(&self.keys), self.program.wanted.len());
        let collector = self.summary.as_ref().map(Summary::collector);
        RowWorker::new(Arc::clone(&self.program), Arc::clone(&self.labels), sealed, self.tally.another(), collector)
    }

    /// How many workers there may be, of `limit` at most.
    #[must_use]
    pub fn workers(&self, limit: usize) -> usize {
        self.summary.as_ref().map_or(limit, |summary| summary.workers(limit)).max(1)
    }

    /// A cutter for one input.
    #[must_use]
    pub fn cutter(&self) -> BlockCutter {
        BlockCutter::new(self.program.format, self.program.wanted.iter().map(|wanted| Arc::clone(&wanted.name)).collect())
    }

    /// Where data keys of sealed values are given.
    #[must_use]
    pub fn value_keys(&self) -> Arc<ValueKeys> {
        Arc::clone(&self.keys)
    }

    /// What stands before the first row: a header row, or nothing.
    #[must_use]
    pub fn head(&self) -> Vec<u8> {
        let mut columns: Vec<_> = self.program.columns.iter().map(|column| column.name.as_str()).collect();
        if let Some(summary) = &self.summary {
            let Some(names) = summary.column_names() else { return Vec::new() };
            columns.extend(names);
        }
        line::header(self.program.format, columns)
    }

    /// Takes in what a worker did.
    ///
    /// # Errors
    /// [`RecordRefused::TooManyRecords`], or the worker's own refusal.
    pub fn merge(&mut self, worker: Tally) -> Result<(), RecordRefused> {
        self.tally.merge(worker)
    }

    /// Ends the job, whose workers have all been merged: only now may what was written be released, and the summary of a
    /// job that has one, which comes now.
    ///
    /// # Errors
    /// [`RecordRefused::TooFewPeople`], or any refusal from before.
    pub fn finish(self) -> Result<(Counts, Option<ReleasedSummary>), RecordRefused> {
        let mut counts = self.tally.finish()?;
        let released = self.summary.map(|summary| summary.release());
        if let Some(released) = &released {
            counts.released = u64::try_from(released.len()).unwrap_or(u64::MAX);
        }
        Ok((counts, released))
    }
}
