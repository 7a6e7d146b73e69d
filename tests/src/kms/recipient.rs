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
    nsm_root: PathBuf,
    max_age: Duration,
}

/// A recipient whose document has been verified.
pub(super) struct Recipient {
    document: Verified<AttestationDocument>,
    key: OaepPublicEncryptingKey,
}

impl Verifier {
    pub(super) fn new(nsm_root: PathBuf, max_age: Duration) -> Self {
        Self { nsm_root, max_age }
    }

    pub(super) fn verify(&self, info: RecipientInfo, now: Timestamp) -> Result<Recipient, KmsError> {
        let algorithm = info.key_encryption_algorithm.unwrap_or_default();
        if algorithm != "RSAES_OAEP_SHA_256" {
            let constraint = "satisfy enum value set: [RSAES_OAEP_SHA_256]";
            return Err(KmsError::constraint(Some(&algorithm), "recipient.keyEncryptionAlgorithm", constraint));
        }
        let bytes = info.attestation_document.filter(|document| !document.0.is_empty() && document.0.len() <= DOCUMENT_MAX);
        let bytes = bytes.ok_or_else(|| refused("an attestation document of 1 to 262144 bytes is required"))?;
        let anchor = self.anchor()?;
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let document = attestation::verify(&bytes.0, &anchor, VerifyTime::At(seconds)).map_err(|error| refused(&error.to_string()))?;
        self.check_age(&document, now)?;
        let key = document.recipient_key().ok_or_else(|| refused("it has no public key"))?;
        let key = PublicEncryptingKey::from_der(key).map_err(|_| refused("its public key is not an RSA SubjectPublicKeyInfo"))?;
        if !(2048..=4096).contains(&key.key_size_bits()) {
            return Err(refused("its RSA key is not of 2048 to 4096 bits"));
        }
        Ok(Recipient { document, key: OaepPublicEncryptingKey::new(key)? })
    }

    fn anchor(&self) -> Result<TrustAnchor, KmsError> {
        let path = self.nsm_root.display();
        let pem = fs::read_to_string(&self.nsm_root)
            .map_err(|error| refused(&format!("--nsm-root {path} cannot be read ({error}); is the software NSM running?")))?;
        TrustAnchor::danger_from_pem(&pem).map_err(|error| refused(&format!("--nsm-root {path} is no trust anchor ({error})")))
    }

    fn check_age(&self, document: &AttestationDocument, now: Timestamp) -> Result<(), KmsError> {
        let made = i128::from(document.timestamp.as_millis());
        let age = i128::from(now.as_millisecond()) - made;
        if age > self.max_age.as_millis() as i128 {
            return Err(refused(&format!("it is {} s old; make a fresh one for each call", age / 1000)));
        }
        if age < -(SKEW_MAX.as_millis() as i128) {
            return Err(refused("its timestamp lies in the future"));
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

fn refused(text: &str) -> KmsError {
    KmsError::validation(format!("mock KMS: the attestation document was refused: {text}"))
}

/// The model's limit for `AttestationDocument`.
const DOCUMENT_MAX: usize = 262_144;

/// How far ahead the NSM's clock may be.
const SKEW_MAX: Duration = Duration::from_secs(300);
