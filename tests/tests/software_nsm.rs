//! Documents of the software NSM, judged from outside: do they look and verify as those of hardware do?
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs, reason = "tests")]

mod independent;

use std::time::{Duration, SystemTime};

use aws_nitro_enclaves_nsm_api::api::{Request, Response};
use sealroom_shared::attestation::{self, TrustAnchor, VerifyTime};
use sealroom_testkit::nsm::{Measurements, Root, SoftwareNsm};
use serde_bytes::ByteBuf;

#[test]
fn document_verifies_under_the_root_and_carries_the_request() {
    let mut nsm = Nsm::new(false);
    let document = nsm.attest(Some(b"key"), Some(b"data"), Some(b"nonce"));
    let document = independent::verify(&document, &nsm.root_pem);
    assert_eq!(independent::optional(&document, "public_key").unwrap(), b"key");
    assert_eq!(independent::optional(&document, "user_data").unwrap(), b"data");
    assert_eq!(independent::optional(&document, "nonce").unwrap(), b"nonce");
    assert_eq!(document.timestamp, independent::millis(now()));
    assert_eq!(document.pcrs.keys().copied().collect::<Vec<_>>(), (0..16).collect::<Vec<_>>());
    assert_eq!(document.pcrs[&0], image().pcr0);
    assert_eq!(document.pcrs[&1], image().pcr1);
    assert_eq!(document.pcrs[&2], image().pcr2);
}

#[test]
fn absent_fields_are_null_and_the_map_is_indefinite_in_the_order_of_hardware() {
    let mut nsm = Nsm::new(false);
    let document = nsm.attest(None, None, None);
    let document = independent::verify(&document, &nsm.root_pem);
    for name in ["public_key", "user_data", "nonce"] {
        assert_eq!(independent::optional(&document, name), None);
    }
    let payload = &document.payload;
    assert_eq!((payload[0], payload[payload.len() - 1]), (0xbf, 0xff));
    let order = ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle", "public_key", "user_data", "nonce"];
    let places: Vec<usize> = order.iter().map(|name| place_of_key(payload, name)).collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn chain_has_the_shape_of_the_real_one() {
    let mut nsm = Nsm::new(false);
    let document = nsm.attest(None, None, None);
    let document = independent::verify(&document, &nsm.root_pem);
    assert_eq!(document.cabundle.len(), 4);
    for certificate in document.cabundle.iter().chain([&document.certificate]) {
        assert!(certificate.len() <= 1024);
    }
    for (certificate, constraint) in document.cabundle.iter().zip([NO_PATH_LENGTH, PATH_LENGTH_2, PATH_LENGTH_1, PATH_LENGTH_0]) {
        assert!(contains(certificate, constraint));
        assert!(contains(certificate, SUBJECT_KEY_ID));
    }
    assert!(contains(&document.certificate, NOT_A_CA));
    assert!(contains(&document.certificate, LEAF_KEY_USAGE));
    assert!(!contains(&document.certificate, SUBJECT_KEY_ID));
    assert!(!contains(&document.certificate, AUTHORITY_KEY_ID));
}

#[test]
fn debug_document_has_zero_image_pcrs_only() {
    let mut nsm = Nsm::new(true);
    let document = nsm.attest(None, None, None);
    let document = independent::verify(&document, &nsm.root_pem);
    for index in [0, 1, 2, 8] {
        assert_eq!(document.pcrs[&index], [0; 48]);
    }
    for index in [3, 4] {
        assert_ne!(document.pcrs[&index], [0; 48]);
    }
}

#[test]
fn application_pcr_is_in_the_document_only_once_it_is_locked() {
    let mut nsm = Nsm::new(false);
    nsm.process(Request::ExtendPCR { index: 16, data: b"measured".to_vec() });
    let before = nsm.attest(None, None, None);
    assert_eq!(independent::verify(&before, &nsm.root_pem).pcrs.get(&16), None);
    nsm.process(Request::LockPCR { index: 16 });
    let after = nsm.attest(None, None, None);
    let expected = ring::digest::digest(&ring::digest::SHA384, &[&[0; 48][..], b"measured"].concat());
    assert_eq!(independent::verify(&after, &nsm.root_pem).pcrs[&16], expected.as_ref());
}

#[test]
fn document_made_after_the_leaf_was_renewed_verifies_under_the_same_root() {
    let mut nsm = Nsm::new(false);
    nsm.now += Duration::from_secs(3 * 3600);
    let document = nsm.attest(None, None, None);
    let document = independent::verify(&document, &nsm.root_pem);
    assert_eq!(document.timestamp, independent::millis(nsm.now));
}

#[test]
#[should_panic(expected = "document's signature")]
fn altered_document_does_not_verify() {
    let mut nsm = Nsm::new(false);
    let mut document = nsm.attest(None, None, Some(b"nonce"));
    let place = document.windows(5).position(|window| window == b"nonce").unwrap();
    let value = document[place + 5..].windows(5).position(|window| window == b"nonce").unwrap() + place + 5;
    document[value] ^= 1;
    independent::verify(&document, &nsm.root_pem);
}

#[test]
fn shipped_verifier_accepts_the_document_under_this_root_alone() {
    let mut nsm = Nsm::new(false);
    let bytes = nsm.attest(Some(b"key"), None, Some(b"nonce"));
    let anchor = TrustAnchor::danger_from_pem(&nsm.root_pem).unwrap();
    let expected = sealroom_shared::measurements::Measurements::from_nitro_cli(&image().to_json()).unwrap();
    for at in [VerifyTime::DocumentTime, VerifyTime::At(independent::millis(now()) / 1000)] {
        let document = attestation::verify(&bytes, &anchor, at).unwrap();
        document.matches(&expected).unwrap();
        assert!(!document.is_debug());
        assert_eq!(document.nonce.as_deref(), Some(&b"nonce"[..]));
    }
    // The names are AWS's own: only the certificate tells the roots apart.
    assert!(attestation::verify(&bytes, &TrustAnchor::aws_root_g1(), VerifyTime::DocumentTime).is_err());
    let another = TrustAnchor::danger_from_pem(&Nsm::new(false).root_pem).unwrap();
    assert!(attestation::verify(&bytes, &another, VerifyTime::DocumentTime).is_err());
    let later = VerifyTime::At(independent::millis(now()) / 1000 + 4 * 3600);
    assert!(attestation::verify(&bytes, &anchor, later).is_err());
}

#[test]
fn shipped_verifier_sees_debug_mode() {
    let mut nsm = Nsm::new(true);
    let bytes = nsm.attest(None, None, None);
    let anchor = TrustAnchor::danger_from_pem(&nsm.root_pem).unwrap();
    let document = attestation::verify(&bytes, &anchor, VerifyTime::DocumentTime).unwrap();
    assert!(document.is_debug());
    let expected = sealroom_shared::measurements::Measurements::from_nitro_cli(&image().to_json()).unwrap();
    assert!(document.matches(&expected).is_err());
}

struct Nsm {
    nsm: SoftwareNsm,
    root_pem: String,
    now: SystemTime,
}

impl Nsm {
    fn new(debug: bool) -> Self {
        let root = Root::new(now()).unwrap();
        let root_pem = root.pem().to_owned();
        Self { nsm: SoftwareNsm::new(root, &image(), debug, now()).unwrap(), root_pem, now: now() }
    }

    fn process(&mut self, request: Request) -> Response {
        self.nsm.process(request, self.now)
    }

    fn attest(&mut self, public_key: Option<&[u8]>, user_data: Option<&[u8]>, nonce: Option<&[u8]>) -> Vec<u8> {
        let field = |bytes: Option<&[u8]>| bytes.map(|bytes| ByteBuf::from(bytes.to_vec()));
        let request = Request::Attestation { public_key: field(public_key), user_data: field(user_data), nonce: field(nonce) };
        match self.process(request) {
            Response::Attestation { document } => document,
            other => unreachable!("{other:?}"),
        }
    }
}

fn image() -> Measurements {
    Measurements::of(b"program", b"configuration")
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_000_000_123)
}

