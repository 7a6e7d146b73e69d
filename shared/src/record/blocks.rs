//! Blocks: plaintext that arrives in chunks of any size, cut into pieces of whole lines for several workers. Only what
//! crosses a block's end is copied.

use crate::limits;

/// Cuts a stream into blocks that each end at a line feed, but for the last one.
///
/// A line over [`limits::RECORD_BYTES`] is cut to one byte more than that, so that whoever reads it refuses it, and
/// memory stays bounded whatever comes.
#[derive(Default)]
pub struct BlockCutter {
    block: Vec<u8>,
    /// Where the last, unfinished line of `block` begins.
    line: usize,
}

impl BlockCutter {
    /// A cutter at the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next chunk. Returns a block once [`limits::BLOCK_BYTES`] have come together.
    pub fn push(&mut self, chunk: &[u8]) -> Option<Vec<u8>> {
        let Some(last) = memchr::memrchr(b'\n', chunk) else {
            self.extend_line(chunk);
            return None;
        };
        let (whole, rest) = chunk.split_at_checked(last + 1).unwrap_or((chunk, &[]));
        let first = memchr::memchr(b'\n', whole).unwrap_or(last);
        let (end_of_line, more) = whole.split_at_checked(first).unwrap_or((whole, &[]));
        self.extend_line(end_of_line);
        self.block.extend_from_slice(more);
        if self.block.len() < limits::BLOCK_BYTES {
            self.line = self.block.len();
            self.extend_line(rest);
            return None;
        }
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(limits::BLOCK_BYTES + limits::WIRE_PAYLOAD));
        self.line = 0;
        self.extend_line(rest);
        Some(block)
    }

    /// The last block, perhaps empty, and perhaps without a line feed at its end.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.block
    }

    /// Adds bytes without a line feed to the unfinished line.
    fn extend_line(&mut self, piece: &[u8]) {
        let room = (limits::RECORD_BYTES + 2).saturating_sub(self.block.len() - self.line);
        self.block.extend_from_slice(piece.get(..room).unwrap_or(piece));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::record::lines::LineSplitter;

    fn lines(blocks: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for block in blocks {
            let mut splitter = LineSplitter::new();
            let mut keep = |line: &[u8]| {
                lines.push(line.to_vec());
                Ok::<(), ()>(())
            };
            splitter.push(block, &mut keep).unwrap();
            splitter.finish(&mut keep).unwrap();
        }
        lines
    }

    fn cut(stream: &[u8], chunk: usize) -> Vec<Vec<u8>> {
        let mut cutter = BlockCutter::new();
        let mut blocks: Vec<_> = stream.chunks(chunk).filter_map(|chunk| cutter.push(chunk)).collect();
        blocks.push(cutter.finish());
        blocks
    }

    #[test]
    fn no_line_is_lost_joined_or_parted() {
        let mut stream = Vec::new();
        for number in 0..60_000 {
            stream.extend_from_slice(format!("{number}{}\r\n", "x".repeat(number % 50)).as_bytes());
        }
        stream.extend_from_slice(b"last");
        let expected = lines(std::slice::from_ref(&stream));
        assert_eq!(expected.len(), 60_001);
        for chunk in [1, 7, 1000, 65_536, 300_000, stream.len()] {
            let blocks = cut(&stream, chunk);
            assert!(blocks.len() > 2 || chunk == stream.len(), "{chunk}");
            assert_eq!(lines(&blocks), expected, "{chunk}");
        }
    }

    #[test]
    fn a_line_over_the_bound_stays_over_it_and_bounded() {
        for chunk in [1000, 65_536] {
            let mut cutter = BlockCutter::new();
            for _ in 0..10 * limits::RECORD_BYTES / chunk {
                assert_eq!(cutter.push(&vec![b'x'; chunk]), None);
                assert!(cutter.block.len() <= limits::RECORD_BYTES + 2);
            }
            let block = cutter.push(b"\nshort\n").unwrap_or_else(|| cutter.finish());
            let lines = lines(&[block]);
            assert_eq!(lines.len(), 2);
            assert!(lines[0].len() > limits::RECORD_BYTES);
            assert_eq!(lines[1], b"short");
        }
    }
}
