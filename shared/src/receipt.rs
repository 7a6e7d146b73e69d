//! Receipts: an attested statement of which policy, job, inputs and outputs met on which image.
//!
//! A receipt file is `{"statement": base64, "document": base64}`. The statement is canonical JSON (sorted keys, no
//! spaces). The document is an attestation document with `public_key` null, `user_data` = SHA-384 of the label, a zero
//! byte and the statement, and `nonce` = the submitter's. No request of the protocol sets `user_data`, so nothing else
//! that an enclave attests can be passed off as a receipt.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::arn::KeyArn;
use crate::digest::{Blake3Digest, Sha384Digest};
use crate::limits;
pub use verified::{RefusedReceipt, VerifiedReceipt};

#[cfg(test)]
mod tests;
mod verified;

/// What a receipt's `user_data` begins with, before it is digested.
pub const LABEL: &[u8] = b"sealroom/receipt/v1";

/// A receipt file's contents. Nothing in it is believed until its document is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Canonical JSON of a [`Statement`].
    pub statement: Vec<u8>,
    /// A COSE_Sign1 attestation document.
    pub document: Vec<u8>,
}

/// What the enclave states about one finished job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The statement's format: 1.
    pub version: u32,
    /// The enclave program's version.
    pub enclave: String,
    /// The owner's policy.
    pub policy: NamedDigest,
    /// The operator's job.
    pub job: NamedDigest,
    /// The sealed inputs, in the order they were read.
    pub inputs: Vec<Input>,
    /// The token keys that were used.
    pub token_keys: Vec<TokenKey>,
    /// The sealed outputs.
    pub outputs: Vec<Output>,
    /// KMS calls, to reconcile with CloudTrail.
    pub kms_requests: Vec<KmsRequest>,
    /// Signed times in milliseconds since 1970, UTC.
    pub attested: Attested,
    /// Exact counts, only where the policy has `release.counts = true`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub counts: Option<Counts>,
}

/// A document's name (the policy's `name`, the job's `kind`) and digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedDigest {
    /// Its name.
    pub name: String,
    /// SHA-384 of its exact bytes.
    pub digest: Sha384Digest,
}

/// One input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "lowercase", deny_unknown_fields)]
pub enum Input {
    /// A sealed file.
    File {
        /// 64 hex digits.
        message_id: String,
        /// The owner's name of the dataset.
        dataset: String,
        /// 32 hex digits.
        set: String,
        /// `i/n`.
        part: String,
        /// The KMS key that released the data key.
        key_arn: KeyArn,
        /// Of the sealed file.
        digest: Blake3Digest,
    },
    /// Records in which single values are sealed.
    Fields {
        /// The owner's names of the datasets that the sealed values and the manifest are of.
        datasets: Vec<String>,
        /// The manifest that the records were compared with; null where the policy asks for none and none was sent.
        manifest: Option<Manifest>,
        /// Of the records as they were sent.
        digest: Blake3Digest,
    },
}

/// The sealed manifest of records with sealed fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// 64 hex digits.
    pub message_id: String,
    /// Of the sealed manifest as it was sent.
    pub digest: Blake3Digest,
}

/// One token key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenKey {
    /// The policy's token domain.
    pub domain: String,
    /// 64 hex digits.
    pub message_id: String,
    /// The KMS key that released it.
    pub key_arn: KeyArn,
}

/// One sealed output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// 64 hex digits.
    pub message_id: String,
    /// The policy's recipients, by name.
    pub recipients: Vec<String>,
    /// Of the sealed file, as `b3sum` prints it.
    pub digest: Blake3Digest,
}

/// One answered KMS call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KmsRequest {
    /// `Decrypt`, `GenerateDataKey` or `Encrypt`.
    pub operation: String,
    /// The key that was asked.
    pub key_arn: KeyArn,
    /// `x-amzn-RequestId`, as CloudTrail records it.
    pub request_id: String,
}

/// Signed times of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attested {
    /// At authorization, in milliseconds since 1970, UTC.
    pub authorized: u64,
    /// When the last check before the release of the output was made.
    pub finished: u64,
}

/// Exact counts of a records job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Records read.
    pub read: u64,
    /// Records released.
    pub released: u64,
    /// Records left out by `on_error = "skip"`.
    pub skipped: u64,
}

