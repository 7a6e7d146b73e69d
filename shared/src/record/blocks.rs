//! Blocks: plaintext that arrives in chunks of any size, cut into pieces of whole records for several workers. Chunks are
//! written where the block lies; only what crosses a block's end is copied.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::csv::{self, Columns, HeaderError};
use super::{RecordRefused, lines};
use crate::limits;
use crate::policy::Format;

/// A piece of one input: whole records, and how they are laid out.
pub struct Block {
    bytes: Zeroizing<Vec<u8>>,
    /// Where its records begin.
    pub(super) start: usize,
    /// Refused where the input's header row is.
    pub(super) layout: Result<Layout, RecordRefused>,
}

/// How one input's records are laid out.
#[derive(Clone)]
pub(crate) enum Layout {
    /// One JSON object a line.
    Ndjson,
    /// The header row has said where the wanted cells are.
    Csv(Arc<Columns>),
}

/// Cuts one input into blocks that each end with a record, but for the last one. A byte order mark at the very beginning of
/// CSV is taken off.
///
/// A record over [`limits::RECORD_BYTES`] is cut off but stays over that bound, so that whoever reads it refuses it, and
/// memory stays bounded whatever comes.
pub struct BlockCutter {
    block: Zeroizing<Vec<u8>>,
    ends: Ends,
    header: HeaderRow,
}

/// Finds records' ends in a block as it grows.
struct Ends {
    format: Format,
    /// How much of the block was looked at.
    seen: usize,
    /// Where the unfinished record begins.
    record: usize,
    /// Whether the end of what was seen lies within quotes.
    quoted: bool,
}

/// What is known of an input's layout.
enum HeaderRow {
    /// Nothing was looked at: a byte order mark may stand before it.
    Beginning(Arc<[Arc<str>]>),
    /// It is the next record. Blank lines may stand before it.
    Ahead(Arc<[Arc<str>]>),
    Read(Result<Layout, RecordRefused>),
}

impl Block {
    /// The records, with their line ends.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What stands before the first record of CSV: the header row, usable or not, and blank lines before it. These are all of
    /// a block where very many come.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        self.bytes.get(..self.start).unwrap_or_default()
    }

    /// Why no record of it can be read: its file's header row is refused.
    #[must_use]
    pub fn refused(&self) -> Option<RecordRefused> {
        self.layout.as_ref().err().copied()
    }

    /// The next record at or after `at`, without its line end, and the position after it. `at` is 0 or the position that
    /// the call before has returned.
    #[must_use]
    pub fn next_record(&self, at: usize) -> Option<(&[u8], usize)> {
        self.layout.as_ref().ok()?.next_record(&self.bytes, at.max(self.start))
    }

    /// Gives the block's memory back, to be filled again.
    #[must_use]
    pub fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.bytes
    }
}

impl Layout {
    /// The next record of `block` at or after `at`, without its line end, and the position after it; none where only blank
    /// lines are left.
    #[inline]
    pub(super) fn next_record<'b>(&self, block: &'b [u8], at: usize) -> Option<(&'b [u8], usize)> {
        match self {
            Self::Ndjson => lines::next_line(block, at),
            Self::Csv(_) => csv::next_record(block, at),
        }
    }
}

impl BlockCutter {
    /// A cutter at the beginning of an input of the owner's, whatever its fields are.
    #[must_use]
    pub fn of_any(format: Format) -> Self {
        Self::new(format, Arc::new([]))
    }

    /// A cutter at the beginning of an input. `wanted` are the names of the fields that its header row, if it has one,
    /// must have.
    pub(crate) fn new(format: Format, wanted: Arc<[Arc<str>]>) -> Self {
        let header = match format {
            Format::Ndjson => HeaderRow::Read(Ok(Layout::Ndjson)),
            Format::Csv => HeaderRow::Beginning(wanted),
        };
        Self { block: Zeroizing::default(), ends: Ends { format, seen: 0, record: 0, quoted: false }, header }
    }

    /// Where the next chunk is appended. What is there already must stay as it is.
    pub fn space(&mut self) -> &mut Vec<u8> {
        &mut self.block
    }

