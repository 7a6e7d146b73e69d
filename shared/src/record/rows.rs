//! Rows: one released row for each record that a job's conditions let through. A worker turns blocks of records into rows;
//! its tally keeps what the whole job must satisfy. Nothing written counts as released until [`Tally::finish`] has agreed.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::blocks::{Block, BlockCutter, Layout};
use super::filter::Test;
use super::json::{self, Kind};
use super::operations::Writer;
use super::output::Output;
use super::sealed::{MissingKey, ValueKeys, ValueOpener};
use super::summary::{Collector, ReleasedSummary, Summary};
use super::view::{NotSeen, Viewer, Wanted};
use super::{Counts, RecordRefused, Scratch, Tally, csv, elements};
use crate::limits;
use crate::policy::Format;

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

/// Turns records into rows. One for each thread; every record counts in the worker's tally.
pub struct RowWorker {
    program: Arc<Program>,
    labels: Arc<[Vec<u8>]>,
    viewer: Viewer,
    scratch: Scratch,
    tally: Tally,
    collector: Option<Collector>,
}

/// How far a worker came with a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To its end.
    Done,
    /// [`limits::BLOCK_BYTES`] of rows have come together.
    Full,
    /// The next record has a sealed value whose data key was not given: [`RowWorker::missing`].
    KeyMissing,
}

impl RowProcessor {
    pub(crate) fn new(program: Program, summary: Option<Summary>) -> Self {
        let tally = Tally::new(program.people.map_or(0, |(_, min)| min), program.max_records);
        let labels = program.columns.iter().enumerate().map(|(index, column)| label(program.format, index, &column.name)).collect();
        Self { program: Arc::new(program), labels, keys: Arc::default(), tally, summary }
    }

