//! Attestation documents from files: our own made set (`tests/vectors/attestation/mock-ca`), and, where the folder beside the
//! repository is there, real documents and those that peers use as negative cases.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sealroom_shared::attestation::{self, AttestationError, TrustAnchor, VerifyTime};
use sealroom_shared::measurements::Measurements;
use serde::Deserialize;

#[derive(Deserialize)]
struct MadeSet {
    verify_at_unix: u64,
    expected_pcr0: String,
    cases: Vec<MadeCase>,
}

#[derive(Deserialize)]
struct MadeCase {
    id: String,
    file: PathBuf,
    expect_with_mock_root: String,
}

#[derive(Deserialize)]
struct OthersCase {
    file: PathBuf,
    verify_at_unix: Option<u64>,
    mode: Option<String>,
    #[serde(default)]
    pcrs: BTreeMap<u8, String>,
    timestamp_ms: Option<u64>,
}

#[test]
fn made_documents_come_out_as_their_manifest_says() {
    let (folder, set) = made_set();
    let anchor = made_anchor(&folder);
    let expected = expected_errors();
    assert_eq!(set.cases.len(), 118);
    for case in &set.cases {
        let bytes = fs::read(folder.join(&case.file)).unwrap();
        let outcome = attestation::verify(&bytes, &anchor, VerifyTime::At(set.verify_at_unix)).map(|_| ());
        let id = case.id.as_str();
        match case.expect_with_mock_root.as_str() {
            "accept" => assert_eq!(outcome, Ok(()), "{id}"),
            "policy" if expected.get(id) == Some(&"Ok") => assert_eq!(outcome, Ok(()), "{id}"),
            _ => match expected.get(id) {
                Some(error) => assert_eq!(format!("{:?}", outcome.err()), format!("Some({error})"), "{id}"),
                None => panic!("{id}: no expected outcome is written down; it came out as {outcome:?}"),
            },
        }
    }
}

#[test]
fn made_documents_are_refused_under_the_aws_root() {
    let (folder, set) = made_set();
    for case in &set.cases {
        let bytes = fs::read(folder.join(&case.file)).unwrap();
        for at in [VerifyTime::At(set.verify_at_unix), VerifyTime::DocumentTime] {
            let outcome = attestation::verify(&bytes, &TrustAnchor::aws_root_g1(), at);
            assert!(outcome.is_err(), "{}", case.id);
        }
    }
}

#[test]
fn every_prefix_of_a_document_is_refused() {
    let (folder, set) = made_set();
    let anchor = made_anchor(&folder);
    let bytes = fs::read(folder.join("docs/ok-indefinite-map.cbor")).unwrap();
    for length in 0..bytes.len() {
        let outcome = attestation::verify(&bytes[..length], &anchor, VerifyTime::At(set.verify_at_unix));
        assert!(outcome.is_err(), "{length} bytes");
    }
}

#[test]
fn every_flipped_byte_is_refused() {
    let (folder, set) = made_set();
    let anchor = made_anchor(&folder);
    let bytes = fs::read(folder.join("docs/ok-chain-depth-1.cbor")).unwrap();
    for position in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[position] ^= 1;
        let outcome = attestation::verify(&flipped, &anchor, VerifyTime::At(set.verify_at_unix));
        assert!(outcome.is_err(), "byte {position}");
    }
}

#[test]
fn a_document_does_not_verify_after_its_leaf_has_expired() {
    let (folder, set) = made_set();
    let bytes = fs::read(folder.join("docs/ok-baseline.cbor")).unwrap();
    let anchor = made_anchor(&folder);
    let later = attestation::verify(&bytes, &anchor, VerifyTime::At(set.verify_at_unix + 30 * 86_400));
    assert!(matches!(later, Err(AttestationError::Expired)), "{later:?}");
    assert!(attestation::verify(&bytes, &anchor, VerifyTime::DocumentTime).is_ok());
    let beyond = attestation::verify(&bytes, &anchor, VerifyTime::At(u64::MAX));
    assert!(matches!(beyond, Err(AttestationError::Expired)), "{beyond:?}");
}

