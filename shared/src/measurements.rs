//! The measurements of an image, as nitro-cli prints them, and their comparison with a verified document. The parent's
//! commands read them from a file of the person who built the image, never from the machine that runs the enclave. An
//! image in debug mode (zero PCRs) is refused both as an expectation and as a match.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::attestation::{AttestationDocument, Pcr, Verified};
use crate::digest;

/// The PCRs that an image must have: 0, 1 and 2 always, others where they were given. PCR0 alone is not enough: its
/// digest has no lengths between the image's sections, so bytes could move from one section to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measurements {
    pcrs: BTreeMap<u8, Pcr>,
}

/// A document is not of the expected image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("PCR{index} is not the expected one")]
pub struct PcrMismatch {
    /// The first PCR that differs or is absent.
    pub index: u8,
}

/// Why a text is not the measurements of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MeasurementsError {
    /// No `{"Measurements": {..}}` as nitro-cli prints it, or bytes after it.
    #[error("not the JSON that nitro-cli prints: expected {{\"Measurements\": {{\"PCR0\": .., \"PCR1\": .., \"PCR2\": ..}}}}")]
    Format,
    /// `HashAlgorithm` is not SHA-384.
    #[error("the hash algorithm is not SHA-384")]
    HashAlgorithm,
    /// A PCR index over 31, or not a plain number.
    #[error("a PCR index is not 0 to 31")]
    Index,
    /// A PCR is not 96 hex digits.
    #[error("PCR{0} is not 96 hex digits")]
    Value(u8),
    /// A PCR is listed twice.
    #[error("PCR{0} is listed twice")]
    Duplicate(u8),
    /// PCR0, PCR1 or PCR2 is missing.
    #[error("PCR{0} is missing")]
    Missing(u8),
    /// PCR0, PCR1 or PCR2 is zero: debug mode, or an image that was never measured.
    #[error("PCR{0} is zero: the measurements are those of an enclave in debug mode")]
    Zero(u8),
}

impl Measurements {
    /// Reads what `nitro-cli build-enclave` or `describe-eif` printed: human lines may stand before the first `{`, other
    /// members beside `Measurements`, nothing after the object.
    ///
    /// # Errors
    /// [`MeasurementsError`] names the first thing that is wrong.
    pub fn from_nitro_cli(text: &str) -> Result<Self, MeasurementsError> {
        let start = text.find('{').ok_or(MeasurementsError::Format)?;
        let (_, json) = text.split_at_checked(start).ok_or(MeasurementsError::Format)?;
        let printed: Printed = serde_json::from_str(json).map_err(|_| MeasurementsError::Format)?;
        let mut pcrs = BTreeMap::new();
        for (name, value) in printed.measurements.0 {
            if name == "HashAlgorithm" {
                if !value.starts_with("Sha384") {
                    return Err(MeasurementsError::HashAlgorithm);
                }
                continue;
            }
            let index = name.strip_prefix("PCR").ok_or(MeasurementsError::Format).and_then(pcr_index)?;
            let pcr = digest::unhex(&value.to_ascii_lowercase()).map(Pcr).ok_or(MeasurementsError::Value(index))?;
            if pcrs.insert(index, pcr).is_some() {
                return Err(MeasurementsError::Duplicate(index));
            }
        }
        Self::from_pcrs(pcrs)
    }

    /// Measurements from PCRs by index.
    ///
    /// # Errors
    /// [`MeasurementsError`] where an index is over 31, or PCR0, PCR1 or PCR2 is missing or zero.
    pub fn from_pcrs(pcrs: BTreeMap<u8, Pcr>) -> Result<Self, MeasurementsError> {
        if pcrs.keys().any(|index| *index > PCR_INDEX_MAX) {
            return Err(MeasurementsError::Index);
        }
        for index in REQUIRED {
            match pcrs.get(&index) {
                None => return Err(MeasurementsError::Missing(index)),
                Some(pcr) if pcr.is_zero() => return Err(MeasurementsError::Zero(index)),
                Some(_) => {}
            }
        }
        Ok(Self { pcrs })
    }

    /// One PCR; 0, 1 and 2 are always there.
    #[must_use]
    pub fn pcr(&self, index: u8) -> Option<&Pcr> {
        self.pcrs.get(&index)
    }

    /// Every PCR, by ascending index.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &Pcr)> {
        self.pcrs.iter().map(|(index, pcr)| (*index, pcr))
    }

    /// The JSON that nitro-cli prints, on one line.
    #[must_use]
    pub fn to_nitro_cli(&self) -> String {
        let pcrs: Vec<_> = self.iter().map(|(index, pcr)| format!("\"PCR{index}\":\"{}\"", pcr.hex())).collect();
        format!("{{\"Measurements\":{{\"HashAlgorithm\":\"Sha384 {{ ... }}\",{}}}}}", pcrs.join(","))
    }
}

