//! Tells an owner before sealing which record the enclave would refuse. Streaming; splits lines exactly as the enclave does
//! (`sealroom_shared::record::lines`), but counts the blank ones too, so that it can name the line. Never prints a record.

use sealroom_shared::{
    limits::RECORD_BYTES,
    policy::OnError,
    record::json::{JsonError, Scanner},
};

use crate::failure::{Failure, Result};

/// Reads NDJSON as it is being sealed.
pub struct RecordCheck {
    name: String,
    scanner: Scanner,
    carried: Vec<u8>,
    on_error: OnError,
    line: u64,
    found: Found,
}

/// What a checked stream holds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Found {
    /// Records that the enclave reads.
    pub records: u64,
    /// Lines that it leaves out, where the policy has `on_error = "skip"`.
    pub skipped: u64,
}

/// Of several streams; unknown where one of them is.
impl std::iter::Sum for Found {
    fn sum<I: Iterator<Item = Self>>(streams: I) -> Self {
        streams.fold(Self::default(), |sum, found| Self { records: sum.records + found.records, skipped: sum.skipped + found.skipped })
    }
}

impl RecordCheck {
    /// At the beginning of a stream, which messages call `name`.
    pub fn new(name: &str, on_error: OnError) -> Self {
        Self { name: name.to_owned(), scanner: Scanner::new([]), carried: Vec::new(), on_error, line: 0, found: Found::default() }
    }

    /// The next bytes.
    pub fn push(&mut self, mut chunk: &[u8]) -> Result<()> {
        while let Some(end) = chunk.iter().position(|&byte| byte == b'\n') {
            let (line, rest) = (&chunk[..end], &chunk[end + 1..]);
            if self.carried.is_empty() {
                self.line(line)?;
            } else {
                let mut whole = std::mem::take(&mut self.carried);
                carry(&mut whole, line);
                self.line(&whole)?;
                whole.clear();
                self.carried = whole;
            }
            chunk = rest;
        }
        carry(&mut self.carried, chunk);
        Ok(())
    }

    /// The end: what there was.
    pub fn finish(mut self) -> Result<Found> {
        let last = std::mem::take(&mut self.carried);
        self.line(&last)?;
        Ok(self.found)
    }

    fn line(&mut self, line: &[u8]) -> Result<()> {
        self.line += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')) && line.len() <= RECORD_BYTES {
            return Ok(());
        }
        match (self.scanner.scan(line), self.on_error) {
            (Ok(_), _) => self.found.records += 1,
            (Err(_), OnError::Skip) => self.found.skipped += 1,
            (Err(error), OnError::Fail) => return Err(refused(&self.name, self.line, error)),
        }
        Ok(())
    }
}

/// Keeps a piece of a line that is not over yet: no more of it than shows that it is too long.
fn carry(carried: &mut Vec<u8>, piece: &[u8]) {
    let room = (RECORD_BYTES + 2).saturating_sub(carried.len());
    carried.extend_from_slice(&piece[..piece.len().min(room)]);
}

fn refused(name: &str, line: u64, error: JsonError) -> Failure {
    Failure::new("record", format!("{name}: line {line} is not a record that the enclave takes: {error}"))
        .help("correct the line, or seal as it is with --no-check (the whole job is refused then)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], pieces: usize) -> std::result::Result<u64, String> {
        let mut check = RecordCheck::new("in", OnError::Fail);
        for piece in bytes.chunks(pieces) {
            check.push(piece).map_err(|failure| failure.to_text())?;
        }
        check.finish().map(|found| found.records).map_err(|failure| failure.to_text())
    }

    #[test]
    fn records_are_counted_whatever_the_pieces() {
        let text = b"{\"a\":1}\n\r\n \n{\"a\":\"x\"}\r\n{}";
        for pieces in 1..text.len() {
            assert_eq!(check(text, pieces), Ok(3));
        }
        assert_eq!(check(b"", 1), Ok(0));
    }

    #[test]
    fn bad_line_is_named_and_not_shown() {
        for (text, line) in
            [("{\"a\":1}\n\n{\"secret\":1,\"secret\":2}\n", 3), ("{\"a\":1}\n{\"secret\":\n", 2), ("[\"secret\"]", 1), ("{}\n{} secret", 2)]
        {
            for pieces in [1, 5, 100] {
                let said = check(text.as_bytes(), pieces).expect_err("refused");
                assert!(said.contains(&format!("in: line {line} ")) && !said.contains("secret"), "{said}");
            }
        }
    }

    #[test]
    fn lines_that_will_be_skipped_are_counted() {
        let mut check = RecordCheck::new("in", OnError::Skip);
        check.push(b"{}\nnot JSON\n{}\n[1]\n").expect("skips");
        assert_eq!(check.finish().expect("skips"), Found { records: 2, skipped: 2 });
    }

    #[test]
    fn record_over_the_limit_is_refused_without_holding_it() {
        let mut check = RecordCheck::new("in", OnError::Fail);
        check.push(b"{\"a\":\"").expect("begun");
        for _ in 0..100 {
            check.push(&[b'x'; 65_536]).expect("no line yet");
        }
        assert!(check.carried.capacity() <= 4 * RECORD_BYTES);
        assert!(check.push(b"\"}\n").is_err());
    }
}
