//! `aws-lc-rs`, and what is built on it, against other people's implementations on random input of fixed seeds: ring for the
//! algorithms and for whole messages, RustCrypto for the envelope of KMS (in `cms_oracle`).

mod by_ring;
mod cms_oracle;
mod random;

use std::collections::BTreeMap;

use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealroom_shared::authorize;
use sealroom_shared::job::Job;
use sealroom_shared::message::{DataKey, EncryptedDataKey, EncryptionContext, Header, MessageError, Sealer, Suite};
use sealroom_shared::policy::{Policy, UnixMillis};
use sealroom_shared::record::tokens::TokenKey;

use by_ring::{Message, SIGNED, UNSIGNED};
use random::Random;

#[test]
fn aes_256_gcm_seals_alike_and_opens_what_the_other_sealed() {
    let mut random = Random::new(1);
    for round in 0..300 {
        let (key, nonce): ([u8; 32], [u8; 12]) = (random.array(), random.array());
        let (aad_length, length) = (random.below(200), random.below(if round % 10 == 0 { 100_000 } else { 300 }));
        let (aad, plaintext) = (random.bytes(aad_length), random.bytes(length));
        let ours = aws_lc_rs::aead::LessSafeKey::new(aws_lc_rs::aead::UnboundKey::new(&aws_lc_rs::aead::AES_256_GCM, &key).unwrap());
        let theirs = ring::aead::LessSafeKey::new(ring::aead::UnboundKey::new(&ring::aead::AES_256_GCM, &key).unwrap());
        let our_nonce = || aws_lc_rs::aead::Nonce::assume_unique_for_key(nonce);
        let their_nonce = || ring::aead::Nonce::assume_unique_for_key(nonce);

        let mut by_us = plaintext.clone();
        ours.seal_in_place_append_tag(our_nonce(), aws_lc_rs::aead::Aad::from(&aad), &mut by_us).unwrap();
        let mut by_them = plaintext.clone();
        theirs.seal_in_place_append_tag(their_nonce(), ring::aead::Aad::from(&aad), &mut by_them).unwrap();
        assert_eq!(by_us, by_them, "round {round}");
        assert_eq!(theirs.open_in_place(their_nonce(), ring::aead::Aad::from(&aad), &mut by_us).unwrap(), plaintext);
        let mut altered = by_them.clone();
        assert_eq!(ours.open_in_place(our_nonce(), aws_lc_rs::aead::Aad::from(&aad), &mut by_them).unwrap(), plaintext);

        let at = random.below(altered.len());
        altered[at] ^= 1 << random.below(8);
        assert!(ours.open_in_place(our_nonce(), aws_lc_rs::aead::Aad::from(&aad), &mut altered.clone()).is_err());
        assert!(theirs.open_in_place(their_nonce(), ring::aead::Aad::from(&aad), &mut altered).is_err());
    }
}

#[test]
fn hkdf_sha_512_derives_alike() {
    struct Length(usize);
    impl aws_lc_rs::hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    impl ring::hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut random = Random::new(2);
    for round in 0..200 {
        let lengths = [random.below(200), random.below(200), random.below(100), random.below(100)];
        let [salt, secret, first, second] = lengths.map(|length| random.bytes(length));
        let info = [first.as_slice(), second.as_slice()];
        let length = 1 + random.below(200);
        let (mut by_us, mut by_them) = (vec![0; length], vec![0; length]);
        let key = aws_lc_rs::hkdf::Salt::new(aws_lc_rs::hkdf::HKDF_SHA512, &salt).extract(&secret);
        key.expand(&info, Length(length)).unwrap().fill(&mut by_us).unwrap();
        let key = ring::hkdf::Salt::new(ring::hkdf::HKDF_SHA512, &salt).extract(&secret);
        key.expand(&info, Length(length)).unwrap().fill(&mut by_them).unwrap();
        assert_eq!(by_us, by_them, "round {round}");
    }
}

