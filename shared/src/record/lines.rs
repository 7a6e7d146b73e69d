//! Lines of a stream that arrives in chunks of any size. A line within one chunk is handed on where it lies; only what
//! crosses a boundary is copied, into a buffer no longer than a record may be.

use crate::limits;

/// Splits chunks into lines: at line feeds, a carriage return before one removed. Blank lines are not handed on, and
/// the last line needs no line feed. A line over [`limits::RECORD_BYTES`] is handed on cut, still over that bound, so
/// that whoever reads it refuses it.
#[derive(Default)]
pub struct LineSplitter {
    carry: Vec<u8>,
}

impl LineSplitter {
    /// A splitter at the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next chunk and hands every line that it completes to `each`.
    ///
    /// # Errors
    /// The first error of `each`; the stream is then of no more use.
    pub fn push<E>(&mut self, chunk: &[u8], mut each: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut rest = chunk;
        if !self.carry.is_empty() {
            let Some(end) = memchr::memchr(b'\n', rest) else {
                self.keep(rest);
                return Ok(());
            };
            let (last, after) = after_line(rest, end);
            self.keep(last);
            hand_on(&self.carry, &mut each)?;
            self.carry.clear();
            rest = after;
        }
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = after_line(rest, end);
            hand_on(line, &mut each)?;
            rest = after;
        }
        self.keep(rest);
        Ok(())
    }

    /// Ends the stream and hands on a last line without a line feed.
    ///
    /// # Errors
    /// As [`LineSplitter::push`].
    pub fn finish<E>(self, mut each: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        hand_on(&self.carry, &mut each)
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = CARRY_BYTES.saturating_sub(self.carry.len());
        self.carry.extend_from_slice(piece.get(..room).unwrap_or(piece));
    }
}

/// One byte over the bound, and one for a carriage return.
const CARRY_BYTES: usize = limits::RECORD_BYTES + 2;

fn after_line(bytes: &[u8], end: usize) -> (&[u8], &[u8]) {
    let (line, feed) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
    (line, feed.get(1..).unwrap_or_default())
}

#[inline]
fn hand_on<E>(line: &[u8], each: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let is_blank = line.len() <= limits::RECORD_BYTES && line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
    if is_blank { Ok(()) } else { each(line) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::record::random::Random;

    fn split(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        let mut splitter = LineSplitter::new();
        for chunk in chunks {
            let each = |line: &[u8]| {
                lines.push(line.to_vec());
                Ok::<_, ()>(())
            };
            splitter.push(chunk, each).unwrap();
        }
        let last = |line: &[u8]| {
            lines.push(line.to_vec());
            Ok::<_, ()>(())
        };
        splitter.finish(last).unwrap();
        lines
    }

    #[test]
    fn lines_are_the_same_however_the_stream_is_cut() {
        let mut random = Random::new(4);
        for _ in 0..3000 {
            let count = random.below(30);
            let stream: Vec<u8> =
                (0..count).flat_map(|_| random.pick(&["{}", "\n", "\r\n", "a", " ", "\t\r\n", "é", "long piece", "\r"]).bytes()).collect();
            let text = std::str::from_utf8(&stream).unwrap();
            let expected: Vec<Vec<u8>> = text
                .split('\n')
                .map(|line| line.strip_suffix('\r').unwrap_or(line))
                .filter(|line| !line.trim_matches([' ', '\t', '\r']).is_empty())
                .map(|line| line.as_bytes().to_vec())
                .collect();
            let mut chunks = Vec::new();
            let mut rest = stream.as_slice();
            while !rest.is_empty() {
                let (chunk, after) = rest.split_at(random.below(rest.len() + 1).min(1 + random.below(9)));
                chunks.push(chunk);
                rest = after;
            }
            assert_eq!(split(&chunks), expected, "{text:?}");
            assert_eq!(split(&[&stream]), expected);
            assert_eq!(split(&stream.chunks(1).collect::<Vec<_>>()), expected);
        }
    }

    #[test]
    fn a_line_at_the_bound_comes_whole_and_a_longer_one_stays_too_long() {
        for (length, handed_on) in [
            (limits::RECORD_BYTES, limits::RECORD_BYTES),
            (limits::RECORD_BYTES + 1, limits::RECORD_BYTES + 1),
            (limits::RECORD_BYTES * 3, limits::RECORD_BYTES + 2),
        ] {
            for (byte, end) in [(b'x', &b"\n"[..]), (b'x', b"\r\n"), (b'x', b"")] {
                let stream = [&vec![byte; length][..], end, b"after"].concat();
                let lines = split(&stream.chunks(65_536).collect::<Vec<_>>());
                let expected = if end.is_empty() { vec![(length + 5).min(limits::RECORD_BYTES + 2)] } else { vec![handed_on, 5] };
                let lengths: Vec<usize> = lines.iter().map(Vec::len).collect();
                let over = |lengths: &[usize]| lengths.iter().map(|length| *length > limits::RECORD_BYTES).collect::<Vec<_>>();
                assert_eq!((lengths.len(), over(&lengths)), (expected.len(), over(&expected)));
            }
        }
        let blank = vec![b' '; limits::RECORD_BYTES + 1];
        assert_eq!(split(&[&blank, b"\n"]).len(), 1, "too long a blank line is not blank");
    }

    #[test]
    fn the_first_error_ends_the_stream() {
        let mut seen = 0;
        let mut splitter = LineSplitter::new();
        let each = |_: &[u8]| {
            seen += 1;
            if seen == 2 { Err("second") } else { Ok(()) }
        };
        assert_eq!(splitter.push(b"a\nb\nc\n", each), Err("second"));
        assert_eq!(seen, 2);
    }
}
