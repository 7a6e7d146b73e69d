//! Project Wycheproof's vectors through the parts of `aws-lc-rs` that ship: what is valid comes out as stated, what is
//! invalid is refused. Passed over is what no program here does: other key, nonce and tag lengths. Every test counts its
//! cases, so that none of them passes empty.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm, OaepPrivateDecryptingKey,
    PrivateDecryptingKey,
};
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_FIXED, EcdsaVerificationAlgorithm, ParsedPublicKey, UnparsedPublicKey,
};
use aws_lc_rs::{digest, hkdf, hmac};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    #[serde(rename = "testGroups")]
    groups: Vec<Group>,
}

/// A group of cases; each kind of file has its own part of these fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    #[serde(default)]
    key_size: usize,
    #[serde(default)]
    iv_size: usize,
    #[serde(default)]
    tag_size: usize,
    #[serde(default)]
    sha: String,
    #[serde(default)]
    mgf_sha: String,
    #[serde(default, deserialize_with = "from_hex")]
    private_key_pkcs8: Vec<u8>,
    #[serde(default)]
    public_key: PublicKey,
    tests: Vec<Case>,
}

#[derive(Deserialize, Default)]
struct PublicKey {
    #[serde(deserialize_with = "from_hex")]
    uncompressed: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    tc_id: u32,
    comment: String,
    result: Outcome,
    #[serde(default)]
    size: usize,
    #[serde(flatten)]
    fields: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Valid,
    Invalid,
    Acceptable,
}

impl Case {
    /// A field in hex.
    fn bytes(&self, name: &str) -> Vec<u8> {
        let text = self.fields.get(name).and_then(|field| field.as_str()).unwrap_or_else(|| panic!("{self}: {name}"));
        unhex(text).unwrap_or_else(|| panic!("{self}: {name}"))
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "case {} ({})", self.tc_id, self.comment)
    }
}

/// How many cases of each outcome were tried.
#[derive(Default, Debug, PartialEq, Eq)]
struct Tried {
    valid: usize,
    invalid: usize,
    acceptable: usize,
}

impl Tried {
    fn count(&mut self, case: &Case) {
        match case.result {
            Outcome::Valid => self.valid += 1,
            Outcome::Invalid => self.invalid += 1,
            Outcome::Acceptable => self.acceptable += 1,
        }
    }
}

/// The groups of a file; none, said in one line, where the vectors are absent.
fn groups(name: &str) -> Option<Vec<Group>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/wycheproof").join(name);
    let Ok(bytes) = fs::read(&path) else {
        println!("absent: {}; not tried", path.display());
        return None;
    };
    let file: File = serde_json::from_slice(&bytes).expect("a file of Wycheproof");
    Some(file.groups)
}

#[test]
fn aes_256_gcm_with_96_bit_nonces_and_whole_tags() {
    let Some(groups) = groups("aes_gcm_test.json") else { return };
    let mut tried = Tried::default();
    for group in groups.iter().filter(|group| (group.key_size, group.iv_size, group.tag_size) == (256, 96, 128)) {
        for case in &group.tests {
            let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &case.bytes("key")).unwrap());
            let nonce = || Nonce::try_assume_unique_for_key(&case.bytes("iv")).unwrap();
            let (aad, message) = (case.bytes("aad"), case.bytes("msg"));
            let sealed = [case.bytes("ct"), case.bytes("tag")].concat();
            let mut buffer = sealed.clone();
            let opened = key.open_in_place(nonce(), Aad::from(&aad), &mut buffer).ok().map(|plaintext| plaintext.to_vec());
            match case.result {
                Outcome::Valid => {
                    assert_eq!(opened.as_ref(), Some(&message), "{case}");
                    let mut buffer = message;
                    key.seal_in_place_append_tag(nonce(), Aad::from(&aad), &mut buffer).unwrap();
                    assert_eq!(buffer, sealed, "{case}");
                }
                Outcome::Invalid => assert_eq!(opened, None, "{case}"),
                Outcome::Acceptable => panic!("{case}: decide what is expected"),
            }
            tried.count(case);
        }
    }
    assert!(tried.valid >= 35 && tried.invalid >= 25, "{tried:?}");
}

