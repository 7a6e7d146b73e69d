//! Tests of columns that share a field, or values.

use super::*;

const TERMS: &str = r#"
release.records = { max_records = 100 }
combinations = [
  { field = "card", ops = ["mask", "tokenize"] },
  { field = "card", ops = ["truncate", "keep", "mask"] },
  { field = "/a/b", ops = ["mask", "keep"] },
]
[fields]
card = { keep = true, mask = { keep_last_max = 4 }, tokenize = { domain = "one" }, truncate = { keep_first_max = 3 }, bucket = { min_width = 1 } }
other = { keep = true, mask = {} }
a = { keep = true }
"/a/b" = { keep = true, mask = {}, truncate = { keep_first_max = 1 } }
"/a/c" = { keep = true }
"/a/b/d" = { keep = true }
"/i/*/x" = { keep = true }
"/i/*/y" = { keep = true }
"/i/0" = { keep = true }
[tokens]
one = { check = "0101010101010101010101010101010101010101010101010101010101010101" }
"#;

/// Columns, each a field and its operation, numbered.
fn columns(columns: &[(&str, &str)]) -> String {
    let column = |(index, (from, op)): (usize, &(&str, &str))| {
        let parameter = match *op {
            "truncate" => ", keep_first = 1",
            "bucket" => ", width = 1",
            _ => "",
        };
        format!("c{index} = {{ from = {from:?}, op = {op:?}{parameter} }}\n")
    };
    format!("[fields]\n{}", columns.iter().enumerate().map(column).collect::<String>())
}

#[test]
fn listed_operations_may_be_asked_for_together_each_once() {
    for body in [
        &[("card", "mask"), ("card", "tokenize")][..],
        &[("card", "tokenize"), ("card", "mask")],
        &[("card", "tokenize"), ("other", "keep"), ("card", "mask")],
        &[("card", "keep"), ("card", "mask"), ("card", "truncate")],
        &[("card", "keep"), ("card", "truncate")],
        &[("/a/b", "keep"), ("/a/b", "mask")],
        &[("/a/b", "keep"), ("/a/c", "keep")],
        &[("/i/*/x", "keep"), ("/i/*/y", "keep")],
    ] {
        assert_eq!(rows(&allowed(TERMS, &columns(body))).columns.len(), body.len(), "{body:?}");
    }
}

#[test]
fn operations_that_are_not_listed_together_are_refused() {
    for body in [
        &[("card", "mask"), ("card", "mask")][..],
        &[("card", "mask"), ("card", "tokenize"), ("card", "mask")],
        &[("card", "keep"), ("card", "tokenize")],
        &[("card", "truncate"), ("card", "tokenize")],
        // Two by two they are listed, the three together are not.
        &[("card", "keep"), ("card", "mask"), ("card", "tokenize")],
        &[("card", "mask"), ("card", "bucket")],
        &[("other", "mask"), ("other", "keep")],
        &[("/a/b", "mask"), ("/a/b", "truncate")],
    ] {
        let (line, field, found) = breach(TERMS, &columns(body));
        assert_eq!(found, Breach::FieldReleasedTwice, "{body:?}");
        assert_eq!((usize::try_from(line).unwrap(), field.as_str()), (body.len() + 3, body.last().unwrap().0));
    }
}

#[test]
fn a_field_that_lies_within_anothers_is_refused_beside_it() {
    for (one, other) in [("a", "/a/b"), ("a", "/a/c"), ("/a/b", "/a/b/d"), ("a", "/a/b/d"), ("/i/*/x", "/i/0")] {
        for body in [[(one, "keep"), (other, "keep")], [(other, "keep"), (one, "keep")]] {
            assert_eq!(breach(TERMS, &columns(&body)).2, Breach::FieldWithinAnother, "{body:?}");
        }
    }
}

#[test]
fn a_permission_is_for_one_field_and_neither_for_those_within_nor_for_those_around() {
    let policy =
        "release.records = { max_records = 1 }\n[fields]\na = { keep = true }\n\"/b/c\" = { keep = true }\n\"/d/*\" = { keep = true }\n";
    for field in ["/a/b", "/a/0", "/a/*", "b", "/b/c/d", "/b/C", "/b/c/", "d", "/d/0", "/d/*/x", "c"] {
        assert_eq!(breach(policy, &columns(&[(field, "keep")])).2, Breach::FieldNotNamed, "{field}");
    }
}
