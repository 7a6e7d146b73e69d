//! Opening the frames of a message, in order, and knowing that its end was seen.

use std::cmp::Ordering;

use super::keys::{ContentKey, TAG_LENGTH};
use super::signature::Verifier;
use super::{Header, MessageError, MessageId};
use crate::limits;

/// Opens frames as their bytes arrive. Holds at most one frame.
///
/// The plaintext of each frame is authentic when it is handed out, but the message may still be cut off, or its
/// signature wrong, until [`Opener::finish`] has returned.
pub struct Opener {
    key: ContentKey,
    message_id: MessageId,
    frame_length: usize,
    next: u32,
    part: Part,
    pending: Vec<u8>,
    verifier: Option<Verifier>,
}

/// The part of the message that comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Frame,
    Footer,
    Nothing,
}

impl Opener {
    pub(super) fn new(header: &Header, key: ContentKey) -> Result<Self, MessageError> {
        let opener = Self::unsigned(key, *header.message_id(), header.frame_length())?;
        Ok(Self { verifier: Verifier::of(header)?, ..opener })
    }

    /// An opener of a message whose suite is not signed.
    pub(super) fn unsigned(key: ContentKey, message_id: MessageId, frame_length: u32) -> Result<Self, MessageError> {
        let frame_length = usize::try_from(frame_length).map_err(|_| MessageError::FrameLength(frame_length))?;
        Ok(Self { key, message_id, frame_length, next: 1, part: Part::Frame, pending: Vec::new(), verifier: None })
    }

    /// Takes the next bytes of the message, in pieces of any size, and appends the plaintext of every frame that is
    /// complete to `plaintext`.
    ///
    /// # Errors
    /// [`MessageError`]; the opener is of no use afterwards.
    pub fn push(&mut self, mut bytes: &[u8], plaintext: &mut Vec<u8>) -> Result<(), MessageError> {
        bytes = self.complete_pending(bytes, plaintext)?;
        while !bytes.is_empty() {
            let part = match self.part_length(bytes)? {
                Length::Known(length) => bytes.split_at_checked(length),
                Length::AtLeast(_) => None,
            };
            let Some((part, rest)) = part else {
                self.pending.extend_from_slice(bytes);
                return Ok(());
            };
            self.part(part, plaintext)?;
            bytes = rest;
        }
        Ok(())
    }

