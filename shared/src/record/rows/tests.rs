//! Tests of rows: operations, conditions, counting and bounds, from records to output.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, reason = "tests")]

use std::collections::{BTreeMap, HashSet};

use base64::Engine;
use serde_json::Value as Json;
use unicode_segmentation::UnicodeSegmentation;

use super::*;
use crate::authorize;
use crate::job::Job;
use crate::policy::{Policy, UnixMillis};
use crate::record::JsonError;
use crate::record::json::tests::is_strict;
use crate::record::random::Random;
use crate::record::tokens::TokenKey;

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

#[test]
fn kept_values_leave_as_they_came() {
    for value in [
        "1.50e+2",
        "-0",
        "\"a\\u00e9\\/\\ud83d\\ude00 é\"",
        "true",
        "false",
        "[1, {\"b\": [ ]}]",
        "{ \"z\" :\t1 }",
        "\"\"",
        "12345678901234567890.1",
    ] {
        assert_eq!(one("a = { op = \"keep\" }", &format!("{{ \"a\" : {value} }}")), Ok(format!("{{\"a\":{value}}}\n")));
    }
}

#[test]
fn masks_are_one_star_for_each_grapheme_but_the_last() {
    for (value, keep_last, expected) in [
        ("\"4111111111111111\"", 4, "\"************1111\""),
        ("4111111111111111", 4, "\"************1111\""),
        ("\"abc\"", 0, "\"***\""),
        ("\"abc\"", 3, "\"abc\""),
        ("\"abc\"", 4, "\"abc\""),
        ("\"\"", 4, "\"\""),
        ("-1.50e+2", 2, "\"******+2\""),
        ("\"äöü\"", 1, "\"**ü\""),
        ("\"e\u{301}e\u{301}\"", 1, "\"*e\u{301}\""),
        ("\"👩\u{200d}👩\u{200d}👧🇩🇪x\"", 2, "\"*🇩🇪x\""),
        ("\"👩\u{200d}👩\u{200d}👧🇩🇪x\"", 0, "\"***\""),
        ("\"a\\r\\nb\"", 1, "\"**b\""),
        ("\"a\\r\\nb\"", 2, "\"*\\r\\nb\""),
        ("\"x\\\"\\\\\\u0001\"", 3, "\"*\\\"\\\\\\u0001\""),
        ("\"\\u0061\\/\"", 1, "\"*/\""),
        ("\"***\"", 1, "\"***\""),
    ] {
        let column = format!("a = {{ op = \"mask\", keep_last = {keep_last} }}");
        assert_eq!(one(&column, &format!("{{\"a\":{value}}}")), Ok(format!("{{\"a\":{expected}}}\n")), "{value}");
    }
}

#[test]
fn truncation_leaves_the_first_graphemes() {
    for (value, keep_first, expected) in [
        ("\"10115\"", 3, "\"101\""),
        ("10115", 3, "\"101\""),
        ("\"10\"", 3, "\"10\""),
        ("\"abc\"", 0, "\"\""),
        ("\"e\u{301}bc\"", 1, "\"e\u{301}\""),
        ("\"🇩🇪🇫🇷\"", 1, "\"🇩🇪\""),
        ("\"a\\u0301bc\"", 1, "\"a\u{301}\""),
        ("\"\\r\\n\\\"x\"", 2, "\"\\r\\n\\\"\""),
        ("-12.5", 2, "\"-1\""),
    ] {
        let column = format!("a = {{ op = \"truncate\", keep_first = {keep_first} }}");
        assert_eq!(one(&column, &format!("{{\"a\":{value}}}")), Ok(format!("{{\"a\":{expected}}}\n")), "{value}");
    }
}

#[test]
fn tokens_are_as_the_reference_page_computes_them() {
    // python3, with K = bytes([7] * 32), D = "dömain".encode():
    // check = hmac.new(K, b"sealroom/token-key-check/v1\0" + D, "sha256").hexdigest()
    // tag = hmac.new(K, struct.pack(">I", len(D)) + D + b"s" + "é5".encode(), "sha256").digest()
    // "tok_" + check[:8] + "_" + base64.urlsafe_b64encode(tag).rstrip(b"=").decode()
    for (value, token) in [("\"\\u00e95\"", TOKEN_OF_TEXT), ("\"é5\"", TOKEN_OF_TEXT), ("5.0", TOKEN_OF_NUMBER)] {
        assert_eq!(one("a = { op = \"tokenize\" }", &format!("{{\"a\":{value}}}")), Ok(format!("{{\"a\":\"{token}\"}}\n")));
    }
    let tokens: HashSet<String> = ["5", "5.0", "\"5\"", "\"5.0\"", "50e-1", "\"\"", "\" \""]
        .iter()
        .map(|value| one("a = { op = \"tokenize\" }", &format!("{{\"a\":{value}}}")).unwrap())
        .collect();
    assert_eq!(tokens.len(), 7);
}