/// Where the text `name` stands as a CBOR key.
fn place_of_key(payload: &[u8], name: &str) -> usize {
    let key = [&[0x60 + u8::try_from(name.len()).unwrap()], name.as_bytes()].concat();
    payload.windows(key.len()).position(|window| window == key).unwrap()
}

fn contains(certificate: &[u8], part: &[u8]) -> bool {
    certificate.windows(part.len()).any(|window| window == part)
}

/// basicConstraints, critical.
const NO_PATH_LENGTH: &[u8] = b"\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x05\x30\x03\x01\x01\xff";
const PATH_LENGTH_2: &[u8] = b"\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x08\x30\x06\x01\x01\xff\x02\x01\x02";
const PATH_LENGTH_1: &[u8] = b"\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x08\x30\x06\x01\x01\xff\x02\x01\x01";
const PATH_LENGTH_0: &[u8] = b"\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x08\x30\x06\x01\x01\xff\x02\x01\x00";
const NOT_A_CA: &[u8] = b"\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x02\x30\x00";
/// digitalSignature and nonRepudiation, not critical.
const LEAF_KEY_USAGE: &[u8] = b"\x06\x03\x55\x1d\x0f\x04\x04\x03\x02\x06\xc0";
const SUBJECT_KEY_ID: &[u8] = b"\x06\x03\x55\x1d\x0e";
const AUTHORITY_KEY_ID: &[u8] = b"\x06\x03\x55\x1d\x23";
