//! One encrypted data key of a header: who can unwrap it, and the wrapped bytes.

use super::MessageError;
use super::bytes::{Reader, Short, put_field};
use crate::arn::KeyArn;
use crate::limits;

/// The provider id of a data key that KMS wrapped.
pub const AWS_KMS: &str = "aws-kms";

/// A data key wrapped for one key provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptedDataKey {
    /// `aws-kms`, or the key namespace of a raw keyring.
    pub provider_id: String,
    /// The key ARN for `aws-kms`; the key name, and for raw AES more, for a raw keyring.
    pub provider_info: Vec<u8>,
    /// The wrapped data key.
    pub ciphertext: Vec<u8>,
}

impl EncryptedDataKey {
    /// The data key that KMS wrapped under the key `arn`.
    #[must_use]
    pub fn aws_kms(arn: &KeyArn, ciphertext_blob: Vec<u8>) -> Self {
        Self { provider_id: AWS_KMS.to_owned(), provider_info: arn.as_str().as_bytes().to_vec(), ciphertext: ciphertext_blob }
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) -> Option<()> {
        put_field(out, self.provider_id.as_bytes())?;
        put_field(out, &self.provider_info)?;
        put_field(out, &self.ciphertext)
    }

    /// Reads one key. `Ok(Err(_))`: malformed; `Err(Short)`: more bytes are needed.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Result<Self, MessageError>, Short> {
        let (id, info, ciphertext) = (reader.field()?, reader.field()?, reader.field()?);
        let Ok(id) = std::str::from_utf8(id) else { return Ok(Err(MessageError::Header)) };
        if ciphertext.len() > limits::CIPHERTEXT_BLOB {
            return Ok(Err(MessageError::HeaderTooLarge));
        }
        Ok(Ok(Self { provider_id: id.to_owned(), provider_info: info.to_vec(), ciphertext: ciphertext.to_vec() }))
    }
}