#[test]
fn types_that_an_operation_does_not_take_refuse_the_record() {
    for op in ["op = \"mask\"", "op = \"truncate\", keep_first = 9", "op = \"tokenize\""] {
        for value in ["true", "false", "[true]", "[\"a\",{}]", "{}", "{\"a\":\"b\"}"] {
            assert_eq!(
                one(&format!("a = {{ {op} }}"), &format!("{{\"a\":{value}}}")),
                Err(RecordRefused::OperationType),
                "{op} of {value}"
            );
        }
    }
}

#[test]
fn null_stays_null_and_absent_stays_absent() {
    for op in ["op = \"keep\"", "op = \"mask\"", "op = \"truncate\", keep_first = 9", "op = \"tokenize\""] {
        let job = format!("[fields]\nfirst = {{ from = \"a\", {op} }}\nb = {{ op = \"keep\" }}\n");
        let (out, counts) = rows(&job, "", &["{\"b\":1,\"a\":null}", "{\"b\":2}", "{\"a\":null}", "{}", "{\"z\":1}"]).unwrap();
        assert_eq!(out, "{\"first\":null,\"b\":1}\n{\"b\":2}\n{\"first\":null}\n{}\n{}\n");
        assert_eq!(counts, Counts { read: 5, released: 5, skipped: 0 });
    }
}

#[test]
fn columns_come_in_the_order_of_the_job_under_valid_names() {
    let job = "[fields]\nz = { from = \"b\", op = \"keep\" }\n\"q\\\"\\\\é\" = { from = \"x\\\"y\", op = \"keep\" }\na = { op = \"keep\" }\nk1 = { op = \"drop\" }\n";
    let (out, _) = rows(job, "", &["{\"a\":1,\"k1\":9,\"x\\\"y\":2,\"b\":3,\"secret\":4}"]).unwrap();
    assert_eq!(out, "{\"z\":3,\"q\\\"\\\\é\":2,\"a\":1}\n");
}

#[test]
fn conditions_hold_as_documented() {
    let records =
        ["\"DE\"", "\"\\u0044E\"", "\"FR\"", "\"\"", "5", "5.0", "50e-1", "7", "-1e400", "true", "false", "null", "[]", "{\"a\":5}"];
    for (condition, expected) in [
        ("op = \"eq\", value = \"DE\"", &[0, 1][..]),
        ("op = \"ne\", value = \"DE\"", &[2, 3]),
        ("op = \"lt\", value = \"DE\"", &[3]),
        ("op = \"le\", value = \"DE\"", &[0, 1, 3]),
        ("op = \"gt\", value = \"DE\"", &[2]),
        ("op = \"ge\", value = \"DE\"", &[0, 1, 2]),
        ("op = \"eq\", value = 5.00", &[4, 5, 6]),
        ("op = \"ne\", value = 5", &[7, 8]),
        ("op = \"lt\", value = 5", &[8]),
        ("op = \"le\", value = 5", &[4, 5, 6, 8]),
        ("op = \"gt\", value = 4.999999999999999999999999999999", &[4, 5, 6, 7]),
        ("op = \"ge\", value = 5.000000000000000000000000000001", &[7]),
        ("op = \"eq\", value = \"5\"", &[]),
        ("op = \"eq\", value = true", &[9]),
        ("op = \"ne\", value = true", &[10]),
        ("op = \"in\", value = [\"FR\", 7, \"x\", 50e-1, true, \"DE\"]", &[0, 1, 2, 4, 5, 6, 7, 9]),
        ("op = \"in\", value = [\"null\", \"[]\"]", &[]),
        ("op = \"exists\"", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13]),
        ("op = \"exists\", value = true", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13]),
        ("op = \"exists\", value = false", &[11, 14]),
    ] {
        let job = format!("where = [{{ field = \"b\", {condition} }}]\n[fields]\na = {{ op = \"keep\" }}\n");
        let mut lines: Vec<String> = records.iter().enumerate().map(|(index, value)| format!("{{\"a\":{index},\"b\":{value}}}")).collect();
        lines.push("{\"a\":14}".to_owned());
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let out = match rows(&job, "", &lines) {
            Ok((out, _)) => out,
            Err(RecordRefused::TooFewPeople) => String::new(),
            Err(other) => panic!("{other}"),
        };
        let expected: String = expected.iter().map(|index| format!("{{\"a\":{index}}}\n")).collect();
        assert_eq!(out, expected, "{condition}");
    }
}

