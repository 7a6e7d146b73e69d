//! `CiphertextForRecipient`: the CMS `EnvelopedData` (RFC 5652) in which KMS answers an attested call.
//!
//! CMS has no integrity here. So it is believed only because it came over TLS that ends in this enclave, every failure
//! is the one opaque [`CmsError`], and what comes out must be exactly what was asked for (a data key: 32 bytes).

mod ber;
mod enveloped;

use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey};
use zeroize::Zeroizing;

use enveloped::EnvelopedData;

/// The envelope does not open. Deliberately without a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the envelope does not open")]
pub struct CmsError;

/// Opens an envelope addressed to `key`: at most
/// [`sealroom_shared::limits::CIPHERTEXT_FOR_RECIPIENT`] bytes, content of any length within them.
///
/// # Errors
/// [`CmsError`], whatever the cause.
pub fn open(key: &OaepPrivateDecryptingKey, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, CmsError> {
    let envelope = EnvelopedData::parse(envelope).ok_or(CmsError)?;
    let mut buffer = Zeroizing::new(vec![0; key.min_output_size()]);
    let content_key = key.decrypt(&OAEP_SHA256_MGF1SHA256, envelope.encrypted_key, buffer.as_mut_slice(), None).map_err(|_| CmsError)?;
    let content_key = UnboundCipherKey::new(&AES_256, content_key).map_err(|_| CmsError)?;
    let content_key = PaddedBlockDecryptingKey::cbc_pkcs7(content_key).map_err(|_| CmsError)?;
    let mut content = Zeroizing::new(envelope.encrypted_content);
    let iv = DecryptionContext::Iv128(FixedLength::from(envelope.iv));
    let length = content_key.decrypt(content.as_mut_slice(), iv).map_err(|_| CmsError)?.len();
    content.truncate(length);
    Ok(content)
}

/// Whether the bytes have the form of an envelope, for vectors whose private key nobody published.
#[must_use]
pub fn is_well_formed(envelope: &[u8]) -> bool {
    EnvelopedData::parse(envelope).is_some()
}

#[cfg(test)]
mod tests;
