//! The owner's records as they stream by, cut as the enclave cuts them, each with its line. `record_check` and
//! `field_sealing` use it. Never prints a record.

use sealroom_shared::{
    policy::Format,
    record::{
        RecordRefused,
        blocks::{Block, BlockCutter},
        csv,
    },
};
use zeroize::Zeroizing;

use crate::failure::Result;

/// Cuts a stream into records.
pub struct Records {
    cutter: BlockCutter,
    /// Memory of the last block, to be filled again.
    spare: Zeroizing<Vec<u8>>,
    lines: Lines,
}

/// What comes by.
pub enum Next<'r> {
    /// The header row of CSV: before every record, and exactly once.
    Header(csv::Header),
    /// A record without its line end.
    Record(&'r [u8]),
    /// The header row cannot be read, and so nothing can.
    Refused(RecordRefused),
}

/// Where in the stream the next block begins.
struct Lines {
    /// Whether CSV's header row is still to come.
    header_ahead: bool,
    /// The line of the next byte, from 1.
    line: u64,
}

impl Records {
    /// At the beginning of a stream.
    pub fn new(format: Format) -> Self {
        let lines = Lines { header_ahead: format == Format::Csv, line: 1 };
        Self { cutter: BlockCutter::of_any(format), spare: Zeroizing::default(), lines }
    }

    /// The next bytes. `each` is given what they complete, and the line where it begins.
    pub fn push(&mut self, chunk: &[u8], each: impl FnMut(u64, Next<'_>) -> Result<()>) -> Result<()> {
        self.cutter.space().extend_from_slice(chunk);
        if let Some(block) = self.cutter.cut(|| std::mem::take(&mut self.spare)) {
            self.lines.block(&block, each)?;
            self.spare = block.into_bytes();
        }
        Ok(())
    }

    /// The end.
    pub fn finish(self, each: impl FnMut(u64, Next<'_>) -> Result<()>) -> Result<()> {
        let Self { cutter, mut lines, .. } = self;
        lines.block(&cutter.finish(), each)
    }

    /// Bytes held at the moment.
    #[cfg(test)]
    pub fn bytes(&mut self) -> usize {
        self.cutter.space().len()
    }
}

impl Lines {
    fn block(&mut self, block: &Block, mut each: impl FnMut(u64, Next<'_>) -> Result<()>) -> Result<()> {
        let bytes = block.bytes();
        let mut at = 0;
        if self.header_ahead
            && let Some((row, after)) = csv::next_record(block.head(), 0)
        {
            self.header_ahead = false;
            let header = csv::Header::read(row);
            self.step(&bytes[..after], row, |line| each(line, header.map_or_else(|error| Next::Refused(error.into()), Next::Header)))?;
            at = after;
        } else if let Some(refused) = block.refused() {
            // Nothing but blank lines came.
            return each(self.line, Next::Refused(refused));
        }
        while let Some((record, after)) = block.next_record(at) {
            self.step(&bytes[at..after], record, |line| each(line, Next::Record(record)))?;
            at = after;
        }
        // Blank lines, where the header row is still ahead.
        self.line += line_feeds(&bytes[at..]);
        Ok(())
    }

    /// Passes `bytes`, which are a record with its line end and with the blank lines before it.
    fn step(&mut self, bytes: &[u8], record: &[u8], each: impl FnOnce(u64) -> Result<()>) -> Result<()> {
        let (before, with_end) = bytes.split_at(record.as_ptr() as usize - bytes.as_ptr() as usize);
        self.line += line_feeds(before);
        each(self.line)?;
        self.line += line_feeds(with_end);
        Ok(())
    }
}

fn line_feeds(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}
