//! Encrypt, Decrypt and ReEncrypt. Only Decrypt takes a recipient, as with AWS. Order of checks: input, attestation document,
//! key policy, state of the key, ciphertext.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::authorize::Facts;
use super::blob::{self, EncryptionContext};
use super::decision::{Decision, FailedCheck};
use super::error::KmsError;
use super::key::Key;
use super::operations::{Blob, Call, base64, not_dry};
use super::recipient::RecipientInfo;
use super::release::{add_plaintext, answered_arn, recipient};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypt {
    key_id: String,
    plaintext: Blob,
    #[serde(default)]
    encryption_context: EncryptionContext,
    encryption_algorithm: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypt {
    ciphertext_blob: Option<Blob>,
    key_id: Option<String>,
    #[serde(default)]
    encryption_context: EncryptionContext,
    encryption_algorithm: Option<String>,
    recipient: Option<RecipientInfo>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReEncrypt {
    ciphertext_blob: Blob,
    source_key_id: Option<String>,
    #[serde(default)]
    source_encryption_context: EncryptionContext,
    destination_key_id: String,
    #[serde(default)]
    destination_encryption_context: EncryptionContext,
    #[serde(default)]
    dry_run: bool,
}

pub(super) fn encrypt(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: Encrypt = call.input()?;
    check_algorithm(input.encryption_algorithm.as_deref())?;
    if input.plaintext.0.len() > PLAINTEXT_MAX {
        return Err(KmsError::constraint(None, "plaintext", "have length less than or equal to 4096"));
    }
    if input.plaintext.0.is_empty() {
        return Err(KmsError::constraint(None, "plaintext", "have length greater than or equal to 1"));
    }
    call.note_context(&input.encryption_context)?;
    let facts = Facts { context: Some(&input.encryption_context), extra: algorithm_key(), ..Facts::default() };
    let key = call.key(&input.key_id, "kms:Encrypt", facts)?;
    key.usable("ENCRYPT_DECRYPT", "Encrypt")?;
    not_dry(input.dry_run)?;
    let ciphertext = call.server.ciphertexts.seal(&key, &input.encryption_context, &input.plaintext.0)?;
    Ok(json!({
        "CiphertextBlob": base64(&ciphertext),
        "KeyId": answered_arn(call, &key),
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}

pub(super) fn decrypt(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: Decrypt = call.input()?;
    check_algorithm(input.encryption_algorithm.as_deref())?;
    call.note_context(&input.encryption_context)?;
    let recipient = recipient(call, input.recipient)?;
    let ciphertext = input.ciphertext_blob.ok_or_else(|| KmsError::constraint(None, "ciphertextBlob", "not be null"))?.0;
    check_ciphertext(&ciphertext)?;
    let facts =
        Facts { context: Some(&input.encryption_context), recipient: recipient.as_ref(), extra: algorithm_key(), ..Facts::default() };
    let key = source_key(call, &ciphertext, input.key_id.as_deref(), "kms:Decrypt", facts)?;
    let plaintext = call.server.ciphertexts.open(&key, &input.encryption_context, &ciphertext, call.entry)?;
    not_dry(input.dry_run)?;
    let mut answer = Map::new();
    answer.insert("KeyId".to_owned(), answered_arn(call, &key));
    answer.insert("EncryptionAlgorithm".to_owned(), json!("SYMMETRIC_DEFAULT"));
    answer.insert("KeyMaterialId".to_owned(), json!(key.material_id));
    add_plaintext(call, &mut answer, recipient.as_ref(), "Plaintext", plaintext)?;
    Ok(Value::Object(answer))
}

pub(super) fn re_encrypt(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: ReEncrypt = call.input()?;
    check_ciphertext(&input.ciphertext_blob.0)?;
    // The source's key is looked at first: a policy can ask whether both are one.
    let same = match input.source_key_id.as_deref() {
        Some(named) => call.find(named)?.0.id,
        None => blob::key_id(&input.ciphertext_blob.0)?,
    } == call.find(&input.destination_key_id)?.0.id;
    let extra = || vec![("kms:ReEncryptOnSameKey", same.to_string())];
    let facts = Facts { context: Some(&input.destination_encryption_context), extra: extra(), ..Facts::default() };
    let destination = call.key(&input.destination_key_id, "kms:ReEncryptTo", facts)?;
    destination.usable("ENCRYPT_DECRYPT", "ReEncrypt")?;
    call.note_context(&input.source_encryption_context)?;
    let facts = Facts { context: Some(&input.source_encryption_context), extra: extra(), ..Facts::default() };
    let source = source_key(call, &input.ciphertext_blob.0, input.source_key_id.as_deref(), "kms:ReEncryptFrom", facts)?;
    let plaintext = call.server.ciphertexts.open(&source, &input.source_encryption_context, &input.ciphertext_blob.0, call.entry)?;
    not_dry(input.dry_run)?;
    let ciphertext = call.server.ciphertexts.seal(&destination, &input.destination_encryption_context, &plaintext)?;
    Ok(json!({
        "CiphertextBlob": base64(&ciphertext),
        "KeyId": destination.arn(),
        "SourceKeyId": source.arn(),
        "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "SourceKeyMaterialId": source.material_id,
        "DestinationKeyMaterialId": destination.material_id,
    }))
}

/// The key that made a ciphertext, if the caller may use it and has not named another.
fn source_key(call: &mut Call<'_>, ciphertext: &[u8], named: Option<&str>, action: &str, facts: Facts<'_>) -> Result<Key, KmsError> {
    let made_by = blob::key_id(ciphertext);
    let key = match named {
        Some(named) => call.key(named, action, facts)?,
        None => {
            let unknown = |_| KmsError::new("AccessDeniedException", UNKNOWN_KEY);
            let id = made_by.as_deref().map_err(|_| KmsError::invalid_ciphertext())?;
            call.find(id).map_err(unknown)?;
            call.key(id, action, facts)?
        }
    };
    key.usable("ENCRYPT_DECRYPT", action.strip_prefix("kms:").unwrap_or(action))?;
    let made_by = made_by?;
    if made_by != key.id {
        let failed = FailedCheck {
            at: "ciphertext".to_owned(),
            condition: "KeyId names the key that made it".to_owned(),
            expected: vec![made_by],
            actual: Some(vec![key.id]),
        };
        call.entry.decisions.push(Decision::denied("KeyId", "another key made the ciphertext", vec![failed]));
        return Err(KmsError::new(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        ));
    }
    Ok(key)
}

fn check_ciphertext(ciphertext: &[u8]) -> Result<(), KmsError> {
    match ciphertext.len() {
        0 => Err(KmsError::constraint(None, "ciphertextBlob", "have length greater than or equal to 1")),
        1..=CIPHERTEXT_MAX => Ok(()),
        _ => Err(KmsError::constraint(None, "ciphertextBlob", "have length less than or equal to 6144")),
    }
}

fn check_algorithm(algorithm: Option<&str>) -> Result<(), KmsError> {
    match algorithm {
        None | Some("SYMMETRIC_DEFAULT") => Ok(()),
        // Recorded, in an issue of spring-cloud-config-aws-kms, the other way round.
        Some(other) => {
            let text = format!("Algorithm {other} is incompatible with key spec SYMMETRIC_DEFAULT.");
            Err(KmsError::new("InvalidKeyUsageException", text))
        }
    }
}

fn algorithm_key() -> Vec<(&'static str, String)> {
    vec![("kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT".to_owned())]
}

const PLAINTEXT_MAX: usize = 4096;
const CIPHERTEXT_MAX: usize = 6144;
const UNKNOWN_KEY: &str =
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.";
