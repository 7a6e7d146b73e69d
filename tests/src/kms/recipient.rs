//! The recipient of a request: its attestation document, verified under the trust anchor at the live clock. What real KMS
//! answers to a bad document is not on record: the messages here are the mock's own and say so.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey};
use jiff::Timestamp;
use sealroom_shared::attestation::{self, AttestationDocument, TrustAnchor, Verified, VerifyTime};
use serde::Deserialize;

use super::cms::{self, CmsForm};
use super::decision::{Decision, FailedCheck};
use super::error::KmsError;
use super::operations::Blob;

/// `Recipient` of a request.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RecipientInfo {
    attestation_document: Option<Blob>,
    key_encryption_algorithm: Option<String>,
}

/// Checks recipients.
pub(super) struct Verifier {
    /// `None` for AWS's own root.
    nsm_root: Option<PathBuf>,
    max_age: Duration,
}

/// A recipient that was refused, and which condition it failed.
pub(super) struct Refusal {
    pub(super) error: KmsError,
    pub(super) decision: Decision,
}

/// A recipient whose document has been verified.
pub(super) struct Recipient {
    document: Verified<AttestationDocument>,
    key: OaepPublicEncryptingKey,
}

impl Verifier {
    pub(super) fn new(nsm_root: Option<PathBuf>, max_age: Duration) -> Self {
        Self { nsm_root, max_age }
    }

    pub(super) fn verify(&self, info: RecipientInfo, now: Timestamp) -> Result<Recipient, Refusal> {
        let algorithm = info.key_encryption_algorithm.unwrap_or_default();
        if algorithm != "RSAES_OAEP_SHA_256" {
            let constraint = "satisfy enum value set: [RSAES_OAEP_SHA_256]";
            let error = KmsError::constraint(Some(&algorithm), "recipient.keyEncryptionAlgorithm", constraint);
            return Err(Refusal { error, ..refused("", "KeyEncryptionAlgorithm", "RSAES_OAEP_SHA_256", Some(algorithm)) });
        }
        let bytes = info.attestation_document.unwrap_or(Blob(Vec::new())).0;
        if !(1..=DOCUMENT_MAX).contains(&bytes.len()) {
            let length = Some(bytes.len().to_string());
            return Err(refused("an attestation document of 1 to 262144 bytes is required", "length in bytes", "1 to 262144", length));
        }
        let anchor = self.anchor()?;
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let document = attestation::verify(&bytes, &anchor, VerifyTime::At(seconds)).map_err(|error| {
            let error = error.to_string();
            refused(&error, "verifies under the trust anchor, now", "nothing against it", Some(format!("this against it: {error}")))
        })?;
        self.check_age(&document, now)?;
        let key = document.recipient_key().ok_or_else(|| refused("it has no public key", PUBLIC_KEY, RSA_KEY, None))?;
        let key = PublicEncryptingKey::from_der(key).map_err(|_| {
            let actual = format!("{} bytes of something else", key.len());
            refused("its public key is not an RSA SubjectPublicKeyInfo", PUBLIC_KEY, RSA_KEY, Some(actual))
        })?;
        let bits = key.key_size_bits();
        let key = OaepPublicEncryptingKey::new(key).ok().filter(|_| (2048..=4096).contains(&bits));
        let unsuitable = || refused("its RSA key is not of 2048 to 4096 bits", PUBLIC_KEY, RSA_KEY, Some(format!("{bits} bits")));
        Ok(Recipient { document, key: key.ok_or_else(unsuitable)? })
    }

    fn anchor(&self) -> Result<TrustAnchor, Refusal> {
        let Some(file) = &self.nsm_root else { return Ok(TrustAnchor::aws_root_g1()) };
        let path = file.display();
        let wrong = |text: String| refused(&text, "the mock's own --nsm-root", "a root certificate in PEM", None);
        let pem = fs::read_to_string(file)
            .map_err(|error| wrong(format!("--nsm-root {path} cannot be read ({error}); is the software NSM running?")))?;
        TrustAnchor::danger_from_pem(&pem).map_err(|error| wrong(format!("--nsm-root {path} is no trust anchor ({error})")))
    }

    fn check_age(&self, document: &AttestationDocument, now: Timestamp) -> Result<(), Refusal> {
        let made = i128::from(document.timestamp.as_millis());
        let age = i128::from(now.as_millisecond()) - made;
        if age > self.max_age.as_millis() as i128 {
            let expected = format!("at most {}", self.max_age.as_secs());
            let text = format!("it is {} s old; make a fresh one for each call", age / 1000);
            return Err(refused(&text, "age in seconds (--max-document-age)", &expected, Some((age / 1000).to_string())));
        }
        if age < -(SKEW_MAX.as_millis() as i128) {
            let ahead = Some((-age / 1000).to_string());
            let expected = format!("at most {}", SKEW_MAX.as_secs());
            return Err(refused("its timestamp lies in the future", "seconds ahead of this clock", &expected, ahead));
        }
        Ok(())
    }
}

impl Recipient {
    pub(super) fn document(&self) -> &AttestationDocument {
        &self.document
    }

    /// `CiphertextForRecipient` for `plaintext`.
    pub(super) fn seal(&self, form: CmsForm, plaintext: &[u8]) -> Result<Vec<u8>, KmsError> {
        cms::seal(form, &self.key, self.document.recipient_key().unwrap_or_default(), plaintext)
    }
}

fn refused(text: &str, condition: &str, expected: &str, actual: Option<String>) -> Refusal {
    let failed = FailedCheck {
        at: "attestation document".to_owned(),
        condition: condition.to_owned(),
        expected: vec![expected.to_owned()],
        actual: actual.map(|actual| vec![actual]),
    };
    Refusal {
        error: KmsError::validation(format!("mock KMS: the attestation document was refused: {text}")),
        decision: Decision::denied("Recipient", "the attestation document", vec![failed]),
    }
}

const PUBLIC_KEY: &str = "public_key";
const RSA_KEY: &str = "an RSA SubjectPublicKeyInfo of 2048 to 4096 bits";

/// The model's limit for `AttestationDocument`.
const DOCUMENT_MAX: usize = 262_144;

/// How far ahead the NSM's clock may be.
const SKEW_MAX: Duration = Duration::from_secs(300);
