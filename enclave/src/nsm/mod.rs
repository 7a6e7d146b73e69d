//! The Nitro Secure Module: attestation documents and random bytes. [`Device`] is the only implementation that ships.

mod device;

use sealroom_shared::attestation::{self, Timestamp};

pub use device::Device;

/// What the enclave asks of its NSM. Calls block for well under a millisecond.
pub trait Nsm: Send + Sync {
    /// A fresh attestation document, signed by the NSM, that carries what `about` says and nothing else.
    ///
    /// # Errors
    /// [`NsmError`].
    fn attest(&self, about: &About<'_>) -> Result<Document, NsmError>;

    /// Up to 256 random bytes from the hypervisor.
    ///
    /// # Errors
    /// [`NsmError`].
    fn random(&self) -> Result<Vec<u8>, NsmError>;
}

/// The three fields of a document that the enclave fills. A closed list: no request of the parent adds to it.
pub enum About<'a> {
    /// For a KMS call: the public half of the boot key pair, as SubjectPublicKeyInfo.
    Recipient {
        /// DER, at most 1024 bytes.
        public_key: &'a [u8],
    },
    /// For a receipt: the labelled digest of a statement, and the submitter's nonce.
    Receipt {
        /// SHA-384.
        user_data: &'a [u8; 48],
        /// As `submit` sent it.
        nonce: &'a [u8; 32],
    },
    /// For the time alone.
    Time,
}

/// A document as the NSM answered it.
pub struct Document {
    /// COSE_Sign1.
    pub bytes: Vec<u8>,
    /// Its signed time.
    pub timestamp: Timestamp,
}

/// Why the NSM gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NsmError {
    /// The device cannot be opened.
    #[error("/dev/nsm cannot be opened: this program runs in a Nitro enclave only")]
    Absent,
    /// The device refused a request.
    #[error("the NSM refused a request")]
    Refused,
    /// The answer is not what was asked for.
    #[error("the NSM's answer is not well formed")]
    Answer,
}

impl Document {
    /// Takes in the bytes of the NSM's own answer and reads its time.
    ///
    /// # Errors
    /// [`NsmError::Answer`].
    pub fn from_nsm(bytes: Vec<u8>) -> Result<Self, NsmError> {
        let timestamp = attestation::parse(&bytes).map_err(|_| NsmError::Answer)?.timestamp;
        Ok(Self { bytes, timestamp })
    }
}
