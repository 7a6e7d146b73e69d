//! The data key, and what the committing suites derive from it: HKDF-SHA-512 with the message id as salt.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, hkdf};
use zeroize::Zeroizing;

use super::{MessageError, MessageId, Suite};

/// The 32-byte key that seals one message. Zeroized when dropped; never logged, cloned or compared.
pub struct DataKey(Zeroizing<[u8; 32]>);

/// The frames' key, once the data key was found to be the one that the message commits to.
pub(super) struct ContentKey(LessSafeKey);

pub(super) const TAG_LENGTH: usize = 16;

impl DataKey {
    /// A data key from its bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A data key from exactly 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_bytes)
    }

    /// A new random data key.
    ///
    /// # Errors
    /// [`MessageError::Random`] where the random number generator fails.
    pub fn random() -> Result<Self, MessageError> {
        let mut bytes = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(bytes.as_mut_slice()).map_err(|_| MessageError::Random)?;
        Ok(Self(bytes))
    }

    /// The key's bytes, to wrap them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn derive(&self, message_id: &MessageId, info: &[&[u8]]) -> Result<Zeroizing<[u8; 32]>, MessageError> {
        let pseudo_random_key = hkdf::Salt::new(hkdf::HKDF_SHA512, message_id.as_bytes()).extract(self.0.as_slice());
        let mut out = Zeroizing::new([0; 32]);
        pseudo_random_key.expand(info, ThirtyTwo).and_then(|okm| okm.fill(out.as_mut_slice())).map_err(|_| MessageError::Commitment)?;
        Ok(out)
    }

    /// The commitment that a message under this key carries in its header.
    pub(super) fn commitment(&self, message_id: &MessageId) -> Result<[u8; 32], MessageError> {
        self.derive(message_id, &[b"COMMITKEY"]).map(|key| *key)
    }

    /// The frames' key, for a message that is being written.
    pub(super) fn content_key(&self, suite: Suite, message_id: &MessageId) -> Result<ContentKey, MessageError> {
        let key = self.derive(message_id, &[&suite.id().to_be_bytes(), b"DERIVEKEY"])?;
        let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| MessageError::Commitment)?;
        Ok(ContentKey(LessSafeKey::new(key)))
    }

    /// The frames' key, if this data key is the one that `commitment` commits to.
    pub(super) fn committed(&self, suite: Suite, message_id: &MessageId, commitment: &[u8; 32]) -> Result<ContentKey, MessageError> {
        constant_time::verify_slices_are_equal(&self.commitment(message_id)?, commitment).map_err(|_| MessageError::Commitment)?;
        self.content_key(suite, message_id)
    }
}

impl ContentKey {
    /// The tag over a header: an empty plaintext under the zero nonce.
    pub(super) fn header_tag(&self, header: &[u8]) -> Result<[u8; TAG_LENGTH], MessageError> {
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key([0; NONCE_LEN]), Aad::from(header), &mut [])
            .map_err(|_| MessageError::HeaderTag)?;
        tag.as_ref().try_into().map_err(|_| MessageError::HeaderTag)
    }

    pub(super) fn verify_header(&self, header: &[u8], tag: [u8; TAG_LENGTH]) -> Result<(), MessageError> {
        let mut tag = tag;
        self.0
            .open_in_place(Nonce::assume_unique_for_key([0; NONCE_LEN]), Aad::from(header), &mut tag)
            .map(|_| ())
            .map_err(|_| MessageError::HeaderTag)
    }

    /// Opens ciphertext and tag in place; the plaintext is all but the last 16 bytes afterwards.
    pub(super) fn open(&self, iv: [u8; NONCE_LEN], aad: &[u8], ciphertext_and_tag: &mut [u8]) -> Result<usize, MessageError> {
        self.0
            .open_in_place(Nonce::assume_unique_for_key(iv), Aad::from(aad), ciphertext_and_tag)
            .map(|plaintext| plaintext.len())
            .map_err(|_| MessageError::Frame)
    }

    /// Seals in place and returns the tag. The caller gives each `iv` once per key.
    pub(super) fn seal(&self, iv: [u8; NONCE_LEN], aad: &[u8], plaintext: &mut [u8]) -> Result<[u8; TAG_LENGTH], MessageError> {
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), Aad::from(aad), plaintext)
            .map_err(|_| MessageError::Frame)?;
        tag.as_ref().try_into().map_err(|_| MessageError::Frame)
    }
}

struct ThirtyTwo;
impl hkdf::KeyType for ThirtyTwo {
    fn len(&self) -> usize {
        32
    }
}