impl Verified<AttestationDocument> {
    /// True where the document is of the image with these measurements: every PCR that they list is equal.
    ///
    /// # Errors
    /// [`PcrMismatch`] with the first PCR that is different or absent.
    pub fn matches(&self, expected: &Measurements) -> Result<(), PcrMismatch> {
        match expected.iter().find(|(index, pcr)| self.pcrs.get(index) != Some(pcr)) {
            None => Ok(()),
            Some((index, _)) => Err(PcrMismatch { index }),
        }
    }
}

#[derive(Deserialize)]
struct Printed {
    #[serde(rename = "Measurements")]
    measurements: Pairs,
}

/// The members of an object in order, so that a repeated one is seen.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = members.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

fn pcr_index(digits: &str) -> Result<u8, MeasurementsError> {
    let index = digits.parse().map_err(|_| MeasurementsError::Index)?;
    // `PCR00` and `PCR+0` would name PCR0 a second time.
    if index > PCR_INDEX_MAX || u8::to_string(&index) != digits {
        return Err(MeasurementsError::Index);
    }
    Ok(index)
}

const REQUIRED: [u8; 3] = [0, 1, 2];
const PCR_INDEX_MAX: u8 = 31;

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(members: &[(&str, &str)]) -> String {
        let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
        format!("{{\"Measurements\":{{{}}}}}", members.join(","))
    }

    fn pcr(digit: &str) -> String {
        digit.repeat(96)
    }

    #[test]
    fn output_of_nitro_cli_is_read() {
        let json = printed(&[
            ("HashAlgorithm", "Sha384 { ... }"),
            ("PCR0", &pcr("a")),
            ("PCR1", &pcr("B")),
            ("PCR2", &pcr("c")),
            ("PCR8", &pcr("d")),
        ]);
        let whole =
            Measurements::from_pcrs([(0, 0xaa), (1, 0xbb), (2, 0xcc), (8, 0xdd)].map(|(index, byte)| (index, Pcr([byte; 48]))).into());
        assert_eq!(Measurements::from_nitro_cli(&format!("Start building the image...\nDone.\n{json}\n")), whole);
        assert_eq!(whole.clone().and_then(|measurements| Measurements::from_nitro_cli(&measurements.to_nitro_cli())), whole);
    }

    #[test]
    fn debug_measurements_are_refused() {
        for index in REQUIRED {
            let value = |i| if i == index { pcr("0") } else { pcr("a") };
            let json = printed(&[("PCR0", &value(0)), ("PCR1", &value(1)), ("PCR2", &value(2))]);
            assert_eq!(Measurements::from_nitro_cli(&json), Err(MeasurementsError::Zero(index)));
        }
    }

    #[test]
    fn missing_pcrs_are_refused() {
        let json = printed(&[("PCR0", &pcr("a")), ("PCR1", &pcr("a"))]);
        assert_eq!(Measurements::from_nitro_cli(&json), Err(MeasurementsError::Missing(2)));
    }

    #[test]
    fn repeated_pcrs_are_refused() {
        let json = printed(&[("PCR0", &pcr("a")), ("PCR1", &pcr("a")), ("PCR0", &pcr("b")), ("PCR2", &pcr("a"))]);
        assert_eq!(Measurements::from_nitro_cli(&json), Err(MeasurementsError::Duplicate(0)));
    }

    #[test]
    fn values_that_are_not_sha384_are_refused() {
        for value in ["", "aa", &"a".repeat(64), &"g".repeat(96), &"a".repeat(98)] {
            assert_eq!(Measurements::from_nitro_cli(&printed(&[("PCR0", value)])), Err(MeasurementsError::Value(0)));
        }
        let other = printed(&[("HashAlgorithm", "Sha256 { ... }")]);
        assert_eq!(Measurements::from_nitro_cli(&other), Err(MeasurementsError::HashAlgorithm));
    }

    #[test]
    fn odd_indexes_are_refused() {
        for name in ["PCR32", "PCR-1", "PCR00", "PCR+1", "PCR", "PCR256"] {
            assert_eq!(Measurements::from_nitro_cli(&printed(&[(name, &pcr("a"))])), Err(MeasurementsError::Index));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let whole = printed(&[("PCR0", &pcr("a")), ("PCR1", &pcr("a")), ("PCR2", &pcr("a"))]);
        for text in ["", "no json", "{}", "{\"Measurements\":[]}", "{\"Measurements\":{\"PCR0\":1}}", &format!("{whole}x")] {
            assert_eq!(Measurements::from_nitro_cli(text), Err(MeasurementsError::Format), "{text}");
        }
    }
}
