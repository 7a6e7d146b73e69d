//! The job protocol between `submit` and the enclave, over one vsock connection.
//!
//! A frame is a 4-byte big-endian payload length, a 1-byte kind, and the payload (at most
//! [`limits::WIRE_PAYLOAD`] bytes, checked before anything is allocated).
//!
//! | from `submit`, in this order | payload |
//! |---|---|
//! | `Hello` | `sealroom`, version (2 bytes), the submitter's nonce (32 bytes) |
//! | `Policy`, one or more | bytes of the policy file |
//! | `Job`, one or more | bytes of the job file |
//! | `TokenKey`, none or more | one sealed token key each |
//! | `Manifest`, none or more | bytes of the sealed manifest of records with sealed fields |
//! | `Input`, then `Data`…, then `InputEnd` | a sealed file, or records with sealed fields; repeated for further parts of a set |
//! | `End` | empty |
//!
//! | from the enclave, in this order | payload |
//! |---|---|
//! | `Hello` | `sealroom`, version (2 bytes) |
//! | `Output` | length of the output's header (4 bytes) |
//! | `Data`… | the output after its header |
//! | `OutputHeader` | the header, sent last: until then nobody can open the output |
//! | `Receipt`, one or more | bytes of the receipt file |
//! | `Done` | empty |
//!
//! In place of any frame the enclave may send `Refusal` and end the connection. Both directions flow at the same time.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::limits;
pub use refusal::{Refusal, RefusalNote};

mod refusal;

/// The protocol's version. Another version is refused.
pub const VERSION: u16 = 1;

/// The kind of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the module's tables say what each one carries")]
pub enum Kind {
    Hello,
    Policy,
    Job,
    TokenKey,
    Manifest,
    Input,
    Data,
    InputEnd,
    End,
    Output,
    OutputHeader,
    Receipt,
    Done,
    Refusal,
}

/// What `submit` says first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Comes back as the receipt document's nonce.
    pub nonce: [u8; 32],
}

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Io(#[from] std::io::Error),
    /// The connection ended between two frames.
    #[error("the connection ended early")]
    Closed,
    /// A length over [`limits::WIRE_PAYLOAD`].
    #[error("a frame is longer than the protocol allows")]
    TooLong,
    /// A kind that this version does not know.
    #[error("a frame of an unknown kind")]
    UnknownKind,
    /// A frame that does not belong here, or whose payload is malformed.
    #[error("a frame out of order or malformed")]
    Unexpected,
    /// Another protocol version.
    #[error("the peer speaks another version of the protocol")]
    Version,
}

/// Reads one frame's kind and leaves its payload in `payload`.
///
/// # Errors
/// [`WireError`]. The caller sets the deadline.
pub async fn read<R: AsyncRead + Unpin>(from: &mut R, payload: &mut Vec<u8>) -> Result<Kind, WireError> {
    payload.clear();
    append(from, payload).await
}

/// Reads one frame's kind and appends its payload to `onto`.
///
/// # Errors
/// [`WireError`]. The caller sets the deadline.
pub async fn append<R: AsyncRead + Unpin>(from: &mut R, onto: &mut Vec<u8>) -> Result<Kind, WireError> {
    let mut head = [0; 5];
    let first = from.read(&mut head).await?;
    if first == 0 {
        return Err(WireError::Closed);
    }
    from.read_exact(head.get_mut(first..).unwrap_or_default()).await?;
    let [a, b, c, d, kind] = head;
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).map_err(|_| WireError::TooLong)?;
    if length > limits::WIRE_PAYLOAD {
        return Err(WireError::TooLong);
    }
    let kind = Kind::parse(kind).ok_or(WireError::UnknownKind)?;
    onto.reserve(length);
    let mut payload = from.take(u64::try_from(length).map_err(|_| WireError::TooLong)?);
    while payload.limit() > 0 {
        if payload.read_buf(onto).await? == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
    }
    Ok(kind)
}

/// Writes frames, at most [`limits::VSOCK_WRITE`] bytes at a time.
pub struct Writer<W> {
    to: W,
    scratch: Vec<u8>,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    /// A writer onto `to`.
    pub fn new(to: W) -> Self {
        Self { to, scratch: Vec::new() }
    }

    /// Writes `bytes` as one frame.
    ///
    /// # Errors
    /// [`WireError::TooLong`], [`WireError::Io`].
    pub async fn frame(&mut self, kind: Kind, bytes: &[u8]) -> Result<(), WireError> {
        if bytes.len() > limits::WIRE_PAYLOAD {
            return Err(WireError::TooLong);
        }
        let length = u32::try_from(bytes.len()).map_err(|_| WireError::TooLong)?;
        self.scratch.clear();
        self.scratch.extend_from_slice(&length.to_be_bytes());
        self.scratch.push(kind.code());
        self.scratch.extend_from_slice(bytes);
        for piece in self.scratch.chunks(limits::VSOCK_WRITE) {
            self.to.write_all(piece).await?;
        }
        self.to.flush().await?;
        Ok(())
    }