    /// Looks at what was appended. Returns a block once [`limits::BLOCK_BYTES`] have come together; its successor grows
    /// in `spare`.
    pub fn cut(&mut self, spare: impl FnOnce() -> Zeroizing<Vec<u8>>) -> Option<Block> {
        if matches!(self.header, HeaderRow::Beginning(_)) {
            if self.block.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(&self.block) {
                return None;
            }
            self.begin();
        }
        self.ends.look(&self.block);
        if self.block.len() >= limits::BLOCK_BYTES && self.ends.record > 0 {
            return self.cut_at(self.ends.record, spare());
        }
        let most = self.ends.record.saturating_add(KEPT);
        if self.block.len() > most {
            self.cut_off(most);
        }
        None
    }

    /// The last block, perhaps empty, and perhaps without a line end.
    #[must_use]
    pub fn finish(mut self) -> Block {
        self.begin();
        let bytes = std::mem::take(&mut self.block);
        let mut block = self.lay_out(bytes);
        if !matches!(self.header, HeaderRow::Read(_)) {
            block.layout = Err(RecordRefused::CsvHeader(HeaderError::Absent));
        }
        block
    }

    fn begin(&mut self) {
        if let HeaderRow::Beginning(wanted) = &self.header {
            self.header = HeaderRow::Ahead(Arc::clone(wanted));
            if self.block.starts_with(BYTE_ORDER_MARK) {
                self.block.drain(..BYTE_ORDER_MARK.len());
            }
        }
    }

    /// Drops what a too long record has beyond `length` bytes, and leaves the number of its quotes as odd or even as it
    /// was, so that it ends for its reader where it ends in the stream.
    fn cut_off(&mut self, length: usize) {
        let dropped = self.block.get(length..).unwrap_or_default();
        let was_odd = csv::has_odd_quotes(dropped);
        self.block.truncate(length);
        self.ends.seen = length;
        if was_odd && let Some(last) = self.block.last_mut() {
            *last = if *last == b'"' { b'x' } else { b'"' };
        }
    }

    fn cut_at(&mut self, end: usize, mut next: Zeroizing<Vec<u8>>) -> Option<Block> {
        next.clear();
        next.extend_from_slice(self.block.get(end..)?);
        self.block.truncate(end);
        self.ends.seen -= end;
        self.ends.record = 0;
        let block = std::mem::replace(&mut self.block, next);
        Some(self.lay_out(block))
    }

    fn lay_out(&mut self, bytes: Zeroizing<Vec<u8>>) -> Block {
        let mut start = 0;
        if let HeaderRow::Ahead(wanted) = &self.header {
            let Some((row, after)) = csv::next_record(&bytes, 0) else {
                // Blank lines alone: the header row is still ahead, and no record here needs a layout.
                return Block { start: bytes.len(), bytes, layout: Ok(Layout::Ndjson) };
            };
            start = after;
            let columns = csv::Header::read(row).and_then(|header| header.columns(wanted.iter().map(|name| &**name)));
            self.header = HeaderRow::Read(columns.map(|columns| Layout::Csv(Arc::new(columns))).map_err(RecordRefused::from));
        }
        let layout = match &self.header {
            HeaderRow::Read(layout) => layout.clone(),
            HeaderRow::Beginning(_) | HeaderRow::Ahead(_) => Err(RecordRefused::CsvHeader(HeaderError::Absent)),
        };
        Block { bytes, start, layout }
    }
}

impl Ends {
    /// Looks at the bytes of `block` that it has not seen.
    fn look(&mut self, block: &[u8]) {
        let new = block.get(self.seen..).unwrap_or_default();
        let last = match self.format {
            Format::Ndjson => memchr::memrchr(b'\n', new),
            Format::Csv => {
                self.quoted ^= csv::has_odd_quotes(new);
                csv::last_record_end(new, self.quoted)
            }
        };
        if let Some(last) = last {
            self.record = self.seen + last + 1;
        }
        self.seen = block.len();
    }
}

/// Bytes of a record that are kept: one over the bound, and one for a carriage return, which may turn out to be its line end.
const KEPT: usize = limits::RECORD_BYTES + 2;

/// U+FEFF. Means nothing there, but spreadsheets write it.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

#[cfg(test)]
mod tests;
