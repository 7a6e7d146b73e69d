//! The benchmark's job in this process: its policy, its keys, and the enclave's own way of running it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use anyhow::{Result, anyhow, bail, ensure};
use sealroom_enclave::job::pipeline::{Incoming, Pipeline};
use sealroom_enclave::job::pool::Buffers;
use sealroom_shared::authorize::{self, Plan};
use sealroom_shared::job::Job;
use sealroom_shared::message::{DataKey, EncryptionContext};
use sealroom_shared::policy::{Policy, UnixMillis};
use sealroom_shared::record::blocks::Block;
use sealroom_shared::record::tokens::TokenKey;
use sealroom_shared::record::{RowProcessor, RowWorker, Step};
use tokio::sync::mpsc;

use super::sealed;

/// The owner's terms, with places for what is made anew each time.
pub const POLICY: &str = include_str!("../../bench/policy.toml");
/// What is asked for.
pub const JOB: &str = include_str!("../../bench/job.toml");
/// What is asked for as groups.
pub const GROUPS: &str = include_str!("../../bench/groups-job.toml");
/// What is asked for as the most groups that there may be.
pub const MILLION: &str = include_str!("../../bench/million-job.toml");
/// What is asked for of free text.
pub const REDACT: &str = include_str!("../../bench/redact-job.toml");
/// The six fields that the job of records reads.
pub const FIELDS: [&str; 6] = ["email", "pan", "phone", "country", "amount", "currency"];
/// The token domain's key.
pub const TOKEN_KEY: [u8; 32] = [0x17; 32];

/// The job and everything that it needs.
pub struct Work {
    plan: Plan,
    data_key: DataKey,
}

impl Work {
    /// Authorizes the job of records.
    pub fn new() -> Result<Self> {
        Self::of(JOB)
    }

    /// Authorizes `job`.
    pub fn of(job: &str) -> Result<Self> {
        let recipient = "kms_key = \"arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000001\"";
        let policy = POLICY
            .replace("@KEY_ARN@", "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000000")
            .replace("@CHECK@", &check())
            .replace("@RECIPIENT@", recipient);
        let (policy, job) = (Policy::parse(policy.as_bytes())?, Job::parse(job.as_bytes())?);
        Ok(Self { plan: authorize::job(&policy, &job, UnixMillis(0))?, data_key: DataKey::random()? })
    }

    /// Records, sealed as the job's input.
    pub fn seal(&self, records: &[u8]) -> Result<Vec<u8>> {
        sealed::message(EncryptionContext::new(), &self.data_key, FRAME, records)
    }

    /// Runs the job as the enclave does, with as many workers, from sealed input to sealed output, both in memory. `output`
    /// is filled anew; where it has served before, no memory has to be found for it.
    pub fn run(&self, input: &[u8], workers: usize, output: &mut Output) -> Result<()> {
        let (opener, used) = sealed::opener(input, &self.data_key)?;
        let (header, frames) = input.split_at(used);
        let rows = self.processor()?;
        let sealer = sealed::sealer(EncryptionContext::new(), &self.data_key, FRAME)?;
        let buffers = Arc::new(Buffers::default());
        let pipeline = Pipeline { rows, sealer, pad: false, manifest: None, workers, buffers: Arc::clone(&buffers) };
        let (to_job, incoming) = mpsc::channel(QUEUE);
        let (outgoing, mut from_job) = mpsc::channel::<Vec<u8>>(QUEUE);
        thread::scope(|scope| {
            let body = &mut output.body;
            body.clear();
            let (taken, given) = (Arc::clone(&buffers), buffers);
            let taking = scope.spawn(move || {
                while let Some(frames) = from_job.blocking_recv() {
                    body.extend_from_slice(&frames);
                    given.give(frames);
                }
            });
            // Ends early only where the job has: its refusal says why.
            scope.spawn(move || {
                let begin = Incoming::Input { opener: Some(Box::new(opener)), header: header.to_vec() };
                let pieces = frames.chunks(PIECE).map(|piece| {
                    let mut bytes = taken.take();
                    bytes.clear();
                    bytes.extend_from_slice(piece);
                    Incoming::Bytes(bytes)
                });
                let all = std::iter::once(begin).chain(pieces).chain([Incoming::InputEnd, Incoming::End]);
                let _ = all.map(|next| to_job.blocking_send(next)).find(Result::is_err);
            });
            let ended = pipeline.run(incoming, &outgoing, None).map_err(|refusal| anyhow!("the job is refused: {refusal:?}"));
            drop(outgoing);
            taking.join().map_err(|_| anyhow!("the output's thread ended badly"))?;
            output.header = ended?.output_header;
            Ok(())
        })
    }

