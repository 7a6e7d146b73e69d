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

/// Cuts one input into blocks that each end with a record, but for the last one.
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
    /// The first block begins with it.
    Ahead(Arc<[Arc<str>]>),
    Read(Result<Layout, RecordRefused>),
}

impl Block {
    /// The records, with their line ends.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What stands before the first record: a byte order mark and the header row, in the first block of CSV.
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
            Format::Csv => HeaderRow::Ahead(wanted),
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
        self.ends.look(&self.block);
        if matches!(self.header, HeaderRow::Ahead(_)) {
            self.drop_blank_lines();
        }
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
        let bytes = std::mem::take(&mut self.block);
        self.lay_out(bytes)
    }

    /// Blank lines may stand before the header row; however many come, they are not kept.
    fn drop_blank_lines(&mut self) {
        let start = if self.block.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        if self.block.len() >= limits::BLOCK_BYTES
            && csv::next_record(self.block.get(..self.ends.record).unwrap_or_default(), start).is_none()
        {
            self.block.drain(start..self.ends.record);
            self.ends.seen = self.block.len();
            self.ends.record = 0;
        }
    }

    /// Drops what a too long record has beyond `length` bytes, and leaves the number of its quotes as odd or even as it
    /// was, so that it ends for its reader where it ends in the stream.
    fn cut_off(&mut self, length: usize) {
        let dropped = self.block.get(length..).unwrap_or_default();
        let was_odd = has_odd_quotes(dropped);
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
            let read = header_row(&bytes, wanted).map(|(columns, after)| {
                start = after;
                Layout::Csv(Arc::new(columns))
            });
            self.header = HeaderRow::Read(read.map_err(RecordRefused::from));
        }
        let layout = match &self.header {
            HeaderRow::Read(layout) => layout.clone(),
            HeaderRow::Ahead(_) => Err(RecordRefused::CsvHeader(HeaderError::EmptyName)),
        };
        Block { bytes, start, layout }
    }
}

/// The columns that a file's first record names, and the position after it. A byte order mark before it means nothing.
fn header_row(bytes: &[u8], wanted: &[Arc<str>]) -> Result<(Columns, usize), HeaderError> {
    let start = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let (row, after) = csv::next_record(bytes, start).ok_or(HeaderError::EmptyName)?;
    Ok((csv::Header::read(row)?.columns(wanted.iter().map(|name| &**name))?, after))
}

impl Ends {
    /// Looks at the bytes of `block` that it has not seen.
    fn look(&mut self, block: &[u8]) {
        let new = block.get(self.seen..).unwrap_or_default();
        let last = match self.format {
            Format::Ndjson => memchr::memrchr(b'\n', new),
            Format::Csv => {
                self.quoted ^= has_odd_quotes(new);
                last_end(new, self.quoted)
            }
        };
        if let Some(last) = last {
            self.record = self.seen + last + 1;
        }
        self.seen = block.len();
    }
}

/// Whether the number of quotes is odd.
fn has_odd_quotes(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'"', bytes).count() % 2 == 1
}

/// The last line feed of `bytes` that ends a record. `quoted` says whether their end lies within quotes.
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