#[test]
fn measurements_are_compared_with_the_verified_document() {
    let (folder, set) = made_set();
    let anchor = made_anchor(&folder);
    let verify = |name: &str| {
        let bytes = fs::read(folder.join("docs").join(name)).unwrap();
        attestation::verify(&bytes, &anchor, VerifyTime::At(set.verify_at_unix)).unwrap()
    };
    let document = verify("ok-baseline.cbor");
    assert_eq!(document.pcrs[&0].hex(), set.expected_pcr0);
    let expected = Measurements::from_pcrs(document.pcrs.clone()).unwrap();
    assert_eq!(document.matches(&expected), Ok(()));
    for index in [0, 1, 2, 3] {
        let mut pcrs = document.pcrs.clone();
        pcrs.get_mut(&index).unwrap().0[47] ^= 1;
        let other = Measurements::from_pcrs(pcrs).unwrap();
        assert_eq!(document.matches(&other).map_err(|mismatch| mismatch.index), Err(index));
    }
    let debug = verify("ok-debug-zero-pcrs.cbor");
    assert!(debug.is_debug() && !document.is_debug());
    assert_eq!(debug.matches(&expected).map_err(|mismatch| mismatch.index), Err(0));
}

#[test]
fn real_documents_verify_at_their_own_time() {
    let Some((folder, cases)) = others("real-manifest.json") else { return };
    for case in cases {
        let bytes = fs::read(folder.join(&case.file)).unwrap();
        let name = case.file.display();
        let root = TrustAnchor::aws_root_g1();
        let outcome = attestation::verify(&bytes, &root, VerifyTime::DocumentTime);
        let live = attestation::verify(&bytes, &root, VerifyTime::At(case.verify_at_unix.unwrap()));
        if case.mode.as_deref() == Some("nitrotpm") {
            assert!(matches!(outcome, Err(AttestationError::NitroTpm)), "{name}: {outcome:?}");
            continue;
        }
        let document = outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(live.is_ok(), "{name}: {live:?}");
        assert_eq!(document.timestamp.as_millis(), case.timestamp_ms.unwrap(), "{name}");
        assert_eq!(document.is_debug(), case.mode.as_deref() == Some("debug"), "{name}");
        for (index, value) in &case.pcrs {
            assert_eq!(&document.pcrs[index].hex(), value, "{name}: PCR{index}");
        }
        let made = made_anchor(&made_set().0);
        let foreign = attestation::verify(&bytes, &made, VerifyTime::DocumentTime);
        assert!(matches!(foreign, Err(AttestationError::WrongRoot)), "{name}: {foreign:?}");
    }
}

#[test]
fn documents_that_peers_refuse_are_refused() {
    let Some((folder, cases)) = others("peer-negative-manifest.json") else { return };
    for case in cases {
        let bytes = fs::read(folder.join(&case.file)).unwrap();
        let times = [Some(VerifyTime::DocumentTime), case.verify_at_unix.map(VerifyTime::At)];
        for at in times.into_iter().flatten() {
            let outcome = attestation::verify(&bytes, &TrustAnchor::aws_root_g1(), at);
            assert!(outcome.is_err(), "{}", case.file.display());
        }
    }
}

#[test]
fn damaged_and_foreign_roots_are_no_anchor() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/root");
    let Ok(damaged) = fs::read_to_string(folder.join("fortanix_tampered_root_cert.crt")) else {
        println!("the folder of others' vectors is not here: not checked");
        return;
    };
    let foreign = fs::read_to_string(folder.join("fortanix_unknown_ca.crt")).unwrap();
    for pem in [damaged, foreign] {
        assert!(matches!(TrustAnchor::danger_from_pem(&pem), Err(AttestationError::Certificate)));
    }
}

fn made_set() -> (PathBuf, MadeSet) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/attestation/mock-ca");
    let manifest = fs::read(folder.join("manifest.json")).unwrap();
    (folder, serde_json::from_slice(&manifest).unwrap())
}

fn made_anchor(folder: &Path) -> TrustAnchor {
    TrustAnchor::danger_from_pem(&fs::read_to_string(folder.join("mock-root.pem")).unwrap()).unwrap()
}

/// Which rule each refused document breaks: `id = error`, one a line, in the order of the manifest.
fn expected_errors() -> BTreeMap<&'static str, &'static str> {
    include_str!("../vectors/attestation/expected-errors.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = "))
        .collect()
}

fn others(manifest: &str) -> Option<(PathBuf, Vec<OthersCase>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    let Ok(bytes) = fs::read(folder.join("attestation").join(manifest)) else {
        println!("the folder of others' vectors is not here: not checked");
        return None;
    };
    Some((folder, serde_json::from_slice(&bytes).unwrap()))
}