#[test]
fn every_condition_must_hold() {
    let job = "where = [{ field = \"a\", op = \"ge\", value = 2 }, { field = \"a\", op = \"lt\", value = 4 }, { field = \"b\", op = \"exists\" }]\n[fields]\na = { op = \"keep\" }\n";
    let (out, counts) =
        rows(job, "", &["{\"a\":1,\"b\":0}", "{\"a\":2,\"b\":0}", "{\"a\":3}", "{\"a\":3.5,\"b\":0}", "{\"a\":4,\"b\":0}"]).unwrap();
    assert_eq!(out, "{\"a\":2}\n{\"a\":3.5}\n");
    assert_eq!(counts, Counts { read: 5, released: 2, skipped: 0 });
}

#[test]
fn a_number_that_cannot_be_compared_exactly_refuses_the_record() {
    let job = "where = [{ field = \"b\", op = \"lt\", value = 4 }]\n[fields]\na = { op = \"keep\" }\n";
    assert!(matches!(rows(job, "", &["{\"a\":1,\"b\":1e9999999999}"]), Err(RecordRefused::Decimal(_))));
    assert_eq!(one("b = { op = \"keep\" }", "{\"b\":1e9999999999}"), Ok("{\"b\":1e9999999999}\n".to_owned()));
}

#[test]
fn a_filtered_output_speaks_of_enough_distinct_people() {
    let terms = "people = { field = \"k2\", min = 3 }";
    let job = "where = [{ field = \"b\", op = \"eq\", value = 1 }]\n[fields]\na = { op = \"keep\" }\n";
    let refused = |people: &[&str]| {
        let lines: Vec<String> = people.iter().map(|person| format!("{{\"b\":1,\"k2\":{person}}}")).collect();
        rows(job, terms, &lines.iter().map(String::as_str).collect::<Vec<_>>()).err()
    };
    for enough in [
        &["1", "2", "3"][..],
        &["\"1\"", "1", "2"],
        &["\"a\"", "\"b\"", "\"c\"", "\"a\""],
        &["\"\"", "0", "\"0\""],
        &["\"é\"", "\"e\u{301}\"", "1"],
    ] {
        assert_eq!(refused(enough), None, "{enough:?}");
    }
    for too_few in [
        &[][..],
        &["1", "2"],
        &["1", "2", "1", "2", "2"],
        &["5", "5.0", "50e-1", "0.5E1", "6"],
        &["0", "-0", "0e7", "-0.0", "1"],
        &["\"a\"", "\"\\u0061\"", "\"b\""],
        &["1", "2", "null"],
        &["null", "null", "null"],
    ] {
        assert_eq!(refused(too_few), Some(RecordRefused::TooFewPeople), "{too_few:?}");
    }
    for bad in ["true", "[]", "{}", "[\"a\"]"] {
        assert_eq!(refused(&["1", "2", "3", bad]), Some(RecordRefused::PersonType));
    }
    assert!(matches!(refused(&["1", "2", "3", "4", "1e1000000000"]), Some(RecordRefused::Decimal(_))));
}

#[test]
fn only_released_rows_count_as_people() {
    let terms = "people = { field = \"k2\", min = 2 }\ninput = { format = \"ndjson\", on_error = \"skip\" }";
    let job = "where = [{ field = \"b\", op = \"eq\", value = 1 }]\n[fields]\na = { op = \"mask\" }\n";
    let held_back = [
        "{\"a\":1,\"b\":1,\"k2\":1}",
        "{\"a\":1,\"b\":2,\"k2\":2}",
        "{\"a\":true,\"b\":1,\"k2\":3}",
        "{\"a\":1,\"b\":1}",
        "{\"a\":1,\"b\":1,\"k2\":4",
        "{\"b\":1,\"k2\":[5]}",
    ];
    assert_eq!(rows(job, terms, &held_back).err(), Some(RecordRefused::TooFewPeople));
    let without_where = "[fields]\na = { op = \"keep\" }\n";
    assert_eq!(rows(without_where, terms, &["{\"a\":1,\"k2\":[5]}"]).unwrap().0, "{\"a\":1}\n");
}

