//! Tests of discovery, from policy, job and records to lines: what is counted, what is told, and what is refused.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::authorize::{self, Breach};
use crate::job::Job;
use crate::policy::{Policy, UnixMillis};
use crate::record::{Counts, RecordRefused};

mod released;
mod subtraction;

const POLICY: &str = r#"
version = 1
name = "n"
datasets = ["d"]
keys = ["arn:aws:kms:eu-central-1:111122223333:key/1"]
recipients = [{ name = "r", kms_key = "arn:aws:kms:eu-central-1:111122223333:key/2" }]
"#;

const TERMS: &str = r#"
input = { format = "ndjson", on_error = "fail" }
people = { field = "who", min = 3 }
release.discovery = {}
[fields]
a = { discover = true }
b = { discover = true }
"/o/*/x" = { discover = true }
kept = { keep = true }
not = { discover = false }
"#;

fn decide(terms: &str, job: &str) -> Result<authorize::Plan, authorize::JobNotAllowed> {
    let policy = Policy::parse(format!("{POLICY}{terms}").as_bytes()).unwrap();
    let job = Job::parse(format!("version = 1\nkind = \"discover\"\n{job}").as_bytes()).unwrap();
    authorize::job(&policy, &job, UnixMillis(0))
}

/// Runs a job on records of NDJSON, dealt out to `workers` in turn, or on a whole file.
fn run_on(workers: usize, terms: &str, job: &str, inputs: &[&str]) -> Result<(String, Counts), RecordRefused> {
    let mut processor = decide(terms, job).unwrap().processor(&BTreeMap::new()).unwrap();
    let mut all: Vec<_> = (0..workers).map(|_| processor.worker()).collect();
    let mut out = processor.head();
    for (index, input) in inputs.iter().enumerate() {
        let mut nothing = Vec::new();
        all[index % workers].whole(processor.cutter(), input.as_bytes(), &mut nothing)?;
        assert!(nothing.is_empty(), "no line leaves before the end");
    }
    for worker in all {
        processor.merge(worker.into_tally())?;
    }
    let (counts, summary) = processor.finish()?;
    let mut summary = summary.unwrap();
    assert_eq!(u64::try_from(summary.len()).unwrap(), counts.released);
    while !summary.is_empty() {
        summary.next_block(&mut out);
    }
    Ok((String::from_utf8(out).unwrap(), counts))
}

