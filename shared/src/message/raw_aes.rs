//! The raw AES keyring: a data key wrapped with AES-GCM, the encryption context as additional authenticated data.
//! Provider info: key name, tag length in bits, IV length in bytes (4 bytes each), IV.

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::{DataKey, EncryptedDataKey, EncryptionContext, MessageError};

/// An AES wrapping key of 128, 192 or 256 bits, as AWS's raw AES keyrings take them.
pub struct WrappingKey(LessSafeKey);

impl WrappingKey {
    /// A wrapping key from its 16, 24 or 32 raw bytes.
    ///
    /// # Errors
    /// [`MessageError::WrappingKey`] for any other length.
    pub fn new(bytes: &[u8]) -> Result<Self, MessageError> {
        let algorithm = match bytes.len() {
            16 => &AES_128_GCM,
            24 => &AES_192_GCM,
            32 => &AES_256_GCM,
            _ => return Err(MessageError::WrappingKey),
        };
        UnboundKey::new(algorithm, bytes).map(|key| Self(LessSafeKey::new(key))).map_err(|_| MessageError::WrappingKey)
    }

    /// Wraps `data_key` for the key `name` of `namespace`, bound to `context`.
    ///
    /// # Errors
    /// [`MessageError::Wrapping`], [`MessageError::Random`].
    pub fn wrap(
        &self,
        namespace: &str,
        name: &str,
        context: &EncryptionContext,
        data_key: &DataKey,
    ) -> Result<EncryptedDataKey, MessageError> {
        let mut iv = [0; 12];
        aws_lc_rs::rand::fill(&mut iv).map_err(|_| MessageError::Random)?;
        let mut ciphertext = data_key.as_bytes().to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(iv), Aad::from(context.serialize()), &mut ciphertext)
            .map_err(|_| MessageError::Wrapping)?;
        let mut provider_info = info_prefix(name);
        provider_info.extend_from_slice(&iv);
        Ok(EncryptedDataKey { provider_id: namespace.to_owned(), provider_info, ciphertext })
    }

    /// Unwraps a data key if it was wrapped for the key `name` of `namespace`; `None` where it is for another key.
    ///
    /// # Errors
    /// [`MessageError::Wrapping`] where it does not verify or is not 32 bytes.
    pub fn unwrap(
        &self,
        namespace: &str,
        name: &str,
        context: &EncryptionContext,
        key: &EncryptedDataKey,
    ) -> Result<Option<DataKey>, MessageError> {
        let iv = key.provider_info.strip_prefix(info_prefix(name).as_slice()).and_then(|iv| <[u8; 12]>::try_from(iv).ok());
        let (true, Some(iv)) = (key.provider_id == namespace, iv) else { return Ok(None) };
        let mut bytes = Zeroizing::new(key.ciphertext.clone());
        let plaintext = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(iv), Aad::from(context.serialize()), &mut bytes)
            .map_err(|_| MessageError::Wrapping)?;
        DataKey::from_slice(plaintext).map(Some).ok_or(MessageError::Wrapping)
    }
}

fn info_prefix(name: &str) -> Vec<u8> {
    let mut info = name.as_bytes().to_vec();
    info.extend_from_slice(&128_u32.to_be_bytes());
    info.extend_from_slice(&12_u32.to_be_bytes());
    info
}
