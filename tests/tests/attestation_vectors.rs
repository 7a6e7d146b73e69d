//! Attestation documents from files: our own made set (`tests/vectors/attestation/mock-ca`), and, where the folder beside the
//! repository is there, real documents and those that peers use as negative cases.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cms::cert::x509::Certificate;
use cms::cert::x509::der::Decode;
use cms::cert::x509::ext::pkix::{BasicConstraints, KeyUsage};
use sealroom_shared::attestation::{
    self, AttestationDocument, AttestationError, Life, Rule, RuleOutcome, Trace, TrustAnchor, Verified, VerifyTime,
};
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
        let id = case.id.as_str();
        let outcome = traced(&bytes, &anchor, VerifyTime::At(set.verify_at_unix), id).map(|_| ());
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

/// Every bit of the envelope and of the signature, and a bit of every byte of the payload, over which the signature goes.
#[test]
fn every_flipped_byte_is_refused() {
    let (folder, set) = made_set();
    let anchor = made_anchor(&folder);
    let bytes = fs::read(folder.join("docs/ok-chain-depth-1.cbor")).unwrap();
    let payload = 10..bytes.len() - 98;
    assert_eq!(bytes[..9], [0x84, 0x44, 0xa1, 0x01, 0x38, 0x22, 0xa0, 0x59, 0x07]);
    assert_eq!(bytes[payload.end..payload.end + 2], [0x58, 96]);
    for position in 0..bytes.len() {
        let bits = if payload.contains(&position) { position % 8..position % 8 + 1 } else { 0..8 };
        for bit in bits {
            let mut flipped = bytes.clone();
            flipped[position] ^= 1 << bit;
            let outcome = attestation::verify(&flipped, &anchor, VerifyTime::At(set.verify_at_unix));
            assert!(outcome.is_err(), "byte {position}, bit {bit}");
        }
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
        let outcome = traced(&bytes, &root, VerifyTime::DocumentTime, &name.to_string());
        let live = attestation::verify(&bytes, &root, VerifyTime::At(case.verify_at_unix.unwrap()));
        if case.mode.as_deref() == Some("nitrotpm") {
            assert!(matches!(outcome, Err(AttestationError::NitroTpm)), "{name}: {outcome:?}");
            continue;
        }
        let document = outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
        an_independent_reader_agrees(&document, document.timestamp.as_unix_seconds());
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

#[test]
fn an_independent_reader_of_certificates_agrees_on_those_that_are_accepted() {
    let (folder, set) = made_set();
    let anchor = made_anchor(&folder);
    for case in set.cases.iter().filter(|case| case.expect_with_mock_root == "accept") {
        let bytes = fs::read(folder.join(&case.file)).unwrap();
        let document = attestation::verify(&bytes, &anchor, VerifyTime::At(set.verify_at_unix)).unwrap();
        an_independent_reader_agrees(&document, set.verify_at_unix);
    }
}

/// Verifies, and holds what the trace tells against the result: they say the same, always.
fn traced(bytes: &[u8], anchor: &TrustAnchor, at: VerifyTime, name: &str) -> Result<Verified<AttestationDocument>, AttestationError> {
    let mut trace = Trace::default();
    let outcome = attestation::verify_traced(bytes, anchor, at, &mut trace);
    let rules = Rule::ALL.map(|rule| trace.outcome(rule));
    let failed: Vec<_> = rules.iter().filter(|outcome| matches!(outcome, RuleOutcome::Failed(_))).collect();
    match &outcome {
        Ok(_) => assert!(rules.iter().all(|outcome| *outcome == RuleOutcome::Passed), "{name}: {rules:?}"),
        Err(error) => assert_eq!(failed, [&RuleOutcome::Failed(*error)], "{name}"),
    }
    if trace.outcome(Rule::Signature) == RuleOutcome::Passed {
        assert!(outcome.is_ok(), "{name}: the signature is the last rule");
    }
    outcome
}

/// RustCrypto's reader of certificates, on the rules that the verifier reads certificates for itself: 24, 26, 27 and 28.
fn an_independent_reader_agrees(document: &AttestationDocument, at: u64) {
    let read = |der: &[u8]| {
        let certificate = Certificate::from_der(der).unwrap();
        let body = certificate.tbs_certificate();
        let seconds = |time: &cms::cert::x509::time::Time| time.to_unix_duration().as_secs();
        let life = Life { not_before: seconds(&body.validity().not_before), not_after: seconds(&body.validity().not_after) };
        assert_eq!(Life::of(der), Ok(life));
        assert!((life.not_before..=life.not_after).contains(&at), "{}", body.subject());
        let usage = body.get_extension::<KeyUsage>().unwrap().unwrap().1;
        (body.get_extension::<BasicConstraints>().unwrap().unwrap(), usage)
    };
    for (below, der) in document.cabundle.iter().rev().enumerate() {
        let ((critical, constraints), usage) = read(der);
        assert!(critical && constraints.ca && usage.key_cert_sign());
        assert!(constraints.path_len_constraint.is_none_or(|most| below <= usize::from(most)));
    }
    let ((_, constraints), usage) = read(&document.certificate);
    assert!(!constraints.ca && constraints.path_len_constraint.is_none() && usage.digital_signature());
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
