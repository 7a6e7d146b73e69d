//! Sealed messages against themselves: any chunking, every cut, every flipped bit, every form that is not accepted.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::as_conversions, clippy::panic, reason = "tests")]

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
    let mut context = EncryptionContext::new();
    for (key, value) in pairs {
        context.insert(key, value).unwrap();
    }
    context
}

fn some_key() -> EncryptedDataKey {
    EncryptedDataKey { provider_id: "aws-kms".into(), provider_info: b"arn".to_vec(), ciphertext: vec![9; 40] }
}

fn sealed(plaintext: &[u8], frame_length: u32, data_key: &DataKey) -> Vec<u8> {
    let mut sealer = Sealer::with_frame_length(context(&[("a", "1"), ("b", "2")]), vec![some_key()], data_key, frame_length).unwrap();
    let mut message = sealer.header().to_vec();
    for piece in plaintext.chunks(7) {
        sealer.push(piece, &mut message).unwrap();
    }
    sealer.finish(&mut message).unwrap();
    message
}

fn opened(message: &[u8], data_key: &DataKey, piece: usize) -> Result<Vec<u8>, MessageError> {
    let (header, used) = Header::parse(message)?.ok_or(MessageError::Truncated)?;
    let mut opener = header.unlock(data_key)?;
    let mut plaintext = Vec::new();
    for piece in message[used..].chunks(piece) {
        opener.push(piece, &mut plaintext)?;
    }
    opener.finish()?;
    Ok(plaintext)
}

#[test]
fn what_was_sealed_is_opened_for_any_chunking() {
    let key = DataKey::from_bytes([3; 32]);
    for length in [0, 1, 15, 16, 17, 32, 33, 100] {
        let plaintext: Vec<u8> = (0..length).map(|n| n as u8).collect();
        let message = sealed(&plaintext, 16, &key);
        for piece in [1, 2, 3, 5, 16, 31, 48, 1000] {
            assert_eq!(opened(&message, &key, piece).unwrap(), plaintext, "{length} bytes in pieces of {piece}");
        }
    }
}

#[test]
fn every_cut_of_a_message_is_refused() {
    let key = DataKey::from_bytes([3; 32]);
    let message = sealed(&[7; 40], 16, &key);
    for length in 0..message.len() {
        assert_eq!(opened(&message[..length], &key, 1000), Err(MessageError::Truncated), "{length}");
    }
}

#[test]
fn every_flipped_bit_of_a_message_is_refused() {
    let key = DataKey::from_bytes([3; 32]);
    let message = sealed(&[7; 40], 16, &key);
    for bit in 0..message.len() * 8 {
        let mut altered = message.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(opened(&altered, &key, 1000).is_err(), "bit {bit}");
    }
}

#[test]
fn frames_repeated_dropped_swapped_or_from_another_message_are_refused() {
    let key = DataKey::from_bytes([3; 32]);
    let message = sealed(&[7; 40], 16, &key);
    let used = Header::parse(&message).unwrap().unwrap().1;
    let (header, body) = message.split_at(used);
    let (first, rest) = body.split_at(48);
    let (second, last) = rest.split_at(48);
    let other = sealed(&[7; 40], 16, &key);
    let foreign = &other[used..used + 48];
    for frames in [
        vec![first, first, second, last],
        vec![first, last],
        vec![second, first, last],
        vec![foreign, second, last],
        vec![first, second, second, last],
        vec![last],
    ] {
        let spliced = [&[header], frames.as_slice()].concat().concat();
        assert_eq!(opened(&spliced, &key, 1000), Err(MessageError::Frame));
    }
    let trailing = [message.as_slice(), &[0]].concat();
    assert_eq!(opened(&trailing, &key, 1000), Err(MessageError::TrailingBytes));
}

