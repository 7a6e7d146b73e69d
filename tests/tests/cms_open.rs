//! `cms-open`, from outside: every made envelope comes out as its manifest states, every refusal in the same words.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use sealroom_testkit::bins::bin;
use sealroom_testkit::stage::text;

#[test]
fn made_envelopes_come_out_as_stated() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/cfr-made");
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let mut refusals = BTreeSet::new();
    let mut opened = 0;
    for case in manifest["cases"].as_array().unwrap() {
        let word = |key: &str| case[key].as_str().unwrap().to_owned();
        let output =
            Command::new(bin("cms-open")).arg("--key").arg(folder.join(word("key"))).arg(folder.join(word("file"))).output().unwrap();
        if word("expect") == "accept" {
            assert_eq!(output.status.code(), Some(0), "{}", word("id"));
            let hex = text(&output.stdout).trim().to_owned();
            if let Some(expected) = case["plaintext_hex"].as_str() {
                assert_eq!(hex, expected, "{}", word("id"));
            }
            opened += 1;
        } else {
            assert_eq!(output.status.code(), Some(1), "{}", word("id"));
            assert!(output.stdout.is_empty(), "{}", word("id"));
            refusals.insert(text(&output.stderr));
        }
    }
    assert_eq!(opened, 10);
    assert_eq!(refusals.len(), 1, "one opaque error: {refusals:?}");
}
