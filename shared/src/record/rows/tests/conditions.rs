//! Tests of rows: which records a job's conditions let through, and of how many people they must be.

use super::{one, rows};
use crate::record::{Counts, RecordRefused};

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
