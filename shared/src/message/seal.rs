//! Writing a message: suite 0x0478, frames of [`limits::FRAME_LENGTH_WRITTEN`] bytes.

use zeroize::Zeroizing;

use super::header::HeaderBody;
use super::keys::{ContentKey, TAG_LENGTH};
use super::open::{FINAL, FrameAad};
use super::{DataKey, EncryptedDataKey, EncryptionContext, MessageError, MessageId, Suite};
use crate::limits;

/// Seals plaintext as it arrives. Holds at most one frame.
///
/// The header is complete from the start, so that it can be sent *after* the frames: without it nobody can open them.
pub struct Sealer {
    header: Vec<u8>,
    key: ContentKey,
    message_id: MessageId,
    frame_length: usize,
    next: u32,
    pending: Zeroizing<Vec<u8>>,
}

impl Sealer {
    /// Begins a message under `data_key`, which `encrypted_data_keys` hold wrapped (1 to
    /// [`limits::ENCRYPTED_DATA_KEYS`]).
    ///
    /// # Errors
    /// [`MessageError::HeaderTooLarge`], [`MessageError::Random`].
    pub fn new(context: EncryptionContext, encrypted_data_keys: Vec<EncryptedDataKey>, data_key: &DataKey) -> Result<Self, MessageError> {
        Self::with_frame_length(context, encrypted_data_keys, data_key, limits::FRAME_LENGTH_WRITTEN)
    }

    /// As [`Sealer::new`], with frames of `frame_length` bytes.
    ///
    /// # Errors
    /// As [`Sealer::new`], and [`MessageError::FrameLength`] outside 1 to [`limits::FRAME_LENGTH_MAX`].
    pub fn with_frame_length(
        context: EncryptionContext,
        encrypted_data_keys: Vec<EncryptedDataKey>,
        data_key: &DataKey,
        frame_length: u32,
    ) -> Result<Self, MessageError> {
        if frame_length == 0 || frame_length > limits::FRAME_LENGTH_MAX {
            return Err(MessageError::FrameLength(frame_length));
        }
        let (suite, message_id) = (Suite::Unsigned, MessageId::random()?);
        let (key, commitment) = data_key.committing(suite, &message_id)?;
        let body = HeaderBody { suite, message_id, context, encrypted_data_keys, frame_length, commitment };
        let mut header = body.encode()?;
        let tag = key.header_tag(&header)?;
        header.extend_from_slice(&tag);
        let frame_length = usize::try_from(frame_length).map_err(|_| MessageError::FrameLength(frame_length))?;
        Ok(Self { header, key, message_id, frame_length, next: 1, pending: Zeroizing::new(Vec::with_capacity(frame_length)) })
    }

    /// The whole header with its tag. The message is the header followed by all body bytes.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The message id.
    #[must_use]
    pub fn message_id(&self) -> &MessageId {
        &self.message_id
    }

    /// Takes plaintext in pieces of any size and appends the frames that are full to `body`.
    ///
    /// # Errors
    /// [`MessageError::TooLong`] after 2^32 - 2 frames.
    pub fn push(&mut self, mut plaintext: &[u8], body: &mut Vec<u8>) -> Result<(), MessageError> {
        // A full frame is kept back until more follows: it may have to be the final one.
        while !plaintext.is_empty() {
            if self.pending.len() == self.frame_length {
                let frame = std::mem::take(&mut self.pending);
                self.frame(&frame, false, body)?;
                self.pending = frame;
                self.pending.clear();
            }
            while self.pending.is_empty() && plaintext.len() > self.frame_length {
                let (frame, rest) = plaintext.split_at_checked(self.frame_length).ok_or(MessageError::Frame)?;
                self.frame(frame, false, body)?;
                plaintext = rest;
            }
            let room = self.frame_length.saturating_sub(self.pending.len());
            let (now, rest) = plaintext.split_at_checked(room).unwrap_or((plaintext, &[]));
            self.pending.extend_from_slice(now);
            plaintext = rest;
        }
        Ok(())
    }

    /// Appends the final frame to `body`.
    ///
    /// # Errors
    /// As [`Sealer::push`].
    pub fn finish(mut self, body: &mut Vec<u8>) -> Result<(), MessageError> {
        let frame = std::mem::take(&mut self.pending);
        self.frame(&frame, true, body)
    }

    fn frame(&mut self, plaintext: &[u8], is_final: bool, body: &mut Vec<u8>) -> Result<(), MessageError> {
        let sequence = self.next.to_be_bytes();
        if sequence == FINAL {
            return Err(MessageError::TooLong);
        }
        let aad = FrameAad::new(&self.message_id, is_final, self.next, plaintext.len())?;
        let mut iv = [0; 12];
        for (byte, digit) in iv.iter_mut().skip(8).zip(sequence) {
            *byte = digit;
        }
        if is_final {
            body.extend_from_slice(&FINAL);
        }
        body.extend_from_slice(&sequence);
        body.extend_from_slice(&iv);
        if is_final {
            body.extend_from_slice(&u32::try_from(plaintext.len()).map_err(|_| MessageError::TooLong)?.to_be_bytes());
        }
        let start = body.len();
        body.resize(start.saturating_add(plaintext.len()).saturating_add(TAG_LENGTH), 0);
        let sealed = body.get_mut(start..).and_then(|sealed| sealed.split_at_mut_checked(plaintext.len()));
        let (ciphertext, tag) = sealed.ok_or(MessageError::Frame)?;
        self.key.seal(iv, aad.bytes(), plaintext, ciphertext, tag)?;
        self.next = self.next.checked_add(1).ok_or(MessageError::TooLong)?;
        Ok(())
    }
}
