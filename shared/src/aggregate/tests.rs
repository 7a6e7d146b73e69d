//! Tests of aggregates, from policy, job and records to rows; here what they share.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;

use crate::authorize::{self, Breach};
use crate::job::Job;
use crate::policy::{Policy, UnixMillis};
use crate::record::{Counts, RecordRefused};

mod bins;
mod distinct;
mod fields;
mod hidden;
mod measured;
mod refused;
mod released;
mod terms;
mod two_jobs;

const POLICY: &str = r#"
version = 1
name = "n"
datasets = ["d"]
keys = ["arn:aws:kms:eu-central-1:111122223333:key/1"]
recipients = [{ name = "r", kms_key = "arn:aws:kms:eu-central-1:111122223333:key/2" }]
"#;

const TERMS: &str = r#"
input = { format = "ndjson", on_error = "fail" }
people = { field = "who", min = 2 }
release.aggregates.max_groups = 100
[fields.who]
count_distinct = true
[fields.zip]
keep = true
truncate = { keep_first_max = 2 }
group = true
[fields.land]
keep = true
group = true
filter = { ops = ["eq"] }
[fields.pay]
sum = true
mean = true
min = true
max = true
quantile = true
histogram = { min_width = 10 }
count_distinct = true
[fields.name]
keep = true
"#;

struct Ended {
    rows: String,
    counts: Counts,
}

fn decide(terms: &str, job: &str) -> Result<authorize::Plan, Breach> {
    let policy = Policy::parse(format!("{POLICY}{terms}").as_bytes()).unwrap();
    let job = Job::parse(format!("version = 1\nkind = \"aggregate\"\n{job}").as_bytes()).unwrap();
    authorize::job(&policy, &job, UnixMillis(0)).map_err(|refused| refused.breach)
}

/// Runs a job on records, dealt out to `workers` in turn.
fn run_on(workers: usize, terms: &str, job: &str, records: &[&str]) -> Result<Ended, RecordRefused> {
    let mut processor = decide(terms, job).unwrap().processor(&BTreeMap::new()).unwrap();
    let mut all: Vec<_> = (0..workers).map(|_| processor.worker()).collect();
    let mut out = processor.head();
    for (index, record) in records.iter().enumerate() {
        let mut nothing = Vec::new();
        all.get_mut(index % workers).unwrap().whole(processor.cutter(), record.as_bytes(), &mut nothing)?;
        assert!(nothing.is_empty(), "no row leaves before the end");
    }
    for worker in all {
        processor.merge(worker.into_tally())?;
    }
    let (counts, groups) = processor.finish()?;
    let mut groups = groups.unwrap();
    while !groups.is_empty() {
        groups.next_block(&mut out);
    }
    Ok(Ended { rows: String::from_utf8(out).unwrap(), counts })
}

fn run(terms: &str, job: &str, records: &[&str]) -> String {
    let one = run_on(1, terms, job, records).unwrap().rows;
    assert_eq!(run_on(3, terms, job, records).unwrap().rows, one, "the number of workers shows");
    let backwards: Vec<_> = records.iter().rev().copied().collect();
    assert_eq!(run_on(1, terms, job, &backwards).unwrap().rows, one, "the order of records shows");
    one
}

const RECORDS: [&str; 8] = [
    r#"{"who":"a","zip":"1010","land":"AT","pay":10.50}"#,
    r#"{"who":"b","zip":"1020","land":"AT","pay":20}"#,
    r#"{"who":"a","zip":"1010","land":"AT","pay":1e1}"#,
    r#"{"who":"c","zip":"80331","land":"DE","pay":-5}"#,
    r#"{"who":"d","zip":"80331","land":"DE","pay":null}"#,
    r#"{"who":"e","zip":"80331","land":"DE","pay":7.25}"#,
    r#"{"who":"f","zip":"75001","land":"FR","pay":99}"#,
    r#"{"who":"g","zip":"75002","land":"FR"}"#,
];

/// Records of as many people as each group says.
fn people_in(groups: &[(&str, &str, u32)]) -> Vec<String> {
    let of_group = |(land, zip, people): &(&str, &str, u32)| {
        let record = |person| format!("{{\"land\":\"{land}\",\"zip\":\"{zip}\",\"who\":\"{land}{zip}{person}\"}}");
        (0..*people).map(record).collect::<Vec<_>>()
    };
    groups.iter().flat_map(of_group).collect()
}
