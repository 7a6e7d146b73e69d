//! Tests of nested fields and of operations on arrays, from records to rows. serde_json's pointers judge.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::*;
use crate::authorize;
use crate::job::Job;
use crate::policy::{Policy, UnixMillis};
use crate::record::RecordRefused;
use crate::record::random::Random;

/// Rows of `records` under a job on these fields, each permitted everything that is tried here.
fn rows(fields: &[&str], job: &str, records: &str) -> Result<String, RecordRefused> {
    let entry = |name: &&str| {
        format!(
            "[fields.{name:?}]\nkeep = true\nmask = {{ keep_last_max = 9 }}\ntruncate = {{ keep_first_max = 9 }}\nbucket = {{ min_width = 1 }}\n\
             filter = {{ ops = [\"eq\", \"ne\", \"in\", \"exists\"] }}\n"
        )
    };
    let policy = format!(
        "version = 1\nname = \"n\"\ndatasets = [\"d\"]\nkeys = [\"arn:aws:kms:eu-central-1:111122223333:key/1\"]\n\
         recipients = [{{ name = \"r\", kms_key = \"arn:aws:kms:eu-central-1:111122223333:key/2\" }}]\n\
         input = {{ format = \"ndjson\", on_error = \"fail\" }}\npeople = {{ field = \"/who/id\", min = 2 }}\n\
         release.records.max_records = 100000\n{}",
        fields.iter().map(entry).collect::<String>()
    );
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let job = Job::parse(format!("version = 1\nkind = \"records\"\n{job}").as_bytes()).unwrap();
    let mut processor = authorize::job(&policy, &job, UnixMillis(0)).unwrap().processor(&BTreeMap::new()).unwrap();
    let (mut worker, mut out) = (processor.worker(), Vec::new());
    worker.whole(processor.cutter(), records.as_bytes(), &mut out)?;
    processor.merge(worker.into_tally())?;
    processor.finish()?;
    Ok(String::from_utf8(out).unwrap())
}

/// The row of one record under `{ from = FIELD, op = … }`.
fn one(field: &str, op: &str, record: &str) -> Result<String, RecordRefused> {
    let job = format!("[fields]\nx = {{ from = {field:?}, {op} }}\n");
    rows(&[field], &job, record).map(|out| out.trim_end().to_owned())
}

