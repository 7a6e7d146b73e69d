//! Marks: the bytes that mean something in CSV. All of a record's are found 64 bytes at once, because a search for each
//! cell's end costs more than the few bytes that it passes over.

/// The positions of commas, quotes, carriage returns and line feeds, in order.
pub(super) struct Marks<'r> {
    /// What has not been looked at.
    rest: &'r [u8],
    /// Marks of the last chunk that have not been handed on, the first one in the lowest bit.
    mask: u64,
    /// The position after the last chunk.
    end: usize,
}

const CHUNK: usize = 64;

impl<'r> Marks<'r> {
    #[inline]
    pub(super) fn new(bytes: &'r [u8]) -> Self {
        Self { rest: bytes, mask: 0, end: 0 }
    }

    /// Looks at the next chunk; none where there is nothing left.
    #[inline]
    fn advance(&mut self) -> Option<()> {
        if let Some((chunk, rest)) = self.rest.split_first_chunk() {
            self.mask = mask(chunk);
            self.rest = rest;
        } else {
            let last = std::mem::take(&mut self.rest);
            let mut chunk = [0; CHUNK];
            chunk.get_mut(..last.len()).filter(|room| !room.is_empty())?.copy_from_slice(last);
            self.mask = mask(&chunk);
        }
        self.end += CHUNK;
        Some(())
    }
}

impl Iterator for Marks<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.mask == 0 {
            self.advance()?;
        }
        let lowest = usize::try_from(self.mask.trailing_zeros()).ok()?;
        self.mask &= self.mask - 1;
        Some(self.end - CHUNK + lowest)
    }
}

/// One bit for each byte, set where it is a mark. Written so that compilers compare many bytes at once.
#[inline]
fn mask(chunk: &[u8; CHUNK]) -> u64 {
    let marks = chunk.map(|byte| u8::from((byte == b',') | (byte == b'"') | (byte == b'\r') | (byte == b'\n')));
    let (words, _) = marks.as_chunks::<8>();
    words.iter().rev().fold(0, |mask, word| (mask << 8) | gather(u64::from_le_bytes(*word)))
}

/// The lowest bits of eight bytes that are 0 or 1, in one byte: the factor moves each to the highest byte and no two
/// products share a bit.
#[inline]
fn gather(word: u64) -> u64 {
    word.wrapping_mul(0x0102_0408_1020_4080) >> 56
}
