//! Row operations on every vCPU. Blocks go round the workers in turn and their rows are taken in the same turn, so the
//! output's order is the input's without any sorting.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use sealroom_shared::limits;
use sealroom_shared::record::lines::LineSplitter;
use sealroom_shared::record::{RecordRefused, RowWorker, Tally};
use sealroom_shared::wire::Refusal;

use super::plaintext::Plaintext;

/// Running workers.
pub(super) struct Workers<'scope> {
    queue: Queue,
    handles: Vec<ScopedJoinHandle<'scope, Result<Tally, RecordRefused>>>,
}

/// Where blocks go in.
pub(super) struct Queue {
    to: Vec<SyncSender<Plaintext>>,
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
    /// Starts one thread for each worker.
    pub(super) fn start<'env>(scope: &'scope Scope<'scope, 'env>, workers: impl Iterator<Item = RowWorker>) -> (Self, Done)
    where
        'env: 'scope,
    {
        let (mut to, mut from, mut handles) = (Vec::new(), Vec::new(), Vec::new());
        for worker in workers {
            let (blocks_in, blocks) = sync_channel(WAITING);
            let (rows, rows_out) = sync_channel(WAITING);
            to.push(blocks_in);
            from.push(rows_out);
            handles.push(scope.spawn(move || work(worker, &blocks, &rows)));
        }
        (Self { queue: Queue { to, turn: 0 }, handles }, Done { from, turn: 0 })
    }

    /// Where blocks go in.
    pub(super) fn queue(&mut self) -> &mut Queue {
        &mut self.queue
    }

    /// Ends the queue and waits for the workers. Their refusals look alike.
    pub(super) fn join(self) -> Result<Vec<Tally>, Refusal> {
        drop(self.queue);
        let ended: Vec<_> = self.handles.into_iter().map(ScopedJoinHandle::join).collect();
        ended.into_iter().map(|ended| ended.map_err(|_| Refusal::Internal)?.map_err(|_| Refusal::RefusedByData)).collect()
    }
}

impl Queue {
    /// Hands a block to the worker whose turn it is. False where nobody takes the rows any more.
    pub(super) fn push(&mut self, block: Plaintext) -> bool {
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

fn work(mut worker: RowWorker, blocks: &Receiver<Plaintext>, rows: &SyncSender<Rows>) -> Result<Tally, RecordRefused> {
    let mut refused = None;
    for block in blocks {
        let mut out = Plaintext(Vec::with_capacity(block.0.len()));
        if refused.is_none() {
            refused = one_block(&mut worker, &block, &mut out, rows).err();
        }
        // After a refusal blocks are taken in all the same: it is told at the input's end only. A parent that feeds the
        // input bit by bit would learn which record it was, and tell one refusal by data from another.
        if rows.send(Rows { bytes: out, last: true }).is_err() {
            break;
        }
    }
    refused.map_or_else(|| Ok(worker.into_tally()), Err)
}

fn one_block(worker: &mut RowWorker, block: &Plaintext, out: &mut Plaintext, rows: &SyncSender<Rows>) -> Result<(), RecordRefused> {
    let mut each = |line: &[u8]| {
        worker.record(line, &mut out.0)?;
        // Short records under long column names become many times their length. Where nobody takes the rows any more, the
        // last piece of the block will tell.
        if out.0.len() >= limits::BLOCK_BYTES {
            let _ = rows.send(Rows { bytes: std::mem::take(out), last: false });
        }
        Ok(())
    };
    let mut lines = LineSplitter::new();
    lines.push(&block.0, &mut each)?;
    lines.finish(&mut each)
}

/// Blocks that wait before each worker, and rows behind it.
const WAITING: usize = 2;