#[test]
fn ecdsa_p_384_signatures_verify_on_the_other_side_and_altered_ones_nowhere() {
    let mut random = Random::new(3);
    let ring_random = ring::rand::SystemRandom::new();
    let pkcs8 = aws_lc_rs::signature::EcdsaKeyPair::generate(&aws_lc_rs::signature::ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
    let pkcs8 = pkcs8.to_pkcs8v1().unwrap();
    for encoding in ["DER", "fixed"] {
        let is_der = encoding == "DER";
        let (our_signing, our_check) = match is_der {
            true => (&aws_lc_rs::signature::ECDSA_P384_SHA384_ASN1_SIGNING, &aws_lc_rs::signature::ECDSA_P384_SHA384_ASN1),
            false => (&aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING, &aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED),
        };
        let (their_signing, their_check) = match is_der {
            true => (&ring::signature::ECDSA_P384_SHA384_ASN1_SIGNING, &ring::signature::ECDSA_P384_SHA384_ASN1),
            false => (&ring::signature::ECDSA_P384_SHA384_FIXED_SIGNING, &ring::signature::ECDSA_P384_SHA384_FIXED),
        };
        let ours = aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(our_signing, pkcs8.as_ref()).unwrap();
        let theirs = ring::signature::EcdsaKeyPair::from_pkcs8(their_signing, pkcs8.as_ref(), &ring_random).unwrap();
        let point = ours.public_key().as_ref();
        let we_say = |message: &[u8], signature: &[u8]| {
            aws_lc_rs::signature::UnparsedPublicKey::new(our_check, point).verify(message, signature).is_ok()
        };
        let they_say = |message: &[u8], signature: &[u8]| {
            ring::signature::UnparsedPublicKey::new(their_check, point).verify(message, signature).is_ok()
        };
        for round in 0..40 {
            let length = random.below(300);
            let message = random.bytes(length);
            let by_us = ours.sign(&aws_lc_rs::rand::SystemRandom::new(), &message).unwrap().as_ref().to_vec();
            let by_them = theirs.sign(&ring_random, &message).unwrap().as_ref().to_vec();
            for signature in [&by_us, &by_them] {
                assert!(we_say(&message, signature) && they_say(&message, signature), "{encoding}, round {round}");
                for _ in 0..4 {
                    let mut altered = signature.clone();
                    let at = random.below(altered.len());
                    altered[at] ^= 1 << random.below(8);
                    assert!(!we_say(&message, &altered) && !they_say(&message, &altered), "{encoding}, round {round}");
                }
            }
        }
    }
}

/// What the owner's token page promises, with ring's HMAC: anyone with the key computes the same tokens.
#[test]
fn tokens_and_check_values_are_hmac_sha_256_as_ring_computes_it() {
    let mut random = Random::new(4);
    for round in 0..100 {
        let key_bytes: [u8; 32] = random.array();
        let domain = format!("dömain {}", random.word());
        let (text, number) = (format!("é{}\u{1F600}", random.word()), random.next().to_string());
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key_bytes);
        let check = ring::hmac::sign(&key, &[b"sealroom/token-key-check/v1\0", domain.as_bytes()].concat());
        let check: String = check.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let token = |kind: &[u8], text: &str| {
            let length = u32::try_from(domain.len()).unwrap().to_be_bytes();
            let tag = ring::hmac::sign(&key, &[&length, domain.as_bytes(), kind, text.as_bytes()].concat());
            format!("tok_{}_{}", &check[..8], URL_SAFE_NO_PAD.encode(tag))
        };
        let expected = format!("{{\"a\":\"{}\",\"b\":\"{}\"}}\n", token(b"s", &text), token(b"n", &number));
        let record = format!("{{\"b\":{number},\"a\":\"{text}\"}}");
        assert_eq!(tokenized(&key_bytes, &domain, &check, record.as_bytes()), expected, "round {round}");
    }
}

