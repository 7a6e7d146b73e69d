//! The records job on one core, from sealed to sealed in memory, against a validating scan alone, and against what its
//! parts take when each runs alone.

use anyhow::{Result, ensure};
use aws_lc_rs::hmac;
use sealroom_shared::message::{DataKey, EncryptionContext};

use super::clock::{Contest, own};
use super::harness::pin;
use super::report::{Judged, Row, Target, rate};
use super::scans::Scans;
use super::work::{FRAME, Output, Work};
use super::{Settings, nd1k, sealed};

pub fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let count = if settings.quick { 50_000 } else { 200_000 };
    // One core, whatever number of threads.
    pin(std::process::id(), 0)?;
    let records = nd1k::Records::new().take(count);
    let text = std::str::from_utf8(&records)?;
    let bytes = records.len() as f64;
    let work = Work::new()?;
    let input = work.seal(&records)?;
    let rows = work.rows(&input, 1)?;
    ensure!(rows.split(|byte| *byte == b'\n').count() == count + 1, "not one row a record");
    let (data_key, key) = (DataKey::random()?, hmac::Key::new(hmac::HMAC_SHA256, &[3; 32]));
    let message = sealed::message(EncryptionContext::new(), &data_key, FRAME, &records)?;

    let mut output = Output::default();
    let mut contest = Contest::default();
    let ours = contest.enter(|| Ok(own(|| work.run(&input, 1, &mut output))?.1));
    let scans = Scans::enter(&mut contest, text);
    // The other parts, each alone: opening the input, one keyed digest a record, sealing the rows, digests of both.
    let opening = contest.enter(|| Ok(own(|| open(&message, &data_key))?.1));
    let digests = contest.enter(|| Ok(own(|| digest(&key, count))?.1));
    let sealing = contest.enter(|| Ok(own(|| sealed::message(EncryptionContext::new(), &data_key, FRAME, &rows))?.1));
    // The receipt names input and output by their digest.
    let receipt = contest.enter(|| Ok(own(|| Ok([blake3::hash(&input), blake3::hash(&rows)]))?.1));
    let outcome = contest.hold(settings.rounds)?;

    let (name, scan) = scans.fastest(&outcome)?;
    for (name, entry) in scans.all() {
        eprintln!("  sonic-rs {name}: {}", rate(bytes, outcome.median(entry).cpu));
    }
    for (name, entry) in [("opening", opening), ("keyed digests", digests), ("sealing", sealing), ("digests of input and output", receipt)]
    {
        eprintln!("  {name}: {:.0} ns a record", outcome.median(entry).cpu * 1e9 / count as f64);
    }
    let parts = [scan, opening, digests, sealing, receipt];
    let bound = outcome.ratio_of(|round| {
        let sum = |time: fn(&super::clock::Spent) -> f64| parts.iter().map(|part| time(&round[*part])).sum();
        round[ours].against(super::clock::Spent { wall: sum(|spent| spent.wall), cpu: sum(|spent| spent.cpu) })
    });
    let bound_seconds: f64 = parts.iter().map(|part| outcome.median(*part).cpu).sum();
    let our_rate = rate(bytes, outcome.median(ours).cpu);
    Ok(vec![
        Row::speed(
            "records job, one core, sealed in and out, against a validating scan alone",
            our_rate.clone(),
            format!("sonic-rs {name}, six fields, {}", rate(bytes, outcome.median(scan).cpu)),
            outcome.ratio(ours, scan),
            Judged::Cpu,
            Target::AtLeast(0.4),
        ),
        Row::speed(
            "the same against the bound of its parts",
            our_rate,
            format!("open + scan + HMAC + seal + BLAKE3, {}", rate(bytes, bound_seconds)),
            bound,
            Judged::Cpu,
            Target::AtLeast(0.7),
        ),
    ])
}

/// Opens as the job does: pieces from the connection, into one buffer.
fn open(message: &[u8], data_key: &DataKey) -> Result<usize> {
    let (mut opener, used) = sealed::opener(message, data_key)?;
    let (mut plaintext, mut length) = (Vec::new(), 0);
    for piece in message[used..].chunks(sealroom_shared::limits::BLOCK_BYTES) {
        opener.push(piece, &mut plaintext)?;
        length += plaintext.len();
        plaintext.clear();
    }
    opener.finish()?;
    Ok(length)
}

/// One digest for each record, of as many bytes as the token of an e-mail address takes.
fn digest(key: &hmac::Key, count: usize) -> Result<u64> {
    let mut sum = 0;
    let mut text = [0u8; 45];
    for number in 0..count {
        text[..8].copy_from_slice(&(number as u64).to_be_bytes());
        sum += u64::from(hmac::sign(key, &text).as_ref()[0]);
    }
    Ok(sum)
}
