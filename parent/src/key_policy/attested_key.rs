//! Condition keys that speak of an enclave's attestation document: `kms:RecipientAttestation:PCRn` and `…:ImageSha384`.

use sealroom_shared::{attestation::Pcr, digest};

/// The PCR that a condition key speaks of; `ImageSha384` is PCR0 under another name. `None` for every other key. Names of
/// condition keys have no case.
#[must_use]
pub fn pcr_index(condition_key: &str) -> Option<u8> {
    let name = condition_key.to_ascii_lowercase();
    match name.strip_prefix("kms:recipientattestation:")? {
        "imagesha384" => Some(0),
        // KMS knows no `PCR00`: a condition on it never sees a value.
        name => {
            name.strip_prefix("pcr").and_then(|digits| digits.parse().ok().filter(|index: &u8| *index <= 31 && index.to_string() == digits))
        }
    }
}

/// The condition key of a PCR.
#[must_use]
pub fn name(index: u8) -> String {
    format!("kms:RecipientAttestation:PCR{index}")
}

/// The PCR that a policy's value is: 96 hex digits of either case.
#[must_use]
pub fn value(text: &str) -> Option<Pcr> {
    digest::unhex(&text.to_ascii_lowercase()).map(Pcr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_attestation_are_told_from_others() {
        for (key, index) in [
            ("kms:RecipientAttestation:PCR0", Some(0)),
            ("KMS:recipientattestation:pcr31", Some(31)),
            ("kms:RecipientAttestation:ImageSha384", Some(0)),
            ("kms:RecipientAttestation:PCR32", None),
            ("kms:RecipientAttestation:PCR00", None),
            ("kms:RecipientAttestation:PCR+0", None),
            ("kms:RecipientAttestation:NitroTPMPCR4", None),
            ("kms:EncryptionContext:PCR0", None),
            ("PCR0", None),
        ] {
            assert_eq!(pcr_index(key), index, "{key}");
        }
    }
}
