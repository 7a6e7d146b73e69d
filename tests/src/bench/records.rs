//! The records job on one core, from sealed to sealed in memory, against a validating scan alone, and against what its
//! parts take when each runs alone.

use anyhow::{Context, Result, bail, ensure};
use aws_lc_rs::hmac;
use sealroom_shared::message::{DataKey, EncryptionContext};
use sonic_rs::{JsonValueTrait, LazyValue, PointerTree, to_object_iter};

use super::clock::{Contest, own};
use super::harness::pin;
use super::report::{Judged, Row, Target, rate};
use super::work::{FIELDS, FRAME, Output, Work};
use super::{Settings, nd1k, sealed};

/// Reads one line, and adds the lengths of the six fields.
pub type Scan = fn(&str, &mut u64) -> Result<()>;

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
    let scans: [(&str, Scan); 3] = [("object iterator", by_iterator), ("get_many", by_get_many), ("serde", by_serde)];
    let mut entries = Vec::new();
    for (name, scan) in scans {
        if !validates(scan) {
            eprintln!("  sonic-rs {name} takes what is not JSON: it is no validating scan");
            continue;
        }
        let run = move || {
            let (sum, spent) = own(|| {
                let mut sum = 0;
                text.lines().try_for_each(|line| scan(line, &mut sum))?;
                Ok(sum)
            })?;
            ensure!(sum > 0, "nothing was read");
            Ok(spent)
        };
        entries.push((name, contest.enter(run)));
    }
    // The other parts, each alone: opening the input, one keyed digest a record, sealing the rows, digests of both.
    let opening = contest.enter(|| Ok(own(|| open(&message, &data_key))?.1));
    let digests = contest.enter(|| Ok(own(|| digest(&key, count))?.1));
    let sealing = contest.enter(|| Ok(own(|| sealed::message(EncryptionContext::new(), &data_key, FRAME, &rows))?.1));
    // The receipt names input and output by their digest.
    let receipt = contest.enter(|| Ok(own(|| Ok([blake3::hash(&input), blake3::hash(&rows)]))?.1));
    let outcome = contest.hold(settings.rounds)?;

    let fastest = entries.iter().min_by(|one, other| outcome.median(one.1).cpu.total_cmp(&outcome.median(other.1).cpu));
    let (name, scan) = *fastest.context("no scan")?;
    for (name, entry) in &entries {
        eprintln!("  sonic-rs {name}: {}", rate(bytes, outcome.median(*entry).cpu));
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

/// Whether a scan refuses a record whose last byte, or whose last string, is wrong.
fn validates(scan: Scan) -> bool {
    let record = nd1k::Records::new().take(1);
    let text = String::from_utf8_lossy(&record);
    let good = text.trim_end();
    let cut = &good[..good.len() - 1];
    let escape = good.replacen("\"note\":\"", "\"note\":\"\\q", 1);
    let bad_value = good.replacen("\"tags\":[", "\"tags\":[tru,", 1);
    scan(good, &mut 0).is_ok() && [cut, &escape, &bad_value].iter().all(|bad| scan(bad, &mut 0).is_err())
}

/// The fastest of the scans that validate, its name and how it reads a line.
pub fn scans() -> [(&'static str, Scan); 2] {
    [("object iterator", by_iterator), ("serde", by_serde)]
}

fn by_iterator(line: &str, sum: &mut u64) -> Result<()> {
    let mut found = 0;
    for member in to_object_iter(line) {
        let (name, value) = member?;
        if FIELDS.contains(&name.as_ref()) {
            found += 1;
            *sum += value.as_raw_str().len() as u64;
        }
    }
    if found != FIELDS.len() {
        bail!("a field is missing");
    }
    Ok(())
}

fn by_get_many(line: &str, sum: &mut u64) -> Result<()> {
    thread_local! {
        static TREE: PointerTree = {
            let mut tree = PointerTree::new();
            FIELDS.iter().for_each(|field| tree.add_path(&[*field]));
            tree
        };
    }
    let values = TREE.with(|tree| sonic_rs::get_many(line, tree))?;
    for value in values {
        *sum += value.context("a field is missing")?.as_raw_str().len() as u64;
    }
    Ok(())
}

#[derive(serde::Deserialize)]
struct Six<'a> {
    #[serde(borrow)]
    email: LazyValue<'a>,
    #[serde(borrow)]
    pan: LazyValue<'a>,
    #[serde(borrow)]
    phone: LazyValue<'a>,
    #[serde(borrow)]
    country: LazyValue<'a>,
    #[serde(borrow)]
    amount: LazyValue<'a>,
    #[serde(borrow)]
    currency: LazyValue<'a>,
}

fn by_serde(line: &str, sum: &mut u64) -> Result<()> {
    let six: Six<'_> = sonic_rs::from_str(line)?;
    ensure!(six.country.is_str(), "another type");
    for value in [six.email, six.pan, six.phone, six.country, six.amount, six.currency] {
        *sum += value.as_raw_str().len() as u64;
    }
    Ok(())
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