fn run(terms: &str, job: &str, inputs: &[&str]) -> Vec<Value> {
    let (one, _) = run_on(1, terms, job, inputs).unwrap();
    assert_eq!(run_on(3, terms, job, inputs).unwrap().0, one, "the number of workers shows");
    let backwards: Vec<_> = inputs.iter().rev().copied().collect();
    assert_eq!(run_on(2, terms, job, &backwards).unwrap().0, one, "the order of records shows");
    one.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// One record of each of `people` with this value of `a`.
fn of(people: std::ops::Range<u32>, value: &str) -> Vec<String> {
    people.map(|person| format!("{{\"who\":{person},\"a\":{value}}}")).collect()
}

fn discover_a(records: &[Vec<String>]) -> Value {
    let records: Vec<&str> = records.iter().flatten().map(String::as_str).collect();
    run(TERMS, "fields = [\"a\"]\n", &records).remove(0)
}

/// The cells of `part` that are told as more than "under".
fn told(part: &Value) -> Value {
    let told = part.as_object().unwrap().iter().filter(|(_, told)| **told != "under 3");
    told.map(|(name, told)| (name.clone(), told.clone())).collect()
}

#[test]
fn each_type_is_counted() {
    let line = discover_a(&[
        of(0..4, "null"),
        of(0..5, "true"),
        of(0..6, "{\"x\":\"a@example.com\"}"),
        of(0..7, "\"abc\""),
        of(0..8, "12"),
        of(0..9, "[1,2,\"a\"]"),
        (0..3).map(|person| format!("{{\"who\":{person}}}")).collect(),
    ]);
    assert_eq!(line["field"], "a");
    let types = [("records", 42), ("absent", 3), ("null", 4), ("boolean", 5), ("object", 6)];
    types.iter().for_each(|(name, count)| assert_eq!(line[name], json!(count), "{name}"));
    for (name, count, range) in [("string", 7, "1-4"), ("number", 8, "1-4"), ("array", 9, "1-4")] {
        assert_eq!(line[name]["values"], json!(count));
        assert_eq!(told(&line[name]["length"]), json!({ range: count }));
        assert_eq!(told(&line[name]["holds"]), json!({}), "{name}");
    }
    assert_eq!(line["array"].get("is"), None);
    assert_eq!(line["string"]["length"].as_object().unwrap().len(), 10);
    assert_eq!(line["string"]["is"].as_object().unwrap().len(), 11);
}

#[test]
fn sensitive_data_is_counted_as_a_whole_and_within_text() {
    let line = discover_a(&[
        of(0..3, "\"4111 1111 1111 1111\""),
        of(0..4, "\"paid with 4111111111111111 by a@example.com\""),
        of(0..5, "\"b@example.org\""),
        of(0..6, "\"nothing to see\""),
        of(0..3, "4111111111111111"),
        of(0..4, "[\"b@example.org\",[4111111111111111],{\"x\":\"192.0.2.1\"}]"),
        of(0..3, "[]"),
    ]);
    assert_eq!(told(&line["string"]["is"]), json!({ "card": 3, "email": 5 }));
    assert_eq!(told(&line["string"]["holds"]), json!({ "card": 4, "email": 4 }));
    assert_eq!(told(&line["number"]["is"]), json!({ "card": 3 }));
    assert_eq!(told(&line["number"]["holds"]), json!({}));
    assert_eq!(told(&line["array"]["holds"]), json!({ "card": 4, "email": 4 }), "objects are not looked into");
}

#[test]
fn lengths_are_characters_as_a_reader_sees_them() {
    // Four graphemes in twelve code points and more bytes; an escape is one.
    let line = discover_a(&[
        of(0..3, "\"e\u{301}e\u{301}e\u{301}\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}\""),
        of(0..3, "\"\\u00e91234\""),
        of(0..3, "\"\""),
    ]);
    assert_eq!(told(&line["string"]["length"]), json!({ "0": 3, "1-4": 3, "5-8": 3 }));
}

#[test]
fn a_count_of_few_people_is_told_as_under_the_minimum_whatever_it_is() {
    for few in [Vec::new(), of(0..1, "null"), of(0..2, "null"), [of(0..2, "null"), of(0..2, "null"), of(1..2, "null")].concat()] {
        let line = discover_a(&[few, of(5..9, "true"), of(5..9, "\"x\"")]);
        assert_eq!(line["null"], "under 3");
        assert_eq!(line["number"], json!({ "values": "under 3" }), "what it is like is not told either");
    }
    let nobody = vec!["{\"a\":null}".to_owned(), "{\"who\":null,\"a\":null}".to_owned(), "{\"a\":null}".to_owned()];
    assert_eq!(discover_a(&[nobody, of(0..3, "1")])["null"], "under 3", "records of nobody are of no people");
    let none = run(TERMS, "", &[""]);
    assert_eq!(none.len(), 3);
    assert_eq!((&none[0]["records"], &none[0]["string"]), (&json!("under 3"), &json!({ "values": "under 3" })));
}

#[test]
fn what_a_total_less_a_count_would_tell_keeps_that_count_back() {
    let line = discover_a(&[of(0..9, "\"abcd\""), of(0..5, "true"), of(0..2, "null")]);
    assert_eq!((&line["boolean"], &line["null"]), (&json!("at least 3"), &json!("under 3")), "the smallest goes with it");
    assert_eq!(line["string"]["values"], 9);

    // One person's value is no card: how many are cards would tell of it.
    let line = discover_a(&[of(0..9, "\"4111111111111111\""), of(0..1, "\"4111111111111112\"")]);
    assert_eq!(told(&line["string"]["is"]), json!({ "card": "at least 3" }));
    assert_eq!(told(&line["string"]["length"]), json!({ "9-16": 10 }));

    // Nor is what stands in no cell at all: neither one nor holding one.
    let line = discover_a(&[of(0..9, "\"4111111111111111\""), of(0..4, "\"no. 4111111111111111\""), of(0..2, "\"none\"")]);
    assert_eq!(told(&line["string"]["is"]), json!({ "card": 9 }));
    assert_eq!(told(&line["string"]["holds"]), json!({ "card": "at least 3" }));

    // Where the number of texts is kept back, no sum of other counts gives it.
    let line = discover_a(&[of(0..9, "\"4111111111111111\""), of(0..2, "null")]);
    assert_eq!((&line["records"], &line["string"]["values"]), (&json!(11), &json!("at least 3")));
    assert_eq!(told(&line["string"]["length"]), json!({ "9-16": "at least 3" }));
    assert_eq!(told(&line["string"]["is"]), json!({ "card": "at least 3" }));
}

#[test]
fn nobody_in_what_is_left_keeps_nothing_back() {
    let line = discover_a(&[of(0..3, "\"4111111111111111\"")]);
    assert_eq!((&line["records"], &line["string"]["values"]), (&json!(3), &json!(3)));
    assert_eq!(told(&line["string"]["is"]), json!({ "card": 3 }));
    let line = discover_a(&[of(0..3, "true"), of(0..3, "1"), of(3..5, "null"), of(5..7, "[]")]);
    assert_eq!((&line["boolean"], &line["number"]["values"]), (&json!(3), &json!(3)), "the hidden ones are four people together");
}

#[test]
fn fields_stand_in_the_jobs_order_or_else_by_name() {
    let records = ["{\"who\":1,\"o\":[{\"x\":1}]}", "{\"who\":2,\"o\":[{}]}", "{\"who\":3,\"o\":[]}"];
    let names = |job: &str| run(TERMS, job, &records).iter().map(|line| line["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(""), ["/o/*/x", "a", "b"]);
    assert_eq!(names("fields = [\"b\", \"/o/*/x\"]"), ["b", "/o/*/x"]);
    assert_eq!(run(TERMS, "fields = [\"/o/*/x\"]", &records)[0]["array"]["values"], 3);
}

#[test]
fn cells_of_csv_are_counted_and_told_in_json() {
    let terms = TERMS
        .replace("format = \"ndjson\"", "format = \"csv\"")
        .replace("\"/o/*/x\" = { discover = true }\n", "")
        .replace("b = { discover = true }", "b = { discover = true, type = \"number\" }");
    let file = "who,b,a\r\n1,5,\"say \"\"hi\"\"\"\r\n2,6,\r\n3,,a@example.com\r\n4,7,a@example.com\r\n5,,a@example.com\r\n6,,\r\n7,8,\r\n";
    let lines = run(&terms, "", &[file]);
    assert_eq!((&lines[0]["null"], &lines[0]["string"]["values"]), (&json!(3), &json!(4)));
    assert_eq!(told(&lines[0]["string"]["is"]), json!({ "email": "at least 3" }), "one says hi");
    assert_eq!((&lines[1]["null"], &lines[1]["number"]["values"]), (&json!(3), &json!(4)));
}

#[test]
fn a_record_that_cannot_be_counted_leaves_no_trace() {
    let bad = "{\"who\":[],\"a\":\"x\"}";
    let good = of(0..3, "true");
    let records: Vec<&str> = good.iter().map(String::as_str).chain([bad]).collect();
    assert_eq!(run_on(1, TERMS, "", &records).unwrap_err(), RecordRefused::PersonType);
    let skipping = TERMS.replace("\"fail\"", "\"skip\"");
    let (lines, counts) = run_on(1, &skipping, "fields = [\"a\"]", &records).unwrap();
    assert_eq!(counts, Counts { read: 4, released: 1, skipped: 1 });
    assert_eq!(lines, run_on(1, TERMS, "fields = [\"a\"]", &records[..3]).unwrap().0);
}

#[test]
fn no_value_stands_in_the_output() {
    let values = ["\"CANARY-one\"", "\"CANARY@example.com\"", "[\"CANARY\"]", "{\"CANARY\":\"CANARY\"}", "777777", "4111111111111111"];
    let records: Vec<_> = values.iter().map(|value| of(100..140, value)).collect();
    let other: Vec<String> = (0..9).map(|person| format!("{{\"who\":\"CANARY{person}\",\"a\":\"CANARY\",\"CANARY\":1}}")).collect();
    let all: Vec<&str> = records.iter().flatten().chain(&other).map(String::as_str).collect();
    let (lines, _) = run_on(2, TERMS, "", &all).unwrap();
    for canary in ["CANARY", "777777", "4111", "example"] {
        assert!(!lines.contains(canary), "{canary}: {lines}");
    }
}

#[test]
fn jobs_beyond_the_policy_are_refused() {
    let breach = |terms: &str, job: &str| {
        let refused = decide(terms, job).unwrap_err();
        (refused.line, refused.field, refused.breach)
    };
    let whole = |breach| (0, String::new(), breach);
    assert_eq!(breach(&TERMS.replace("release.discovery = {}\n", ""), ""), whole(Breach::NoDiscoveryRelease));
    assert_eq!(breach(TERMS, "fields = [\"a\",\n\"kept\"]"), (4, "kept".to_owned(), Breach::OperationNotPermitted("discover")));
    assert_eq!(breach(TERMS, "fields = [\"not\"]").2, Breach::OperationNotPermitted("discover"));
    assert_eq!(breach(TERMS, "fields = [\"who\"]").2, Breach::FieldNotNamed);
    assert_eq!(breach(TERMS, "fields = [\"/o/0/x\"]").2, Breach::FieldNotNamed);
    assert_eq!(breach(&TERMS.replace("discover = true", "keep = true"), ""), whole(Breach::NothingToDiscover));
    // What the counts may take is known beforehand.
    let many = TERMS.replace("min = 3", "min = 100000");
    assert_eq!(breach(&many, ""), whole(Breach::TooManyToDiscover(1)));
    for most in [1, 2] {
        let said = Breach::TooManyToDiscover(most).to_string();
        assert!(said.contains(&format!("counts at most {most} of its fields;")), "{said}");
    }
    assert!(decide(&many, "fields = [\"a\"]").is_ok());
    let records = TERMS.replace("release.discovery = {}", "release.records = { max_records = 1 }");
    assert_eq!(breach(&records, ""), whole(Breach::NoDiscoveryRelease));
}

#[test]
fn sealed_fields_are_counted_where_the_owner_says_which_records_there_are() {
    let terms = |whole: bool| {
        format!(
            "input = {{ format = \"ndjson\", form = \"fields\", on_error = \"fail\", whole = {whole} }}\n\
             people = {{ field = \"who\", min = 3 }}\nrelease.discovery = {{}}\n[fields]\nwho = {{ sealed = true }}\n"
        )
    };
    let refused = |text: String| Policy::parse(format!("{POLICY}{text}").as_bytes()).unwrap_err().rule;
    let sealed = "a = { sealed = true, discover = true }\n";
    assert!(decide(&(terms(true) + sealed), "").is_ok());
    assert_eq!(refused(terms(false) + sealed), crate::toml_reader::Rule::AggregatesNeedWhole);
    assert_eq!(refused(terms(true) + "a = { discover = true }\n"), crate::toml_reader::Rule::UnsealedIsKeptOnly);
}

#[test]
fn discovery_without_people_is_refused_in_the_policy() {
    let terms = TERMS.replace("people = { field = \"who\", min = 3 }\n", "");
    let error = Policy::parse(format!("{POLICY}{terms}").as_bytes()).unwrap_err();
    assert_eq!((error.key.as_str(), error.rule), ("release.discovery", crate::toml_reader::Rule::DiscoveryNeedsPeople));
}

#[test]
fn workers_are_fewer_where_the_minimum_is_high() {
    let workers = |min: u32, limit| {
        let plan = decide(&TERMS.replace("min = 3", &format!("min = {min}")), "fields = [\"a\"]").unwrap();
        plan.processor(&BTreeMap::new()).unwrap().workers(limit)
    };
    assert_eq!((workers(10, 16), workers(100_000, 16), workers(10, 1)), (16, 1, 1));
}

#[test]
fn which_fields_a_job_names_does_not_say_which_records_are_left_out() {
    let terms = TERMS.replace("ndjson", "csv").replace("\"fail\"", "\"skip\"").replace("\"/o/*/x\"", "o");
    let terms = terms.replace("b = { discover = true }", "b = { discover = true, type = \"number\" }");
    let rows = (0..9).map(|person| format!("p{person},text,{},\n", if person == 4 { "none" } else { "5" }));
    let csv = format!("who,a,b,o\n{}", rows.collect::<String>());
    let (alone, counts) = run_on(1, &terms, "fields = [\"a\"]\n", &[&csv]).unwrap();
    let (both, _) = run_on(1, &terms, "fields = [\"a\", \"b\"]\n", &[&csv]).unwrap();
    assert_eq!(both.lines().next(), alone.lines().next(), "the difference would be one person's");
    assert_eq!((counts.read, counts.skipped), (9, 1));
}