    /// Writes `bytes`, however long, as frames of one kind; at least one frame.
    ///
    /// # Errors
    /// [`WireError::Io`].
    pub async fn document(&mut self, kind: Kind, bytes: &[u8]) -> Result<(), WireError> {
        if bytes.is_empty() {
            return self.frame(kind, bytes).await;
        }
        for piece in bytes.chunks(limits::WIRE_PAYLOAD) {
            self.frame(kind, piece).await?;
        }
        Ok(())
    }

    /// Half-closes: the peer sees the end and may still answer.
    ///
    /// # Errors
    /// [`WireError::Io`].
    pub async fn shutdown(&mut self) -> Result<(), WireError> {
        self.to.shutdown().await.map_err(WireError::Io)
    }
}

impl Hello {
    /// The payload of the submitter's hello.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = enclave_hello();
        payload.extend_from_slice(&self.nonce);
        payload
    }

    /// Reads the submitter's hello.
    ///
    /// # Errors
    /// [`WireError::Version`] for another version, [`WireError::Unexpected`] for anything that is not a hello.
    pub fn parse(payload: &[u8]) -> Result<Self, WireError> {
        let nonce = after_version(payload)?;
        nonce.try_into().map(|nonce| Self { nonce }).map_err(|_| WireError::Unexpected)
    }
}

/// The payload of the enclave's hello.
#[must_use]
pub fn enclave_hello() -> Vec<u8> {
    let mut payload = MAGIC.to_vec();
    payload.extend_from_slice(&VERSION.to_be_bytes());
    payload
}

/// Reads the enclave's hello.
///
/// # Errors
/// As [`Hello::parse`].
pub fn parse_enclave_hello(payload: &[u8]) -> Result<(), WireError> {
    if after_version(payload)?.is_empty() { Ok(()) } else { Err(WireError::Unexpected) }
}

fn after_version(payload: &[u8]) -> Result<&[u8], WireError> {
    let (version, rest) = payload.strip_prefix(MAGIC).and_then(|rest| rest.split_first_chunk::<2>()).ok_or(WireError::Unexpected)?;
    if u16::from_be_bytes(*version) == VERSION { Ok(rest) } else { Err(WireError::Version) }
}

impl Kind {
    const ALL: [(Self, u8); 14] = [
        (Self::Hello, 1),
        (Self::Policy, 2),
        (Self::Job, 3),
        (Self::TokenKey, 4),
        (Self::Input, 5),
        (Self::Data, 6),
        (Self::InputEnd, 7),
        (Self::End, 8),
        (Self::Manifest, 9),
        (Self::Output, 16),
        (Self::OutputHeader, 17),
        (Self::Receipt, 18),
        (Self::Done, 19),
        (Self::Refusal, 20),
    ];

    fn parse(code: u8) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == code).map(|(kind, _)| *kind)
    }

    fn code(self) -> u8 {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or(0, |(_, code)| *code)
    }
}

const MAGIC: &[u8] = b"sealroom";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    async fn written(kind: Kind, bytes: &[u8]) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        writer.frame(kind, bytes).await.unwrap();
        writer.to
    }

    #[tokio::test]
    async fn a_frame_is_read_back() {
        for (kind, _) in Kind::ALL {
            let bytes = written(kind, b"payload").await;
            let mut payload = Vec::new();
            assert_eq!(read(&mut bytes.as_slice(), &mut payload).await.unwrap(), kind);
            assert_eq!(payload, b"payload");
        }
    }

    #[tokio::test]
    async fn a_length_over_the_limit_is_refused_before_it_is_allocated() {
        let mut payload = Vec::new();
        let bytes = [0xff, 0xff, 0xff, 0xff, 6];
        assert!(matches!(read(&mut bytes.as_slice(), &mut payload).await, Err(WireError::TooLong)));
        assert_eq!(payload.capacity(), 0);
        let mut writer = Writer::new(Vec::new());
        assert!(matches!(writer.frame(Kind::Data, &vec![0; limits::WIRE_PAYLOAD + 1]).await, Err(WireError::TooLong)));
    }

    #[tokio::test]
    async fn unknown_kinds_and_cut_frames_are_refused() {
        let mut payload = Vec::new();
        assert!(matches!(read(&mut [0, 0, 0, 0, 99].as_slice(), &mut payload).await, Err(WireError::UnknownKind)));
        assert!(matches!(read(&mut [].as_slice(), &mut payload).await, Err(WireError::Closed)));
        assert!(matches!(read(&mut [0, 0, 0, 2, 6, 1].as_slice(), &mut payload).await, Err(WireError::Io(_))));
        assert!(matches!(read(&mut [0, 0].as_slice(), &mut payload).await, Err(WireError::Io(_))));
    }

    #[test]
    fn hello_of_another_version_is_refused() {
        let hello = Hello { nonce: [7; 32] };
        assert_eq!(Hello::parse(&hello.encode()).unwrap(), hello);
        let mut other = hello.encode();
        *other.get_mut(9).unwrap() = 2;
        assert!(matches!(Hello::parse(&other), Err(WireError::Version)));
        assert!(matches!(Hello::parse(b"GET / HTTP/1.1\r\n"), Err(WireError::Unexpected)));
        assert!(matches!(Hello::parse(&enclave_hello()), Err(WireError::Unexpected)));
        assert!(parse_enclave_hello(&enclave_hello()).is_ok());
    }
}
