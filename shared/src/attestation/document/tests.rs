//! Payloads that no vector has: what hardware may send one day, and the edges of what AWS's text allows.

#![allow(clippy::unwrap_used, reason = "tests")]

use minicbor::Encoder;

use super::*;
use crate::attestation::RuleOutcome;

/// A payload with these PCRs (CBOR), and with `more` fields (name, CBOR of the value) after the mandatory ones.
fn payload(pcrs: &[u8], more: &[(&str, &[u8])]) -> Vec<u8> {
    let mut map = Encoder::new(Vec::new());
    map.map(6 + u64::try_from(more.len()).unwrap()).unwrap();
    map.str("module_id").unwrap().str("i-0-enc0").unwrap();
    map.str("digest").unwrap().str("SHA384").unwrap();
    map.str("timestamp").unwrap().u64(1).unwrap();
    map.str("certificate").unwrap().bytes(&[1]).unwrap();
    map.str("cabundle").unwrap().array(1).unwrap().bytes(&[1]).unwrap();
    for (name, value) in [("pcrs", pcrs)].iter().chain(more) {
        map.str(name).unwrap();
        map.writer_mut().extend_from_slice(value);
    }
    map.into_writer()
}

/// A map of PCRs: the CBOR of each index, and each value.
fn pcrs(pcrs: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut map = Encoder::new(Vec::new());
    map.map(u64::try_from(pcrs.len()).unwrap()).unwrap();
    for (index, value) in pcrs {
        map.writer_mut().extend_from_slice(index);
        map.bytes(value).unwrap();
    }
    map.into_writer()
}

fn pcr0() -> Vec<u8> {
    pcrs(&[(&[0], &[1; 48])])
}

fn parse(payload: &[u8]) -> Result<AttestationDocument, AttestationError> {
    AttestationDocument::parse(payload, &mut Trace::default())
}

#[test]
fn fields_that_aws_may_add_are_passed_over_and_named() {
    // {_ "pcrs": [_ 1]}: what stands inside it is no field of the document.
    let later = b"\xbf\x64pcrs\x9f\x01\xff\xff";
    let document = parse(&payload(&pcr0(), &[("later", later), ("nonce", b"\x41n")])).unwrap();
    assert_eq!(document.unknown_fields, ["later"]);
    assert_eq!((document.pcrs.len(), document.nonce.as_deref()), (1, Some(&b"n"[..])));
}

#[test]
fn unknown_fields_are_bounded_and_none_occurs_twice() {
    let names: Vec<String> = (0..9).map(|number| format!("later{number}")).collect();
    let fields: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), NULL)).collect();
    assert_eq!(parse(&payload(&pcr0(), fields.split_last().unwrap().1)).unwrap().unknown_fields.len(), 8);
    assert_eq!(parse(&payload(&pcr0(), &fields)), Err(AttestationError::UnknownField));
    assert!(parse(&payload(&pcr0(), &[(&"x".repeat(64), NULL)])).is_ok());
    assert_eq!(parse(&payload(&pcr0(), &[(&"x".repeat(65), NULL)])), Err(AttestationError::UnknownField));
    assert_eq!(parse(&payload(&pcr0(), &[("later", NULL), ("later", &[1])])), Err(AttestationError::DuplicateField("unknown")));
}

#[test]
fn an_unknown_field_that_does_not_end_is_refused() {
    let endless: [&[u8]; 7] = [b"", b"\x9f", b"\xbf\x61a", b"\x5f\x41", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", b"\xc1", b"\x1c"];
    for value in endless {
        assert_eq!(parse(&payload(&pcr0(), &[("later", value)])), Err(AttestationError::Cbor), "{value:02x?}");
    }
}

#[test]
fn a_nitrotpm_document_is_refused_even_with_pcrs() {
    for name in ["nitrotpm_pcrs", "nitrotpm_other", "nitrotpm"] {
        let mut trace = Trace::default();
        let parsed = AttestationDocument::parse(&payload(&pcr0(), &[(name, b"\xa0")]), &mut trace);
        assert_eq!(parsed, Err(AttestationError::NitroTpm));
        assert_eq!(trace.outcome(Rule::EnclaveDocument), RuleOutcome::Failed(AttestationError::NitroTpm));
        assert_eq!(trace.outcome(Rule::Payload), RuleOutcome::NotChecked);
    }
}

#[test]
fn pcrs_of_other_hashes_and_indexes_beyond_31_are_refused() {
    assert!(parse(&payload(&pcrs(&[(&[0x18, 31], &[1; 48])]), &[])).is_ok());
    assert_eq!(parse(&payload(&pcrs(&[(&[0x18, 32], &[1; 48])]), &[])), Err(AttestationError::PcrIndex));
    for length in [0, 32, 64] {
        assert_eq!(parse(&payload(&pcrs(&[(&[0], &vec![1; length])]), &[])), Err(AttestationError::Length("pcrs")), "{length} bytes");
    }
}

#[test]
fn pcrs_must_be_a_definite_map_of_numbers() {
    let text_index = pcrs(&[(b"\x610", &[1; 48])]);
    let indefinite = [&[0xbf, 0x00, 0x58, 48][..], &[1; 48], &[0xff]].concat();
    let wide_index = pcrs(&[(&[0x19, 0x01, 0x00], &[1; 48])]);
    for wrong in [text_index, indefinite, wide_index] {
        assert_eq!(parse(&payload(&wrong, &[])), Err(AttestationError::Cbor));
    }
    let too_many = [0xb8, 33];
    assert_eq!(parse(&payload(&too_many, &[])), Err(AttestationError::Length("pcrs")));
}

#[test]
fn an_index_in_a_longer_form_is_the_same_index() {
    let twice = pcrs(&[(&[0x00], &[1; 48]), (&[0x18, 0x00], &[2; 48])]);
    assert_eq!(parse(&payload(&twice, &[])), Err(AttestationError::PcrIndex));
}

#[test]
fn one_zero_or_absent_pcr_of_the_image_is_debug_mode() {
    let is_debug = |zero: Option<u8>, absent: Option<u8>| {
        let value = |index: u8| if Some(index) == zero { [0; 48] } else { [1; 48] };
        let listed: Vec<_> = (0..5).filter(|index| Some(*index) != absent).map(|index| ([index], value(index))).collect();
        let listed: Vec<(&[u8], &[u8])> = listed.iter().map(|(index, value)| (&index[..], &value[..])).collect();
        parse(&payload(&pcrs(&listed), &[])).unwrap().is_debug()
    };
    assert!(!is_debug(None, None));
    for index in [0, 1, 2] {
        assert!(is_debug(Some(index), None) && is_debug(None, Some(index)), "PCR{index}");
    }
    assert!(!is_debug(Some(4), None) && !is_debug(None, Some(3)));
}

const NULL: &[u8] = b"\xf6";
