//! Tests of rows: random records against an independent reading of them.

use base64::Engine;
use serde_json::Value as Json;
use unicode_segmentation::UnicodeSegmentation;

use super::{TOKEN_OF_TEXT, processor};
use crate::record::json;
use crate::record::json::tests::is_strict;
use crate::record::random::Random;

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