    /// Completes the part that has begun, if one has. Returns the bytes after it.
    fn complete_pending<'b>(&mut self, mut bytes: &'b [u8], plaintext: &mut Vec<u8>) -> Result<&'b [u8], MessageError> {
        while !self.pending.is_empty() {
            let wanted = self.part_length(&self.pending)?;
            let (length, complete) = match wanted {
                Length::Known(length) => (length, true),
                Length::AtLeast(length) => (length, false),
            };
            let missing = length.saturating_sub(self.pending.len());
            let (now, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
            self.pending.extend_from_slice(now);
            bytes = rest;
            if self.pending.len() < length {
                return Ok(&[]);
            }
            if complete {
                let part = std::mem::take(&mut self.pending);
                self.part(&part, plaintext)?;
                self.pending = part;
                self.pending.clear();
            }
        }
        Ok(bytes)
    }

    /// Ends the message: its final frame was seen, its signature (suite 0x0578) verified, and nothing follows.
    ///
    /// # Errors
    /// [`MessageError::Truncated`].
    pub fn finish(self) -> Result<(), MessageError> {
        if self.part == Part::Nothing && self.pending.is_empty() { Ok(()) } else { Err(MessageError::Truncated) }
    }

    /// The length of the part that `bytes` begins with, as far as `bytes` says.
    fn part_length(&self, bytes: &[u8]) -> Result<Length, MessageError> {
        match self.part {
            Part::Nothing => Err(MessageError::TrailingBytes),
            Part::Footer => match bytes.first_chunk::<2>() {
                None => Ok(Length::AtLeast(2)),
                Some(length) => {
                    let length = usize::from(u16::from_be_bytes(*length));
                    if length > limits::FOOTER_SIGNATURE {
                        Err(MessageError::Signature)
                    } else {
                        Ok(Length::Known(2_usize.saturating_add(length)))
                    }
                }
            },
            Part::Frame => match bytes.first_chunk::<4>() {
                None => Ok(Length::AtLeast(4)),
                Some(&FINAL) => match bytes.get(20..24).and_then(|length| length.first_chunk()) {
                    None => Ok(Length::AtLeast(FINAL_PREFIX)),
                    Some(length) => {
                        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| MessageError::FinalFrameLength)?;
                        match length.cmp(&self.frame_length) {
                            Ordering::Greater => Err(MessageError::FinalFrameLength),
                            _ => Ok(Length::Known(FINAL_PREFIX.saturating_add(length).saturating_add(TAG_LENGTH))),
                        }
                    }
                },
                Some(_) => Ok(Length::Known(REGULAR_PREFIX.saturating_add(self.frame_length).saturating_add(TAG_LENGTH))),
            },
        }
    }

    /// Takes in one whole part.
    fn part(&mut self, part: &[u8], plaintext: &mut Vec<u8>) -> Result<(), MessageError> {
        if self.part == Part::Footer {
            let signature = part.get(2..).ok_or(MessageError::Signature)?;
            self.verifier.take().ok_or(MessageError::Signature)?.verify(signature)?;
            self.part = Part::Nothing;
            return Ok(());
        }
        if let Some(verifier) = &mut self.verifier {
            verifier.update(part);
        }
        let is_final = part.first_chunk() == Some(&FINAL);
        let (prefix, sequence_at) = if is_final { (FINAL_PREFIX, 4) } else { (REGULAR_PREFIX, 0) };
        let sequence = part.get(sequence_at..).and_then(|bytes| bytes.first_chunk()).ok_or(MessageError::Frame)?;
        let iv = part.get(sequence_at.saturating_add(4)..).and_then(|bytes| bytes.first_chunk()).ok_or(MessageError::Frame)?;
        let ciphertext_and_tag = part.get(prefix..).ok_or(MessageError::Frame)?;
        if u32::from_be_bytes(*sequence) != self.next {
            return Err(MessageError::Frame);
        }
        let length = ciphertext_and_tag.len().checked_sub(TAG_LENGTH).ok_or(MessageError::Frame)?;
        let (ciphertext, tag) = ciphertext_and_tag.split_at_checked(length).ok_or(MessageError::Frame)?;
        let aad = FrameAad::new(&self.message_id, is_final, self.next, length)?;
        let start = plaintext.len();
        plaintext.resize(start.saturating_add(length), 0);
        let opened = plaintext.get_mut(start..).ok_or(MessageError::Frame);
        let opened = opened.and_then(|frame| self.key.open(*iv, aad.bytes(), ciphertext, tag, frame));
        if opened.is_err() {
            // Nothing unauthenticated stays in the caller's buffer.
            plaintext.truncate(start);
        }
        opened?;
        if is_final {
            self.part = if self.verifier.is_some() { Part::Footer } else { Part::Nothing };
        } else {
            self.next = self.next.checked_add(1).ok_or(MessageError::TooLong)?;
        }
        Ok(())
    }
}

enum Length {
    Known(usize),
    AtLeast(usize),
}

/// Additional authenticated data of a frame: message id, a fixed text, the sequence number and the content's length.
pub(super) struct FrameAad {
    bytes: [u8; FRAME_AAD],
    length: usize,
}

impl FrameAad {
    pub(super) fn new(message_id: &MessageId, is_final: bool, sequence: u32, length: usize) -> Result<Self, MessageError> {
        let text: &[u8] = if is_final { b"AWSKMSEncryptionClient Final Frame" } else { b"AWSKMSEncryptionClient Frame" };
        let content = u64::try_from(length).map_err(|_| MessageError::TooLong)?.to_be_bytes();
        let mut aad = Self { bytes: [0; FRAME_AAD], length: 0 };
        for piece in [message_id.as_bytes(), text, &sequence.to_be_bytes(), &content] {
            let end = aad.length.saturating_add(piece.len());
            aad.bytes.get_mut(aad.length..end).ok_or(MessageError::Frame)?.copy_from_slice(piece);
            aad.length = end;
        }
        Ok(aad)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// A message id, the longer text, 4 and 8 bytes.
const FRAME_AAD: usize = 32 + 34 + 4 + 8;

/// What stands in place of the sequence number before a final frame.
pub(super) const FINAL: [u8; 4] = [0xff; 4];
/// Sequence number and IV.
const REGULAR_PREFIX: usize = 16;
/// Marker, sequence number, IV and content length.
const FINAL_PREFIX: usize = 24;
