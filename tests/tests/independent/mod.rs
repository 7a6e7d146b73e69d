//! Checks an attestation document without any code of the software NSM and without any verifier of ours: COSE by hand,
//! the signature with ring, the certificates with webpki, the payload with serde_cbor.
#![allow(dead_code, reason = "each test that includes this module uses its part of it")]

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, UnixTime};
use serde_cbor::Value;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// What a verified document says.
pub struct Document {
    pub payload: Vec<u8>,
    pub pcrs: BTreeMap<i128, Vec<u8>>,
    pub certificate: Vec<u8>,
    pub cabundle: Vec<Vec<u8>>,
    pub timestamp: u64,
    pub fields: BTreeMap<Value, Value>,
}

/// Verifies `document` under `root_pem` at the document's own time; panics where it does not hold.
pub fn verify(document: &[u8], root_pem: &str) -> Document {
    // Untagged array of four; {1: -35}; no unprotected header; payload of two length bytes; signature of 96.
    assert_eq!(document[..8], [0x84, 0x44, 0xa1, 0x01, 0x38, 0x22, 0xa0, 0x59], "envelope");
    let length = usize::from(u16::from_be_bytes([document[8], document[9]]));
    let (payload, signature) = document[10..].split_at(length);
    assert_eq!(signature[..2], [0x58, 96], "signature");
    assert_eq!(signature.len(), 98, "trailing bytes");

    let Value::Map(fields) = serde_cbor::from_slice(payload).expect("payload") else { panic!("payload is no map") };
    let certificate = bytes(&fields, "certificate");
    let Some(Value::Array(cabundle)) = field(&fields, "cabundle") else { panic!("cabundle") };
    let cabundle: Vec<Vec<u8>> = cabundle.iter().map(as_bytes).collect();
    let Some(Value::Map(pcrs)) = field(&fields, "pcrs") else { panic!("pcrs") };
    let pcrs = pcrs.iter().map(|(index, value)| (as_integer(index), as_bytes(value))).collect();
    let timestamp = u64::try_from(as_integer(field(&fields, "timestamp").expect("timestamp"))).expect("timestamp");

    let key = verify_chain(&certificate, &cabundle, root_pem, timestamp);
    let mut signed = b"\x84\x6aSignature1\x44\xa1\x01\x38\x22\x40\x59".to_vec();
    signed.extend(&document[8..10]);
    signed.extend(payload);
    ring::signature::UnparsedPublicKey::new(&ring::signature::ECDSA_P384_SHA384_FIXED, key)
        .verify(&signed, &signature[2..])
        .expect("document's signature");
    Document { payload: payload.to_vec(), pcrs, certificate, cabundle, timestamp, fields }
}

/// The leaf's public point, once the chain up to the pinned root holds.
fn verify_chain(leaf: &[u8], cabundle: &[Vec<u8>], root_pem: &str, timestamp: u64) -> Vec<u8> {
    let root = CertificateDer::from_pem_slice(root_pem.as_bytes()).expect("root");
    assert_eq!(cabundle[0], root.as_ref(), "the root comes first");
    let anchors = [anchor_from_trusted_cert(&root).expect("anchor")];
    let intermediates: Vec<_> = cabundle[1..].iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let leaf = CertificateDer::from(leaf);
    let leaf = EndEntityCert::try_from(&leaf).expect("leaf");
    let at = UnixTime::since_unix_epoch(Duration::from_millis(timestamp));
    let algorithms = [webpki::aws_lc_rs::ECDSA_P384_SHA384];
    leaf.verify_for_usage(&algorithms, &anchors, &intermediates, at, KeyUsage::client_auth(), None, None).expect("chain");
    let key = leaf.subject_public_key_info();
    key[key.len() - 97..].to_vec()
}

/// The optional field `name`: none if it is null.
pub fn optional(document: &Document, name: &str) -> Option<Vec<u8>> {
    match field(&document.fields, name).expect("present, if only as null") {
        Value::Null => None,
        value => Some(as_bytes(value)),
    }
}

/// Milliseconds since 1970.
pub fn millis(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(SystemTime::UNIX_EPOCH).expect("clock").as_millis()).expect("clock")
}

fn field<'a>(fields: &'a BTreeMap<Value, Value>, name: &str) -> Option<&'a Value> {
    fields.get(&Value::Text(name.to_owned()))
}

fn bytes(fields: &BTreeMap<Value, Value>, name: &str) -> Vec<u8> {
    as_bytes(field(fields, name).expect(name))
}

fn as_bytes(value: &Value) -> Vec<u8> {
    let Value::Bytes(bytes) = value else { panic!("not bytes: {value:?}") };
    bytes.clone()
}

fn as_integer(value: &Value) -> i128 {
    let Value::Integer(integer) = value else { panic!("not an integer: {value:?}") };
    *integer
}
