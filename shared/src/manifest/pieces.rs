//! The pieces of a file that a manifest speaks of: digested where they are written, and checked, one by one and in order,
//! before anybody looks at them.

use super::{FileTooLong, Manifest, NotOfManifest, Piece};
use crate::digest::Blake3Digest;
use crate::limits::{MANIFEST_PIECE, MANIFEST_PIECES};

/// Makes the manifest of a file as the file is written.
#[derive(Default)]
pub struct ManifestBuilder {
    file: blake3::Hasher,
    piece: blake3::Hasher,
    pieces: Vec<Piece>,
}

/// Lets through the bytes of the file of a manifest: each piece once it is whole, in order.
pub struct PiecesCheck {
    expected: std::vec::IntoIter<Piece>,
    piece: Vec<u8>,
}

impl ManifestBuilder {
    /// The next bytes of the file.
    ///
    /// # Errors
    /// [`FileTooLong`].
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), FileTooLong> {
        self.file.update(bytes);
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(room(self.piece.count()).min(bytes.len()));
            self.piece.update(now);
            if room(self.piece.count()) == 0 {
                self.end_piece();
            }
            bytes = later;
        }
        let begun = usize::from(self.piece.count() > 0);
        if self.pieces.len().saturating_add(begun) <= MANIFEST_PIECES { Ok(()) } else { Err(FileTooLong) }
    }

    /// The manifest of the file, which has so many records.
    #[must_use]
    pub fn finish(mut self, records: u64) -> Manifest {
        if self.piece.count() > 0 {
            self.end_piece();
        }
        Manifest { digest: Blake3Digest::finish(&self.file), pieces: self.pieces, records, version: 1 }
    }

    fn end_piece(&mut self) {
        self.pieces.push(self.piece.finalize().into());
        self.piece.reset();
    }
}

impl PiecesCheck {
    pub(super) fn new(pieces: Vec<Piece>) -> Self {
        Self { expected: pieces.into_iter(), piece: Vec::new() }
    }

    /// Takes in the beginning of `bytes` and leaves there what comes after it. A piece comes back once it is whole.
    ///
    /// # Errors
    /// [`NotOfManifest`].
    pub fn push(&mut self, bytes: &mut &[u8]) -> Result<Option<&[u8]>, NotOfManifest> {
        if self.piece.len() == MANIFEST_PIECE {
            self.piece.clear();
        }
        let (now, later) = bytes.split_at((MANIFEST_PIECE - self.piece.len()).min(bytes.len()));
        self.piece.extend_from_slice(now);
        *bytes = later;
        if self.piece.len() == MANIFEST_PIECE { self.is_next().map(Some) } else { Ok(None) }
    }

    /// The end of the file: the last piece, perhaps empty.
    ///
    /// # Errors
    /// [`NotOfManifest`].
    pub fn finish(&mut self) -> Result<&[u8], NotOfManifest> {
        if self.piece.len() == MANIFEST_PIECE {
            self.piece.clear();
        }
        if !self.piece.is_empty() {
            self.is_next()?;
        }
        if self.expected.next().is_none() { Ok(&self.piece) } else { Err(NotOfManifest) }
    }

    fn is_next(&mut self) -> Result<&[u8], NotOfManifest> {
        let expected = self.expected.next().ok_or(NotOfManifest)?;
        if *blake3::hash(&self.piece).as_bytes() == expected { Ok(&self.piece) } else { Err(NotOfManifest) }
    }
}

/// Bytes that a piece of this length still takes.
fn room(length: u64) -> usize {
    MANIFEST_PIECE.saturating_sub(usize::try_from(length).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn file(length: usize) -> Vec<u8> {
        (0..length).map(|index| u8::try_from(index / 1000 % 251).unwrap()).collect()
    }

    fn manifest(file: &[u8], chunk: usize) -> Manifest {
        let mut builder = ManifestBuilder::default();
        file.chunks(chunk).for_each(|chunk| builder.push(chunk).unwrap());
        builder.finish(1)
    }

    /// What comes through, until it is refused.
    fn through(manifest: &Manifest, file: &[u8], chunk: usize) -> (Vec<u8>, Result<(), NotOfManifest>) {
        let (mut check, mut out) = (manifest.clone().check(), Vec::new());
        for mut rest in file.chunks(chunk) {
            while !rest.is_empty() {
                match check.push(&mut rest) {
                    Ok(piece) => out.extend_from_slice(piece.unwrap_or_default()),
                    Err(refused) => return (out, Err(refused)),
                }
            }
        }
        let last = check.finish().map(<[u8]>::to_vec);
        out.extend_from_slice(last.as_deref().unwrap_or_default());
        (out, last.map(|_| ()))
    }

    const LENGTHS: [usize; 7] =
        [0, 1, MANIFEST_PIECE - 1, MANIFEST_PIECE, MANIFEST_PIECE + 1, 2 * MANIFEST_PIECE, 2 * MANIFEST_PIECE + 12_345];

    #[test]
    fn the_file_comes_through_whatever_the_chunks() {
        for length in LENGTHS {
            let file = file(length);
            for chunk in [65_536, 1_000_003, 3 * MANIFEST_PIECE] {
                let manifest = manifest(&file, chunk);
                assert_eq!(manifest.digest().to_string(), format!("blake3:{}", blake3::hash(&file)));
                assert_eq!(through(&manifest, &file, 70_001), (file.clone(), Ok(())), "{length} {chunk}");
            }
        }
    }

    #[test]
    fn nothing_of_a_piece_comes_through_that_is_not_the_next_one() {
        let whole = file(3 * MANIFEST_PIECE + 500);
        let of_it = manifest(&whole, 65_536);
        let pieces: Vec<&[u8]> = whole.chunks(MANIFEST_PIECE).collect();
        let mut altered = whole.clone();
        altered[MANIFEST_PIECE + 5] ^= 1;
        // The file, and how many of its pieces are let through.
        for (other, most) in [
            (altered, 1),
            (whole[..whole.len() - 1].to_vec(), 3),
            (whole[..3 * MANIFEST_PIECE].to_vec(), 3),
            (whole[..MANIFEST_PIECE].to_vec(), 1),
            ([&whole[..], b"x"].concat(), 3),
            ([pieces[0], pieces[2], pieces[1], pieces[3]].concat(), 1),
            ([pieces[0], pieces[0]].concat(), 1),
            ([&whole[..], &whole[..]].concat(), 3),
            (whole[1..].to_vec(), 0),
            (Vec::new(), 0),
        ] {
            let (out, refused) = through(&of_it, &other, 65_536);
            assert_eq!(refused, Err(NotOfManifest));
            assert_eq!(out, pieces[..most].concat());
        }
    }

    #[test]
    fn a_file_beyond_the_limit_has_no_manifest() {
        let mut builder = ManifestBuilder { pieces: vec![[0; 32]; MANIFEST_PIECES - 1], ..ManifestBuilder::default() };
        builder.push(&vec![0; MANIFEST_PIECE]).unwrap();
        assert_eq!(builder.push(&[0]), Err(FileTooLong));
    }

    /// A frame holds what is written at once, and the message has to fit what the enclave takes.
    #[test]
    fn the_longest_manifest_fits_its_message() {
        let longest = ManifestBuilder { pieces: vec![[0; 32]; MANIFEST_PIECES], ..ManifestBuilder::default() }.finish(u64::MAX);
        let content = longest.to_canonical().unwrap();
        assert!(content.len() + content.len() / 1000 + crate::limits::HEADER_BYTES <= crate::limits::MANIFEST_MESSAGE_BYTES);
        assert_eq!(Manifest::parse(&content), Ok(longest));
    }
}
