//! What the software NSM accepts and refuses. Its documents are checked from outside, in `tests/software_nsm.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;

#[test]
fn first_sixteen_pcrs_are_locked_at_boot() {
    let Response::DescribeNSM { max_pcrs, locked_pcrs, digest, module_id, .. } = production().process(Request::DescribeNSM, now()) else {
        panic!("not a description");
    };
    assert_eq!((max_pcrs, digest), (32, Digest::SHA384));
    assert_eq!(locked_pcrs, (0..16).collect::<BTreeSet<u16>>());
    assert_eq!(module_id, "i-0123456789abcdef0-enc0123456789abcdef");
}

#[test]
fn image_pcrs_are_those_of_the_image() {
    let mut nsm = production();
    let image = image();
    assert_eq!(describe(&mut nsm, 0), (true, image.pcr0.to_vec()));
    assert_eq!(describe(&mut nsm, 1), (true, image.pcr1.to_vec()));
    assert_eq!(describe(&mut nsm, 2), (true, image.pcr2.to_vec()));
    assert_eq!(describe(&mut nsm, 8), (true, vec![0; 48]));
}

#[test]
fn debug_mode_zeroes_image_pcrs_and_keeps_role_and_instance() {
    let (mut debug, mut production) = (nsm(true), production());
    for index in 0..3 {
        assert_eq!(describe(&mut debug, index), (true, vec![0; 48]));
    }
    for index in 3..5 {
        let value = describe(&mut debug, index);
        assert_ne!(value.1, vec![0; 48]);
        assert_eq!(value, describe(&mut production, index));
    }
}

#[test]
fn boot_pcr_is_not_extended() {
    let mut nsm = production();
    for index in [0, 15] {
        assert_refused(nsm.process(Request::ExtendPCR { index, data: vec![1] }, now()), "ReadOnlyIndex");
    }
}

#[test]
fn extension_hashes_the_old_value_and_the_data() {
    let mut nsm = production();
    let first = extend(&mut nsm, 16, b"one");
    assert_eq!(first, sha384(&[&[0; 48], b"one"]));
    let second = extend(&mut nsm, 16, b"two");
    assert_eq!(second, sha384(&[&first, b"two"]));
    assert_eq!(describe(&mut nsm, 16), (false, second));
}

#[test]
fn locked_pcr_is_neither_extended_nor_locked_again() {
    let mut nsm = production();
    assert!(matches!(nsm.process(Request::LockPCR { index: 20 }, now()), Response::LockPCR));
    assert_refused(nsm.process(Request::ExtendPCR { index: 20, data: vec![1] }, now()), "ReadOnlyIndex");
    assert_refused(nsm.process(Request::LockPCR { index: 20 }, now()), "ReadOnlyIndex");
}

#[test]
fn range_lock_takes_the_registers_below_it() {
    let mut nsm = production();
    assert!(matches!(nsm.process(Request::LockPCRs { range: 18 }, now()), Response::LockPCRs));
    assert!(describe(&mut nsm, 17).0);
    assert!(!describe(&mut nsm, 18).0);
    assert!(matches!(nsm.process(Request::LockPCRs { range: 32 }, now()), Response::LockPCRs));
    assert!(describe(&mut nsm, 31).0);
}

#[test]
fn register_beyond_the_bank_is_an_invalid_index() {
    let mut nsm = production();
    assert_refused(nsm.process(Request::DescribePCR { index: 32 }, now()), "InvalidIndex");
    assert_refused(nsm.process(Request::ExtendPCR { index: 32, data: vec![] }, now()), "InvalidIndex");
    assert_refused(nsm.process(Request::LockPCR { index: 32 }, now()), "InvalidIndex");
    assert_refused(nsm.process(Request::LockPCRs { range: 33 }, now()), "InvalidIndex");
}

#[test]
fn random_is_256_bytes_and_fresh() {
    let mut nsm = production();
    let mut draw = || match nsm.process(Request::GetRandom, now()) {
        Response::GetRandom { random } => random,
        other => panic!("{other:?}"),
    };
    let first = draw();
    assert_eq!(first.len(), 256);
    assert_ne!(first, draw());
}