/// Why a receipt is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Not a receipt file.
    #[error("not a receipt: expected a JSON object of `statement` and `document`, both base64")]
    Format,
    /// Over [`limits::RECEIPT_BYTES`].
    #[error("the receipt is larger than any receipt")]
    TooLarge,
    /// The statement is not what an enclave states, or not in canonical form.
    #[error("the receipt's statement is not canonical JSON of a known version")]
    Statement,
    /// `user_data` is not the statement's labelled digest.
    #[error("the attestation document is not about this statement")]
    NotAboutStatement,
    /// The document carries a public key: it was made for a KMS call, not for a receipt.
    #[error("the attestation document was made for another purpose: it carries a public key")]
    OtherPurpose,
    /// The nonce is not the submitter's.
    #[error("the attestation document's nonce is another submitter's")]
    Nonce,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    document: String,
    statement: String,
}

impl Receipt {
    /// The file's bytes: one line of canonical JSON.
    #[must_use]
    pub fn to_file(&self) -> Vec<u8> {
        // Base64 text needs no escapes, so writing it cannot fail and its order is the canonical one.
        format!("{{\"document\":\"{}\",\"statement\":\"{}\"}}\n", STANDARD.encode(&self.document), STANDARD.encode(&self.statement))
            .into_bytes()
    }

    /// Reads a receipt file. Its bytes must be exactly those that [`Receipt::to_file`] writes.
    ///
    /// # Errors
    /// [`ReceiptError::Format`], [`ReceiptError::TooLarge`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        if bytes.len() > limits::RECEIPT_BYTES {
            return Err(ReceiptError::TooLarge);
        }
        let file: File = serde_json::from_slice(bytes).map_err(|_| ReceiptError::Format)?;
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| ReceiptError::Format);
        let receipt = Self { statement: decode(&file.statement)?, document: decode(&file.document)? };
        if receipt.to_file() == bytes { Ok(receipt) } else { Err(ReceiptError::Format) }
    }

    /// The statement, if the (already verified) fields of its document say that it is what the enclave attested:
    /// `user_data` is its labelled digest, there is no public key, and the nonce is `nonce` where one is expected.
    ///
    /// # Errors
    /// [`ReceiptError`] names the field that does not fit.
    pub fn attested_statement(
        &self,
        user_data: Option<&[u8]>,
        public_key: Option<&[u8]>,
        document_nonce: Option<&[u8]>,
        nonce: Option<&[u8]>,
    ) -> Result<Statement, ReceiptError> {
        if public_key.is_some() {
            return Err(ReceiptError::OtherPurpose);
        }
        if user_data != Some(user_data_of(&self.statement).as_bytes()) {
            return Err(ReceiptError::NotAboutStatement);
        }
        if nonce.is_some() && nonce != document_nonce {
            return Err(ReceiptError::Nonce);
        }
        Statement::parse(&self.statement)
    }
}

impl Input {
    /// Of the bytes that were sent.
    #[must_use]
    pub fn digest(&self) -> &Blake3Digest {
        match self {
            Self::File { digest, .. } | Self::Fields { digest, .. } => digest,
        }
    }
}

impl Statement {
    /// The statement's version.
    pub const VERSION: u32 = 1;

    /// Canonical JSON: keys sorted, no spaces.
    ///
    /// # Errors
    /// [`ReceiptError::Statement`] where it cannot be written.
    pub fn to_canonical(&self) -> Result<Vec<u8>, ReceiptError> {
        // `serde_json::Value` keeps an object's keys sorted.
        let value = serde_json::to_value(self).map_err(|_| ReceiptError::Statement)?;
        serde_json::to_vec(&value).map_err(|_| ReceiptError::Statement)
    }

    fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let statement: Self = serde_json::from_slice(bytes).map_err(|_| ReceiptError::Statement)?;
        if statement.version == Self::VERSION && statement.to_canonical()? == bytes { Ok(statement) } else { Err(ReceiptError::Statement) }
    }
}

/// The `user_data` of a receipt's document: SHA-384 of the label, a zero byte and the statement.
#[must_use]
pub fn user_data_of(statement: &[u8]) -> Sha384Digest {
    Sha384Digest::of_parts(&[LABEL, &[0], statement])
}
