//! The boot key pair: RSA-2048, made once after the kernel's pool was fed. Its public half goes into attestation
//! documents for KMS and nowhere else; its private half never leaves this process.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeySize, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use sealroom_shared::message::DataKey;

use crate::cms::{self, CmsError};

/// The recipient that KMS encrypts its answers to.
pub struct RecipientKey {
    private: OaepPrivateDecryptingKey,
    public: Vec<u8>,
}

/// The key pair could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the recipient's key pair could not be made")]
pub struct KeyPairError;

impl RecipientKey {
    /// Makes a new key pair. Takes 50 to 300 ms.
    ///
    /// # Errors
    /// [`KeyPairError`].
    pub fn generate() -> Result<Self, KeyPairError> {
        let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).map_err(|_| KeyPairError)?;
        let public = private.public_key().as_der().map_err(|_| KeyPairError)?.as_ref().to_vec();
        let private = OaepPrivateDecryptingKey::new(private).map_err(|_| KeyPairError)?;
        Ok(Self { private, public })
    }

    /// SubjectPublicKeyInfo, DER, 294 bytes.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.public
    }

    /// Opens an answer of KMS that must be a data key of exactly 32 bytes.
    ///
    /// # Errors
    /// [`CmsError`], whatever the cause.
    pub fn open_data_key(&self, ciphertext_for_recipient: &[u8]) -> Result<DataKey, CmsError> {
        let content = cms::open(&self.private, ciphertext_for_recipient)?;
        DataKey::from_slice(&content).ok_or(CmsError)
    }
}
