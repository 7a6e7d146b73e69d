//! DeriveSharedSecret and GetPublicKey: the operations of asymmetric keys. The first takes a recipient.

use aws_lc_rs::agreement::{ParsedPublicKey, ParsedPublicKeyFormat, UnparsedPublicKey, agree};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::authorize::Facts;
use super::error::KmsError;
use super::key_spec::KeySpec;
use super::operations::{Blob, Call, base64, not_dry};
use super::recipient::RecipientInfo;
use super::release::{add_plaintext, answered_arn, recipient};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeriveSharedSecret {
    key_id: String,
    key_agreement_algorithm: String,
    public_key: Blob,
    recipient: Option<RecipientInfo>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetPublicKey {
    key_id: String,
}

pub(super) fn derive_shared_secret(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: DeriveSharedSecret = call.input()?;
    if input.key_agreement_algorithm != "ECDH" {
        let algorithm = Some(input.key_agreement_algorithm.as_str());
        return Err(KmsError::constraint(algorithm, "keyAgreementAlgorithm", "satisfy enum value set: [ECDH]"));
    }
    let recipient = recipient(call, input.recipient)?;
    let extra = vec![("kms:KeyAgreementAlgorithm", input.key_agreement_algorithm)];
    let facts = Facts { recipient: recipient.as_ref(), extra, ..Facts::default() };
    let key = call.key(&input.key_id, "kms:DeriveSharedSecret", facts)?;
    key.usable("KEY_AGREEMENT", "DeriveSharedSecret")?;
    // Recorded: a malformed key is a ValidationException without a text. So is, here, one of another curve.
    let malformed = || KmsError::silent("ValidationException");
    let curve = key.spec.curve().ok_or_else(malformed)?;
    let peer = ParsedPublicKey::try_from(UnparsedPublicKey::new(curve, &input.public_key.0)).map_err(|_| malformed())?;
    if peer.format() != ParsedPublicKeyFormat::X509 || !is_one_sequence(&input.public_key.0) {
        return Err(malformed());
    }
    not_dry(input.dry_run)?;
    let secret = agree(&key.private_key()?, peer, malformed(), |secret| Ok(secret.to_vec()))?;
    let mut answer = Map::new();
    answer.insert("KeyId".to_owned(), answered_arn(call, &key));
    answer.insert("KeyAgreementAlgorithm".to_owned(), json!("ECDH"));
    answer.insert("KeyOrigin".to_owned(), json!("AWS_KMS"));
    add_plaintext(call, &mut answer, recipient.as_ref(), "SharedSecret", secret)?;
    Ok(Value::Object(answer))
}

/// True where one DER SEQUENCE of under 256 bytes fills `der`: the library lets bytes follow it.
fn is_one_sequence(der: &[u8]) -> bool {
    match der {
        [0x30, 0x81, length, rest @ ..] | [0x30, length @ ..=0x7f, rest @ ..] => usize::from(*length) == rest.len(),
        _ => false,
    }
}

pub(super) fn get_public_key(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: GetPublicKey = call.input()?;
    let key = call.key(&input.key_id, "kms:GetPublicKey", Facts::default())?;
    if key.spec == KeySpec::Symmetric {
        let text = format!("mock KMS: {} is a symmetric key and has no public key", key.arn());
        return Err(KmsError::new("UnsupportedOperationException", text));
    }
    key.not_pending()?;
    let der: PublicKeyX509Der = key.private_key()?.compute_public_key()?.as_der()?;
    Ok(json!({
        "KeyId": key.arn(),
        "PublicKey": base64(der.as_ref()),
        "KeySpec": key.spec.name(),
        "CustomerMasterKeySpec": key.spec.name(),
        "KeyUsage": key.spec.usage(),
        "KeyAgreementAlgorithms": ["ECDH"],
    }))
}
