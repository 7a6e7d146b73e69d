//! The reference of jobs on records: scans of sonic-rs that validate a whole record and find six of its fields, and do nothing
//! with them.

use anyhow::{Context, Result, bail, ensure};
use sonic_rs::{JsonValueTrait, LazyValue, PointerTree, to_object_iter};

use super::clock::{Contest, Outcome, own};
use super::nd1k;
use super::work::FIELDS;

/// Reads one line, and adds the lengths of the six fields.
type Scan = fn(&str, &mut u64) -> Result<()>;

/// The scans that validate, each with its place in a contest.
pub struct Scans(Vec<(&'static str, usize)>);

impl Scans {
    /// Enters them, each over all of `text`.
    pub fn enter<'t>(contest: &mut Contest<'t>, text: &'t str) -> Self {
        let mut entries = Vec::new();
        for (name, scan) in SCANS {
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
        Self(entries)
    }

    /// Their names and places.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.0.iter().copied()
    }

    /// The one that took the least time of a processor.
    pub fn fastest(&self, outcome: &Outcome) -> Result<(&'static str, usize)> {
        let fastest = self.all().min_by(|one, other| outcome.median(one.1).cpu.total_cmp(&outcome.median(other.1).cpu));
        fastest.context("no scan validates")
    }
}

const SCANS: [(&str, Scan); 3] = [("object iterator", by_iterator), ("get_many", by_get_many), ("serde", by_serde)];

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
