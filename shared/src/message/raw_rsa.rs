//! The raw RSA keyring: a data key wrapped under an RSA public key, OAEP with SHA-256 and MGF1-SHA-256. The provider
//! is the key namespace, its info the key name.

use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use zeroize::Zeroizing;

use super::{DataKey, EncryptedDataKey, MessageError};

/// The key namespace of everything that Sealroom wraps under an RSA key.
pub const NAMESPACE: &str = "sealroom";

/// An RSA public key of 2048 to 4096 bits that data keys are wrapped under.
pub struct PublicKey(OaepPublicEncryptingKey);

/// The private half.
pub struct PrivateKey(OaepPrivateDecryptingKey);

impl PublicKey {
    /// Reads a PEM `PUBLIC KEY` (SubjectPublicKeyInfo).
    ///
    /// # Errors
    /// [`MessageError::WrappingKey`].
    pub fn from_pem(pem: &str) -> Result<Self, MessageError> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).map_err(|_| MessageError::WrappingKey)?;
        let key = PublicEncryptingKey::from_der(&der).map_err(|_| MessageError::WrappingKey)?;
        if !(2048..=4096).contains(&key.key_size_bits()) {
            return Err(MessageError::WrappingKey);
        }
        OaepPublicEncryptingKey::new(key).map(Self).map_err(|_| MessageError::WrappingKey)
    }

    /// Wraps `data_key` for the key `name` of `namespace`.
    ///
    /// # Errors
    /// [`MessageError::Wrapping`].
    pub fn wrap(&self, namespace: &str, name: &str, data_key: &DataKey) -> Result<EncryptedDataKey, MessageError> {
        let mut ciphertext = vec![0; self.0.ciphertext_size()];
        let length =
            self.0.encrypt(&OAEP_SHA256_MGF1SHA256, data_key.as_bytes(), &mut ciphertext, None).map_err(|_| MessageError::Wrapping)?.len();
        ciphertext.truncate(length);
        Ok(EncryptedDataKey { provider_id: namespace.to_owned(), provider_info: name.as_bytes().to_vec(), ciphertext })
    }
}

impl PrivateKey {
    /// Reads a PEM `PRIVATE KEY` (PKCS #8, not encrypted).
    ///
    /// # Errors
    /// [`MessageError::WrappingKey`].
    pub fn from_pem(pem: &str) -> Result<Self, MessageError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| MessageError::WrappingKey)?;
        let key = PrivateDecryptingKey::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| MessageError::WrappingKey)?;
        OaepPrivateDecryptingKey::new(key).map(Self).map_err(|_| MessageError::WrappingKey)
    }

    /// Unwraps a data key. The caller has chosen the encrypted data key by namespace and name.
    ///
    /// # Errors
    /// [`MessageError::Wrapping`] where it was wrapped under another key or is not 32 bytes.
    pub fn unwrap(&self, key: &EncryptedDataKey) -> Result<DataKey, MessageError> {
        let mut plaintext = Zeroizing::new(vec![0; self.0.min_output_size()]);
        let data_key =
            self.0.decrypt(&OAEP_SHA256_MGF1SHA256, &key.ciphertext, plaintext.as_mut_slice(), None).map_err(|_| MessageError::Wrapping)?;
        DataKey::from_slice(data_key).ok_or(MessageError::Wrapping)
    }
}