    /// A worker for one thread; its tally is merged at the end.
    #[must_use]
    pub fn worker(&self) -> RowWorker {
        let sealed = ValueOpener::new(Arc::clone(&self.keys), self.program.wanted.len());
        RowWorker {
            program: Arc::clone(&self.program),
            labels: Arc::clone(&self.labels),
            viewer: Viewer::new(&self.program.wanted, Some(sealed)),
            scratch: Scratch::default(),
            tally: self.tally.another(),
            collector: self.summary.as_ref().map(Summary::collector),
        }
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
        let mut head = Vec::new();
        if self.program.format == Format::Csv {
            let mut columns: Vec<_> = self.program.columns.iter().map(|column| column.name.as_str()).collect();
            if let Some(summary) = &self.summary {
                let Some(names) = summary.column_names() else { return head };
                columns.extend(names);
            }
            for (index, name) in columns.into_iter().enumerate() {
                head.extend_from_slice(if index == 0 { b"" } else { b"," });
                csv::write_only_cell(name, &mut head);
            }
            head.push(b'\n');
        }
        head
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

impl RowWorker {
    /// Goes on with `block` from `at`, which is 0 at first, and appends rows to `out`. On [`Step::Full`] and
    /// [`Step::KeyMissing`] it is to be called again, with `out` emptied, the data key given.
    ///
    /// # Errors
    /// [`RecordRefused`]: the job is refused. Every later call gives the same refusal.
    pub fn advance(&mut self, block: &Block, at: &mut usize, out: &mut Vec<u8>) -> Result<Step, RecordRefused> {
        if let Some(refused) = self.tally.refused {
            return Err(refused);
        }
        let layout = block.layout.as_ref().map_err(|refused| self.refuse(*refused))?;
        *at = (*at).max(block.start);
        while let Some((record, after)) = layout.next_record(block.bytes(), *at) {
            if !self.record(layout, record, out)? {
                return Ok(Step::KeyMissing);
            }
            *at = after;
            if out.len() >= limits::BLOCK_BYTES {
                return Ok(Step::Full);
            }
        }
        Ok(Step::Done)
    }

    /// The data keys that the rest of `block` needs and that were not given yet.
    pub fn missing(&mut self, block: &Block, at: usize) -> Vec<MissingKey> {
        let mut found = Vec::new();
        let Ok(layout) = &block.layout else { return found };
        let mut at = at.max(block.start);
        while let Some((record, after)) = layout.next_record(block.bytes(), at) {
            self.viewer.missing(&self.program.wanted, layout, record, &mut found);
            at = after;
        }
        found
    }

    /// Goes through a whole `input` without sealed values that is in memory, and appends its rows to `out`.
    ///
    /// # Errors
    /// As [`RowWorker::advance`].
    pub fn whole(&mut self, mut cutter: BlockCutter, input: &[u8], out: &mut Vec<u8>) -> Result<(), RecordRefused> {
        cutter.space().extend_from_slice(input);
        for block in cutter.cut(Zeroizing::default).into_iter().chain([cutter.finish()]) {
            let mut at = 0;
            while match self.advance(&block, &mut at, out)? {
                Step::Full => true,
                Step::Done => false,
                Step::KeyMissing => return Err(self.refuse(RecordRefused::SealedValue)),
            } {}
        }
        Ok(())
    }

    /// Ends this worker.
    #[must_use]
    pub fn into_tally(self) -> Tally {
        if let Some(collector) = self.collector {
            collector.end();
        }
        self.tally
    }

    fn refuse(&mut self, refused: RecordRefused) -> RecordRefused {
        self.tally.refused = Some(refused);
        refused
    }

    /// One record; false where a data key is missing. On an error `out` is as it was.
    fn record(&mut self, layout: &Layout, record: &[u8], out: &mut Vec<u8>) -> Result<bool, RecordRefused> {
        let before = out.len();
        let written = match self.row(layout, record, out) {
            Ok(released) => self.tally.count(released),
            Err(NotSeen::KeyMissing) => return Ok(false),
            Err(NotSeen::Refused(refused)) => Err(refused),
        };
        self.tally.counts.read += 1;
        let Err(refused) = written else { return Ok(true) };
        out.truncate(before);
        if self.program.skip_bad_records && refused.is_about_one_record() {
            self.tally.counts.skipped += 1;
            return Ok(true);
        }
        Err(self.refuse(refused))
    }

    /// Writes the row; false where a condition holds the record back.
    fn row(&mut self, layout: &Layout, record: &[u8], out: &mut Vec<u8>) -> Result<bool, NotSeen> {
        let Self { program, viewer, scratch, labels, tally, collector } = self;
        let view = viewer.view(&program.wanted, layout, record, scratch)?;
        for (field, test) in &program.conditions {
            if !test.holds(view.value(*field), &mut scratch.text).map_err(RecordRefused::from)? {
                return Ok(false);
            }
        }
        if let Some(collector) = collector {
            return Ok(collector.take(&view, scratch)?);
        }
        let start = out.len();
        for (column, label) in program.columns.iter().zip(labels.iter()) {
            let value = view.value(column.field);
            if value.is_none() && program.format == Format::Ndjson {
                continue;
            }
            out.extend_from_slice(label);
            let mut output = Output::new(program.format, out);
            match value.filter(|value| value.kind() != Kind::Null) {
                Some(value) => elements::write(&column.writer, &value, scratch, &mut output)?,
                None => output.null(),
            }
        }
        end_row(program, start, out);
        if let Some((person, _)) = program.people {
            tally.people.count(view.value(person), scratch)?;
        }
        Ok(true)
    }
}

fn end_row(program: &Program, start: usize, out: &mut Vec<u8>) {
    match program.format {
        Format::Ndjson => match out.get_mut(start) {
            // Each column began with a comma.
            Some(first) => {
                *first = b'{';
                out.extend_from_slice(b"}\n");
            }
            None => out.extend_from_slice(b"{}\n"),
        },
        Format::Csv => {
            if out.len() == start {
                // A row of one empty cell would be a blank line.
                out.extend_from_slice(b"\"\"");
            }
            out.push(b'\n');
        }
    }
}

/// What stands before a column's value.
fn label(format: Format, index: usize, name: &str) -> Vec<u8> {
    match format {
        Format::Ndjson => {
            let mut label = b",\"".to_vec();
            json::write_escaped(name, &mut label);
            label.extend_from_slice(b"\":");
            label
        }
        Format::Csv => {
            if index == 0 {
                b"".to_vec()
            } else {
                b",".to_vec()
            }
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod text_tests;