/// One record through policy, job and row processor.
fn tokenized(key: &[u8; 32], domain: &str, check: &str, record: &[u8]) -> String {
    let policy = format!(
        r#"version = 1
name = "n"
datasets = ["d"]
keys = ["arn:aws:kms:eu-central-1:111122223333:key/1"]
input = {{ format = "ndjson", on_error = "fail" }}
recipients = [{{ name = "r", kms_key = "arn:aws:kms:eu-central-1:111122223333:key/2" }}]
release.records.max_records = 10
fields.a.tokenize = {{ domain = "{domain}" }}
fields.b.tokenize = {{ domain = "{domain}" }}
tokens."{domain}".check = "{check}"
"#
    );
    let job = b"version = 1\nkind = \"records\"\n[fields]\na = { op = \"tokenize\" }\nb = { op = \"tokenize\" }\n";
    let (policy, job) = (Policy::parse(policy.as_bytes()).unwrap(), Job::parse(job).unwrap());
    let plan = authorize::job(&policy, &job, UnixMillis(0)).unwrap();
    let mut rows = plan.processor(&BTreeMap::from([(domain.to_owned(), TokenKey::from_bytes(*key))])).unwrap();
    let mut out = Vec::new();
    let mut worker = rows.worker();
    worker.whole(rows.cutter(), record, &mut out).unwrap();
    rows.merge(worker.into_tally()).unwrap();
    rows.finish().unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn messages_that_the_sealer_writes_open_in_the_independent_reader() {
    let mut random = Random::new(5);
    for round in 0..120 {
        let wanted = message(&mut random, UNSIGNED, round);
        let data_key: [u8; 32] = random.array();
        let keys = wanted.encrypted_data_keys.iter().map(|[id, info, ciphertext]| EncryptedDataKey {
            provider_id: String::from_utf8(id.clone()).unwrap(),
            provider_info: info.clone(),
            ciphertext: ciphertext.clone(),
        });
        let mut context = EncryptionContext::new();
        wanted.context.iter().for_each(|(key, value)| context.insert(key, value).unwrap());
        let frame_length = u32::try_from(wanted.frame_length).unwrap();
        let mut sealer = Sealer::with_frame_length(context, keys.collect(), &DataKey::from_bytes(data_key), frame_length).unwrap();
        let mut bytes = sealer.header().to_vec();
        for piece in random.pieces(&wanted.plaintext) {
            sealer.push(piece, &mut bytes).unwrap();
        }
        sealer.finish(&mut bytes).unwrap();

        let read = by_ring::open(&bytes, &data_key);
        assert_eq!((read.suite, read.frame_length), (UNSIGNED, wanted.frame_length), "round {round}");
        assert_eq!((read.context, read.encrypted_data_keys), (wanted.context, wanted.encrypted_data_keys), "round {round}");
        assert!(read.plaintext == wanted.plaintext, "round {round}");
        // The commitment and the key, recomputed apart from the reader.
        assert_eq!(read.commitment, by_ring::derive(&data_key, &read.message_id, &[b"COMMITKEY"]), "round {round}");
    }
}

#[test]
fn messages_of_the_independent_writer_open_here_signed_and_unsigned() {
    let mut random = Random::new(6);
    for round in 0..160 {
        let suite = *random.pick(&[UNSIGNED, SIGNED]);
        let wanted = message(&mut random, suite, round);
        let data_key: [u8; 32] = random.array();
        let bytes = by_ring::seal(&wanted, &data_key);
        assert!(by_ring::open(&bytes, &data_key).plaintext == wanted.plaintext, "round {round}: the writer itself");

        let (header, used) = Header::parse(&bytes).unwrap().unwrap();
        assert_eq!(header.suite() == Suite::Signed, suite == SIGNED, "round {round}");
        assert_eq!(header.message_id().as_bytes(), &wanted.message_id, "round {round}");
        for (key, value) in &wanted.context {
            assert_eq!(header.context().get(key), Some(value.as_str()), "round {round}");
        }
        assert_eq!(header.context().iter().count(), wanted.context.len() + usize::from(suite == SIGNED), "round {round}");
        let mut opener = header.unlock(&DataKey::from_bytes(data_key)).unwrap();
        let mut plaintext = Vec::new();
        for piece in random.pieces(&bytes[used..]) {
            opener.push(piece, &mut plaintext).unwrap();
        }
        opener.finish().unwrap();
        assert!(plaintext == wanted.plaintext, "round {round}");
        assert_eq!(header.unlock(&DataKey::from_bytes(random.array())).err(), Some(MessageError::Commitment), "round {round}");
    }
}

/// A message with anything that the format has; its frames are not too many for a test.
fn message(random: &mut Random, suite: u16, round: usize) -> Message {
    let frame_length = match round % 4 {
        0 => 1 + random.below(20),
        1 => 1 + random.below(5000),
        2 => *random.pick(&[1, 16, 4096, 65_536, 1 << 20]),
        _ => 1 + random.below(1 << 20),
    };
    let length = match random.below(6) {
        0 => random.below(2),
        1 => frame_length - random.below(2),
        2 => frame_length + random.below(2),
        3 => frame_length * random.below(4),
        _ => random.below(frame_length * 4),
    };
    let mut context: Vec<(String, String)> = (0..random.below(6)).map(|_| (random.word(), random.word())).collect();
    context.sort();
    context.dedup_by(|one, other| one.0 == other.0);
    let mut part = || {
        let length = random.below(300);
        random.bytes(length)
    };
    let encrypted_data_keys = (0..1 + round % 5).map(|_| [b"provider".to_vec(), part(), part()]).collect();
    let plaintext = random.bytes(length);
    Message { suite, message_id: random.array(), context, encrypted_data_keys, frame_length, commitment: [0; 32], plaintext }
}
