//! Ciphertext blobs: `version ‖ key id ‖ nonce ‖ AES-256-GCM`, with the version, the key id and the canonical encryption
//! context as additional data. AWS's own layout is not published; clients must not look inside.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};

use super::error::KmsError;
use super::key::{Key, uuid_bytes, uuid_text};

/// The encryption context of a request, in the order of its keys.
pub(super) type EncryptionContext = BTreeMap<String, String>;

pub(super) fn seal(key: &Key, context: &EncryptionContext, plaintext: &[u8]) -> Result<Vec<u8>, KmsError> {
    let id = uuid_bytes(&key.id).ok_or_else(|| KmsError::new("KMSInternalException", "mock KMS: a key id is no UUID"))?;
    let mut blob = [&[VERSION][..], &id].concat();
    let mut sealed = plaintext.to_vec();
    let nonce = cipher(key)?.seal_in_place_append_tag(Aad::from(additional_data(&blob, context)), &mut sealed)?;
    blob.extend_from_slice(nonce.as_ref());
    blob.append(&mut sealed);
    Ok(blob)
}

/// The id of the key that sealed a blob.
pub(super) fn key_id(blob: &[u8]) -> Result<String, KmsError> {
    match blob.split_first_chunk::<17>() {
        Some(([VERSION, id @ ..], rest)) if rest.len() >= NONCE + TAG => Ok(uuid_text(id)),
        _ => Err(KmsError::invalid_ciphertext()),
    }
}

pub(super) fn open(key: &Key, context: &EncryptionContext, blob: &[u8]) -> Result<Vec<u8>, KmsError> {
    let (header, rest) = blob.split_at_checked(17).ok_or_else(KmsError::invalid_ciphertext)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or_else(KmsError::invalid_ciphertext)?;
    let mut sealed = sealed.to_vec();
    let additional = Aad::from(additional_data(header, context));
    let plaintext = cipher(key)?.open_in_place(Nonce::from(nonce), additional, &mut sealed);
    plaintext.map(|plaintext| plaintext.to_vec()).map_err(|_| KmsError::invalid_ciphertext())
}

fn cipher(key: &Key) -> Result<RandomizedNonceKey, KmsError> {
    Ok(RandomizedNonceKey::new(&AES_256_GCM, &key.material()?)?)
}

/// Each text with its length before it, so no two contexts give the same bytes.
fn additional_data(header: &[u8], context: &EncryptionContext) -> Vec<u8> {
    let mut bytes = header.to_vec();
    for text in context.iter().flat_map(|(key, value)| [key, value]) {
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

const VERSION: u8 = 1;
const NONCE: usize = 12;
const TAG: usize = 16;
