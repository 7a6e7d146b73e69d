//! Tests of rows, from policy, job and records to output; here what they share.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, reason = "tests")]

use std::collections::BTreeMap;

use super::{Counts, RecordRefused, RowProcessor};
use crate::authorize;
use crate::job::Job;
use crate::policy::{Policy, UnixMillis};
use crate::record::tokens::TokenKey;

mod conditions;
mod independent;
mod operations;
mod refusals;
mod shares;

/// A processor under a policy that permits everything on fields a to e and ops on all of them.
fn processor(job: &str, terms: &str) -> RowProcessor {
    let key = TokenKey::from_bytes([7; 32]);
    let filter = "filter = { ops = [\"eq\", \"ne\", \"lt\", \"le\", \"gt\", \"ge\", \"in\", \"exists\"] }";
    let fields: String = ["a", "b", "k1", "k2", "é", "x\\\"y"]
        .iter()
        .map(|name| {
            format!("[fields.\"{name}\"]\nkeep = true\nmask = {{ keep_last_max = 9 }}\ntruncate = {{ keep_first_max = 9 }}\ntokenize = {{ domain = \"dömain\" }}\n{filter}\n")
        })
        .collect();
    let mut policy = format!(
        "version = 1\nname = \"n\"\ndatasets = [\"d\"]\nkeys = [\"arn:aws:kms:eu-central-1:111122223333:key/1\"]\n\
         recipients = [{{ name = \"r\", kms_key = \"arn:aws:kms:eu-central-1:111122223333:key/2\" }}]\n\
         tokens.\"dömain\".check = \"{}\"\n{terms}\n",
        key.check_value("dömain")
    );
    for (word, default) in [
        ("input", "input = { format = \"ndjson\", on_error = \"fail\" }\n"),
        ("people", "people = { field = \"a\", min = 1 }\n"),
        ("release", "release.records.max_records = 1000000\n"),
    ] {
        if !terms.contains(word) {
            policy.push_str(default);
        }
    }
    policy.push_str(&fields);
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let job = Job::parse(format!("version = 1\nkind = \"records\"\n{job}").as_bytes()).unwrap();
    let plan = authorize::job(&policy, &job, UnixMillis(0)).unwrap();
    plan.processor(&BTreeMap::from([("dömain".to_owned(), key)])).unwrap()
}

fn rows(job: &str, terms: &str, records: &[&str]) -> Result<(String, Counts), RecordRefused> {
    let mut processor = processor(job, terms);
    let mut worker = processor.worker();
    let mut out = Vec::new();
    for record in records {
        worker.whole(processor.cutter(), record.as_bytes(), &mut out)?;
    }
    processor.merge(worker.into_tally())?;
    let (counts, _) = processor.finish()?;
    Ok((String::from_utf8(out).unwrap(), counts))
}

fn one(column: &str, record: &str) -> Result<String, RecordRefused> {
    rows(&format!("[fields]\n{column}\n"), "", &[record]).map(|(out, _)| out)
}

const TOKEN_OF_TEXT: &str = "tok_622bd67c_RqKhSH0FkHRYULGH01AYMrpoarTJnY68suOXGOFIZEI";
const TOKEN_OF_NUMBER: &str = "tok_622bd67c_MOUiTufPJWHE4wAyo-VHTu0SWQVkWs_a0-ZuZK8QRcs";
