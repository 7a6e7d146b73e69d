//! The manifest: what an owner seals beside records whose single values are sealed, so that a job knows that it has all of
//! them, in the owner's order, and nothing else. A sealed message of its own kind, whose content is canonical JSON.
//!
//! It has a digest of every piece of the file, so that a job looks at no record before it is known to be the owner's: from
//! a file of his own making a parent would learn, by how long it takes and how much comes out, what a condition says of
//! whichever record he repeats in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::digest::Blake3Digest;
use crate::limits;

pub use pieces::{ManifestBuilder, PiecesCheck};

mod pieces;

/// What a manifest says of the file beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The file's digest.
    digest: Blake3Digest,
    /// Of each [`limits::MANIFEST_PIECE`] bytes of it, in order; the last piece is shorter.
    #[serde(serialize_with = "write_pieces", deserialize_with = "read_pieces")]
    pieces: Vec<Piece>,
    /// How many records it has, blank lines and a header row not among them.
    records: u64,
    /// The manifest's format: 1.
    version: u32,
}

/// BLAKE3 of a piece.
type Piece = [u8; 32];

/// Not a manifest of this version in its canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a manifest of a known version in its canonical form")]
pub struct ManifestFormat;

/// The file is not the one that the manifest speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file is not the one that the manifest speaks of")]
pub struct NotOfManifest;

/// A file with more than [`limits::MANIFEST_PIECES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file is longer than a manifest can speak of")]
pub struct FileTooLong;

impl Manifest {
    /// The file's digest.
    #[must_use]
    pub fn digest(&self) -> Blake3Digest {
        self.digest
    }

    /// How many records the file has, blank lines and a header row not among them.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// What lets through the bytes of the file, and no others.
    #[must_use]
    pub fn check(self) -> PiecesCheck {
        PiecesCheck::new(self.pieces)
    }

    /// Canonical JSON: keys sorted, no spaces.
    ///
    /// # Errors
    /// [`ManifestFormat`] where it cannot be written.
    pub fn to_canonical(&self) -> Result<Vec<u8>, ManifestFormat> {
        // The fields above stand in the order of their names.
        serde_json::to_vec(self).map_err(|_| ManifestFormat)
    }

    /// Reads the canonical form, and no other.
    ///
    /// # Errors
    /// [`ManifestFormat`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestFormat> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|_| ManifestFormat)?;
        if manifest.version == 1 && manifest.to_canonical()? == bytes { Ok(manifest) } else { Err(ManifestFormat) }
    }
}

/// One text of base64: as many quoted digests would be twice as long.
fn write_pieces<S: Serializer>(pieces: &[Piece], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&STANDARD.encode(pieces.as_flattened()))
}

fn read_pieces<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Piece>, D::Error> {
    let text = String::deserialize(from)?;
    let bytes = STANDARD.decode(text).map_err(|_| D::Error::custom("not base64"))?;
    let (pieces, rest) = bytes.as_chunks();
    if rest.is_empty() && pieces.len() <= limits::MANIFEST_PIECES {
        Ok(pieces.to_vec())
    } else {
        Err(D::Error::custom("not whole digests"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_manifest_has_one_form() {
        let mut builder = ManifestBuilder::default();
        builder.push(b"{}\n").unwrap();
        let manifest = builder.finish(7);
        let text = String::from_utf8(manifest.to_canonical().unwrap()).unwrap();
        let of_piece = STANDARD.encode(blake3::hash(b"{}\n").as_bytes());
        assert!(text.starts_with("{\"digest\":\"blake3:"), "{text}");
        assert!(text.ends_with(&format!("\",\"pieces\":\"{of_piece}\",\"records\":7,\"version\":1}}")), "{text}");
        assert_eq!(Manifest::parse(text.as_bytes()), Ok(manifest));
        for other in [
            text.replace("\"version\":1", "\"version\":2"),
            text.replace(",\"records\"", ", \"records\""),
            text.replace("\"records\":7", "\"records\":7.0"),
            text.replace("\"records\":7", "\"records\":-7"),
            text.replace("\"version\":1", "\"version\":1,\"x\":1"),
            text.replace(&of_piece, "AAAA"),
            text.replace(&of_piece, of_piece.trim_end_matches('=')),
            text.replace(&of_piece, "[]"),
            format!("{text}\n"),
            "{}".to_owned(),
            String::new(),
        ] {
            assert_eq!(Manifest::parse(other.as_bytes()), Err(ManifestFormat), "{other}");
        }
    }
}
