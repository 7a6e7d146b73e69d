//! Tests of the record reader: cases from RFC 8259 by hand, and random records against serde_json.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::as_conversions, reason = "tests")]

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::*;
use crate::record::random::Random;

fn scan(record: &[u8]) -> Result<(), JsonError> {
    Scanner::new(["a", "b"]).scan(record).map(|_| ())
}

#[test]
fn valid_records_are_accepted() {
    for record in [
        r#"{}"#,
        r#" { } "#,
        "\t{\r\"a\" :\t1 ,\"b\": [ ] }\r",
        r#"{"a":0,"b":-0}"#,
        r#"{"a":-0.0e+00,"b":1E-99}"#,
        r#"{"a":123456789012345678901234567890.123456789e999999999999}"#,
        r#"{"":""}"#,
        r#"{"a":{"a":{"a":[{"a":1},{"a":2}]}}}"#,
        r#"{"a":"\u0000\u001f\u007f\uD834\uDD1E\/\b"}"#,
        "{\"a\":\"\u{7f}\u{80}\u{2028}\u{2029}\u{feff}\u{fffe}\u{10ffff}\"}",
        r#"{"a":[[[]],{},"",null,true,false,0]}"#,
        r#"{"A":1,"a":2,"\u0062":3}"#,
        r#"{"e\u0301":1,"é":2}"#,
        r#"{"a":[1,1],"c":"a","d":"a"}"#,
        r#"{"\uD83D\uDE00":1}"#,
    ] {
        assert_eq!(scan(record.as_bytes()), Ok(()), "{record}");
    }
}

#[test]
fn records_that_are_not_json_are_refused() {
    for record in [
        r#"{"#,
        r#"{"a"#,
        r#"{"a""#,
        r#"{"a":"#,
        r#"{"a":1"#,
        r#"{"a":1,"#,
        r#"{"a":1,}"#,
        r#"{,}"#,
        r#"{"a":1,,"b":2}"#,
        r#"{"a" 1}"#,
        r#"{"a"::1}"#,
        r#"{a:1}"#,
        r#"{'a':1}"#,
        r#"{1:1}"#,
        r#"{null:1}"#,
        r#"{"a":1 "b":2}"#,
        r#"{"a":}"#,
        r#"{:1}"#,
        r#"{"a":1]"#,
        r#"{"a":[}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":[,1]}"#,
        r#"{"a":[1 2]}"#,
        r#"{"a":[1}"#,
        r#"{"a":["#,
        r#"{"a":[1:2]}"#,
        r#"{"a":{"b"}}"#,
        r#"{"a":01}"#,
        r#"{"a":-01}"#,
        r#"{"a":+1}"#,
        r#"{"a":.5}"#,
        r#"{"a":1.}"#,
        r#"{"a":1.e5}"#,
        r#"{"a":1e}"#,
        r#"{"a":1e+}"#,
        r#"{"a":-}"#,
        r#"{"a":--1}"#,
        r#"{"a":0x10}"#,
        r#"{"a":1_000}"#,
        r#"{"a":1,000}"#,
        r#"{"a":NaN}"#,
        r#"{"a":Infinity}"#,
        r#"{"a":-Infinity}"#,
        r#"{"a":1e1.5}"#,
        r#"{"a":0e}"#,
        r#"{"a":1a}"#,
        "{\"a\":\u{ff11}}",
        r#"{"a":True}"#,
        r#"{"a":TRUE}"#,
        r#"{"a":tru}"#,
        r#"{"a":truee}"#,
        r#"{"a":nul}"#,
        r#"{"a":fals}"#,
        r#"{"a":undefined}"#,
        r#"{"a":"b}"#,
        r#"{"a":'b'}"#,
        r#"{"a":b}"#,
        r#"{"a":1/*x*/}"#,
        r#"{"a":1//x"#,
        "{\"a\":1\u{a0}}",
        "{\u{feff}\"a\":1}",
        "{\"a\":\n1}",
        "{\"a\":1\n}",
        "{\"a\"\u{c}:1}",
        r#"{"a":"\"}"#,
        r#"{"a":"x""y"}"#,
        r#"{"a":{"b":1,}}"#,
        r#"{"a":\u0031}"#,
        r#"{"a":#}"#,
        r#"{"a":[1],[2]}"#,
    ] {
        let error = scan(record.as_bytes()).unwrap_err();
        assert_eq!(error, JsonError::Syntax, "{record}");
    }
}