#[test]
fn aes_256_cbc_with_padding() {
    let Some(groups) = groups("aes_cbc_pkcs5_test.json") else { return };
    let mut tried = Tried::default();
    for case in groups.iter().filter(|group| group.key_size == 256).flat_map(|group| &group.tests) {
        let key = UnboundCipherKey::new(&AES_256, &case.bytes("key")).and_then(PaddedBlockDecryptingKey::cbc_pkcs7).unwrap();
        let iv = DecryptionContext::Iv128(FixedLength::try_from(case.bytes("iv").as_slice()).unwrap());
        let mut buffer = case.bytes("ct");
        let opened = key.decrypt(&mut buffer, iv).ok().map(|plaintext| plaintext.to_vec());
        let expected = (case.result == Outcome::Valid).then(|| case.bytes("msg"));
        assert_eq!(opened, expected, "{case}");
        tried.count(case);
    }
    assert_eq!(tried, Tried { valid: 24, invalid: 48, acceptable: 0 });
}

#[test]
fn rsa_oaep_of_every_length_that_is_taken() {
    for bits in [2048, 3072, 4096] {
        let Some(groups) = groups(&format!("rsa_oaep_{bits}_sha256_mgf1sha256_test.json")) else { return };
        assert_eq!(oaep(&groups), Tried { valid: 18, invalid: 19, acceptable: 0 }, "{bits} bits");
    }
}

/// The other digests, and ciphertexts that encode small integers. Where Wycheproof calls a case acceptable it may be
/// refused; `aws-lc-rs` takes it, and it must come out as stated.
#[test]
fn rsa_oaep_of_every_digest_and_odd_lengths() {
    let Some(groups) = groups("rsa_oaep_misc_test.json") else { return };
    let tried = oaep(&groups);
    assert!(tried.valid >= 40 && tried.acceptable >= 1, "{tried:?}");
}

fn oaep(groups: &[Group]) -> Tried {
    let mut tried = Tried::default();
    for group in groups {
        let Some(algorithm) = oaep_algorithm(group) else { continue };
        // Shorter and longer keys than limits::RSA_BITS are refused before anything is decrypted.
        if !sealroom_shared::limits::RSA_BITS.contains(&group.key_size) {
            continue;
        }
        let key = PrivateDecryptingKey::from_pkcs8(&group.private_key_pkcs8).expect("a private key");
        let key = OaepPrivateDecryptingKey::new(key).expect("an OAEP key");
        for case in &group.tests {
            let (label, mut buffer) = (case.bytes("label"), vec![0; key.min_output_size()]);
            let label = (!label.is_empty()).then_some(label.as_slice());
            let opened = key.decrypt(algorithm, &case.bytes("ct"), &mut buffer, label).ok().map(|plaintext| plaintext.to_vec());
            match case.result {
                Outcome::Valid => assert_eq!(opened, Some(case.bytes("msg")), "{case}"),
                Outcome::Invalid => assert_eq!(opened, None, "{case}"),
                Outcome::Acceptable => assert!(opened.is_none_or(|opened| opened == case.bytes("msg")), "{case}"),
            }
            tried.count(case);
        }
    }
    tried
}

/// The schemes that `aws-lc-rs` has: one digest for both of OAEP's uses.
fn oaep_algorithm(group: &Group) -> Option<&'static OaepAlgorithm> {
    match (group.sha.as_str(), group.mgf_sha.as_str()) {
        ("SHA-1", "SHA-1") => Some(&OAEP_SHA1_MGF1SHA1),
        ("SHA-256", "SHA-256") => Some(&OAEP_SHA256_MGF1SHA256),
        ("SHA-384", "SHA-384") => Some(&OAEP_SHA384_MGF1SHA384),
        ("SHA-512", "SHA-512") => Some(&OAEP_SHA512_MGF1SHA512),
        _ => None,
    }
}

