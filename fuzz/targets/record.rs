//! Records, one a line. What a scanner that knows the records before accepts, a fresh one accepts, and serde_json with the
//! rules that are stricter here; and each reads the same values.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use sealroom_shared::limits;
use sealroom_shared::record::json::{JsonError, Kind, Scanner};
use sealroom_shared::record::lines::next_line;
use serde_json::{Map, Value};

mod strict;

const WANTED: [&str; 4] = ["a", "b", "é", "customer"];

fuzz_target!(|data: &[u8]| {
    let mut warm = Scanner::new(WANTED);
    let mut lines = Vec::new();
    for line in data.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.iter().all(|byte| b" \t\r".contains(byte)) {
            continue;
        }
        lines.push(line.to_vec());
        let mut fresh = Scanner::new(WANTED);
        let (by_warm, by_fresh) = (warm.scan(line), fresh.scan(line));
        assert_eq!(by_warm.as_ref().err(), by_fresh.as_ref().err());
        let judged = std::str::from_utf8(line).ok().map(strict::judge);
        match by_warm {
            Err(JsonError::TooDeep) => assert!(line.iter().filter(|byte| b"[{".contains(byte)).count() > 64),
            Err(JsonError::TooLong) => assert!(line.len() > limits::RECORD_BYTES),
            Err(error) => assert!(judged != Some(strict::Verdict::Accepted) || !is_object(line), "{error}"),
            Ok(fields) => {
                assert!(judged != Some(strict::Verdict::Refused) && judged.is_some());
                if judged != Some(strict::Verdict::Accepted) {
                    continue;
                }
                let members: Map<String, Value> = serde_json::from_slice(line).expect("what the verdict says");
                for (index, name) in WANTED.iter().enumerate() {
                    let value = fields.value(index);
                    assert_eq!(value, by_fresh.expect("as the other").value(index));
                    let read: Option<Value> = value.map(|value| serde_json::from_str(value.raw()).expect("a value"));
                    assert_eq!(read.as_ref(), members.get(*name));
                    let text = value.and_then(|value| value.text(&mut String::new()).map(str::to_owned));
                    match (value.map(|value| value.kind()), &read) {
                        (Some(Kind::String(_)), Some(Value::String(read))) => assert_eq!(text.as_ref(), Some(read)),
                        (Some(Kind::Number), Some(Value::Number(_))) => assert_eq!(text.as_deref(), value.map(|value| value.raw())),
                        (Some(kind), _) => assert!(text.is_none() && !matches!(kind, Kind::String(_) | Kind::Number)),
                        (None, _) => assert!(text.is_none()),
                    }
                }
            }
        }
    }
    let (mut split, mut at) = (Vec::new(), 0);
    while let Some((line, after)) = next_line(data, at) {
        split.push(line.to_vec());
        at = after;
    }
    assert_eq!(split, lines);
    // Names are told apart as texts, not as bytes.
    assert_eq!(HashSet::from(WANTED).len(), WANTED.len());
});

fn is_object(line: &[u8]) -> bool {
    line.iter().find(|byte| !b" \t\r".contains(byte)) == Some(&b'{')
}
