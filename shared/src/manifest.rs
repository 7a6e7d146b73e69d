//! The manifest: what an owner seals beside records whose single values are sealed, so that a job knows that it has all of
//! them, in the owner's order, and nothing else. A sealed message of its own kind, whose content is canonical JSON.

use serde::{Deserialize, Serialize};

use crate::digest::Blake3Digest;

/// What a manifest says of the file beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The file's digest.
    pub digest: Blake3Digest,
    /// How many records it has, blank lines and a header row not among them.
    pub records: u64,
    /// The manifest's format: 1.
    pub version: u32,
}

/// Not a manifest of this version in its canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a manifest of a known version in its canonical form")]
pub struct ManifestFormat;

impl Manifest {
    /// The manifest of a file.
    #[must_use]
    pub fn of(digest: Blake3Digest, records: u64) -> Self {
        Self { digest, records, version: 1 }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_manifest_has_one_form() {
        let manifest = Manifest::of(Blake3Digest::finish(&blake3::Hasher::new()), 7);
        let text = String::from_utf8(manifest.to_canonical().unwrap()).unwrap();
        assert!(text.starts_with("{\"digest\":\"blake3:") && text.ends_with("\",\"records\":7,\"version\":1}"), "{text}");
        assert_eq!(Manifest::parse(text.as_bytes()), Ok(manifest));
        for other in [
            text.replace("\"version\":1", "\"version\":2"),
            text.replace(",\"records\"", ", \"records\""),
            text.replace("\"records\":7", "\"records\":7.0"),
            text.replace("\"records\":7", "\"records\":-7"),
            text.replace("\"version\":1", "\"version\":1,\"x\":1"),
            format!("{text}\n"),
            "{}".to_owned(),
            String::new(),
        ] {
            assert_eq!(Manifest::parse(other.as_bytes()), Err(ManifestFormat), "{other}");
        }
    }
}
