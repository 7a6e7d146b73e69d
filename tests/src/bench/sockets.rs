//! The whole way through `submit`, sockets and the enclave, against the same job in this process: enclave and job on one
//! processor, everything else on another.

use anyhow::{Result, ensure};

use super::clock::{Contest, own};
use super::harness::{Harness, Reader, pin};
use super::report::{Judged, Row, Target, rate};
use super::work::{self, Output, Work};
use super::{Settings, nd1k};

pub fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let count = if settings.quick { 100 * 1024 } else { 1024 * 1024 };
    let harness = Harness::new(&Reader::Rsa)?;
    let sealed = settings.folder("sockets")?.join("in.sealed");
    harness.seal(count, &sealed)?;
    let enclave = harness.enclave()?;
    enclave.pin(JOB, REST)?;

    let work = Work::new()?;
    let input = work.seal(&nd1k::Records::new().take(count))?;
    // The same rows, but for the token key, which each has of its own.
    enclave.run(&mut harness.submit(&enclave, &sealed))?;
    let (through, here) = (harness.open(), work.rows(&input, 1)?);
    ensure!(through.len() == here.len(), "{} and {} bytes of rows", through.len(), here.len());
    work::same_rows(&without_tokens(&through), &without_tokens(&here))?;

    let mut output = Output::default();
    let mut contest = Contest::default();
    let ours = contest.enter(|| {
        pin(std::process::id(), REST)?;
        enclave.run(&mut harness.submit(&enclave, &sealed))
    });
    let reference = contest.enter(|| {
        pin(std::process::id(), JOB)?;
        Ok(own(|| work.run(&input, 1, &mut output))?.1)
    });
    let outcome = contest.hold(settings.rounds)?;
    let bytes = (count * nd1k::RECORD) as f64;
    Ok(vec![Row::speed(
        "end to end through `submit`, nitro-sim and sockets, against the job in one process",
        rate(bytes, outcome.median(ours).wall),
        format!("in process, {}", rate(bytes, outcome.median(reference).wall)),
        outcome.ratio(ours, reference),
        Judged::Wall,
        Target::AtLeast(0.75),
    )])
}

/// The first thousand rows with their tokens blanked out.
fn without_tokens(rows: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    for line in rows.split(|byte| *byte == b'\n').take(1000) {
        let text = String::from_utf8_lossy(line);
        match (text.find("\"tok_"), text.find("\",\"pan\"")) {
            (Some(from), Some(to)) => kept.extend_from_slice([&text[..from], "\"", &text[to..]].concat().as_bytes()),
            _ => kept.extend_from_slice(line),
        }
        kept.push(b'\n');
    }
    kept
}

/// The processor of the enclave, and of the job in this process.
const JOB: usize = 0;
/// The processor of everything else.
const REST: usize = 1;
