//! The AWS Encryption SDK's message format once more, with ring, written from its specification: a reader and a writer that
//! share no line with `sealroom_shared::message`. For messages that are sound; whatever is wrong panics.
#![allow(dead_code, reason = "each test that includes this module uses its part of it")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey};

pub const UNSIGNED: u16 = 0x0478;
pub const SIGNED: u16 = 0x0578;
const PUBLIC_KEY: &str = "aws-crypto-public-key";

/// What a message says.
pub struct Message {
    pub suite: u16,
    pub message_id: [u8; 32],
    pub context: Vec<(String, String)>,
    /// Provider, its info, the wrapped key.
    pub encrypted_data_keys: Vec<[Vec<u8>; 3]>,
    pub frame_length: usize,
    pub commitment: [u8; 32],
    pub plaintext: Vec<u8>,
}

/// Opens a whole message.
pub fn open(message: &[u8], data_key: &[u8; 32]) -> Message {
    let mut rest = message;
    assert_eq!(take(&mut rest, 1), [2], "version");
    let suite = number(&mut rest, 2);
    let message_id: [u8; 32] = take(&mut rest, 32).try_into().unwrap();
    let mut context_bytes = field(&mut rest);
    let pairs = if context_bytes.is_empty() { 0 } else { number(&mut context_bytes, 2) };
    let mut text = |_| String::from_utf8(field(&mut context_bytes).to_vec()).unwrap();
    let context: Vec<(String, String)> = (0..pairs).map(|_| (text(0), text(1))).collect();
    let keys = number(&mut rest, 2);
    let encrypted_data_keys = (0..keys).map(|_| [(); 3].map(|()| field(&mut rest).to_vec())).collect();
    assert_eq!(take(&mut rest, 1), [2], "framed");
    let frame_length = number(&mut rest, 4);
    let commitment: [u8; 32] = take(&mut rest, 32).try_into().unwrap();
    let header = &message[..message.len() - rest.len()];
    let suite_id = u16::try_from(suite).unwrap();
    assert_eq!(derive(data_key, &message_id, &[b"COMMITKEY"]), commitment, "commitment");
    let key = content_key(data_key, &message_id, suite_id);
    assert_eq!(opened(&key, &[0; 12], header, take(&mut rest, 16)), b"", "header tag");
    let mut plaintext = Vec::new();
    for sequence in 1_u32.. {
        let is_final = rest.starts_with(&[0xff; 4]);
        take(&mut rest, if is_final { 4 } else { 0 });
        assert_eq!(take(&mut rest, 4), sequence.to_be_bytes(), "sequence");
        let iv: [u8; 12] = take(&mut rest, 12).try_into().unwrap();
        let length = if is_final { number(&mut rest, 4) } else { frame_length };
        assert!(length <= frame_length, "final frame");
        let sealed = take(&mut rest, length + 16);
        plaintext.extend(opened(&key, &iv, &frame_aad(&message_id, is_final, sequence, length), sealed));
        if is_final {
            break;
        }
    }
    let signed = &message[..message.len() - rest.len()];
    if suite_id == SIGNED {
        let (_, point) = context.iter().find(|(key, _)| key == PUBLIC_KEY).expect("a public key");
        let (point, signature) = (STANDARD.decode(point).unwrap(), field(&mut rest));
        // ring reads no compressed points.
        if point[0] == 4 {
            UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, point).verify(signed, signature).expect("signature");
        }
    }
    assert!(rest.is_empty(), "trailing bytes");
    Message { suite: suite_id, message_id, context, encrypted_data_keys, frame_length, commitment, plaintext }
}