/// Bytes of a record that are kept: one over the bound, and some for a carriage return and for a byte order mark, which do
/// not count.
const KEPT: usize = limits::RECORD_BYTES + 2 + BYTE_ORDER_MARK.len();

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::record::lines::next_line;
    use crate::record::random::Random;

    fn cut(format: Format, stream: &[u8], mut chunk: impl FnMut() -> usize) -> Vec<Block> {
        let mut cutter = BlockCutter::new(format, Arc::new([]));
        let mut blocks = Vec::new();
        let mut rest = stream;
        while !rest.is_empty() {
            let (now, after) = rest.split_at(chunk().min(rest.len()));
            cutter.space().extend_from_slice(now);
            blocks.extend(cutter.cut(Zeroizing::default));
            assert!(cutter.block.len() <= limits::BLOCK_BYTES + limits::RECORD_BYTES + now.len());
            rest = after;
        }
        blocks.push(cutter.finish());
        blocks
    }

    fn records(blocks: &[Block]) -> Vec<Vec<u8>> {
        let mut records = Vec::new();
        for block in blocks {
            let mut at = block.start;
            let next = if matches!(block.layout, Ok(Layout::Ndjson)) { next_line } else { csv::next_record };
            while let Some((record, after)) = next(block.bytes(), at) {
                records.push(record.to_vec());
                at = after;
            }
        }
        records
    }

    #[test]
    fn no_line_is_lost_joined_or_parted() {
        let mut stream = Vec::new();
        for number in 0..60_000 {
            stream.extend_from_slice(format!("{number}{}\r\n", "x".repeat(number % 50)).as_bytes());
        }
        stream.extend_from_slice(b"last");
        let expected = records(&cut(Format::Ndjson, &stream, || usize::MAX));
        assert_eq!(expected.len(), 60_001);
        for chunk in [1, 7, 1000, 65_536, 300_000] {
            let blocks = cut(Format::Ndjson, &stream, || chunk);
            assert!(blocks.len() > 2);
            assert_eq!(records(&blocks), expected, "{chunk}");
        }
    }

    #[test]
    fn csv_is_cut_outside_of_quotes_only_whatever_the_chunks() {
        let mut random = Random::new(7);
        for round in 0..60 {
            let mut stream = b"\xef\xbb\xbfa,b\r\n".to_vec();
            let mut expected = Vec::new();
            while stream.len() < 4 * limits::BLOCK_BYTES {
                let record: String = (0..random.below(9) + 1)
                    .map(|_| match random.below(12) {
                        0 => "\"a\nb\"\"\n\r\n\",".to_owned(),
                        1 => "x".repeat(random.below(20_000)),
                        _ => (random.pick(&["1", ",", "\"\"", "é", "\"q,\""])).to_owned(),
                    })
                    .collect();
                stream.extend_from_slice(format!("{record}\n").as_bytes());
                if !record.is_empty() {
                    expected.push(record.into_bytes());
                }
            }
            let blocks = cut(Format::Csv, &stream, || 1 + random.below(100_000));
            assert!(blocks.len() > 2);
            assert_eq!(records(&blocks), expected, "{round}");
        }
    }

    #[test]
    fn a_record_over_the_bound_stays_over_it_and_ends_where_it_ends() {
        for (format, piece, end) in [
            (Format::Ndjson, "x", "\nshort\n"),
            (Format::Csv, "x", "\nshort\n"),
            (Format::Csv, "\n\"\"x", "\"\nshort\n"),
            (Format::Csv, "\"\n\"", "\nshort\n"),
        ] {
            for chunk in [1000, 65_536] {
                let begin = if piece.starts_with('\n') { "\"" } else { "" };
                let stream = format!(
                    "{}{begin}{}{end}",
                    if format == Format::Csv { "a\n" } else { "" },
                    piece.repeat(3 * limits::RECORD_BYTES / piece.len())
                );
                let records = records(&cut(format, stream.as_bytes(), || chunk));
                assert_eq!(records.len(), 2, "{piece:?} {chunk}");
                assert!(records[0].len() > limits::RECORD_BYTES);
                assert_eq!(records[1], b"short");
            }
        }
    }

    #[test]
    fn a_file_without_a_usable_header_row_is_refused_in_every_block() {
        let long = "x,y\n".repeat(limits::BLOCK_BYTES);
        for (stream, wanted) in
            [("", "a"), ("\n\r\n", "a"), ("b,c\n1,2\n", "a"), ("a,a\n", "a"), ("a,\n", "a"), ("a\"\n", "a"), (&long, "a")]
        {
            let mut cutter = BlockCutter::new(Format::Csv, Arc::new([wanted.into()]));
            let mut blocks = Vec::new();
            for chunk in stream.as_bytes().chunks(1000) {
                cutter.space().extend_from_slice(chunk);
                blocks.extend(cutter.cut(Zeroizing::default));
            }
            blocks.push(cutter.finish());
            assert!(blocks.iter().all(|block| matches!(block.layout, Err(RecordRefused::CsvHeader(_)))));
        }
    }
}