/// Nothing but sealing again brings frames under another header: two headers over the same frames would share their content
/// key and the nonce of their tags, and so give the tags' secret away (docs/sealed-data.md).
#[test]
fn frames_belong_to_one_header_of_their_data_key() {
    let key = DataKey::from_bytes([3; 32]);
    for length in [0, 16, 40] {
        let (one, other) = (sealed(&vec![7; length], 16, &key), sealed(&vec![7; length], 16, &key));
        let (first, used) = Header::parse(&one).unwrap().unwrap();
        let (second, other_used) = Header::parse(&other).unwrap().unwrap();
        assert!(first.message_id() != second.message_id() && first.body.commitment != second.body.commitment);
        assert_ne!(first.tag, second.tag);
        let mixed = [&other[..other_used], &one[used..]].concat();
        assert_eq!(opened(&mixed, &key, 1000), Err(MessageError::Frame), "{length} bytes");
        // With the old id in place of the new one, the commitment is another id's.
        let mut forced = mixed.clone();
        forced[3..35].copy_from_slice(first.message_id().as_bytes());
        assert_eq!(opened(&forced, &key, 1000), Err(MessageError::Commitment), "{length} bytes");
    }
}

#[test]
fn another_data_key_is_refused_before_any_frame() {
    let message = sealed(b"secret", 16, &DataKey::from_bytes([3; 32]));
    assert_eq!(opened(&message, &DataKey::from_bytes([4; 32]), 1000), Err(MessageError::Commitment));
}

#[test]
fn other_forms_are_refused_by_name() {
    let message = sealed(b"secret", 16, &DataKey::from_bytes([3; 32]));
    let used = Header::parse(&message).unwrap().unwrap().1;
    let header = &message[..used];
    let altered = |at: usize, bytes: &[u8]| {
        let mut header = header.to_vec();
        header[at..at + bytes.len()].copy_from_slice(bytes);
        Header::parse(&header).err().unwrap()
    };
    assert_eq!(altered(0, &[1]), MessageError::Version(1));
    for other in [0, 3, b'{', b'a', 0xff] {
        assert_eq!(altered(0, &[other]), MessageError::NotAMessage, "{other}");
    }
    assert_eq!(altered(1, &[0x03, 0x78]), MessageError::NonCommittingSuite(0x0378));
    assert_eq!(altered(1, &[0x00, 0x14]), MessageError::NonCommittingSuite(0x0014));
    assert_eq!(altered(1, &[0x12, 0x34]), MessageError::UnknownSuite(0x1234));
    let content_type = used - 16 - 32 - 4 - 1;
    assert_eq!(altered(content_type, &[1]), MessageError::Unframed);
    assert_eq!(altered(content_type, &[3]), MessageError::Header);
    assert_eq!(altered(content_type + 1, &[0, 0, 0, 0]), MessageError::FrameLength(0));
    assert_eq!(altered(content_type + 1, &[0, 0x10, 0, 1]), MessageError::FrameLength(0x10_0001));
    assert_eq!(altered(35, &[0xff, 0xff]), MessageError::HeaderTooLarge);
    // The second context key becomes the first one's name.
    let second = header.windows(3).position(|window| window == [0, 1, b'b']).unwrap();
    assert_eq!(altered(second + 2, b"a"), MessageError::DuplicateContextKey);
    assert!(Header::parse(&[2, 4, 0x78]).unwrap().is_none());
}

#[test]
fn a_header_that_never_ends_is_refused_at_its_bound() {
    let mut endless = vec![2, 0x04, 0x78];
    endless.extend_from_slice(&[0; 34]);
    endless.extend_from_slice(&[0, 16]);
    for _ in 0..16 {
        endless.extend_from_slice(&[0, 1, b'x', 0xff, 0xff]);
        endless.extend_from_slice(&[0; 0xffff]);
        endless.extend_from_slice(&[0, 0]);
    }
    assert_eq!(Header::parse(&endless).err(), Some(MessageError::HeaderTooLarge));
    assert!(Header::parse(&endless[..1000]).unwrap().is_none());
    assert_eq!(Header::parse(&endless[..crate::limits::HEADER_BYTES]).err(), Some(MessageError::HeaderTooLarge));
}

