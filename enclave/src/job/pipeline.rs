//! The stream through the enclave: open frames → cut into blocks of whole lines → row operations on every vCPU → seal
//! frames, in order. Runs on threads of its own between two bounded queues, so its memory does not depend on the input's
//! size. Knows nothing of connections.

use std::num::NonZero;

use sealroom_shared::digest::Blake3Digest;
use sealroom_shared::limits;
use sealroom_shared::message::{Opener, Sealer};
use sealroom_shared::receipt::Counts;
use sealroom_shared::record::blocks::BlockCutter;
use sealroom_shared::record::{RecordRefused, RowProcessor};
use sealroom_shared::wire::Refusal;
use tokio::sync::mpsc::{Receiver, Sender};

use super::input_header::of_message;
use super::plaintext::Plaintext;
use super::sealing::{Counted, Sealed, Sealing};
use super::workers::{Queue, Workers};

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
    pub(super) fn run(self, header: &[u8], incoming: Receiver<Incoming>, outgoing: &Sender<Vec<u8>>) -> Result<Ended, Refusal> {
        let Self { opener, mut rows, sealer, pad } = self;
        let vcpus = std::thread::available_parallelism().map_or(1, NonZero::get).min(limits::WORKERS);
        let mut input = Counted::default();
        input.take(header);
        let (opened, tallies, sealed) = std::thread::scope(|scope| {
            let (mut workers, done) = Workers::start(scope, (0..vcpus).map(|_| rows.another_worker()));
            let sealing = scope.spawn(move || Sealing::new(sealer, outgoing).run(done));
            let opened = open(opener, incoming, &mut input, workers.queue());
            // The queue ends here: workers and sealing come to their own end.
            let tallies = workers.join();
            (opened, tallies, sealing.join().map_err(|_| Refusal::Internal).and_then(|sealed| sealed))
        });
        // What the message says comes first, and what its records say only counts for a whole input: otherwise a parent that
        // stops taking the output would learn it of the part that it chose.
        if opened? == Opened::Stopped {
            return Err(sealed.err().unwrap_or(Refusal::Internal));
        }
        for tally in tallies? {
            rows.merge(tally).map_err(of_records)?;
        }
        let counts = rows.finish().map_err(of_records)?;
        let sealing = sealed?;
        let Sealed { header, message_id, bytes } = sealing.finish(pad)?;
        Ok(Ended {
            input_digest: input.digest(),
            input_bytes: input.bytes(),
            output_digest: bytes.digest(),
            output_bytes: bytes.bytes(),
            output_header: header,
            output_message_id: message_id,
            counts: Counts { read: counts.read, released: counts.released, skipped: counts.skipped },
        })
    }
}

/// How far the input was opened.
#[derive(Debug, PartialEq, Eq)]
enum Opened {
    /// To its end, which was verified.
    Whole,
    /// Up to where the connection failed: nobody takes the output any more.
    Stopped,
}

/// Opens the input's frames and hands on their plaintext in blocks of whole lines.
fn open(mut opener: Opener, mut incoming: Receiver<Incoming>, input: &mut Counted, queue: &mut Queue) -> Result<Opened, Refusal> {
    let mut cutter = BlockCutter::new();
    let mut plaintext = Plaintext::default();
    while let Incoming::Bytes(bytes) = incoming.blocking_recv().ok_or(Refusal::Protocol)? {
        input.take(&bytes);
        opener.push(&bytes, &mut plaintext.0).map_err(of_message)?;
        if let Some(block) = cutter.push(&plaintext.0)
            && !queue.push(Plaintext(block))
        {
            return Ok(Opened::Stopped);
        }
        plaintext.0.clear();
    }
    opener.finish().map_err(of_message)?;
    Ok(if queue.push(Plaintext(cutter.finish())) { Opened::Whole } else { Opened::Stopped })
}

/// Whatever the records say, the parent learns one code.
fn of_records(_: RecordRefused) -> Refusal {
    Refusal::RefusedByData
}
