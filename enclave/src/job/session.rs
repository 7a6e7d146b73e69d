//! One connection of the job protocol, with a deadline on every read and write.

use std::time::Duration;

use sealroom_shared::wire::{self, Kind, Refusal, Writer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::timeout;

use super::Refused;

/// Both directions of a connection. They can be used at the same time.
pub struct Session<R, W> {
    pub(super) incoming: Incoming<R>,
    pub(super) outgoing: Outgoing<W>,
}

/// Frames from `submit`.
pub(super) struct Incoming<R> {
    from: R,
    payload: Vec<u8>,
    idle: Duration,
}

/// The beginning of an input, and what was looked for in it.
pub(super) struct Beginning<T> {
    pub(super) found: T,
    /// All that has come.
    pub(super) bytes: Vec<u8>,
    /// Whether that is all of the input.
    pub(super) ended: bool,
}

/// Frames to `submit`.
pub(super) struct Outgoing<W> {
    to: Writer<W>,
    idle: Duration,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Session<R, W> {
    /// A session whose single reads and writes each wait at most `idle` for the parent.
    pub fn new(from: R, to: W, idle: Duration) -> Self {
        Self { incoming: Incoming { from, payload: Vec::new(), idle }, outgoing: Outgoing { to: Writer::new(to), idle } }
    }

    /// Says why there is no result, and lets the parent read it: what it still sends is taken in and dropped, for a
    /// bounded time.
    pub async fn refuse(&mut self, refused: &Refused) {
        let payload = refused.refusal.encode(refused.note.as_ref());
        if self.outgoing.frame(Kind::Refusal, &payload).await.is_ok() && self.outgoing.shutdown().await.is_ok() {
            self.incoming.drain().await;
        }
    }
}

impl<R: AsyncRead + Unpin> Incoming<R> {
    /// The next frame.
    pub(super) async fn frame(&mut self) -> Result<(Kind, &[u8]), Refused> {
        let kind = timeout(self.idle, wire::read(&mut self.from, &mut self.payload)).await.map_err(|_| Refusal::Timeout)??;
        Ok((kind, &self.payload))
    }

    /// Reads an input whose `Input` frame has been read, until `find` has found in its beginning what it looks for.
    ///
    /// # Errors
    /// `input-corrupt` where the input ends, or `most` bytes have come, without it; whatever `find` refuses.
    pub(super) async fn beginning<T>(
        &mut self,
        most: usize,
        find: impl Fn(&[u8]) -> Result<Option<T>, Refusal>,
    ) -> Result<Beginning<T>, Refused> {
        let (mut bytes, mut tried) = (Vec::new(), 0_usize);
        loop {
            let ended = match self.frame().await? {
                (Kind::Data, payload) => {
                    bytes.extend_from_slice(payload);
                    false
                }
                (Kind::InputEnd, _) => true,
                _ => return Err(Refusal::Protocol.into()),
            };
            let is_last = ended || bytes.len() >= most;
            // Not at every frame: small ones would have the same bytes looked at over and over.
            if is_last || bytes.len() >= tried.saturating_mul(2) {
                tried = bytes.len();
                if let Some(found) = find(&bytes)? {
                    return Ok(Beginning { found, bytes, ended });
                }
            }
            if is_last {
                return Err(Refusal::InputCorrupt.into());
            }
        }
    }

    /// The kind of the next frame, whose payload is appended to `onto`.
    pub(super) async fn append_frame(&mut self, onto: &mut Vec<u8>) -> Result<Kind, Refused> {
        Ok(timeout(self.idle, wire::append(&mut self.from, onto)).await.map_err(|_| Refusal::Timeout)??)
    }

    async fn drain(&mut self) {
        let drop_all = async {
            let mut buffer = vec![0; sealroom_shared::limits::WIRE_PAYLOAD];
            while self.from.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
        };
        let _ = timeout(DRAIN, drop_all).await;
    }
}

impl<W: AsyncWrite + Unpin> Outgoing<W> {
    pub(super) async fn frame(&mut self, kind: Kind, payload: &[u8]) -> Result<(), Refused> {
        Ok(timeout(self.idle, self.to.frame(kind, payload)).await.map_err(|_| Refusal::Timeout)??)
    }

    pub(super) async fn document(&mut self, kind: Kind, bytes: &[u8]) -> Result<(), Refused> {
        Ok(timeout(self.idle, self.to.document(kind, bytes)).await.map_err(|_| Refusal::Timeout)??)
    }

    pub(super) async fn shutdown(&mut self) -> Result<(), Refused> {
        Ok(timeout(self.idle, self.to.shutdown()).await.map_err(|_| Refusal::Timeout)??)
    }
}

/// How long a refused parent may go on sending before the connection is cut.
const DRAIN: Duration = Duration::from_secs(5);
