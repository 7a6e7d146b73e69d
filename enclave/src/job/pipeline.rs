//! The stream through the enclave: open frames → split lines → row operations → seal frames. Runs on a thread of its
//! own between two bounded queues, so its memory does not depend on the input's size. Knows nothing of connections.

use sealroom_shared::digest::Blake3Digest;
use sealroom_shared::limits;
use sealroom_shared::message::{Opener, Sealer};
use sealroom_shared::receipt::Counts;
use sealroom_shared::record::lines::LineSplitter;
use sealroom_shared::record::{RecordRefused, RowProcessor, padding};
use sealroom_shared::wire::Refusal;
use tokio::sync::mpsc::{Receiver, Sender};
use zeroize::Zeroize;

use super::input_header::of_message;

/// What comes in.
pub(super) enum Incoming {
    /// The next bytes of the sealed input.
    Bytes(Vec<u8>),
    /// The input's end. A queue that ends without it was cut off.
    End,
}

/// Everything that one input and one output need.
pub(super) struct Pipeline {
    pub(super) opener: Opener,
    pub(super) rows: RowProcessor,
    pub(super) sealer: Sealer,
    pub(super) pad: bool,
}

/// What is known once the last record has passed every check.
pub(super) struct Ended {
    pub(super) input_digest: Blake3Digest,
    pub(super) input_bytes: u64,
    pub(super) output_digest: Blake3Digest,
    pub(super) output_bytes: u64,
    pub(super) output_header: Vec<u8>,
    pub(super) output_message_id: String,
    pub(super) counts: Counts,
}

impl Pipeline {
    /// Runs to the input's end. `header` are the input's header bytes, which count into its digest.
    pub(super) fn run(self, header: &[u8], mut incoming: Receiver<Incoming>, outgoing: &Sender<Vec<u8>>) -> Result<Ended, Refusal> {
        let Self { mut opener, mut rows, sealer, pad } = self;
        let mut input = Counted::default();
        input.take(header);
        let mut output = Output::new(sealer, outgoing);
        let mut lines = LineSplitter::new();
        let mut plaintext = Plaintext(Vec::new());
        let mut by_data = false;
        while let Incoming::Bytes(bytes) = incoming.blocking_recv().ok_or(Refusal::Protocol)? {
            input.take(&bytes);
            opener.push(&bytes, &mut plaintext.0).map_err(of_message)?;
            if !by_data {
                let done = lines.push(&plaintext.0, |line| {
                    rows.record(line, &mut output.rows.0).map_err(of_records)?;
                    // After every record: one frame of short records under long column names may become many MiB of rows.
                    output.seal_if_large()
                });
                // Told at the input's end only: a parent that feeds the input bit by bit would learn which record it was,
                // and tell one refusal by data from another.
                by_data = done == Err(Refusal::RefusedByData);
                if !by_data {
                    done?;
                }
            }
            plaintext.0.clear();
        }
        opener.finish().map_err(of_message)?;
        if by_data {
            return Err(Refusal::RefusedByData);
        }
        lines.finish(|line| rows.record(line, &mut output.rows.0)).map_err(of_records)?;
        let counts = rows.finish().map_err(of_records)?;
        output.finish(pad).map(|(output_header, output_message_id, output)| Ended {
            input_digest: input.digest(),
            input_bytes: input.bytes,
            output_digest: output.digest(),
            output_bytes: output.bytes,
            output_header,
            output_message_id,
            counts: Counts { read: counts.read, released: counts.released, skipped: counts.skipped },
        })
    }
}

/// Rows on their way into sealed frames.
struct Output<'a> {
    sealer: Sealer,
    outgoing: &'a Sender<Vec<u8>>,
    rows: Plaintext,
    plaintext_bytes: u64,
    sealed: Counted,
}

impl<'a> Output<'a> {
    fn new(sealer: Sealer, outgoing: &'a Sender<Vec<u8>>) -> Self {
        // The output file begins with the header, although the header is sent last.
        let mut sealed = Counted::default();
        sealed.take(sealer.header());
        Self { sealer, outgoing, rows: Plaintext(Vec::new()), plaintext_bytes: 0, sealed }
    }

    fn seal_if_large(&mut self) -> Result<(), Refusal> {
        if self.rows.0.len() >= limits::WIRE_PAYLOAD { self.seal() } else { Ok(()) }
    }

    fn seal(&mut self) -> Result<(), Refusal> {
        let mut body = Vec::with_capacity(self.rows.0.len().saturating_add(4096));
        self.sealer.push(&self.rows.0, &mut body).map_err(|_| Refusal::TooLarge)?;
        self.plaintext_bytes = self.plaintext_bytes.saturating_add(u64::try_from(self.rows.0.len()).map_err(|_| Refusal::Internal)?);
        self.rows.0.clear();
        self.send(body)
    }

    fn send(&mut self, body: Vec<u8>) -> Result<(), Refusal> {
        if body.is_empty() {
            return Ok(());
        }
        self.sealed.take(&body);
        self.outgoing.blocking_send(body).map_err(|_| Refusal::Protocol)
    }

    fn finish(mut self, pad: bool) -> Result<(Vec<u8>, String, Counted), Refusal> {
        self.seal()?;
        if pad {
            padding::pad(self.plaintext_bytes, &mut self.rows.0);
            self.seal()?;
        }
        let (header, message_id) = (self.sealer.header().to_vec(), self.sealer.message_id().to_hex());
        let Self { sealer, outgoing, mut sealed, .. } = self;
        let mut body = Vec::new();
        sealer.finish(&mut body).map_err(|_| Refusal::TooLarge)?;
        sealed.take(&body);
        outgoing.blocking_send(body).map_err(|_| Refusal::Protocol)?;
        Ok((header, message_id, sealed))
    }
}

/// Bytes that have passed, counted and digested.
#[derive(Default)]
struct Counted {
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Counted {
    fn take(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    fn digest(&self) -> Blake3Digest {
        Blake3Digest::finish(&self.hasher)
    }
}

/// A buffer of records, wiped when the job ends in whatever way.
struct Plaintext(Vec<u8>);

impl Drop for Plaintext {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Whatever the records say, the parent learns one code.
fn of_records(_: RecordRefused) -> Refusal {
    Refusal::RefusedByData
}
