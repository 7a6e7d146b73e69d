//! Rows into sealed frames, in order. What is sealed leaves at once, but for the header, without which nobody can open it.

use sealroom_shared::digest::Blake3Digest;
use sealroom_shared::message::Sealer;
use sealroom_shared::record::{ReleasedSummary, padding};
use sealroom_shared::wire::Refusal;
use tokio::sync::mpsc::Sender;

use super::pool::{Buffers, Plaintext, Pool};
use super::workers::Done;

/// The output while it is being sealed.
pub(super) struct Sealing<'a> {
    sealer: Sealer,
    outgoing: &'a Sender<Vec<u8>>,
    pool: &'a Pool,
    buffers: &'a Buffers,
    plaintext_bytes: u64,
    sealed: Counted,
}

/// A whole output, whose header was kept back.
pub(super) struct Sealed {
    pub(super) header: Vec<u8>,
    pub(super) message_id: String,
    pub(super) bytes: Counted,
}

/// Bytes that have passed, counted and digested.
#[derive(Default)]
pub(super) struct Counted {
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<'a> Sealing<'a> {
    pub(super) fn new(sealer: Sealer, outgoing: &'a Sender<Vec<u8>>, pool: &'a Pool, buffers: &'a Buffers) -> Self {
        // The output file begins with the header, although the header is sent last.
        let mut sealed = Counted::default();
        sealed.take(sealer.header());
        Self { sealer, outgoing, pool, buffers, plaintext_bytes: 0, sealed }
    }

    /// Seals what stands before the first row, and rows until there are no more.
    pub(super) fn run(mut self, head: Vec<u8>, mut rows: Done) -> Result<Self, Refusal> {
        self.seal(&Plaintext::new(head))?;
        while let Some(rows) = rows.next() {
            self.seal(&rows)?;
            self.pool.give(rows);
        }
        Ok(self)
    }

    /// Seals what a job releases at its end. Only for a job whose every check has passed.
    pub(super) fn summary(&mut self, mut summary: ReleasedSummary) -> Result<(), Refusal> {
        let mut rows = Plaintext::default();
        while !summary.is_empty() {
            summary.next_block(&mut rows);
            self.seal(&rows)?;
            rows.clear();
        }
        Ok(())
    }

    /// Ends the output with its final frame. Only for a job whose every check has passed.
    pub(super) fn finish(mut self, pad: bool) -> Result<Sealed, Refusal> {
        if pad {
            let mut blank_lines = Plaintext::default();
            padding::pad(self.plaintext_bytes, &mut blank_lines);
            self.seal(&blank_lines)?;
        }
        let (header, message_id) = (self.sealer.header().to_vec(), self.sealer.message_id().to_hex());
        let Self { sealer, outgoing, mut sealed, .. } = self;
        let mut body = Vec::new();
        sealer.finish(&mut body).map_err(|_| Refusal::TooLarge)?;
        sealed.take(&body);
        outgoing.blocking_send(body).map_err(|_| Refusal::Protocol)?;
        Ok(Sealed { header, message_id, bytes: sealed })
    }

    fn seal(&mut self, rows: &Plaintext) -> Result<(), Refusal> {
        let mut body = self.buffers.take();
        body.clear();
        self.sealer.push(rows, &mut body).map_err(|_| Refusal::TooLarge)?;
        self.plaintext_bytes = self.plaintext_bytes.saturating_add(u64::try_from(rows.len()).map_err(|_| Refusal::Internal)?);
        if body.is_empty() {
            self.buffers.give(body);
            return Ok(());
        }
        self.sealed.take(&body);
        self.outgoing.blocking_send(body).map_err(|_| Refusal::Protocol)
    }
}

impl Counted {
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    pub(super) fn digest(&self) -> Blake3Digest {
        Blake3Digest::finish(&self.hasher)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}
