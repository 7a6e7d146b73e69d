//! Runs jobs on plaintext with the library that the enclave runs them with, without keys, processes or sockets: what
//! thousands of jobs are tried with, and real tables.
#![allow(dead_code, reason = "each test that includes this module uses its part of it")]

use std::collections::BTreeMap;

use sealroom_shared::authorize::{self, JobNotAllowed, Plan};
use sealroom_shared::job::Job;
use sealroom_shared::policy::{Policy, UnixMillis};
use sealroom_shared::record::{Counts, RecordRefused, RowWorker};

/// What stands in every policy, whatever it allows.
pub const OWNER: &str = r#"version = 1
name = "tried in process"
datasets = ["d"]
keys = ["arn:aws:kms:eu-central-1:111122223333:key/1"]
recipients = [{ name = "r", kms_key = "arn:aws:kms:eu-central-1:111122223333:key/2" }]
"#;

/// Decides about a job, whose policy and text have to be readable.
pub fn decide(policy: &str, job: &str) -> Result<Plan, JobNotAllowed> {
    let read = Policy::parse(policy.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{policy}"));
    let asked = Job::parse(job.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{job}"));
    authorize::job(&read, &asked, UnixMillis(0))
}

/// What a job without tokens releases of `input`, which comes to as many workers as the job has, of `workers` at most.
pub fn release(plan: &Plan, input: &str, workers: usize) -> Result<(String, Counts), RecordRefused> {
    let mut processor = plan.processor(&BTreeMap::new()).expect("the job has no tokens");
    let cutter = || processor.cutter();
    let pieces = pieces(input, processor.workers(workers));
    let ended: Vec<(Result<(), RecordRefused>, RowWorker, Vec<u8>)> = std::thread::scope(|scope| {
        let work = |piece: &'_ str| {
            let (mut worker, cutter) = (processor.worker(), cutter());
            let piece = piece.to_owned();
            scope.spawn(move || {
                let mut rows = Vec::new();
                (worker.whole(cutter, piece.as_bytes(), &mut rows), worker, rows)
            })
        };
        let threads: Vec<_> = pieces.into_iter().map(work).collect();
        threads.into_iter().map(|thread| thread.join().expect("the worker's thread")).collect()
    });
    let mut out = processor.head();
    for (whole, worker, rows) in ended {
        whole?;
        out.extend_from_slice(&rows);
        processor.merge(worker.into_tally())?;
    }
    let (counts, summary) = processor.finish()?;
    if let Some(mut summary) = summary {
        while !summary.is_empty() {
            summary.next_block(&mut out);
        }
    }
    Ok((String::from_utf8(out).expect("rows are UTF-8"), counts))
}

/// `input` in pieces of whole lines.
fn pieces(input: &str, count: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = input;
    for left in (2..=count).rev() {
        let at = rest
            .as_bytes()
            .iter()
            .skip(rest.len() / left)
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |at| rest.len() / left + at + 1);
        let (piece, after) = rest.split_at(at);
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}
