//! Leaves out the blank lines at an output's end, which only round its size up. `commands::open` uses it, streaming.

use std::borrow::Cow;

/// Holds back line ends until something other than a line end follows.
pub struct PaddingTrimmer {
    trims: bool,
    held: u64,
    wrote: bool,
}

impl PaddingTrimmer {
    /// Where `trims` is false everything passes as it is.
    pub fn new(trims: bool) -> Self {
        Self { trims, held: 0, wrote: false }
    }

    /// The next bytes of the plaintext; what may be written of them, in pieces.
    pub fn take<'a>(&mut self, bytes: &'a [u8]) -> Vec<Cow<'a, [u8]>> {
        if !self.trims {
            return vec![Cow::Borrowed(bytes)];
        }
        let Some(last) = bytes.iter().rposition(|&byte| byte != b'\n') else {
            self.held += bytes.len() as u64;
            return Vec::new();
        };
        let (now, later) = bytes.split_at(last + 1);
        let mut pieces = line_ends(self.held);
        pieces.push(Cow::Borrowed(now));
        self.held = later.len() as u64;
        self.wrote = true;
        pieces
    }

    /// The end of the plaintext: the last record keeps its own line end.
    pub fn finish(self) -> Vec<u8> {
        if self.trims && self.wrote && self.held > 0 { b"\n".to_vec() } else { Vec::new() }
    }
}

/// `count` line ends, in pieces of bounded size.
fn line_ends(count: u64) -> Vec<Cow<'static, [u8]>> {
    static LINE_ENDS: [u8; 4096] = [b'\n'; 4096];
    let whole = count / 4096;
    let rest = (count % 4096) as usize;
    let mut pieces: Vec<Cow<'static, [u8]>> = (0..whole).map(|_| Cow::Borrowed(&LINE_ENDS[..])).collect();
    pieces.push(Cow::Borrowed(&LINE_ENDS[..rest]));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(trims: bool, chunks: &[&[u8]]) -> Vec<u8> {
        let mut trimmer = PaddingTrimmer::new(trims);
        let mut out = Vec::new();
        for chunk in chunks {
            trimmer.take(chunk).iter().for_each(|piece| out.extend_from_slice(piece));
        }
        out.extend_from_slice(&trimmer.finish());
        out
    }

    #[test]
    fn blank_lines_at_the_end_go_whatever_the_chunks() {
        let padded = b"one\n\ntwo\n\n\n\n\n";
        for cut in 0..padded.len() {
            let (a, b) = padded.split_at(cut);
            assert_eq!(through(true, &[a, b]), b"one\n\ntwo\n", "cut at {cut}");
        }
    }

    #[test]
    fn long_runs_between_records_stay() {
        let run = vec![b'\n'; 10_001];
        assert_eq!(through(true, &[b"a", &run, b"b", &run]), [b"a", &run[..], b"b\n"].concat());
    }

    #[test]
    fn nothing_but_padding_is_nothing() {
        assert_eq!(through(true, &[b"\n\n\n", b"\n"]), b"");
        assert_eq!(through(true, &[]), b"");
    }

    #[test]
    fn no_row_of_csv_goes_with_the_padding() {
        for rows in ["only\n\"\"\n\"\"\n", "a,b\n,\n", "a\n\"x\n\n\"\n", "a\n"] {
            let padded = format!("{rows}\n\n\n");
            for cut in 0..padded.len() {
                let (a, b) = padded.as_bytes().split_at(cut);
                assert_eq!(through(true, &[a, b]), rows.as_bytes(), "cut at {cut}");
            }
        }
    }

    #[test]
    fn record_without_line_end_gets_none() {
        assert_eq!(through(true, &[b"\n\na"]), b"\n\na");
    }

    #[test]
    fn without_trimming_everything_passes() {
        assert_eq!(through(false, &[b"a\n\n", b"\n"]), b"a\n\n\n");
    }
}
