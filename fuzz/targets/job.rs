//! Jobs from anyone, under a policy that permits everything that a policy can. What is authorized runs, and each row is JSON.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sealroom_shared::authorize;
use sealroom_shared::digest::Sha384Digest;
use sealroom_shared::job::{Job, JobKind};
use sealroom_shared::limits;
use sealroom_shared::policy::{Policy, UnixMillis};
use sealroom_shared::record::tokens::TokenKey;

const KEY: [u8; 32] = [7; 32];
const FIELDS: [&str; 7] = ["a", "b", "customer", "card_number", "zip", "country", "amount"];

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let key = TokenKey::from_bytes(KEY).check_value("d");
    let filter = r#"["eq", "ne", "lt", "le", "gt", "ge", "in", "exists"]"#;
    let mut policy = format!(
        r#"version = 1
name = "n"
datasets = ["d"]
keys = ["arn:aws:kms:eu-central-1:111122223333:key/1"]
input = {{ format = "ndjson", on_error = "fail" }}
people = {{ field = "a", min = 1 }}
release.records.max_records = 10
release.aggregates.max_groups = 10
release.discovery = {{}}
recipients = [{{ name = "r", kms_key = "arn:aws:kms:eu-central-1:111122223333:key/2" }}]
tokens.d.check = "{key}"
"#
    );
    for field in FIELDS {
        policy.push_str(&format!(
            "[fields.{field}]\nkeep = true\nmask = {{ keep_last_max = 9 }}\ntruncate = {{ keep_first_max = 9 }}\ntokenize = {{ domain = \"d\" }}\nfilter = {{ ops = {filter} }}\ngroup = true\ncount_distinct = true\nsum = true\nmean = true\nmin = true\nmax = true\nquantile = true\nhistogram = {{ min_width = 10 }}\ndiscover = true\n"
        ));
    }
    Policy::parse(policy.as_bytes()).unwrap()
});

const RECORDS: [&str; 5] = [
    r#"{"a":"1","b":2,"customer":"é\u0301\ud83d\ude00","card_number":"4111111111111111","zip":"10115","country":"DE","amount":-1.50e+2}"#,
    r#"{"a":5e-324,"b":[1,{"x":null}],"customer":null,"card_number":4111,"zip":true,"country":{"y":""},"amount":0}"#,
    r#"{"customer":"a\r\nb\\\"","amount":123456789012345678901234567890.123456789}"#,
    r#"{"a":"","b":"","zip":"\u0000"}"#,
    "{}",
];

fuzz_target!(|data: &[u8]| {
    let job = match Job::parse(data) {
        Ok(job) => job,
        Err(error) => return assert!(error.to_string().len() < 4096),
    };
    assert_eq!(job.digest(), Sha384Digest::of(data));
    let JobKind::Records(records) = job.kind() else { return summary(&job) };
    assert!(records.columns().len() <= limits::COLUMNS && records.conditions().len() <= limits::CONDITIONS);
    let plan = match authorize::job(&POLICY, &job, UnixMillis(0)) {
        Ok(plan) => plan,
        Err(error) => return assert!(error.to_string().len() < 65_536),
    };
    for record in RECORDS {
        let rows = plan.processor(&BTreeMap::from([("d".to_owned(), TokenKey::from_bytes(KEY))])).unwrap();
        let mut out = b"before".to_vec();
        match rows.worker().whole(rows.cutter(), record.as_bytes(), &mut out) {
            Err(_) => assert_eq!(out, b"before"),
            Ok(()) if out == b"before" => assert!(!records.conditions().is_empty(), "a record was lost"),
            Ok(()) => {
                let row = out.strip_prefix(b"before").and_then(|row| row.strip_suffix(b"\n")).expect("one line");
                assert!(!row.contains(&b'\n'));
                let row: BTreeMap<String, Box<serde_json::value::RawValue>> = serde_json::from_slice(row).expect("an object");
                assert!(row.keys().all(|name| records.columns().iter().any(|column| &column.name == name)));
            }
        }
    }
});

/// An aggregate or a discovery job: every record is taken or refused, and no row comes before the end.
fn summary(job: &Job) {
    let plan = match authorize::job(&POLICY, job, UnixMillis(0)) {
        Ok(plan) => plan,
        Err(error) => return assert!(error.to_string().len() < 65_536),
    };
    let mut rows = plan.processor(&BTreeMap::from([("d".to_owned(), TokenKey::from_bytes(KEY))])).unwrap();
    let mut worker = rows.worker();
    for record in RECORDS {
        let mut out = Vec::new();
        let _ = worker.whole(rows.cutter(), record.as_bytes(), &mut out);
        assert!(out.is_empty(), "a row before the end");
    }
    if rows.merge(worker.into_tally()).is_ok() {
        let (_, summary) = rows.finish().expect("no minimum of its own");
        let (mut summary, mut out) = (summary.expect("a summary"), Vec::new());
        while !summary.is_empty() {
            summary.next_block(&mut out);
        }
        assert!(out.is_empty() || out.ends_with(b"\n"));
    }
}