#[test]
fn what_json_allows_and_a_record_does_not_is_refused_by_name() {
    for (record, error) in [
        ("", JsonError::NotAnObject),
        (" ", JsonError::NotAnObject),
        ("[]", JsonError::NotAnObject),
        ("[{}]", JsonError::NotAnObject),
        ("1", JsonError::NotAnObject),
        ("null", JsonError::NotAnObject),
        ("\"a\"", JsonError::NotAnObject),
        ("\u{feff}{}", JsonError::NotAnObject),
        ("}", JsonError::NotAnObject),
        ("{}{}", JsonError::TrailingBytes),
        ("{} x", JsonError::TrailingBytes),
        ("{\"a\":1}}", JsonError::TrailingBytes),
        ("{},", JsonError::TrailingBytes),
        ("{}\n", JsonError::TrailingBytes),
        ("{}\0", JsonError::TrailingBytes),
        ("{\"a\":\"\t\"}", JsonError::ControlCharacter),
        ("{\"a\":\"\n\"}", JsonError::ControlCharacter),
        ("{\"a\":\"\0\"}", JsonError::ControlCharacter),
        ("{\"a\t\":1}", JsonError::ControlCharacter),
        (r#"{"a":"\x"}"#, JsonError::Escape),
        (r#"{"\a":1}"#, JsonError::Escape),
        (r#"{"c":{"d":["\u00G0"]}}"#, JsonError::Escape),
        (r#"{"a":"\uD800"}"#, JsonError::LoneSurrogate),
        (r#"{"a":"\uDFFF\uD800"}"#, JsonError::LoneSurrogate),
        (r#"{"\uDC00":1}"#, JsonError::LoneSurrogate),
        (r#"{"c":[["\uD800\n"]]}"#, JsonError::LoneSurrogate),
        (r#"{"a":1,"a":1}"#, JsonError::DuplicateKey),
        (r#"{"a":1,"b":2,"a":null}"#, JsonError::DuplicateKey),
        (r#"{"z":1,"z":1}"#, JsonError::DuplicateKey),
        (r#"{"":1,"":2}"#, JsonError::DuplicateKey),
        (r#"{"a":1,"\u0061":2}"#, JsonError::DuplicateKey),
        (r#"{"\u0061":1,"\u0061":2}"#, JsonError::DuplicateKey),
        (r#"{"\u0061":1,"a":2}"#, JsonError::DuplicateKey),
        (r#"{"\/":1,"/":2}"#, JsonError::DuplicateKey),
        (r#"{"c":{"d":1,"d":2}}"#, JsonError::DuplicateKey),
        (r#"{"c":[{"d":1},{"d":1,"e":{},"d":2}]}"#, JsonError::DuplicateKey),
        (r#"{"c":{"x":{"y":1},"d":1,"\u0064":2}}"#, JsonError::DuplicateKey),
        (r#"{"😀":1,"\ud83d\ude00":2}"#, JsonError::DuplicateKey),
    ] {
        assert_eq!(scan(record.as_bytes()), Err(error), "{record}");
    }
}

#[test]
fn invalid_utf8_anywhere_is_refused() {
    for bytes in [
        &b"\xff"[..],
        b"\x80",
        b"\xc0\x80",
        b"\xc1\xbf",
        b"\xe0\x80\x80",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xf0\x80\x80\x80",
        b"\xf4\x90\x80\x80",
        b"\xf5\x80\x80\x80",
        b"\xc3",
        b"\xe2\x82",
        b"\xf0\x9f\x98",
        b"\xfe",
        b"\xef\xbb",
    ] {
        for (before, after) in
            [("{\"a\":\"", "\"}"), ("{\"", "\":1}"), ("{\"x\":[\"long enough to cross a word ", " and more\"]}"), ("{", "}"), ("{}", "")]
        {
            let record = [before.as_bytes(), bytes, after.as_bytes()].concat();
            assert_eq!(scan(&record), Err(JsonError::NotUtf8));
        }
    }
}

#[test]
fn depth_is_bounded_exactly() {
    let nested = |open: &str, close: &str, levels: usize| format!("{{\"a\":{}0{}}}", open.repeat(levels), close.repeat(levels));
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        assert_eq!(scan(nested(open, close, 63).as_bytes()), Ok(()));
        assert_eq!(scan(nested(open, close, 64).as_bytes()), Err(JsonError::TooDeep));
        assert_eq!(scan(nested(open, close, 100_000).as_bytes()), Err(JsonError::TooDeep));
    }
    assert_eq!(scan(format!("{{\"a\":{}", "[".repeat(500_000)).as_bytes()), Err(JsonError::TooDeep));
}

#[test]
fn length_is_bounded_exactly() {
    let record = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
    assert_eq!(scan(record(limits::RECORD_BYTES).as_bytes()), Ok(()));
    assert_eq!(scan(record(limits::RECORD_BYTES + 1).as_bytes()), Err(JsonError::TooLong));
}

#[test]
fn every_cut_of_a_record_is_refused() {
    let record = r#"{"a":"x\u00e9\ud83d\ude00","b":[1.5e3,true,null,{"c":"d","e":-0}],"é":{}}"#;
    assert_eq!(scan(record.as_bytes()), Ok(()));
    for end in 0..record.len() {
        assert!(scan(&record.as_bytes()[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn wanted_fields_are_found_with_their_exact_text() {
    let mut scanner = Scanner::new(["b", "a", "é", "none"]);
    let record = r#"{ "x":{"a":"inner"}, "\u0061" : "q\"\u00e9" ,"b":-1.50e+2,"\u00e9":[1, {"z":null}],"y":"a"} "#;
    let fields = scanner.scan(record.as_bytes()).unwrap();
    let mut scratch = String::new();
    let value = |index: usize| fields.value(index).unwrap();
    assert_eq!((value(0).kind(), value(0).raw(), value(0).text(&mut scratch)), (Kind::Number, "-1.50e+2", Some("-1.50e+2")));
    assert_eq!((value(1).kind(), value(1).raw()), (Kind::String(Spelling::JsonEscaped), r#""q\"\u00e9""#));
    assert_eq!(value(1).text(&mut scratch), Some("q\"é"));
    assert_eq!((value(2).kind(), value(2).raw(), value(2).text(&mut scratch)), (Kind::Array, r#"[1, {"z":null}]"#, None));
    assert_eq!(fields.value(3), None);
    assert_eq!(fields.value(4), None);
    let fields = scanner.scan(br#"{"none":null}"#).unwrap();
    assert_eq!(fields.value(0), None, "nothing stays of the record before");
    assert_eq!(fields.value(3).unwrap().kind(), Kind::Null);
}

#[test]
fn duplicates_are_found_in_objects_of_any_size_and_order() {
    let mut random = Random::new(1);
    for count in [2, 3, 15, 16, 17, 18, 40, 256, 257, 300, 5000] {
        let mut keys: Vec<String> =
            (0..count).map(|index| format!("{}key{index}", if index % 3 == 0 { "a common beginning " } else { "" })).collect();
        let write =
            |keys: &[String]| format!("{{\"o\":{{{0}}},{0}}}", keys.iter().map(|key| format!("\"{key}\":0")).collect::<Vec<_>>().join(","));
        let mut scanner = Scanner::new(["o"]);
        assert!(scanner.scan(write(&keys).as_bytes()).is_ok());
        assert!(scanner.scan(write(&keys).as_bytes()).is_ok(), "the shape is known");
        for _ in 0..20 {
            let (one, other) = (random.below(count), random.below(count));
            if one != other {
                let kept = std::mem::take(&mut keys[one]);
                keys[one] = if random.below(2) == 0 { keys[other].clone() } else { keys[other].replacen('k', "\\u006b", 1) };
                assert_eq!(scanner.scan(write(&keys).as_bytes()).err(), Some(JsonError::DuplicateKey));
                let top_level = format!("{{{}}}", keys.iter().map(|key| format!("\"{key}\":0")).collect::<Vec<_>>().join(","));
                assert_eq!(scanner.scan(top_level.as_bytes()).err(), Some(JsonError::DuplicateKey));
                keys[one] = kept;
                assert!(scanner.scan(write(&keys).as_bytes()).is_ok());
            }
        }
    }
}

#[test]
fn a_known_shape_never_hides_a_duplicate_or_a_field() {
    let mut random = Random::new(2);
    let mut scanner = Scanner::new(["a", "c", "e"]);
    for _ in 0..20_000 {
        let keys: Vec<char> = (0..random.below(7)).map(|_| char::from(b'a' + random.below(6) as u8)).collect();
        let members: Vec<String> = keys.iter().enumerate().map(|(index, key)| format!("\"{key}\":{index}")).collect();
        let record = format!("{{{}}}", members.join(","));
        let distinct = keys.iter().collect::<HashSet<_>>().len() == keys.len();
        match scanner.scan(record.as_bytes()) {
            Ok(fields) => {
                assert!(distinct, "{record}");
                for (index, name) in ['a', 'c', 'e'].iter().enumerate() {
                    let expected = keys.iter().position(|key| key == name).map(|position| position.to_string());
                    assert_eq!(fields.value(index).map(|value| value.raw().to_owned()), expected, "{record}");
                }
            }
            Err(error) => assert_eq!((error, distinct), (JsonError::DuplicateKey, false), "{record}"),
        }
    }
}

#[test]
fn an_object_of_very_many_keys_is_read_in_time() {
    // Quadratic comparison of 100,000 keys would take minutes here.
    for prefix in ["", "the same eight bytes at both ends of every key "] {
        let members: Vec<String> =
            (0..1_000_000).map(|index| format!("\"{prefix}{index:06} last eight\":0")).take(900_000 / (prefix.len() + 24)).collect();
        assert_eq!(scan(format!("{{{}}}", members.join(",")).as_bytes()), Ok(()));
        assert_eq!(scan(format!("{{{},{}}}", members.join(","), members[7]).as_bytes()), Err(JsonError::DuplicateKey));
    }
}

#[test]
fn random_records_are_accepted_and_read_as_serde_json_does() {
    let mut random = Random::new(3);
    let mut scanner = Scanner::new(["a", "b", "k1"]);
    let (mut accepted, mut refused) = (0, 0);
    for round in 0..60_000 {
        let mut record = random.record().into_bytes();
        for _ in 0..[0, 0, 1, 3][random.below(4)] {
            random.damage(&mut record);
        }
        let text = std::str::from_utf8(&record);
        let Some(strict) = text.map_or(Some(false), is_strict) else { continue };
        let expected = strict && text.is_ok_and(|text| !text.contains('\n') && text.trim_start().starts_with('{'));
        match scanner.scan(&record) {
            Ok(fields) => {
                assert!(expected, "round {round}: {text:?}");
                accepted += 1;
                let members: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&record).unwrap();
                for (index, name) in ["a", "b", "k1"].iter().enumerate() {
                    let value = fields.value(index);
                    assert_eq!(value.map(|value| serde_json::from_str(value.raw()).unwrap()), members.get(*name).cloned());
                    if let (Some(value), Some(serde_json::Value::String(expected))) = (value, members.get(*name)) {
                        assert_eq!(value.text(&mut String::from("left over")), Some(expected.as_str()));
                    }
                }
            }
            Err(_) => {
                assert!(!expected, "round {round}: {text:?}");
                refused += 1;
            }
        }
    }
    assert!(accepted > 15_000 && refused > 10_000, "{accepted} and {refused}");
}

/// Whether serde_json accepts a text, reading every string, and no object names a key twice; none where it stops at a
/// number that it cannot hold.
pub(crate) fn is_strict(text: &str) -> Option<bool> {
    struct Strict;
    struct Anything;
    impl<'de> Deserialize<'de> for Strict {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            from.deserialize_any(Anything)
        }
    }
    impl<'de> Visitor<'de> for Anything {
        type Value = Strict;
        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("anything")
        }
        fn visit_unit<E>(self) -> Result<Strict, E> {
            Ok(Strict)
        }
        fn visit_bool<E>(self, _: bool) -> Result<Strict, E> {
            Ok(Strict)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Strict, E> {
            Ok(Strict)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Strict, E> {
            Ok(Strict)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Strict, E> {
            Ok(Strict)
        }
        fn visit_str<E>(self, _: &str) -> Result<Strict, E> {
            Ok(Strict)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Strict, A::Error> {
            while entries.next_element::<Strict>()?.is_some() {}
            Ok(Strict)
        }
        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Strict, A::Error> {
            let mut keys = HashSet::new();
            while let Some((key, _)) = members.next_entry::<String, Strict>()? {
                if !keys.insert(key) {
                    return Err(serde::de::Error::custom("twice"));
                }
            }
            Ok(Strict)
        }
    }
    match serde_json::from_str::<Strict>(text) {
        Ok(_) => Some(true),
        Err(error) if error.to_string().contains("number out of range") => None,
        Err(_) => Some(false),
    }
}
