//! The stream through the enclave: open frames → cut into blocks of whole records → row operations on every vCPU → seal
//! frames, in order. Runs on threads of its own between two bounded queues, so its memory does not depend on the input's
//! size. Knows nothing of connections.

use std::sync::Arc;

use sealroom_shared::digest::Blake3Digest;
use sealroom_shared::limits;
use sealroom_shared::manifest::{Manifest, NotOfManifest, PiecesCheck};
use sealroom_shared::message::{Opener, Sealer};
use sealroom_shared::receipt::Counts;
use sealroom_shared::record::RowProcessor;
use sealroom_shared::record::blocks::BlockCutter;
use sealroom_shared::wire::Refusal;
use tokio::sync::mpsc::{Receiver, Sender};

use super::input_header::of_message;
use super::pool::{Buffers, Pool};
use super::sealed_fields::KeysWanted;
use super::sealing::{Counted, Sealed, Sealing};
use super::workers::{Queue, Workers, of_records};

/// What comes in.
pub enum Incoming {
    /// An input begins.
    Input {
        /// Of a sealed file; none for records with sealed fields, which lie open.
        opener: Option<Box<Opener>>,
        /// The file's header, which counts into its digest.
        header: Vec<u8>,
    },
    /// The next bytes of the input.
    Bytes(Vec<u8>),
    /// The input's end.
    InputEnd,
    /// The end of all inputs. A queue that ends without it was cut off.
    End,
}

/// Everything that the inputs and one output need.
pub struct Pipeline {
    /// What becomes of records.
    pub rows: RowProcessor,
    /// What seals the rows.
    pub sealer: Sealer,
    /// Whether the output's length is rounded up.
    pub pad: bool,
    /// What the input must be, where its owner has said so beside it.
    pub manifest: Option<Manifest>,
    /// Threads for row operations, at least one.
    pub workers: usize,
    /// Where buffers of ciphertext come from and go back to, on both sides of the pipeline.
    pub buffers: Arc<Buffers>,
}

/// What is known once the last record has passed every check.
pub struct Ended {
    /// Of each input.
    pub input_digests: Vec<Blake3Digest>,
    /// Of all inputs.
    pub input_bytes: u64,
    /// Of the whole output, its header included.
    pub output_digest: Blake3Digest,
    /// Of the whole output.
    pub output_bytes: u64,
    /// Without it nobody can open the output.
    pub output_header: Vec<u8>,
    /// 64 hex digits.
    pub output_message_id: String,
    /// Of records.
    pub counts: Counts,
}

impl Pipeline {
    /// Runs to the end of all inputs. Frames of the output go to `outgoing`; data keys of sealed values are asked for at
    /// `keys`.
    ///
    /// # Errors
    /// [`Refusal`]: nothing of the output can be opened.
    pub fn run(self, incoming: Receiver<Incoming>, outgoing: &Sender<Vec<u8>>, keys: Option<Sender<KeysWanted>>) -> Result<Ended, Refusal> {
        let Self { mut rows, sealer, pad, manifest, workers, buffers } = self;
        let pool = Pool::default();
        let records = manifest.as_ref().map(Manifest::records);
        let check = manifest.map(Manifest::check);
        let mut inputs = Inputs { rows: &rows, pool: &pool, buffers: &buffers, check, digests: Vec::new(), bytes: 0 };
        let (opened, tallies, sealed) = std::thread::scope(|scope| {
            let (mut workers, done) = Workers::start(scope, (0..rows.workers(workers)).map(|_| rows.worker()), keys.as_ref(), &pool);
            drop(keys);
            let (head, pool, buffers) = (rows.head(), &pool, &buffers);
            let sealing = scope.spawn(move || Sealing::new(sealer, outgoing, pool, buffers).run(head, done));
            let opened = inputs.open_all(incoming, workers.queue());
            // The queue ends here: workers and sealing come to their own end.
            let tallies = workers.join();
            (opened, tallies, sealing.join().map_err(|_| Refusal::Internal).and_then(|sealed| sealed))
        });
        let Inputs { digests: input_digests, bytes: input_bytes, .. } = inputs;
        // What the message says comes first, and what its records say only counts for a whole input: otherwise a parent that
        // stops taking the output would learn it of the part that it chose.
        if opened? == Opened::Stopped {
            return Err(match tallies.err() {
                Some(refusal) if refusal != Refusal::RefusedByData => refusal,
                _ => sealed.err().unwrap_or(Refusal::Internal),
            });
        }
        for tally in tallies? {
            rows.merge(tally).map_err(of_records)?;
        }
        let (counts, summary) = rows.finish().map_err(of_records)?;
        // Its bytes were compared before anybody looked at them; another count is the owner's own mistake.
        if records.is_some_and(|records| records != counts.read) {
            return Err(Refusal::InputSet);
        }
        let mut sealed = sealed?;
        if let Some(summary) = summary {
            sealed.summary(summary)?;
        }
        let Sealed { header, message_id, bytes } = sealed.finish(pad)?;
        Ok(Ended {
            input_digests,
            input_bytes,
            output_digest: bytes.digest(),
            output_bytes: bytes.bytes(),
            output_header: header,
            output_message_id: message_id,
            counts: Counts { read: counts.read, released: counts.released, skipped: counts.skipped },
        })
    }
}

