//! The message header, version 2. Parsing believes nothing; [`Header::unlock`] is the only way on, and it demands
//! the committed data key and a verified header tag.

use super::bytes::{Reader, Short, put_field};
use super::keys::TAG_LENGTH;
use super::{DataKey, EncryptedDataKey, EncryptionContext, MessageError, Opener, Suite};
use crate::digest::hex;
use crate::limits;

/// The 32 random bytes that name a message and salt its keys.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageId(pub(super) [u8; 32]);

/// A parsed header. Everything in it is the sender's word until [`Header::unlock`] has succeeded.
pub struct Header {
    pub(super) body: HeaderBody,
    /// The authenticated bytes: the header without its tag.
    pub(super) encoded: Vec<u8>,
    pub(super) tag: [u8; TAG_LENGTH],
}

pub(super) struct HeaderBody {
    pub(super) suite: Suite,
    pub(super) message_id: MessageId,
    pub(super) context: EncryptionContext,
    pub(super) encrypted_data_keys: Vec<EncryptedDataKey>,
    pub(super) frame_length: u32,
    pub(super) commitment: [u8; 32],
}

impl MessageId {
    /// A new random id.
    pub(super) fn random() -> Result<Self, MessageError> {
        let mut id = [0; 32];
        aws_lc_rs::rand::fill(&mut id).map_err(|_| MessageError::Random)?;
        Ok(Self(id))
    }

    /// The id's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hex digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }
}

impl Header {
    /// Reads a header from the start of `bytes`.
    ///
    /// Returns the header and its length, or `None` where more bytes are needed (at most [`limits::HEADER_BYTES`]).
    ///
    /// # Errors
    /// [`MessageError`] names what is not accepted.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, MessageError> {
        let mut reader = Reader::new(bytes);
        match Self::read(bytes, &mut reader) {
            Ok(Ok(header)) => {
                let used = bytes.len().saturating_sub(reader.remaining());
                if used > limits::HEADER_BYTES { Err(MessageError::HeaderTooLarge) } else { Ok(Some((header, used))) }
            }
            Ok(Err(error)) => Err(error),
            Err(Short) if bytes.len() >= limits::HEADER_BYTES => Err(MessageError::HeaderTooLarge),
            Err(Short) => Ok(None),
        }
    }

    fn read(bytes: &[u8], reader: &mut Reader<'_>) -> Result<Result<Self, MessageError>, Short> {
        if let Err(error) = super::of_version(reader.u8()?) {
            return Ok(Err(error));
        }
        let suite = match Suite::parse(reader.u16()?) {
            Ok(suite) => suite,
            Err(error) => return Ok(Err(error)),
        };
        let message_id = MessageId(reader.array()?);
        let context_length = usize::from(reader.u16()?);
        if context_length > limits::CONTEXT_BYTES {
            return Ok(Err(MessageError::HeaderTooLarge));
        }
        let context = match EncryptionContext::parse(reader.take(context_length)?) {
            Ok(context) => context,
            Err(error) => return Ok(Err(error)),
        };
        let count = usize::from(reader.u16()?);
        if count == 0 {
            return Ok(Err(MessageError::Header));
        }
        if count > limits::ENCRYPTED_DATA_KEYS {
            return Ok(Err(MessageError::HeaderTooLarge));
        }
        let mut encrypted_data_keys = Vec::with_capacity(count);
        for _ in 0..count {
            match EncryptedDataKey::read(reader)? {
                Ok(key) => encrypted_data_keys.push(key),
                Err(error) => return Ok(Err(error)),
            }
        }
        match reader.u8()? {
            FRAMED => {}
            UNFRAMED => return Ok(Err(MessageError::Unframed)),
            _ => return Ok(Err(MessageError::Header)),
        }
        let frame_length = reader.u32()?;
        if frame_length == 0 || frame_length > limits::FRAME_LENGTH_MAX {
            return Ok(Err(MessageError::FrameLength(frame_length)));
        }
        let commitment = reader.array()?;
        let encoded_length = bytes.len().saturating_sub(reader.remaining());
        let tag = reader.array()?;
        let encoded = bytes.get(..encoded_length).ok_or(Short)?.to_vec();
        let body = HeaderBody { suite, message_id, context, encrypted_data_keys, frame_length, commitment };
        Ok(Ok(Self { body, encoded, tag }))
    }

    /// The algorithm suite.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.body.suite
    }

    /// The message id.
    #[must_use]
    pub fn message_id(&self) -> &MessageId {
        &self.body.message_id
    }

    /// The encryption context, as the sender wrote it.
    #[must_use]
    pub fn context(&self) -> &EncryptionContext {
        &self.body.context
    }

    /// The encrypted data keys, in the message's order.
    #[must_use]
    pub fn encrypted_data_keys(&self) -> &[EncryptedDataKey] {
        &self.body.encrypted_data_keys
    }

    /// The bytes of context and encrypted data keys: messages that share them share their data key, what it is bound to,
    /// and who released it.
    #[must_use]
    pub fn wrapping(&self) -> &[u8] {
        let after = self.encoded.len().saturating_sub(AFTER_WRAPPING);
        self.encoded.get(BEFORE_WRAPPING..after).unwrap_or_default()
    }

    /// The frame length in bytes, 1 to [`limits::FRAME_LENGTH_MAX`].
    #[must_use]
    pub fn frame_length(&self) -> u32 {
        self.body.frame_length
    }

    /// Proves that `data_key` is the key the message commits to and that the header is as its author wrote it.
    ///
    /// # Errors
    /// [`MessageError::Commitment`], [`MessageError::HeaderTag`], or [`MessageError::Signature`] where a signed
    /// message carries no usable verification key.
    pub fn unlock(&self, data_key: &DataKey) -> Result<Opener, MessageError> {
        let content_key = data_key.committed(self.body.suite, &self.body.message_id, &self.body.commitment)?;
        content_key.verify_header(&self.encoded, self.tag)?;
        Opener::new(self, content_key)
    }
}

impl HeaderBody {
    /// The header's bytes without the tag.
    pub(super) fn encode(&self) -> Result<Vec<u8>, MessageError> {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.suite.id().to_be_bytes());
        out.extend_from_slice(self.message_id.as_bytes());
        put_field(&mut out, &self.context.serialize()).ok_or(MessageError::HeaderTooLarge)?;
        let count = self.encrypted_data_keys.len();
        if count == 0 || count > limits::ENCRYPTED_DATA_KEYS {
            return Err(MessageError::HeaderTooLarge);
        }
        out.extend_from_slice(&u16::try_from(count).map_err(|_| MessageError::HeaderTooLarge)?.to_be_bytes());
        for key in &self.encrypted_data_keys {
            key.put(&mut out).ok_or(MessageError::HeaderTooLarge)?;
        }
        out.push(FRAMED);
        out.extend_from_slice(&self.frame_length.to_be_bytes());
        out.extend_from_slice(&self.commitment);
        if out.len().saturating_add(TAG_LENGTH) > limits::HEADER_BYTES {
            return Err(MessageError::HeaderTooLarge);
        }
        Ok(out)
    }
}

pub(super) const VERSION: u8 = 2;
/// Version, suite and message id.
pub(super) const BEFORE_WRAPPING: usize = 1 + 2 + 32;
/// Content type, frame length and commitment.
const AFTER_WRAPPING: usize = 1 + 4 + 32;
const UNFRAMED: u8 = 1;
pub(super) const FRAMED: u8 = 2;
