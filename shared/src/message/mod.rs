//! Sealed messages: the AWS Encryption SDK message format, version 2, with a committing algorithm suite.
//!
//! Source: AWS Encryption SDK specification, `data-format/message.md` and what follows from it. Reading is a chain of
//! types: bytes → [`Header`] (parsed, nothing believed) → [`Opener`] (data key committed, header authenticated) →
//! plaintext, frame by frame → [`Opener::finish`]. Before `finish` has returned, the message may still turn out cut
//! off, so nothing made from its plaintext may be used. Writing is [`Sealer`].
//!
//! Everything is push-style and holds at most one frame: no message is ever whole in memory, and no I/O happens here.

mod bytes;
mod context;
mod encrypted_data_key;
mod header;
mod keys;
mod open;
pub mod raw_aes;
pub mod raw_rsa;
mod seal;
pub mod short;
mod signature;
mod suite;

pub use context::EncryptionContext;
pub use encrypted_data_key::{AWS_KMS, EncryptedDataKey};
pub use header::{Header, MessageId};
pub use keys::DataKey;
pub use open::Opener;
pub use seal::Sealer;
pub use signature::PUBLIC_KEY as SIGNATURE_PUBLIC_KEY;
pub use suite::Suite;

/// Refuses a message by its first byte, where that is not [`header::VERSION`].
fn of_version(version: u8) -> Result<(), MessageError> {
    match version {
        header::VERSION => Ok(()),
        1 => Err(MessageError::Version(1)),
        _ => Err(MessageError::NotAMessage),
    }
}

/// Why a sealed message is refused. Carries no bytes of the message; numbers only where they name a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The first byte is no version of the format.
    #[error("it does not begin as a sealed message")]
    NotAMessage,
    /// The first byte is 1: a message of the format's other version.
    #[error(
        "message format version {0} is not accepted: only version 2 commits to its key (write it with commitment policy RequireEncryptRequireDecrypt)"
    )]
    Version(u8),
    /// An AWS suite without key commitment.
    #[error("algorithm suite 0x{0:04x} has no key commitment and is not accepted: use 0x0478 or 0x0578")]
    NonCommittingSuite(u16),
    /// Not a suite of this format.
    #[error("algorithm suite 0x{0:04x} is unknown: use 0x0478 or 0x0578")]
    UnknownSuite(u16),
    /// Content type 1.
    #[error("an unframed body is not accepted: write the message with frames")]
    Unframed,
    /// Frame length zero or over [`crate::limits::FRAME_LENGTH_MAX`].
    #[error("the frame length {0} is not accepted: it must be 1 byte to 1 MiB")]
    FrameLength(u32),
    /// The header breaks the format.
    #[error("the header is not well formed")]
    Header,
    /// The header, its context or its encrypted data keys are over their limits.
    #[error("the header is larger than is accepted")]
    HeaderTooLarge,
    /// A key of the encryption context occurs twice.
    #[error("a key of the encryption context occurs twice")]
    DuplicateContextKey,
    /// The data key is not the one the message commits to.
    #[error("the data key is not the one that the message commits to")]
    Commitment,
    /// The header's authentication tag does not verify.
    #[error("the header was altered")]
    HeaderTag,
    /// A frame does not verify, or is out of order.
    #[error("a frame was altered, repeated or is out of order")]
    Frame,
    /// The final frame claims more content than a frame may hold.
    #[error("the final frame is longer than the frame length")]
    FinalFrameLength,
    /// The message ends before its final frame or its signature.
    #[error("the message is cut off")]
    Truncated,
    /// Bytes follow the end of the message.
    #[error("bytes follow the end of the message")]
    TrailingBytes,
    /// The signature does not verify, or its key is missing or malformed.
    #[error("the signature of the message does not verify")]
    Signature,
    /// More than 2^32 - 2 frames.
    #[error("the plaintext is too long for one message")]
    TooLong,
    /// A wrapped data key cannot be made or opened with this wrapping key.
    #[error("the data key cannot be wrapped or unwrapped with this key")]
    Wrapping,
    /// The wrapping key is not of the kind that is needed.
    #[error("not a usable wrapping key: RSA keys must be PEM with 2048 to 4096 bits, raw AES keys 32 bytes")]
    WrappingKey,
    /// The random number generator failed.
    #[error("the random number generator failed")]
    Random,
}

#[cfg(test)]
mod tests;