#[test]
fn rows_beyond_the_policys_number_refuse_the_job() {
    let job = "[fields]\na = { op = \"keep\" }\n";
    for on_error in ["fail", "skip"] {
        let terms = format!("release.records.max_records = 2\ninput = {{ format = \"ndjson\", on_error = \"{on_error}\" }}");
        assert!(rows(job, &terms, &["{}", "{}"]).is_ok());
        assert_eq!(rows(job, &terms, &["{}", "{}", "{}"]).err(), Some(RecordRefused::TooManyRecords));
    }
    let held_back = "where = [{ field = \"a\", op = \"eq\", value = 1 }]\n[fields]\na = { op = \"keep\" }\n";
    assert!(rows(held_back, "release.records.max_records = 1", &["{\"a\":1}", "{\"a\":2}", "{\"a\":2}"]).is_ok());
}

#[test]
fn one_bad_record_refuses_the_job_for_good() {
    for (bad, refused) in [
        ("{\"a\":1", RecordRefused::Json(JsonError::Syntax)),
        ("{\"a\":1,\"a\":1}", RecordRefused::Json(JsonError::DuplicateKey)),
        ("{\"z\":\"\\ud800\"}", RecordRefused::Json(JsonError::LoneSurrogate)),
        ("[]", RecordRefused::Json(JsonError::NotAnObject)),
        ("{\"a\":true}", RecordRefused::OperationType),
    ] {
        let mut processor = processor("[fields]\nb = { op = \"keep\" }\na = { op = \"mask\" }\n", "");
        let mut worker = processor.worker();
        let mut out = b"before".to_vec();
        let mut take = |record: &str, out: &mut Vec<u8>| worker.whole(processor.cutter(), record.as_bytes(), out);
        take("{\"b\":1}", &mut out).unwrap();
        let length = out.len();
        assert_eq!(take(bad, &mut out), Err(refused));
        assert_eq!(take("{\"b\":2}", &mut out), Err(refused));
        assert_eq!(out.len(), length);
        assert_eq!(processor.merge(worker.into_tally()), Err(refused));
        assert_eq!(processor.finish().err(), Some(refused));
    }
}

#[test]
fn bad_records_are_left_out_where_the_policy_says_so() {
    let terms = "input = { format = \"ndjson\", on_error = \"skip\" }";
    let long = format!("{{\"b\":\"{}\"}}", "x".repeat(limits::RECORD_BYTES));
    let records = ["{\"b\":1}", "{\"b\":2", "{\"b\":3,\"a\":{}}", &long, "{\"b\":4,\"b\":4}", "{\"b\":5}"];
    let (out, counts) = rows("[fields]\nb = { op = \"keep\" }\na = { op = \"mask\" }\n", terms, &records).unwrap();
    assert_eq!(out, "{\"b\":1}\n{\"b\":5}\n");
    assert_eq!(counts, Counts { read: 6, released: 2, skipped: 4 });
}

#[test]
fn workers_that_are_merged_decide_as_one() {
    let terms = "people = { field = \"k2\", min = 3 }\nrelease.records.max_records = 4";
    let job = "where = [{ field = \"b\", op = \"eq\", value = 1 }]\n[fields]\na = { op = \"keep\" }\n";
    let run = |shares: &[&[u32]]| {
        let mut processor = processor(job, terms);
        for share in shares {
            let mut worker = processor.worker();
            for person in *share {
                worker.whole(processor.cutter(), format!("{{\"b\":1,\"k2\":{person}}}").as_bytes(), &mut Vec::new())?;
            }
            processor.merge(worker.into_tally())?;
        }
        processor.finish().map(|(counts, _)| counts)
    };
    assert_eq!(run(&[&[1, 2], &[2, 3]]), Ok(Counts { read: 4, released: 4, skipped: 0 }));
    assert_eq!(run(&[&[1, 2], &[2, 1]]), Err(RecordRefused::TooFewPeople));
    assert_eq!(run(&[&[1, 2], &[3], &[4, 5]]), Err(RecordRefused::TooManyRecords));
    let mut processor = processor(job, terms);
    let mut worker = processor.worker();
    assert!(worker.whole(processor.cutter(), b"{", &mut Vec::new()).is_err());
    assert_eq!(processor.merge(worker.into_tally()), Err(RecordRefused::Json(JsonError::Syntax)));
    assert_eq!(processor.finish().err(), Some(RecordRefused::Json(JsonError::Syntax)));
}

