//! Digests and their one written form: `sha384:` or `blake3:` and lower-case hex. SHA-384 names documents (policy,
//! job, statement); BLAKE3 names bulk ciphertext, as the `b3sum` tool prints it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// SHA-384 of a document's exact bytes. Written `sha384:` and 96 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Sha384Digest([u8; 48]);

/// BLAKE3 of bulk ciphertext. Written `blake3:` and 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Blake3Digest([u8; 32]);

/// The text is not a digest in its written form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a digest: expected `{prefix}:` and {digits} lower-case hex digits")]
pub struct DigestFormat {
    prefix: &'static str,
    digits: usize,
}

impl Sha384Digest {
    /// The digest of `document`.
    #[must_use]
    pub fn of(document: &[u8]) -> Self {
        Self::of_parts(&[document])
    }

    /// The digest of the concatenation of `parts`.
    #[must_use]
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA384);
        for part in parts {
            context.update(part);
        }
        let mut bytes = [0; 48];
        bytes.copy_from_slice(context.finish().as_ref());
        Self(bytes)
    }

    /// The 48 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 48] {
        &self.0
    }
}

impl Blake3Digest {
    /// The digest of what `hasher` has taken in.
    #[must_use]
    pub fn finish(hasher: &blake3::Hasher) -> Self {
        Self(*hasher.finalize().as_bytes())
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Lower-case hex of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
        text
    })
}

/// `N` bytes from exactly `2 * N` lower-case hex digits.
#[must_use]
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N.checked_mul(2)? {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(bytes)
}

fn digit(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 })
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

macro_rules! written_form {
    ($name:ident, $prefix:literal, $bytes:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{}:{}", $prefix, hex(&self.0))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, out)
            }
        }
        impl FromStr for $name {
            type Err = DigestFormat;
            fn from_str(text: &str) -> Result<Self, DigestFormat> {
                text.strip_prefix(concat!($prefix, ":"))
                    .and_then(unhex::<$bytes>)
                    .map(Self)
                    .ok_or(DigestFormat { prefix: $prefix, digits: $bytes * 2 })
            }
        }
        impl TryFrom<String> for $name {
            type Error = DigestFormat;
            fn try_from(text: String) -> Result<Self, DigestFormat> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(digest: $name) -> String {
                digest.to_string()
            }
        }
    };
}
written_form!(Sha384Digest, "sha384", 48);
written_form!(Blake3Digest, "blake3", 32);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_written_form_is_read_back() {
        let digest = Sha384Digest::of(b"abc");
        assert_eq!(
            digest.to_string(),
            "sha384:cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
        );
        assert_eq!(digest.to_string().parse::<Sha384Digest>(), Ok(digest));
    }

    #[test]
    fn other_forms_are_refused() {
        let digest = Sha384Digest::of(b"abc").to_string();
        assert!(digest.to_uppercase().parse::<Sha384Digest>().is_err());
        assert!(digest.strip_prefix("sha384:").unwrap().parse::<Sha384Digest>().is_err());
        assert!(format!("{digest}0").parse::<Sha384Digest>().is_err());
        assert!(digest.parse::<Blake3Digest>().is_err());
        assert!("sha384:é".parse::<Sha384Digest>().is_err());
    }

    #[test]
    fn parts_are_concatenated() {
        assert_eq!(Sha384Digest::of_parts(&[b"a", b"", b"bc"]), Sha384Digest::of(b"abc"));
    }
}