    /// Row operations alone, on records in the clear: no opening, no sealing, no digests, one thread.
    pub fn rows_in_the_clear(&self, records: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let rows = self.processor()?;
        let (mut worker, mut cutter, mut spare) = (rows.worker(), rows.cutter(), Default::default());
        out.clear();
        for piece in records.chunks(PIECE) {
            cutter.space().extend_from_slice(piece);
            if let Some(block) = cutter.cut(|| std::mem::take(&mut spare)) {
                through(&mut worker, &block, out)?;
                spare = block.into_bytes();
                spare.clear();
            }
        }
        through(&mut worker, &cutter.finish(), out)
    }

    fn processor(&self) -> Result<RowProcessor> {
        Ok(self.plan.processor(&BTreeMap::from([("customer".to_owned(), TokenKey::from_bytes(TOKEN_KEY))]))?)
    }

    /// The rows of a job on `input`.
    pub fn rows(&self, input: &[u8], workers: usize) -> Result<Vec<u8>> {
        let mut output = Output::default();
        self.run(input, workers, &mut output)?;
        let (mut opener, _) = sealed::opener(&output.header, &self.data_key)?;
        let mut plaintext = Vec::new();
        opener.push(&output.body, &mut plaintext)?;
        opener.finish()?;
        Ok(plaintext)
    }
}

/// A job's output: the header, which comes last, and the frames.
#[derive(Default)]
pub struct Output {
    header: Vec<u8>,
    body: Vec<u8>,
}

fn through(worker: &mut RowWorker, block: &Block, out: &mut Vec<u8>) -> Result<()> {
    let mut at = 0;
    loop {
        match worker.advance(block, &mut at, out)? {
            Step::Full => {}
            Step::Done => return Ok(()),
            Step::KeyMissing => bail!("no field is sealed"),
        }
    }
}

/// The token key's check value, as the policy names it.
#[must_use]
pub fn check() -> String {
    TokenKey::from_bytes(TOKEN_KEY).check_value("customer").to_string()
}

/// Fails unless both hold the same rows: the same values in the same order, however written.
pub fn same_rows(ours: &[u8], theirs: &[u8]) -> Result<()> {
    let (mut ours, mut theirs) = (ours.split(|byte| *byte == b'\n'), theirs.split(|byte| *byte == b'\n'));
    for number in 1.. {
        match (ours.next(), theirs.next()) {
            (None, None) => break,
            (Some(b""), Some(b"")) => {}
            (Some(our), Some(their)) => {
                let (our, their): (serde_json::Value, serde_json::Value) = (serde_json::from_slice(our)?, serde_json::from_slice(their)?);
                ensure!(our == their, "row {number} differs: {our} and {their}");
            }
            _ => return Err(anyhow!("one has more than {} rows, the other has not", number - 1)),
        }
    }
    Ok(())
}

/// Frame length of input and output, as Sealroom writes it.
pub const FRAME: u32 = sealroom_shared::limits::FRAME_LENGTH_WRITTEN;
/// Bytes that come from the connection at once.
const PIECE: usize = sealroom_shared::limits::BLOCK_BYTES;
/// Pieces that wait in each direction, as between connection and job.
const QUEUE: usize = 2;
