//! Tests of rows: what each operation writes of a value, and what it refuses.

use std::collections::HashSet;

use super::{TOKEN_OF_NUMBER, TOKEN_OF_TEXT, one, rows};
use crate::record::{Counts, RecordRefused};

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