#[test]
fn a_pointer_leads_to_the_value_as_it_lies() {
    for (field, record, expected) in [
        ("/address/zip", r#"{"address":{"city":"B","zip":"10115"}}"#, r#"{"x":"10115"}"#),
        ("/address/zip", r#"{ "z":0, "address" : { "zip" : 1.50e1 , "b":[{}]} }"#, r#"{"x":1.50e1}"#),
        ("/a/b/c", r#"{"a":{"c":1,"b":{"b":2,"c":{ "d" : [ ] }}}}"#, r#"{"x":{ "d" : [ ] }}"#),
        ("/a/b", r#"{"a":{"x":"}],{\"b\":9","b":"\u00e9\""}}"#, r#"{"x":"\u00e9\""}"#),
        ("/a/b", r#"{"a":{"c":1,"\u0062":2}}"#, r#"{"x":2}"#),
        ("/a~1b/m~0n", r#"{"a/b":{"m~n":3}}"#, r#"{"x":3}"#),
        ("/a/", r#"{"a":{"":4}}"#, r#"{"x":4}"#),
        ("//a", r#"{"":{"a":5}}"#, r#"{"x":5}"#),
        ("/", r#"{"":6}"#, r#"{"x":6}"#),
        ("/~1a", r#"{"/a":7,"a":8}"#, r#"{"x":7}"#),
        ("/a/1", r#"{"a":[{"b":[1,2]}, [3] , 4]}"#, r#"{"x":[3]}"#),
        ("/a/1", r#"{"a":{"1":9}}"#, r#"{"x":9}"#),
        ("/a/b", r#"{"a":{"b":null}}"#, r#"{"x":null}"#),
        // What is not there is absent, and so is what lies within anything but an object or an array.
        ("/a/b", r#"{"a":{}}"#, "{}"),
        ("/a/b", r#"{"b":1}"#, "{}"),
        ("/a/b", r#"{"a":null}"#, "{}"),
        ("/a/b", r#"{"a":"b"}"#, "{}"),
        ("/a/b", r#"{"a":[{"b":1}]}"#, "{}"),
        ("/a/b/c", r#"{"a":{"b":[]}}"#, "{}"),
        ("/a/2", r#"{"a":[1,2]}"#, "{}"),
        ("/a/0", r#"{"a":[]}"#, "{}"),
        ("/a/01", r#"{"a":[1,2]}"#, "{}"),
        ("/a/-", r#"{"a":[1]}"#, "{}"),
        ("/a/b", r#"{"/a/b":1,"a/b":2}"#, "{}"),
    ] {
        assert_eq!(one(field, "op = \"keep\"", record).as_deref(), Ok(expected), "{field} in {record}");
    }
}

#[test]
fn each_element_is_in_an_array_of_its_own_length() {
    for (field, record, expected) in [
        ("/items/*/sku", r#"{"items":[{"sku":"a"}, {"sku" : 2 },{"sku":[1, 2]}]}"#, r#"{"x":["a",2,[1, 2]]}"#),
        ("/items/*/sku", r#"{"items":[{"sku":null},{},5,null,"s",[]]}"#, r#"{"x":[null,null,null,null,null,null]}"#),
        ("/items/*/sku", r#"{"items":[ ]}"#, r#"{"x":[]}"#),
        ("/items/*", r#"{"items":[1, {"a": 2}]}"#, r#"{"x":[1,{"a": 2}]}"#),
        ("/a/b/*/c/d", r#"{"a":{"b":[{"c":{"d":1}},{"c":2}]}}"#, r#"{"x":[1,null]}"#),
        ("/a/*/b/*/c", r#"{"a":[{"b":[{"c":1},{"c":2}]},{"b":[]},{"b":3},{}]}"#, r#"{"x":[[1,2],[],null,null]}"#),
        ("/a/*/*", r#"{"a":[[1],[2,3]]}"#, r#"{"x":[[1],[2,3]]}"#),
        ("/a/*/0", r#"{"a":[[1],[2,3],[]]}"#, r#"{"x":[1,2,null]}"#),
        ("/items/*/sku", r#"{"items":{"sku":1}}"#, "{}"),
        ("/items/*/sku", r#"{"items":{"*":{"sku":1}}}"#, "{}"),
        ("/items/*/sku", r#"{"items":"abc"}"#, "{}"),
        ("/items/*/sku", r#"{"items":null}"#, "{}"),
        ("/items/*/sku", r"{}", "{}"),
    ] {
        assert_eq!(one(field, "op = \"keep\"", record).as_deref(), Ok(expected), "{field} in {record}");
    }
}

#[test]
fn operations_go_through_arrays_element_by_element() {
    let mask = "op = \"mask\", keep_last = 1";
    for (field, op, record, expected) in [
        ("cards", mask, r#"{"cards":["abc", 123 ,null,"\u0061\""]}"#, r#"{"x":["**c","**3",null,"*\""]}"#),
        ("cards", mask, r#"{"cards":[]}"#, r#"{"x":[]}"#),
        ("cards", mask, r#"{"cards":[["abc"],[[]],[["de","f"]]]}"#, r#"{"x":[["**c"],[[]],[["*e","f"]]]}"#),
        ("/a/cards", "op = \"truncate\", keep_first = 2", r#"{"a":{"cards":["abc","d"]}}"#, r#"{"x":["ab","d"]}"#),
        ("/a/*/card", mask, r#"{"a":[{"card":"abc"},{},{"card":["de"]}]}"#, r#"{"x":["**c",null,["*e"]]}"#),
        ("prices", "op = \"bucket\", width = 10", r#"{"prices":[1,25.5]}"#, r#"{"x":["[0,10)","[20,30)"]}"#),
    ] {
        assert_eq!(one(field, op, record).as_deref(), Ok(expected), "{field} in {record}");
    }
}

#[test]
fn an_array_that_holds_what_the_operation_does_not_take_is_bad() {
    let mask = "op = \"mask\", keep_last = 1";
    for (field, record) in [
        ("cards", r#"{"cards":[true]}"#),
        ("cards", r#"{"cards":["abc",{"card":"abc"}]}"#),
        ("cards", r#"{"cards":[["abc"],[[{}]]]}"#),
        ("cards", r#"{"cards":{"card":"abc"}}"#),
        ("/a/card", r#"{"a":{"card":{}}}"#),
        ("/a/*", r#"{"a":["abc",{"card":"abc"}]}"#),
        ("/a/*/card", r#"{"a":[{"card":false}]}"#),
    ] {
        assert_eq!(one(field, mask, record), Err(RecordRefused::OperationType), "{field} in {record}");
    }
}

#[test]
fn an_output_that_grows_far_beyond_its_record_is_refused() {
    // Each -1 becomes a text of 19 bytes.
    let many = |count: usize| format!("{{\"a\":[{}]}}", vec!["-1"; count].join(","));
    let bucket = "op = \"bucket\", width = 999999999999";
    assert!(one("a", bucket, &many(50_000)).is_ok());
    assert_eq!(one("a", bucket, &many(60_000)), Err(JsonError::TooLong.into()));
    assert_eq!(one("a", bucket, &format!("{{\"a\":[[{}]]}}", vec!["-1"; 60_000].join(","))), Err(JsonError::TooLong.into()));
    // Three fields gather one text.
    let fields = ["/a/*", "/a/*/*", "/a/*/0"];
    let job = "where = [{ field = \"/a/*/*\", op = \"exists\" }, { field = \"/a/*/0\", op = \"exists\" }]\n[fields]\nx = { from = \"/a/*\", op = \"keep\" }\n";
    let records = |length: usize| {
        let of = |who: u8| format!("{{\"who\":{{\"id\":{who}}},\"a\":[[\"{}\"]]}}\n", "x".repeat(length));
        of(1) + &of(2)
    };
    assert!(rows(&fields, job, &records(340_000)).is_ok());
    assert_eq!(rows(&fields, job, &records(360_000)), Err(JsonError::TooLong.into()));
}

#[test]
fn several_fields_of_one_object_and_a_top_level_one_are_found_together() {
    let fields = ["/a/b", "/a/c", "d", "/e/*/f", "/e/*/g"];
    let job = "[fields]\np = { from = \"/a/c\", op = \"keep\" }\nq = { from = \"d\", op = \"keep\" }\nr = { from = \"/e/*/g\", op = \"keep\" }\n\
               s = { from = \"/a/b\", op = \"mask\" }\nt = { from = \"/e/*/f\", op = \"mask\" }\n";
    let records = "{\"d\":1,\"e\":[{\"f\":\"xy\",\"g\":2}],\"a\":{\"b\":\"z\",\"c\":3}}\n{\"a\":{\"b\":\"zz\"}}\n{\"d\":4}\n{\"e\":[]}\n";
    let expected = "{\"p\":3,\"q\":1,\"r\":[2],\"s\":\"*\",\"t\":[\"**\"]}\n{\"s\":\"**\"}\n{\"q\":4}\n{\"r\":[],\"t\":[]}\n";
    assert_eq!(rows(&fields, job, records).unwrap(), expected);
}

#[test]
fn conditions_and_people_may_be_nested_and_arrays_satisfy_no_comparison() {
    let records = "{\"who\":{\"id\":1},\"a\":{\"b\":\"x\"},\"n\":1}\n{\"who\":{\"id\":2},\"a\":{\"b\":\"x\"},\"n\":2}\n\
                   {\"who\":{\"id\":2.0},\"a\":{\"b\":\"y\"},\"n\":3}\n{\"who\":{\"id\":3},\"a\":{\"b\":[\"x\"]},\"n\":4}\n{\"who\":{\"id\":3},\"n\":5}\n";
    let released = |condition: &str| {
        let job = format!("where = [{{ {condition} }}]\n[fields]\nn = {{ op = \"keep\" }}\n");
        rows(&["n", "/a/b", "/a/*/b"], &job, records).map(|out| out.replace("{\"n\":", "").replace("}\n", ""))
    };
    assert_eq!(released("field = \"/a/b\", op = \"eq\", value = \"x\"").as_deref(), Ok("12"));
    assert_eq!(released("field = \"/a/b\", op = \"ne\", value = \"z\"").as_deref(), Ok("123"));
    assert_eq!(released("field = \"/a/b\", op = \"exists\"").as_deref(), Ok("1234"));
    // One person, and nobody.
    assert_eq!(released("field = \"/a/b\", op = \"eq\", value = \"y\""), Err(RecordRefused::TooFewPeople));
    assert_eq!(released("field = \"/a/*/b\", op = \"exists\""), Err(RecordRefused::TooFewPeople));
}

#[test]
fn random_records_are_read_as_serde_json_reads_them() {
    let mut random = Random::new(11);
    let (mut found, mut gathered) = (0, 0);
    for _ in 0..2_000 {
        let record = random.record();
        let Ok(parsed) = serde_json::from_str::<Json>(&record) else { continue };
        // A way down that is there, as a rule, and most of the time a way on from a key to `*`.
        let (mut field, mut value) = (String::new(), &parsed);
        while let Some((token, below)) = step(value, &mut random) {
            let each = value.is_array() && random.below(3) > 0;
            field.push('/');
            field.push_str(if each { "*" } else { &token });
            if random.below(12) == 0 {
                field.push_str(random.pick(&["x", "", "/0", "/*"]));
            }
            value = below;
        }
        if FieldPath::parse(&field).is_err() || !field.starts_with('/') {
            continue;
        }
        let written = match one(&field, "op = \"keep\"", &record) {
            Ok(written) => written,
            Err(refused) => {
                assert_eq!(refused, JsonError::DuplicateKey.into(), "{record}");
                continue;
            }
        };
        let written: Json = serde_json::from_str(&written).unwrap();
        let expected = expected(&parsed, &field.split('/').skip(1).collect::<Vec<_>>());
        assert_eq!(written.get("x"), expected.as_ref(), "{field} in {record}");
        found += usize::from(expected.is_some());
        gathered += usize::from(expected.is_some() && field.contains('*'));
    }
    assert!(found > 150 && gathered > 40, "{found}, {gathered}");
}

/// A random member or element of `value`, and its token.
fn step<'v>(value: &'v Json, random: &mut Random) -> Option<(String, &'v Json)> {
    let below: Vec<(String, &Json)> = match value {
        Json::Object(members) => members.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Json::Array(elements) => elements.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => return None,
    };
    let at = random.below(below.len().max(1));
    below.into_iter().nth(at)
}

/// What the page says, over a tree.
fn expected(value: &Json, tokens: &[&str]) -> Option<Json> {
    let Some(each) = tokens.iter().position(|token| *token == "*") else {
        return value.pointer(&tokens.iter().map(|token| format!("/{token}")).collect::<String>()).cloned();
    };
    let before: String = tokens.iter().take(each).map(|token| format!("/{token}")).collect();
    let after: Vec<&str> = tokens.iter().skip(each + 1).copied().collect();
    let elements = value.pointer(&before)?.as_array()?;
    Some(Json::Array(elements.iter().map(|element| expected(element, &after).unwrap_or(Json::Null)).collect()))
}