#[test]
fn hkdf_with_sha_256_and_sha_384() {
    for (name, algorithm, valid) in [("hkdf_sha256_test.json", hkdf::HKDF_SHA256, 83), ("hkdf_sha384_test.json", hkdf::HKDF_SHA384, 80)] {
        let Some(groups) = groups(name) else { return };
        let mut tried = Tried::default();
        for case in groups.iter().flat_map(|group| &group.tests) {
            let key = hkdf::Salt::new(algorithm, &case.bytes("salt")).extract(&case.bytes("ikm"));
            let info = case.bytes("info");
            let mut out = vec![0; case.size];
            let filled = key.expand(&[&info], Bytes(case.size)).and_then(|okm| okm.fill(&mut out));
            match case.result {
                Outcome::Valid => {
                    filled.unwrap();
                    assert_eq!(out, case.bytes("okm"), "{name}: {case}");
                }
                _ => assert!(filled.is_err(), "{name}: {case}"),
            }
            tried.count(case);
        }
        assert_eq!(tried, Tried { valid, invalid: 3, acceptable: 0 }, "{name}");
    }
}

/// Of the whole tag and of its first half.
#[test]
fn hmac_with_sha_256() {
    let Some(groups) = groups("hmac_sha256_test.json") else { return };
    let mut tried = Tried::default();
    for group in &groups {
        for case in &group.tests {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &case.bytes("key"));
            let (message, tag) = (case.bytes("msg"), case.bytes("tag"));
            let made = hmac::sign(&key, &message);
            assert_eq!(made.as_ref()[..group.tag_size / 8] == tag, case.result == Outcome::Valid, "{case}");
            if group.tag_size == 256 {
                assert_eq!(hmac::verify(&key, &message, &tag).is_ok(), case.result == Outcome::Valid, "{case}");
            }
            tried.count(case);
        }
    }
    assert_eq!(tried, Tried { valid: 66, invalid: 108, acceptable: 0 });
}

#[test]
fn ecdsa_p_384_in_der_as_signed_messages_carry_it() {
    let Some(groups) = groups("ecdsa_secp384r1_sha384_test.json") else { return };
    assert_eq!(ecdsa(&groups, &ECDSA_P384_SHA384_ASN1), Tried { valid: 194, invalid: 310, acceptable: 0 });
}

#[test]
fn ecdsa_p_384_of_fixed_length_as_attestation_documents_carry_it() {
    let Some(groups) = groups("ecdsa_secp384r1_sha384_p1363_test.json") else { return };
    assert_eq!(ecdsa(&groups, &ECDSA_P384_SHA384_FIXED), Tried { valid: 193, invalid: 87, acceptable: 0 });
}

/// Both ways in: the whole message, and its digest as a streamed message has it.
fn ecdsa(groups: &[Group], algorithm: &'static EcdsaVerificationAlgorithm) -> Tried {
    let mut tried = Tried::default();
    for group in groups {
        let point = &group.public_key.uncompressed;
        let parsed = ParsedPublicKey::new(algorithm, point).expect("a public key");
        let whole = UnparsedPublicKey::new(algorithm, point);
        for case in &group.tests {
            let (message, signature) = (case.bytes("msg"), case.bytes("sig"));
            let digest = digest::digest(&digest::SHA384, &message);
            for verified in [whole.verify(&message, &signature), parsed.verify_digest_sig(&digest, &signature)] {
                assert_eq!(verified.is_ok(), case.result == Outcome::Valid, "{case}");
            }
            tried.count(case);
        }
    }
    tried
}

struct Bytes(usize);
impl hkdf::KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes().chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}

fn from_hex<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    unhex(&String::deserialize(from)?).ok_or_else(|| serde::de::Error::custom("not hex"))
}
