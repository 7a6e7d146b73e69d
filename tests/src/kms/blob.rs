//! Ciphertext blobs: `version ‖ key id ‖ nonce ‖ AES-256-GCM`, with the version, the key id and the canonical encryption
//! context as additional data. AWS's own layout is not published; clients must not look inside.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};

use super::decision::{Decision, FailedCheck};
use super::error::KmsError;
use super::grant::pairs;
use super::key::{Key, uuid_bytes, uuid_text};
use super::request_log::Entry;

/// The encryption context of a request, in the order of its keys.
pub(super) type EncryptionContext = BTreeMap<String, String>;

/// Seals and opens blobs. It remembers the contexts of those that it made since its start, for the log alone: a blob does not
/// carry its context, and whoever gives another one wants to see both.
#[derive(Default)]
pub(super) struct Ciphertexts(Mutex<HashMap<[u8; NONCE], EncryptionContext>>);

impl Ciphertexts {
    pub(super) fn seal(&self, key: &Key, context: &EncryptionContext, plaintext: &[u8]) -> Result<Vec<u8>, KmsError> {
        let id = uuid_bytes(&key.id).ok_or_else(|| KmsError::new("KMSInternalException", "mock KMS: a key id is no UUID"))?;
        let mut blob = [&[VERSION][..], &id].concat();
        let mut sealed = plaintext.to_vec();
        let nonce = cipher(key)?.seal_in_place_append_tag(Aad::from(additional_data(&blob, context)), &mut sealed)?;
        self.remember(*nonce.as_ref(), context);
        blob.extend_from_slice(nonce.as_ref());
        blob.append(&mut sealed);
        Ok(blob)
    }

    pub(super) fn open(&self, key: &Key, context: &EncryptionContext, blob: &[u8], entry: &mut Entry) -> Result<Vec<u8>, KmsError> {
        let (header, rest) = blob.split_at_checked(17).ok_or_else(KmsError::invalid_ciphertext)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or_else(KmsError::invalid_ciphertext)?;
        let mut sealed = sealed.to_vec();
        let additional = Aad::from(additional_data(header, context));
        match cipher(key)?.open_in_place(Nonce::from(nonce), additional, &mut sealed) {
            Ok(plaintext) => Ok(plaintext.to_vec()),
            Err(_) => {
                entry.decisions.push(Decision::denied("CiphertextBlob", "the ciphertext does not open", vec![self.why(nonce, context)]));
                Err(KmsError::invalid_ciphertext())
            }
        }
    }

    fn remember(&self, nonce: [u8; NONCE], context: &EncryptionContext) {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if made.len() >= REMEMBERED {
            made.clear();
        }
        made.insert(nonce, context.clone());
    }

    fn why(&self, nonce: &[u8; NONCE], context: &EncryptionContext) -> FailedCheck {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let given = (!context.is_empty()).then(|| pairs(context));
        let unknown = || vec!["unknown: altered, or made before the mock's last start".to_owned()];
        let (condition, expected, actual) = match made.get(nonce) {
            Some(sealed) if sealed == context => {
                ("its bytes are as they were made", vec!["unaltered".to_owned()], Some(vec!["altered".to_owned()]))
            }
            sealed => ("the encryption context is the one at encryption", sealed.map_or_else(unknown, pairs), given),
        };
        FailedCheck { at: "ciphertext".to_owned(), condition: condition.to_owned(), expected, actual }
    }
}

/// The id of the key that sealed a blob.
pub(super) fn key_id(blob: &[u8]) -> Result<String, KmsError> {
    match blob.split_first_chunk::<17>() {
        Some(([VERSION, id @ ..], rest)) if rest.len() >= NONCE + TAG => Ok(uuid_text(id)),
        _ => Err(KmsError::invalid_ciphertext()),
    }
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

/// Contexts kept for the log; they are a few MiB at most, and none of them matters.
const REMEMBERED: usize = 10_000;