/// How far the inputs were opened.
#[derive(Debug, PartialEq, Eq)]
enum Opened {
    /// To their end, which was verified.
    Whole,
    /// Up to where a worker or the connection gave up: nobody takes rows any more.
    Stopped,
}

/// The inputs while they are being opened.
struct Inputs<'p> {
    rows: &'p RowProcessor,
    pool: &'p Pool,
    buffers: &'p Buffers,
    /// For the one input of which a manifest speaks; afterwards spent.
    check: Option<PiecesCheck>,
    digests: Vec<Blake3Digest>,
    bytes: u64,
}

impl Inputs<'_> {
    fn open_all(&mut self, mut incoming: Receiver<Incoming>, queue: &mut Queue) -> Result<Opened, Refusal> {
        loop {
            match incoming.blocking_recv().ok_or(Refusal::Protocol)? {
                Incoming::Input { opener, header } => {
                    if self.open(opener, &header, &mut incoming, queue)? == Opened::Stopped {
                        return Ok(Opened::Stopped);
                    }
                }
                Incoming::End => return Ok(Opened::Whole),
                Incoming::Bytes(_) | Incoming::InputEnd => return Err(Refusal::Internal),
            }
        }
    }

    /// Opens one input's frames and hands on their plaintext in blocks of whole records.
    fn open(
        &mut self,
        opener: Option<Box<Opener>>,
        header: &[u8],
        incoming: &mut Receiver<Incoming>,
        queue: &mut Queue,
    ) -> Result<Opened, Refusal> {
        let mut digest = Counted::default();
        digest.take(header);
        let mut content = match (opener, self.check.take()) {
            (Some(opener), None) => Content::Sealed(opener),
            (None, Some(check)) => Content::OfManifest(check),
            (None, None) => Content::Operators,
            (Some(_), Some(_)) => return Err(Refusal::Internal),
        };
        let mut to = Blocks { cutter: self.rows.cutter(), pool: self.pool, queue };
        while let Incoming::Bytes(bytes) = incoming.blocking_recv().ok_or(Refusal::Protocol)? {
            digest.take(&bytes);
            let taken = match &mut content {
                Content::Sealed(opener) => {
                    opener.push(&bytes, to.cutter.space()).map_err(of_message)?;
                    to.cut()
                }
                Content::OfManifest(check) => {
                    let mut rest = bytes.as_slice();
                    let mut taken = true;
                    while taken && !rest.is_empty() {
                        let piece = check.push(&mut rest).map_err(of_manifest)?;
                        taken = piece.is_none_or(|piece| to.take(piece));
                    }
                    taken
                }
                Content::Operators => to.take(&bytes),
            };
            self.buffers.give(bytes);
            if !taken {
                return Ok(Opened::Stopped);
            }
        }
        let taken = match content {
            Content::Sealed(opener) => opener.finish().map_err(of_message).map(|()| true)?,
            Content::OfManifest(mut check) => to.take(check.finish().map_err(of_manifest)?),
            Content::Operators => true,
        };
        self.bytes = self.bytes.saturating_add(digest.bytes());
        self.digests.push(digest.digest());
        Ok(if taken && to.finish() { Opened::Whole } else { Opened::Stopped })
    }
}

/// Whose word the bytes of an input are, and what shows it.
enum Content {
    /// A sealed file.
    Sealed(Box<Opener>),
    /// Records with sealed fields, as their owner's manifest has them.
    OfManifest(PiecesCheck),
    /// Records with sealed fields, as the operator has put them together.
    Operators,
}

/// Records on their way to the workers.
struct Blocks<'p> {
    cutter: BlockCutter,
    pool: &'p Pool,
    queue: &'p mut Queue,
}

impl Blocks<'_> {
    /// Takes in records that lie open. False where nobody takes blocks any more.
    fn take(&mut self, records: &[u8]) -> bool {
        // A piece at once would make one block of it, and leave one worker with all of it.
        records.chunks(limits::BLOCK_BYTES).all(|chunk| {
            self.cutter.space().extend_from_slice(chunk);
            self.cut()
        })
    }

    /// Hands on a block, where one has come together. False where nobody takes blocks any more.
    fn cut(&mut self) -> bool {
        self.cutter.cut(|| self.pool.take()).is_none_or(|block| self.queue.push(block))
    }

    /// Hands on the last block.
    fn finish(self) -> bool {
        self.queue.push(self.cutter.finish())
    }
}

fn of_manifest(_: NotOfManifest) -> Refusal {
    Refusal::InputSet
}
