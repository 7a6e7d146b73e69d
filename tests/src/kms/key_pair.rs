//! GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext: a key pair for use outside of KMS, its private key sealed
//! under a symmetric KMS key. The first takes a recipient.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::authorize::Facts;
use super::blob::EncryptionContext;
use super::error::KmsError;
use super::operations::{Call, base64, not_dry};
use super::recipient::{Recipient, RecipientInfo};
use super::release::{add_plaintext, answered_arn, recipient};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GenerateDataKeyPair {
    key_id: String,
    key_pair_spec: String,
    #[serde(default)]
    encryption_context: EncryptionContext,
    recipient: Option<RecipientInfo>,
    #[serde(default)]
    dry_run: bool,
}

/// A fresh pair: PrivateKeyInfo (PKCS#8) and SubjectPublicKeyInfo.
struct Pair {
    private: Vec<u8>,
    public: Vec<u8>,
}

pub(super) fn with_plaintext(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let mut input: GenerateDataKeyPair = call.input()?;
    let recipient = recipient(call, input.recipient.take())?;
    let (private, mut answer) = generate(call, &input, "GenerateDataKeyPair", recipient.as_ref())?;
    add_plaintext(call, &mut answer, recipient.as_ref(), "PrivateKeyPlaintext", private)?;
    Ok(Value::Object(answer))
}

pub(super) fn without_plaintext(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: GenerateDataKeyPair = call.input()?;
    generate(call, &input, "GenerateDataKeyPairWithoutPlaintext", None).map(|(_, answer)| Value::Object(answer))
}

fn generate(
    call: &mut Call<'_>,
    input: &GenerateDataKeyPair,
    operation: &str,
    recipient: Option<&Recipient>,
) -> Result<(Vec<u8>, Map<String, Value>), KmsError> {
    let spec = input.key_pair_spec.as_str();
    if !SPECS.contains(&spec) {
        let constraint = format!("satisfy enum value set: [{}]", SPECS.join(", "));
        return Err(KmsError::constraint(Some(spec), "keyPairSpec", &constraint));
    }
    call.note_context(&input.encryption_context)?;
    let extra = vec![("kms:DataKeyPairSpec", spec.to_owned())];
    let facts = Facts { context: Some(&input.encryption_context), recipient, extra, ..Facts::default() };
    let key = call.key(&input.key_id, &format!("kms:{operation}"), facts)?;
    key.usable("ENCRYPT_DECRYPT", operation)?;
    not_dry(input.dry_run)?;
    let pair = Pair::generate(spec)?;
    let sealed = call.server.ciphertexts.seal(&key, &input.encryption_context, &pair.private)?;
    let mut answer = Map::new();
    answer.insert("PrivateKeyCiphertextBlob".to_owned(), base64(&sealed));
    answer.insert("PublicKey".to_owned(), base64(&pair.public));
    answer.insert("KeyId".to_owned(), answered_arn(call, &key));
    answer.insert("KeyPairSpec".to_owned(), json!(spec));
    answer.insert("KeyMaterialId".to_owned(), json!(key.material_id));
    Ok((pair.private, answer))
}

impl Pair {
    fn generate(spec: &str) -> Result<Self, KmsError> {
        match spec {
            "RSA_2048" => Self::rsa(KeySize::Rsa2048),
            "RSA_3072" => Self::rsa(KeySize::Rsa3072),
            "RSA_4096" => Self::rsa(KeySize::Rsa4096),
            "ECC_NIST_P256" => Self::ecc(&ECDSA_P256_SHA256_ASN1_SIGNING),
            "ECC_NIST_P384" => Self::ecc(&ECDSA_P384_SHA384_ASN1_SIGNING),
            "ECC_NIST_P521" => Self::ecc(&ECDSA_P521_SHA512_ASN1_SIGNING),
            "ECC_SECG_P256K1" => Self::ecc(&ECDSA_P256K1_SHA256_ASN1_SIGNING),
            _ => Self::edwards(),
        }
    }

    fn rsa(size: KeySize) -> Result<Self, KmsError> {
        let pair = rsa::KeyPair::generate(size)?;
        let (private, public): (Pkcs8V1Der, PublicKeyX509Der) = (pair.as_der()?, pair.public_key().as_der()?);
        Ok(Self { private: private.as_ref().to_vec(), public: public.as_ref().to_vec() })
    }

    fn ecc(algorithm: &'static EcdsaSigningAlgorithm) -> Result<Self, KmsError> {
        let pair = EcdsaKeyPair::generate(algorithm)?;
        let public: PublicKeyX509Der = pair.public_key().as_der()?;
        Ok(Self { private: pair.to_pkcs8v1()?.as_ref().to_vec(), public: public.as_ref().to_vec() })
    }

    fn edwards() -> Result<Self, KmsError> {
        let pair = Ed25519KeyPair::generate()?;
        let public: PublicKeyX509Der = pair.public_key().as_der()?;
        Ok(Self { private: pair.to_pkcs8v1()?.as_ref().to_vec(), public: public.as_ref().to_vec() })
    }
}

/// Left out of the service's model: SM2, which is for China, and ML-KEM.
const SPECS: [&str; 8] =
    ["RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519"];
