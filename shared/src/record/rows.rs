//! Rows: one released row for each record that a job's conditions let through. A worker turns records into rows; a
//! tally keeps what the whole job must satisfy. Nothing written counts as released until [`Tally::finish`] has agreed.

use std::sync::Arc;

use super::filter::Test;
use super::json::{Kind, Scanner};
use super::operations::{WriteValue, Writer};
use super::people::PeopleCount;
use super::{RecordRefused, Scratch};

/// What a worker does with every record. Made by `authorize` alone, from what the policy allows.
pub(crate) struct Program {
    /// Names of the fields that are read, all different.
    pub(crate) wanted: Vec<String>,
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
    /// Its name as a JSON string, and a colon.
    pub(crate) label: Vec<u8>,
    /// What it writes.
    pub(crate) writer: Writer,
}

/// Turns records into rows. One for each thread; every record counts in the worker's tally.
pub struct RowWorker {
    program: Arc<Program>,
    scanner: Scanner,
    scratch: Scratch,
    tally: Tally,
}

/// What was done so far, and what the job as a whole must satisfy.
pub struct Tally {
    counts: Counts,
    people: PeopleCount,
    max_records: u64,
    /// The first refusal stays.
    refused: Option<RecordRefused>,
}

/// How many records a job read, released and left out. Leaves only where the policy says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Records read, blank lines not among them.
    pub read: u64,
    /// Rows released.
    pub released: u64,
    /// Records left out because they could not be processed; always 0 with `on_error = "fail"`.
    pub skipped: u64,
}

/// A job's rows on one thread: one worker and the end.
pub struct RowProcessor(RowWorker);

impl RowProcessor {
    pub(crate) fn new(program: Arc<Program>) -> Self {
        Self(RowWorker::new(program))
    }

    /// A further worker for another thread; its tally is merged at the end.
    #[must_use]
    pub fn another_worker(&self) -> RowWorker {
        RowWorker::new(Arc::clone(&self.0.program))
    }

    /// As [`RowWorker::record`].
    ///
    /// # Errors
    /// As [`RowWorker::record`].
    pub fn record(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), RecordRefused> {
        self.0.record(line, out)
    }

    /// Takes in what another worker did.
    ///
    /// # Errors
    /// [`RecordRefused::TooManyRecords`], or the other worker's own refusal.
    pub fn merge(&mut self, other: Tally) -> Result<(), RecordRefused> {
        self.0.tally.merge(other)
    }

    /// Ends the job: only now may what was written be released.
    ///
    /// # Errors
    /// [`RecordRefused::TooFewPeople`], or any refusal from before.
    pub fn finish(self) -> Result<Counts, RecordRefused> {
        self.0.tally.finish()
    }
}

impl RowWorker {
    fn new(program: Arc<Program>) -> Self {
        let scanner = Scanner::new(program.wanted.iter().map(String::as_str));
        let tally = Tally {
            counts: Counts::default(),
            people: PeopleCount::new(program.people.map_or(0, |(_, min)| min)),
            max_records: program.max_records,
            refused: None,
        };
        Self { program, scanner, scratch: Scratch::default(), tally }
    }

    /// Reads one record, a line without its line feed, and appends its row and a line feed to `out` if the conditions
    /// let it through. On an error `out` is as it was.
    ///
    /// # Errors
    /// [`RecordRefused`]: the job is refused. Every later call gives the same refusal.
    pub fn record(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), RecordRefused> {
        if let Some(refused) = self.tally.refused {
            return Err(refused);
        }
        let before = out.len();
        self.tally.counts.read += 1;
        let refused = match self.row(line, out).and_then(|released| self.tally.count(released)) {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        out.truncate(before);
        if self.program.skip_bad_records && refused.is_about_one_record() {
            self.tally.counts.skipped += 1;
            return Ok(());
        }
        self.tally.refused = Some(refused);
        Err(refused)
    }

    /// Ends this worker.
    #[must_use]
    pub fn into_tally(self) -> Tally {
        self.tally
    }

    /// Writes the row; false where a condition holds the record back.
    fn row(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<bool, RecordRefused> {
        let fields = self.scanner.scan(line)?;
        for (field, test) in &self.program.conditions {
            if !test.holds(fields.value(*field), &mut self.scratch.text)? {
                return Ok(false);
            }
        }
        let mut separator = b'{';
        for column in &self.program.columns {
            let Some(value) = fields.value(column.field) else { continue };
            out.push(separator);
            separator = b',';
            out.extend_from_slice(&column.label);
            if value.kind() == Kind::Null {
                out.extend_from_slice(b"null");
            } else {
                column.writer.write(&value, &mut self.scratch, out)?;
            }
        }
        out.extend_from_slice(if separator == b'{' { b"{}\n" } else { b"}\n" });
        if let Some((person, _)) = self.program.people {
            self.tally.people.count(fields.value(person), &mut self.scratch)?;
        }
        Ok(true)
    }
}

impl Tally {
    /// Takes in what another worker did.
    ///
    /// # Errors
    /// [`RecordRefused::TooManyRecords`], or the other worker's own refusal.
    pub fn merge(&mut self, other: Self) -> Result<(), RecordRefused> {
        self.counts.read += other.counts.read;
        self.counts.released += other.counts.released;
        self.counts.skipped += other.counts.skipped;
        self.people.merge(other.people);
        let too_many = (self.counts.released > self.max_records).then_some(RecordRefused::TooManyRecords);
        self.refused = self.refused.or(other.refused).or(too_many);
        self.refused.map_or(Ok(()), Err)
    }

    /// Ends the job, whose workers have all been merged: only now may what they wrote be released.
    ///
    /// # Errors
    /// [`RecordRefused::TooFewPeople`], or any refusal from before.
    pub fn finish(self) -> Result<Counts, RecordRefused> {
        if let Some(refused) = self.refused {
            return Err(refused);
        }
        if self.people.is_met() { Ok(self.counts) } else { Err(RecordRefused::TooFewPeople) }
    }

    fn count(&mut self, released: bool) -> Result<(), RecordRefused> {
        if !released {
            return Ok(());
        }
        if self.counts.released >= self.max_records {
            return Err(RecordRefused::TooManyRecords);
        }
        self.counts.released += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
