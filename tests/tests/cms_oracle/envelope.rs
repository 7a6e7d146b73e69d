//! Random envelopes in every shape that BER allows, with what stands in them.

use super::Random;
use super::oracle::Fields;

/// An envelope, its parts, and whether it has a shape that RustCrypto does not read: a constructed OCTET STRING of definite
/// length, or one within another.
pub struct Envelope {
    pub bytes: Vec<u8>,
    pub fields: Fields,
    pub beyond_oracle: bool,
}

pub fn random(random: &mut Random) -> Envelope {
    let lengths = [1 + random.below(600), 16, random.below(40) * 16];
    let [encrypted_key, iv, content] = lengths.map(|length| random.bytes(length));
    let key_identifier = 1 + random.below(64);
    let key_identifier = random.bytes(key_identifier);
    let mut sha256 = || {
        let parameters = if random.coin() { vec![5, 0] } else { vec![] };
        constructed(random, 0x30, &[&element(6, SHA_256), &parameters])
    };
    let (hash, mask_hash) = (sha256(), sha256());
    let hash = constructed(random, 0xa0, &[&hash]);
    let mask = constructed(random, 0x30, &[&element(6, MGF1), &mask_hash]);
    let mask = constructed(random, 0xa1, &[&mask]);
    let label = if random.coin() {
        let label = constructed(random, 0x30, &[&element(6, P_SPECIFIED), &[4, 0]]);
        constructed(random, 0xa2, &[&label])
    } else {
        vec![]
    };
    let parameters = constructed(random, 0x30, &[&hash, &mask, &label]);
    let key_algorithm = constructed(random, 0x30, &[&element(6, RSAES_OAEP), &parameters]);
    let recipient = constructed(random, 0x30, &[&[2, 1, 2], &element(0x80, &key_identifier), &key_algorithm, &element(4, &encrypted_key)]);
    let recipients = constructed(random, 0x31, &[&recipient]);
    let content_algorithm = constructed(random, 0x30, &[&element(6, AES_256_CBC), &element(4, &iv)]);
    let (encrypted_content, beyond_oracle) = content_string(random, &content);
    let content_info = constructed(random, 0x30, &[&element(6, DATA), &content_algorithm, &encrypted_content]);
    let enveloped = constructed(random, 0x30, &[&[2, 1, 2], &recipients, &content_info]);
    let explicit = constructed(random, 0xa0, &[&enveloped]);
    let bytes = constructed(random, 0x30, &[&element(6, ENVELOPED_DATA), &explicit]);
    Envelope { bytes, fields: Fields { encrypted_key, iv, content }, beyond_oracle }
}

/// The content in one piece or many, and whether it has a shape that RustCrypto does not read.
fn content_string(random: &mut Random, content: &[u8]) -> (Vec<u8>, bool) {
    if random.below(3) == 0 {
        return (element(0x80, content), false);
    }
    let mut beyond_oracle = false;
    let mut pieces = Vec::new();
    for piece in random.pieces(content) {
        if random.below(40) == 0 {
            beyond_oracle = true;
            pieces.extend(constructed(random, 0x24, &[&element(4, piece)]));
        } else {
            pieces.extend(element(4, piece));
        }
    }
    if random.below(8) == 0 {
        return (element(0xa0, &pieces), true);
    }
    ([&[0xa0, 0x80], pieces.as_slice(), &[0, 0]].concat(), beyond_oracle)
}

/// Of definite or indefinite length, as it comes.
fn constructed(random: &mut Random, tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    if random.coin() { element(tag, &content) } else { [&[tag, 0x80], content.as_slice(), &[0, 0]].concat() }
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let head = match significant {
        [] => vec![tag, 0],
        [short @ ..=0x7f] => vec![tag, *short],
        long => [&[tag, 0x80 | u8::try_from(long.len()).unwrap()], long].concat(),
    };
    [head.as_slice(), content].concat()
}

const ENVELOPED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const RSAES_OAEP: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07];
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
const P_SPECIFIED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x09];
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];
