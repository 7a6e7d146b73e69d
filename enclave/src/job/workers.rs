//! Row operations on every vCPU. Blocks go round the workers in turn and their rows are taken in the same turn, so the
//! output's order is the input's without any sorting.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use sealroom_shared::record::blocks::Block;
use sealroom_shared::record::sealed::MissingKey;
use sealroom_shared::record::{RecordRefused, RowWorker, Step, Tally};
use sealroom_shared::wire::Refusal;
use tokio::sync::mpsc::Sender;

use super::pool::{Plaintext, Pool};
use super::sealed_fields::KeysWanted;

/// Running workers.
pub(super) struct Workers<'scope> {
    queue: Queue,
    handles: Vec<ScopedJoinHandle<'scope, Result<Tally, Refusal>>>,
}

/// Where blocks go in.
pub(super) struct Queue {
    to: Vec<SyncSender<Block>>,
    turn: usize,
}

/// Rows of one block, or a piece of them.
struct Rows {
    bytes: Plaintext,
    /// Whether the block ends with them.
    last: bool,
}

/// Where rows come out.
pub(super) struct Done {
    from: Vec<Receiver<Rows>>,
    turn: usize,
}

impl<'scope> Workers<'scope> {
    /// Starts one thread for each worker. `keys` is where data keys of sealed values are asked for.
    pub(super) fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        workers: impl Iterator<Item = RowWorker>,
        keys: Option<&Sender<KeysWanted>>,
        pool: &'env Pool,
    ) -> (Self, Done)
    where
        'env: 'scope,
    {
        let (mut to, mut from, mut handles) = (Vec::new(), Vec::new(), Vec::new());
        for rows in workers {
            let worker = Worker { rows, keys: keys.cloned(), pool };
            let (blocks_in, blocks) = sync_channel(WAITING);
            let (rows_in, rows_out) = sync_channel(WAITING);
            to.push(blocks_in);
            from.push(rows_out);
            handles.push(scope.spawn(move || worker.run(&blocks, &rows_in)));
        }
        (Self { queue: Queue { to, turn: 0 }, handles }, Done { from, turn: 0 })
    }

    /// Where blocks go in.
    pub(super) fn queue(&mut self) -> &mut Queue {
        &mut self.queue
    }

    /// Ends the queue and waits for the workers.
    pub(super) fn join(self) -> Result<Vec<Tally>, Refusal> {
        drop(self.queue);
        let ended: Vec<_> = self.handles.into_iter().map(|handle| handle.join().unwrap_or(Err(Refusal::Internal))).collect();
        // What the parent has brought about itself comes first: otherwise it would learn from a data key that is refused, at
        // a place that it chose, whether a record before it was.
        match ended.iter().filter_map(|ended| ended.as_ref().err()).find(|refusal| **refusal != Refusal::RefusedByData) {
            Some(refusal) => Err(*refusal),
            None => ended.into_iter().collect(),
        }
    }
}

impl Queue {
    /// Hands a block to the worker whose turn it is. False where nobody takes the rows any more.
    pub(super) fn push(&mut self, block: Block) -> bool {
        let Some(to) = self.to.get(self.turn) else { return false };
        self.turn = (self.turn + 1) % self.to.len();
        to.send(block).is_ok()
    }
}

impl Done {
    /// The next rows. `None` at the end.
    pub(super) fn next(&mut self) -> Option<Plaintext> {
        let Rows { bytes, last } = self.from.get(self.turn)?.recv().ok()?;
        if last {
            self.turn = (self.turn + 1) % self.from.len();
        }
        Some(bytes)
    }
}

/// What one worker goes by.
struct Worker<'p> {
    rows: RowWorker,
    keys: Option<Sender<KeysWanted>>,
    pool: &'p Pool,
}

impl Worker<'_> {
    fn run(mut self, blocks: &Receiver<Block>, rows: &SyncSender<Rows>) -> Result<Tally, Refusal> {
        let mut refused = None;
        for block in blocks {
            let mut out = self.pool.take();
            if refused.is_none() {
                match self.one_block(&block, &mut out, rows) {
                    Ok(()) => {}
                    // After a refusal by data blocks are taken in all the same: it is told at the input's end only. A parent
                    // that feeds the input bit by bit would learn which record it was, and tell one from another.
                    Err(Stopped::Refused(data)) => refused = Some(data),
                    Err(Stopped::KeysRefused(refusal)) => return Err(refusal),
                }
            }
            if refused.is_some() {
                // As would the one who sees that no further data key is asked for.
                let missing = self.rows.missing(&block, 0);
                self.ask_for(missing)?;
            }
            self.pool.give(block.into_bytes());
            if rows.send(Rows { bytes: out, last: true }).is_err() {
                break;
            }
        }
        refused.map_or_else(|| Ok(self.rows.into_tally()), |refused| Err(of_records(refused)))
    }

    fn one_block(&mut self, block: &Block, out: &mut Plaintext, rows: &SyncSender<Rows>) -> Result<(), Stopped> {
        let mut at = 0;
        loop {
            match self.rows.advance(block, &mut at, out).map_err(Stopped::Refused)? {
                Step::Done => return Ok(()),
                // Short records under long column names become many times their length. Where nobody takes the rows any
                // more, the last piece of the block will tell.
                Step::Full => {
                    let full = std::mem::replace(out, self.pool.take());
                    let _ = rows.send(Rows { bytes: full, last: false });
                }
                Step::KeyMissing => {
                    let missing = self.rows.missing(block, at);
                    self.ask_for(missing).map_err(Stopped::KeysRefused)?;
                }
            }
        }
    }

    /// Waits until the data keys are there.
    fn ask_for(&self, missing: Vec<MissingKey>) -> Result<(), Refusal> {
        if missing.is_empty() {
            return Ok(());
        }
        let (given, answer) = sync_channel(1);
        let asked = self.keys.as_ref().ok_or(Refusal::Internal)?.blocking_send(KeysWanted { missing, given });
        asked.map_err(|_| Refusal::Internal)?;
        answer.recv().map_err(|_| Refusal::Internal)?
    }
}

/// Why a worker stops in a block.
enum Stopped {
    Refused(RecordRefused),
    KeysRefused(Refusal),
}

/// Whatever the records say, the parent learns one code. That a sealed value does not verify shows in its ciphertext.
pub(super) fn of_records(refused: RecordRefused) -> Refusal {
    match refused {
        RecordRefused::SealedValue => Refusal::InputCorrupt,
        _ => Refusal::RefusedByData,
    }
}

/// Blocks that wait before each worker, and rows behind it.
const WAITING: usize = 2;
