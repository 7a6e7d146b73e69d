//! The made envelopes come out as their manifest states; real ones of KMS open, or parse where no key is published.
#![allow(clippy::unwrap_used, clippy::panic, clippy::string_slice, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::rsa::PrivateDecryptingKey;
use sealroom_shared::digest::hex;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Manifest {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    file: String,
    expect: String,
    key: String,
    plaintext_sha256: Option<String>,
}

fn key(path: PathBuf) -> OaepPrivateDecryptingKey {
    OaepPrivateDecryptingKey::new(PrivateDecryptingKey::from_pkcs8(&fs::read(path).unwrap()).unwrap()).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

#[test]
fn made_envelopes_come_out_as_stated() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/cfr-made");
    let manifest: Manifest = serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    assert!(manifest.cases.len() >= 43);
    for case in manifest.cases {
        let opened = open(&key(folder.join(&case.key)), &fs::read(folder.join(&case.file)).unwrap());
        match case.expect.as_str() {
            "accept" => assert_eq!(sha256(&opened.unwrap()), case.plaintext_sha256.unwrap(), "{}", case.id),
            "reject" => assert_eq!(opened.err(), Some(CmsError), "{}", case.id),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn real_answers_of_kms_open_or_parse() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/cfr");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("absent: {}; real answers of KMS were not tried", folder.display());
        return;
    };
    let mut names: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension() == Some("ber".as_ref())).collect();
    names.sort();
    assert_eq!(names.len(), 5);
    let mut opened = 0;
    for path in names {
        let envelope = fs::read(&path).unwrap();
        assert!(is_well_formed(&envelope), "{}", path.display());
        let key_path = path.with_extension("recipient-key.pk8.der");
        if key_path.exists() {
            let facts: serde_json::Value = serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
            let plaintext = open(&key(key_path), &envelope).unwrap();
            let text = facts.to_string();
            assert!(text.contains(&hex(&plaintext)) || text.contains(&sha256(&plaintext)), "{}", path.display());
            opened += 1;
        }
    }
    assert_eq!(opened, 3);
}

#[test]
fn every_cut_of_a_good_envelope_is_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/cfr-made");
    let envelope = fs::read(folder.join("blobs/ok-kms-layout.ber")).unwrap();
    for length in 0..envelope.len() {
        assert!(!is_well_formed(envelope.get(..length).unwrap()), "{length}");
    }
}
