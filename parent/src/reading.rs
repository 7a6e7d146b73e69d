//! A file that is read, where need be more than once. `sealed_file` uses it. Whatever is decided in one reading (that the file
//! has a digest, that its signature verifies) holds for a later one only because each piece is compared before it is given
//! out: a file that somebody changes in between is refused at the first changed byte, before that byte is opened.

use std::path::Path;

use sealroom_shared::digest::Blake3Digest;

use crate::{
    failure::{Failure, Result},
    limits,
    source::Source,
};

/// What a whole file was when it was first read: its digest, and that of each of its pieces.
pub struct Seen {
    digest: Blake3Digest,
    pieces: Vec<blake3::Hash>,
}

impl Seen {
    /// Reads the file to its end. Refuses what cannot be read twice: standard input and pipes.
    pub fn of(path: &Path) -> Result<Self> {
        let mut source = Source::open(path)?;
        if source.length.is_none() {
            return Err(Failure::usage("with --receipt the output is read twice: name a file instead of `-` or a pipe"));
        }
        let (mut whole, mut pieces, mut piece) = (blake3::Hasher::new(), Vec::new(), vec![0; limits::SEEN_PIECE]);
        loop {
            let filled = fill(&mut source, &mut piece)?;
            if filled == 0 {
                return Ok(Self { digest: Blake3Digest::finish(&whole), pieces });
            }
            whole.update(&piece[..filled]);
            pieces.push(blake3::hash(&piece[..filled]));
        }
    }

    /// The digest of the whole file.
    pub fn digest(&self) -> &Blake3Digest {
        &self.digest
    }
}

/// One reading of a file, from its start.
pub struct Reading<'a> {
    source: Source,
    buffer: Vec<u8>,
    /// The pieces that have to come, where the file was seen before.
    expected: Option<std::slice::Iter<'a, blake3::Hash>>,
}

impl<'a> Reading<'a> {
    /// Starts reading; every piece has to be as it was `seen`.
    pub fn start(path: &Path, seen: Option<&'a Seen>) -> Result<Self> {
        let size = if seen.is_some() { limits::SEEN_PIECE } else { limits::CHUNK };
        Ok(Self { source: Source::open(path)?, buffer: vec![0; size], expected: seen.map(|seen| seen.pieces.iter()) })
    }

    /// What a message calls the file.
    pub fn name(&self) -> &str {
        self.source.name()
    }

    /// Bytes of the whole file, where that is known.
    pub fn length(&self) -> Option<u64> {
        self.source.length
    }

    /// The next bytes; none at the end.
    pub fn next(&mut self) -> Result<&[u8]> {
        let Some(expected) = &mut self.expected else {
            let count = self.source.read(&mut self.buffer)?;
            return Ok(&self.buffer[..count]);
        };
        let filled = fill(&mut self.source, &mut self.buffer)?;
        let piece = &self.buffer[..filled];
        let same = match expected.next() {
            Some(seen) => blake3::hash(piece) == *seen,
            None => piece.is_empty(),
        };
        if same {
            return Ok(piece);
        }
        Err(Failure::new("changed", "the file was changed while it was being opened")
            .help("nothing of the change was opened: see who else writes to the file, and try again"))
    }
}

/// Reads until `into` is full or the source ends; the number of bytes.
fn fill(source: &mut Source, into: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match source.read(&mut into[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECE: usize = limits::SEEN_PIECE;

    fn read(path: &Path, seen: Option<&Seen>) -> (Vec<u8>, Result<()>) {
        let mut read = Vec::new();
        let mut reading = Reading::start(path, seen).expect("started");
        loop {
            match reading.next() {
                Ok([]) => return (read, Ok(())),
                Ok(piece) => read.extend_from_slice(piece),
                Err(failure) => return (read, Err(failure)),
            }
        }
    }

    #[test]
    fn unchanged_file_is_read_again_as_it_was() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("file");
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE] {
            let content: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            std::fs::write(&path, &content).expect("written");
            let seen = Seen::of(&path).expect("seen");
            assert_eq!(seen.digest().to_string(), format!("blake3:{}", blake3::hash(&content).to_hex()));
            for (read, done) in [read(&path, Some(&seen)), read(&path, None)] {
                assert!(done.is_ok() && read == content, "{length}");
            }
        }
    }

    /// Nothing at or behind the change is given out, whatever the change.
    #[test]
    fn changed_file_is_refused_before_the_change_is_given_out() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("file");
        let content: Vec<u8> = (0..2 * PIECE + 10).map(|n| (n / 7 % 251) as u8).collect();
        std::fs::write(&path, &content).expect("written");
        let seen = Seen::of(&path).expect("seen");
        let mut flipped = content.clone();
        flipped[PIECE + 5] ^= 1;
        let swapped = [&content[PIECE..2 * PIECE], &content[..PIECE], &content[2 * PIECE..]].concat();
        let cases = [
            ("a byte of the second piece", flipped, PIECE),
            ("two pieces swapped", swapped, 0),
            ("cut within the last piece", content[..2 * PIECE + 5].to_vec(), 2 * PIECE),
            ("cut where a piece ends", content[..PIECE].to_vec(), PIECE),
            ("a byte more", [&content[..], b"x"].concat(), 2 * PIECE),
            ("nothing left", Vec::new(), 0),
        ];
        for (name, changed, given) in cases {
            std::fs::write(&path, &changed).expect("written");
            let (read, done) = read(&path, Some(&seen));
            assert_eq!(done.expect_err(name).code(), "changed", "{name}");
            assert!(read == content[..given], "{name}: {} bytes were given out", read.len());
        }
    }

    #[test]
    fn piece_added_behind_the_end_is_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("file");
        std::fs::write(&path, vec![1; PIECE]).expect("written");
        let seen = Seen::of(&path).expect("seen");
        std::fs::write(&path, vec![1; PIECE + 1]).expect("written");
        let (read, done) = read(&path, Some(&seen));
        assert_eq!((read.len(), done.expect_err("refused").code()), (PIECE, "changed"));
    }

    #[test]
    fn pipe_is_not_read_twice() {
        let device = Path::new("/dev/null");
        assert_eq!(Seen::of(device).err().expect("refused").code(), "usage");
        assert!(Reading::start(device, None).is_ok(), "once is well");
    }
}