/// Operations once more, over serde_json's values and the graphemes' iterator, in a few lines each.
#[test]
fn random_rows_are_as_an_independent_reading_says() {
    let mut random = Random::new(5);
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[7; 32]);
    let (mut released, mut refused) = (0, 0);
    for _ in 0..100 {
        let (keep_last, keep_first) = (random.below(6), random.below(6));
        let job = format!(
            "[fields]\nmasked = {{ from = \"a\", op = \"mask\", keep_last = {keep_last} }}\ncut = {{ from = \"b\", op = \"truncate\", keep_first = {keep_first} }}\n\
             token = {{ from = \"k1\", op = \"tokenize\" }}\nkept = {{ from = \"é\", op = \"keep\" }}\n"
        );
        let processor = processor(&job, "input = { format = \"ndjson\", on_error = \"skip\" }");
        let mut worker = processor.worker();
        for _ in 0..200 {
            let record = random.record();
            let mut out = Vec::new();
            worker.whole(processor.cutter(), record.as_bytes(), &mut out).unwrap();
            let read: serde_json::Map<String, Json> = serde_json::from_str(&record).unwrap();
            let read_of = |name: &str| read.get(name).unwrap_or(&Json::Null);
            let bad = is_strict(&record) == Some(false) || ["a", "b", "k1"].into_iter().any(|name| holds(read_of(name), is_other_type));
            assert_eq!(out.is_empty(), bad, "{record}");
            if bad {
                refused += 1;
                continue;
            }
            if ["a", "b", "k1"].into_iter().any(|name| read_of(name).is_array() && holds(read_of(name), Json::is_number)) {
                // The reader that judges has lost their exact text.
                continue;
            }
            let raw = |name: &str| {
                let mut scanner = json::Scanner::new([name]);
                scanner.scan(record.as_bytes()).unwrap().value(0).map(|value| value.raw().to_owned())
            };
            let mut expected = serde_json::Map::new();
            let mut put = |name: &str, from: &str, operation: &dyn Fn(char, &str) -> String| {
                if let Some(value) = read.get(from) {
                    let number = raw(from).unwrap();
                    let text = |value: &Json| value.as_str().map_or_else(|| operation('n', &number), |text| operation('s', text));
                    expected.insert(name.to_owned(), through(value, &text));
                }
            };
            let mask = |text: &str| {
                let graphemes: Vec<&str> = text.graphemes(true).collect();
                let hidden = graphemes.len().saturating_sub(keep_last);
                "*".repeat(hidden) + &graphemes[hidden..].concat()
            };
            put("masked", "a", &|_, text| mask(text));
            put("cut", "b", &|_, text| text.graphemes(true).take(keep_first).collect());
            put("token", "k1", &|kind, text| {
                let mut context = aws_lc_rs::hmac::Context::with_key(&key);
                context.update(&[0, 0, 0, 7]);
                context.update("dömain".as_bytes());
                context.update(format!("{kind}{text}").as_bytes());
                format!("tok_{}_{}", &TOKEN_OF_TEXT[4..12], base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(context.sign()))
            });
            if let Some(value) = read.get("é") {
                expected.insert("kept".to_owned(), value.clone());
            }
            let row = std::str::from_utf8(&out).unwrap();
            assert_eq!(row.matches('\n').count(), 1);
            assert_eq!(serde_json::from_str::<serde_json::Map<String, Json>>(row).unwrap(), expected, "{record}");
            if let Some(kept) = raw("é") {
                assert!(row.contains(&format!("\"kept\":{kept}")));
            }
            released += 1;
        }
    }
    assert!(released > 5000 && refused > 1000, "{released} and {refused}");
}

/// Whether the value, or any within the arrays that it is made of, is so.
fn holds(value: &Json, is_so: fn(&Json) -> bool) -> bool {
    is_so(value) || value.as_array().is_some_and(|elements| elements.iter().any(|element| holds(element, is_so)))
}

fn is_other_type(value: &Json) -> bool {
    value.is_boolean() || value.is_object()
}

/// What becomes of a value whose scalars go through `operation`, one by one.
fn through(value: &Json, operation: &dyn Fn(&Json) -> String) -> Json {
    match value {
        Json::Null => Json::Null,
        Json::Array(elements) => elements.iter().map(|element| through(element, operation)).collect(),
        scalar => Json::String(operation(scalar)),
    }
}

const TOKEN_OF_TEXT: &str = "tok_622bd67c_RqKhSH0FkHRYULGH01AYMrpoarTJnY68suOXGOFIZEI";
const TOKEN_OF_NUMBER: &str = "tok_622bd67c_MOUiTufPJWHE4wAyo-VHTu0SWQVkWs_a0-ZuZK8QRcs";