#[test]
fn a_wrapped_data_key_comes_back_for_its_own_name_and_context_only() {
    let data_key = DataKey::from_bytes([5; 32]);
    let key = raw_aes::WrappingKey::new(&[1; 32]).unwrap();
    let here = context(&[("k", "v")]);
    let wrapped = key.wrap("ns", "name", &here, &data_key).unwrap();
    assert_eq!(key.unwrap("ns", "name", &here, &wrapped).unwrap().unwrap().as_bytes(), &[5; 32]);
    assert!(key.unwrap("ns", "nam", &here, &wrapped).unwrap().is_none());
    assert!(key.unwrap("other", "name", &here, &wrapped).unwrap().is_none());
    assert_eq!(key.unwrap("ns", "name", &EncryptionContext::new(), &wrapped).err(), Some(MessageError::Wrapping));
    assert_eq!(raw_aes::WrappingKey::new(&[1; 31]).err(), Some(MessageError::WrappingKey));
}

#[derive(serde::Deserialize)]
struct Manifest {
    tests: Vec<Vector>,
}

#[derive(serde::Deserialize)]
struct Vector {
    id: String,
    ciphertext: String,
    message_version: String,
    algorithm_suite: String,
    master_key: MasterKey,
    plaintext: String,
}

#[derive(serde::Deserialize)]
struct MasterKey {
    key: String,
    #[serde(rename = "provider-id")]
    provider_id: String,
}

/// AWS's own messages, for raw keyrings.
#[test]
fn messages_of_aws_open_or_are_refused_by_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/esdk");
    let Ok(manifest) = std::fs::read(folder.join("manifest.json")) else {
        println!("absent: {}; AWS's messages were not tried", folder.display());
        return;
    };
    let manifest: Manifest = serde_json::from_slice(&manifest).unwrap();
    let keys: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("keys.json")).unwrap()).unwrap();
    let mut opened_messages = 0;
    for vector in &manifest.tests {
        let message = std::fs::read(folder.join(&vector.ciphertext)).unwrap();
        let suite = u16::from_str_radix(&vector.algorithm_suite, 16).unwrap();
        if vector.message_version == "v1" {
            assert_eq!(Header::parse(&message).err(), Some(MessageError::Version(1)), "{}", vector.id);
            let as_version_2 = [[2].as_slice(), &suite.to_be_bytes(), &message[4..]].concat();
            assert_eq!(Header::parse(&as_version_2).err(), Some(MessageError::NonCommittingSuite(suite)), "{}", vector.id);
            continue;
        }
        let (header, _) = Header::parse(&message).unwrap().unwrap();
        assert_eq!(header.suite().id(), suite);
        let material = keys[&vector.master_key.key]["material"].as_str().unwrap();
        let [edk] = header.encrypted_data_keys() else { panic!("{}", vector.id) };
        assert_eq!(edk.provider_id, vector.master_key.provider_id);
        let data_key = if vector.master_key.key.starts_with("rsa") {
            let pem = format!("-----BEGIN PRIVATE KEY-----\n{material}\n-----END PRIVATE KEY-----\n");
            raw_rsa::PrivateKey::from_pem(&pem).unwrap().unwrap(edk).unwrap()
        } else {
            let key = raw_aes::WrappingKey::new(&STANDARD.decode(material).unwrap()).unwrap();
            key.unwrap(&edk.provider_id, &vector.master_key.key, header.context(), edk).unwrap().unwrap()
        };
        let plaintext = std::fs::read(folder.join(&vector.plaintext)).unwrap();
        assert_eq!(opened(&message, &data_key, 1000).unwrap(), plaintext, "{}", vector.id);
        for length in 0..message.len() {
            assert!(opened(&message[..length], &data_key, message.len()).is_err());
        }
        let (last, all_but_last) = message.split_last().unwrap();
        let altered = [all_but_last, &[last ^ 1]].concat();
        let expected = if suite == 0x0578 { MessageError::Signature } else { MessageError::Frame };
        assert_eq!(opened(&altered, &data_key, 1000).err(), Some(expected), "{}", vector.id);
        opened_messages += 1;
    }
    assert!(opened_messages >= 5);
}
