//! The data key, and what the committing suites derive from it: HKDF-SHA-512 with the message id as salt.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, hkdf, hmac};
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

    /// HKDF-Extract (RFC 5869, 2.2), done here once: the library's own would do it again with every expansion.
    fn derived(&self, message_id: &MessageId) -> Derived {
        let salt = hmac::Key::new(hmac::HMAC_SHA512, message_id.as_bytes());
        Derived(hkdf::Prk::new_less_safe(hkdf::HKDF_SHA512, hmac::sign(&salt, self.0.as_slice()).as_ref()))
    }

    /// The frames' key and the commitment that a message under this key carries in its header.
    pub(super) fn committing(&self, suite: Suite, message_id: &MessageId) -> Result<(ContentKey, [u8; 32]), MessageError> {
        let derived = self.derived(message_id);
        Ok((derived.content_key(suite)?, *derived.expand(&[b"COMMITKEY"])?))
    }

    /// The frames' key, if this data key is the one that `commitment` commits to.
    pub(super) fn committed(&self, suite: Suite, message_id: &MessageId, commitment: &[u8; 32]) -> Result<ContentKey, MessageError> {
        let derived = self.derived(message_id);
        let expected = derived.expand(&[b"COMMITKEY"])?;
        constant_time::verify_slices_are_equal(expected.as_slice(), commitment).map_err(|_| MessageError::Commitment)?;
        derived.content_key(suite)
    }
}

/// What HKDF has extracted from a data key for one message.
struct Derived(hkdf::Prk);

impl Derived {
    fn content_key(&self, suite: Suite) -> Result<ContentKey, MessageError> {
        let key = self.expand(&[&suite.id().to_be_bytes(), b"DERIVEKEY"])?;
        let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| MessageError::Commitment)?;
        Ok(ContentKey(LessSafeKey::new(key)))
    }

    fn expand(&self, info: &[&[u8]]) -> Result<Zeroizing<[u8; 32]>, MessageError> {
        let mut out = Zeroizing::new([0; 32]);
        self.0.expand(info, ThirtyTwo).and_then(|okm| okm.fill(out.as_mut_slice())).map_err(|_| MessageError::Commitment)?;
        Ok(out)
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

    /// Opens `ciphertext` and its tag into `plaintext`, which is as long as the ciphertext.
    pub(super) fn open(
        &self,
        iv: [u8; NONCE_LEN],
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
        plaintext: &mut [u8],
    ) -> Result<(), MessageError> {
        self.0
            .open_separate_gather(Nonce::assume_unique_for_key(iv), Aad::from(aad), ciphertext, tag, plaintext)
            .map_err(|_| MessageError::Frame)
    }

    /// Seals `plaintext` into `ciphertext`, as long as it, and its tag. The caller gives each `iv` once per key.
    pub(super) fn seal(
        &self,
        iv: [u8; NONCE_LEN],
        aad: &[u8],
        plaintext: &[u8],
        ciphertext: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), MessageError> {
        self.0
            .seal_out_of_place_scatter(Nonce::assume_unique_for_key(iv), Aad::from(aad), plaintext, ciphertext, &[], tag)
            .map_err(|_| MessageError::Frame)
    }
}

struct ThirtyTwo;
impl hkdf::KeyType for ThirtyTwo {
    fn len(&self) -> usize {
        32
    }
}