#[test]
fn fields_of_1024_bytes_are_attested_and_the_answer_fits_the_device() {
    let full = || Some(ByteBuf::from(vec![7; 1024]));
    let request = Request::Attestation { user_data: full(), nonce: full(), public_key: full() };
    let mut nsm = production();
    assert!(matches!(nsm.process(Request::LockPCRs { range: 32 }, now()), Response::LockPCRs));
    let answer = nsm.answer(&serde_cbor::to_vec(&request).unwrap(), now());
    assert!(answer.len() <= RESPONSE_MAX, "{} bytes", answer.len());
    assert!(matches!(serde_cbor::from_slice(&answer).unwrap(), Response::Attestation { .. }));
}

#[test]
fn field_over_1024_bytes_is_too_large() {
    let over = || Some(ByteBuf::from(vec![7; 1025]));
    let requests = [
        Request::Attestation { user_data: over(), nonce: None, public_key: None },
        Request::Attestation { user_data: None, nonce: over(), public_key: None },
        Request::Attestation { user_data: None, nonce: None, public_key: over() },
    ];
    let mut nsm = production();
    for request in requests {
        assert_refused(nsm.process(request, now()), "InputTooLarge");
    }
}

#[test]
fn empty_public_key_is_invalid_while_empty_user_data_and_nonce_are_not() {
    let empty = || Some(ByteBuf::new());
    let mut nsm = production();
    let key = Request::Attestation { user_data: None, nonce: None, public_key: empty() };
    assert_refused(nsm.process(key, now()), "InvalidArgument");
    let others = Request::Attestation { user_data: empty(), nonce: empty(), public_key: None };
    assert!(matches!(nsm.process(others, now()), Response::Attestation { .. }));
}

#[test]
fn bytes_that_are_no_request_are_an_invalid_argument() {
    let mut nsm = production();
    let trailing = [serde_cbor::to_vec(&Request::GetRandom).unwrap(), vec![0]].concat();
    for bytes in [&b""[..], b"\xff", b"\x69GetRandon", &trailing] {
        let response = serde_cbor::from_slice(&nsm.answer(bytes, now())).unwrap();
        assert_refused(response, "InvalidArgument");
    }
}

#[test]
fn leaf_near_its_end_is_issued_again_under_the_same_root() {
    let mut nsm = production();
    let (leaf, root) = (nsm.chain.leaf().to_vec(), nsm.chain.bundle()[0].clone());
    let attest = || Request::Attestation { user_data: None, nonce: None, public_key: None };
    nsm.process(attest(), now() + Duration::from_secs(3600));
    assert_eq!(nsm.chain.leaf(), leaf);
    nsm.process(attest(), now() + Duration::from_secs(3 * 3600));
    assert_ne!(nsm.chain.leaf(), leaf);
    assert_eq!(nsm.chain.bundle()[0], root);
}

#[test]
fn root_is_kept_in_its_folder_with_a_private_key_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let first = Root::kept_in(folder.path(), now()).unwrap();
    let second = Root::kept_in(folder.path(), now()).unwrap();
    assert_eq!(first.certificate(), second.certificate());
    assert_eq!(first.pem(), second.pem());
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["nsm-root.key"]);
    let mode = std::fs::metadata(folder.path().join("nsm-root.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn broken_root_file_is_an_error_and_not_a_new_root() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("nsm-root.key"), "nothing of the kind").unwrap();
    assert!(Root::kept_in(folder.path(), now()).is_err());
}

fn production() -> SoftwareNsm {
    nsm(false)
}

fn nsm(debug: bool) -> SoftwareNsm {
    SoftwareNsm::new(Root::new(now()).unwrap(), &image(), debug, now()).unwrap()
}

fn image() -> Measurements {
    Measurements::of(b"program", b"configuration")
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

fn describe(nsm: &mut SoftwareNsm, index: u16) -> (bool, Vec<u8>) {
    match nsm.process(Request::DescribePCR { index }, now()) {
        Response::DescribePCR { lock, data } => (lock, data),
        other => panic!("{other:?}"),
    }
}

fn extend(nsm: &mut SoftwareNsm, index: u16, data: &[u8]) -> Vec<u8> {
    match nsm.process(Request::ExtendPCR { index, data: data.to_vec() }, now()) {
        Response::ExtendPCR { data } => data,
        other => panic!("{other:?}"),
    }
}

fn sha384(parts: &[&[u8]]) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA384, &parts.concat()).as_ref().to_vec()
}

/// `ErrorCode` has no equality, so its name is compared.
fn assert_refused(response: Response, expected: &str) {
    let Response::Error(code) = response else { panic!("accepted: {response:?}") };
    assert_eq!(format!("{code:?}"), expected);
}