/// Seals what `wanted` says; its commitment is not looked at. A signed message gets a key pair of its own.
pub fn seal(wanted: &Message, data_key: &[u8; 32]) -> Vec<u8> {
    let random = SystemRandom::new();
    let pair = (wanted.suite == SIGNED).then(|| {
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, &random).unwrap();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, pair.as_ref(), &random).unwrap()
    });
    let mut context = wanted.context.clone();
    if let Some(pair) = &pair {
        // AWS's SDKs write the compressed form.
        let point = pair.public_key().as_ref();
        let point = if wanted.message_id[0] & 2 == 0 { point.to_vec() } else { compressed(point) };
        context.push((PUBLIC_KEY.to_owned(), STANDARD.encode(point)));
    }
    context.sort();
    let mut pairs = Vec::new();
    if !context.is_empty() {
        pairs.extend(u16::try_from(context.len()).unwrap().to_be_bytes());
        context.iter().for_each(|(key, value)| [key, value].iter().for_each(|text| put(&mut pairs, text.as_bytes())));
    }
    let mut message = vec![2];
    message.extend(wanted.suite.to_be_bytes());
    message.extend(wanted.message_id);
    put(&mut message, &pairs);
    message.extend(u16::try_from(wanted.encrypted_data_keys.len()).unwrap().to_be_bytes());
    wanted.encrypted_data_keys.iter().flatten().for_each(|part| put(&mut message, part));
    message.push(2);
    message.extend(u32::try_from(wanted.frame_length).unwrap().to_be_bytes());
    message.extend(derive(data_key, &wanted.message_id, &[b"COMMITKEY"]));
    let key = content_key(data_key, &wanted.message_id, wanted.suite);
    let tag = sealed(&key, &[0; 12], &message, b"");
    message.extend(tag);
    // AWS's SDKs end a text of whole frames with an empty final frame or with a full one.
    let mut frames: Vec<&[u8]> = wanted.plaintext.chunks(wanted.frame_length).collect();
    if frames.last().is_none_or(|last| last.len() == wanted.frame_length && wanted.message_id[0] & 1 == 1) {
        frames.push(&[]);
    }
    for (sequence, frame) in (1_u32..).zip(&frames) {
        let is_final = usize::try_from(sequence).unwrap() == frames.len();
        message.extend(if is_final { &[0xff; 4][..] } else { &[] });
        message.extend(sequence.to_be_bytes());
        let iv: [u8; 12] = [&[0; 8][..], &sequence.to_be_bytes()].concat().try_into().unwrap();
        message.extend(iv);
        if is_final {
            message.extend(u32::try_from(frame.len()).unwrap().to_be_bytes());
        }
        message.extend(sealed(&key, &iv, &frame_aad(&wanted.message_id, is_final, sequence, frame.len()), frame));
    }
    if let Some(pair) = pair {
        let signature = pair.sign(&random, &message).unwrap();
        put(&mut message, signature.as_ref());
    }
    message
}

/// HKDF-SHA-512 with the message id as salt, 32 bytes.
pub fn derive(data_key: &[u8; 32], message_id: &[u8], info: &[&[u8]]) -> [u8; 32] {
    let key = hkdf::Salt::new(hkdf::HKDF_SHA512, message_id).extract(data_key);
    let mut out = [0; 32];
    key.expand(info, hkdf::HKDF_SHA256).unwrap().fill(&mut out).unwrap();
    out
}

fn content_key(data_key: &[u8; 32], message_id: &[u8], suite: u16) -> LessSafeKey {
    let key = derive(data_key, message_id, &[&suite.to_be_bytes(), b"DERIVEKEY"]);
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap())
}

fn opened(key: &LessSafeKey, iv: &[u8; 12], aad: &[u8], sealed: &[u8]) -> Vec<u8> {
    let mut buffer = sealed.to_vec();
    key.open_in_place(Nonce::assume_unique_for_key(*iv), Aad::from(aad), &mut buffer).expect("a tag").to_vec()
}

fn sealed(key: &LessSafeKey, iv: &[u8; 12], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut buffer = plaintext.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(*iv), Aad::from(aad), &mut buffer).unwrap();
    buffer
}

fn frame_aad(message_id: &[u8], is_final: bool, sequence: u32, length: usize) -> Vec<u8> {
    let label: &[u8] = if is_final { b"AWSKMSEncryptionClient Final Frame" } else { b"AWSKMSEncryptionClient Frame" };
    [message_id, label, &sequence.to_be_bytes(), &u64::try_from(length).unwrap().to_be_bytes()].concat()
}

/// The short form of an uncompressed point: whether y is odd, and x.
fn compressed(point: &[u8]) -> Vec<u8> {
    let (x, y) = point[1..].split_at(48);
    [&[2 + (y[47] & 1)], x].concat()
}

fn take<'m>(rest: &mut &'m [u8], length: usize) -> &'m [u8] {
    let (taken, after) = rest.split_at(length);
    *rest = after;
    taken
}

fn number(rest: &mut &[u8], length: usize) -> usize {
    take(rest, length).iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn field<'m>(rest: &mut &'m [u8]) -> &'m [u8] {
    let length = number(rest, 2);
    take(rest, length)
}

fn put(out: &mut Vec<u8>, field: &[u8]) {
    out.extend(u16::try_from(field.len()).unwrap().to_be_bytes());
    out.extend_from_slice(field);
}
