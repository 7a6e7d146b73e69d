//! Blocks: a stream of CSV that arrives in chunks of any size, cut into pieces of whole records for several workers.
//! Only what crosses a block's end is copied twice, and no byte is looked at one by one in the common case.

use super::records::{has_odd_quotes, record_end};
use crate::limits;

/// Cuts a stream into blocks that each end at a record's end, but for the last one, for
/// [`next_record`](super::next_record). A byte order mark at the stream's very beginning is taken off.
///
/// Of a record over [`limits::RECORD_BYTES`] only the beginning is kept, still over that bound, so that whoever reads
/// it refuses it, and memory stays bounded whatever comes.
#[derive(Default)]
pub struct BlockCutter {
    block: Vec<u8>,
    /// Where the last, unfinished record of `block` begins.
    record: usize,
    /// Whether the stream so far has an odd number of quotes. Records end at even ones, so this is its last record's.
    quoted: bool,
    /// Whether the block with the stream's beginning has left.
    begun: bool,
}

impl BlockCutter {
    /// A cutter at the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next chunk. Returns a block once [`limits::BLOCK_BYTES`] have come together.
    pub fn push(&mut self, chunk: &[u8]) -> Option<Vec<u8>> {
        let quoted_before = self.quoted;
        self.quoted ^= has_odd_quotes(chunk);
        let Some(last) = last_end(chunk, self.quoted) else {
            self.extend_record(chunk);
            return None;
        };
        let (whole, rest) = chunk.split_at_checked(last + 1).unwrap_or((chunk, &[]));
        let first = record_end(whole, quoted_before).unwrap_or(last);
        let (end_of_record, more) = whole.split_at_checked(first).unwrap_or((whole, &[]));
        self.extend_record(end_of_record);
        self.close_record();
        self.block.extend_from_slice(more);
        if self.block.len() < limits::BLOCK_BYTES {
            self.record = self.block.len();
            self.extend_record(rest);
            return None;
        }
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(limits::BLOCK_BYTES + limits::WIRE_PAYLOAD));
        self.record = 0;
        self.extend_record(rest);
        Some(self.without_mark(block))
    }

    /// The last block, perhaps empty, and perhaps without a line end.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let block = std::mem::take(&mut self.block);
        self.without_mark(block)
    }

    /// Adds bytes without a record's end to the unfinished record.
    fn extend_record(&mut self, piece: &[u8]) {
        let room = KEPT.saturating_sub(self.block.len() - self.record);
        self.block.extend_from_slice(piece.get(..room).unwrap_or(piece));
    }

    /// Sees to it that the record ends where the stream ends it, though quotes may have been cut off.
    fn close_record(&mut self) {
        let record = self.block.get(self.record..).unwrap_or_default();
        if record.len() >= KEPT && has_odd_quotes(record) {
            self.block.push(b'"');
        }
    }

    /// Bytes held at the moment.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.block.len()
    }

    fn without_mark(&mut self, mut block: Vec<u8>) -> Vec<u8> {
        if !self.begun && block.starts_with(MARK) {
            block.drain(..MARK.len());
        }
        self.begun = true;
        block
    }
}

/// The byte order mark U+FEFF in UTF-8. Means nothing there, but spreadsheets write it.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// One byte over the bound, and some for a carriage return and for a byte order mark, which do not count.
const KEPT: usize = limits::RECORD_BYTES + 2 + MARK.len();

/// The position of the last line feed that ends a record. `quoted` says whether the number of quotes up to the end of
/// `bytes`, all before them included, is odd.
fn last_end(bytes: &[u8], mut quoted: bool) -> Option<usize> {
    for at in memchr::memrchr2_iter(b'"', b'\n', bytes) {
        if bytes.get(at) == Some(&b'"') {
            quoted = !quoted;
        } else if !quoted {
            return Some(at);
        }
    }
    None
}
