//! A worker: turns blocks of records into rows, on one thread. Called by the enclave's path of a job, and by samples; made by
//! [`super::RowProcessor`] alone. It never keeps a byte of a record that was refused in its output, and counts every record.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Program, line};
use crate::limits;
use crate::policy::Format;
use crate::record::blocks::{Block, BlockCutter, Layout};
use crate::record::json::Kind;
use crate::record::output::Output;
use crate::record::sealed::{MissingKey, ValueOpener};
use crate::record::summary::Collector;
use crate::record::view::{NotSeen, Viewer};
use crate::record::{RecordRefused, Scratch, Tally, elements};

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

impl RowWorker {
    pub(super) fn new(
        program: Arc<Program>,
        labels: Arc<[Vec<u8>]>,
        sealed: ValueOpener,
        tally: Tally,
        collector: Option<Collector>,
    ) -> Self {
        let viewer = Viewer::new(&program.wanted, Some(sealed));
        Self { program, labels, viewer, scratch: Scratch::default(), tally, collector }
    }

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
        line::end(program.format, start, out);
        if let Some((person, _)) = program.people {
            tally.people.count(view.value(person), scratch)?;
        }
        Ok(true)
    }
}
