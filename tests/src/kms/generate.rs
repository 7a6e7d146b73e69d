//! GenerateDataKey, GenerateDataKeyWithoutPlaintext and GenerateRandom; the first and the last take a recipient.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::authorize::Facts;
use super::blob::EncryptionContext;
use super::error::KmsError;
use super::operations::{Call, base64, not_dry};
use super::recipient::{Recipient, RecipientInfo};
use super::release::{add_plaintext, answered_arn, random_bytes, recipient};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GenerateDataKey {
    key_id: String,
    key_spec: Option<String>,
    number_of_bytes: Option<i64>,
    #[serde(default)]
    encryption_context: EncryptionContext,
    recipient: Option<RecipientInfo>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GenerateRandom {
    number_of_bytes: Option<i64>,
    recipient: Option<RecipientInfo>,
}

pub(super) fn data_key(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let mut input: GenerateDataKey = call.input()?;
    let recipient = recipient(call, input.recipient.take())?;
    let (plaintext, mut answer) = new_data_key(call, &input, "GenerateDataKey", recipient.as_ref())?;
    add_plaintext(call, &mut answer, recipient.as_ref(), "Plaintext", plaintext)?;
    Ok(Value::Object(answer))
}

pub(super) fn data_key_without_plaintext(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: GenerateDataKey = call.input()?;
    new_data_key(call, &input, "GenerateDataKeyWithoutPlaintext", None).map(|(_, answer)| Value::Object(answer))
}

pub(super) fn random(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: GenerateRandom = call.input()?;
    let number = input.number_of_bytes.ok_or_else(|| KmsError::validation("NumberOfBytes is required."))?;
    let length = check_number(number)?;
    let recipient = recipient(call, input.recipient)?;
    let mut answer = Map::new();
    let random = random_bytes(length)?;
    add_plaintext(call, &mut answer, recipient.as_ref(), "Plaintext", random)?;
    Ok(Value::Object(answer))
}

fn new_data_key(
    call: &mut Call<'_>,
    input: &GenerateDataKey,
    operation: &str,
    recipient: Option<&Recipient>,
) -> Result<(Vec<u8>, Map<String, Value>), KmsError> {
    let length = match (input.key_spec.as_deref(), input.number_of_bytes) {
        (Some("AES_256"), None) => 32,
        (Some("AES_128"), None) => 16,
        (Some(spec), None) => return Err(KmsError::constraint(Some(spec), "keySpec", "satisfy enum value set: [AES_256, AES_128]")),
        (None, Some(number)) => check_number(number)?,
        _ => return Err(KmsError::validation("Please specify either number of bytes or key spec.")),
    };
    call.note_context(&input.encryption_context)?;
    let facts = Facts { context: Some(&input.encryption_context), recipient, ..Facts::default() };
    let key = call.key(&input.key_id, &format!("kms:{operation}"), facts)?;
    key.usable("ENCRYPT_DECRYPT", operation)?;
    not_dry(input.dry_run)?;
    let plaintext = random_bytes(length)?;
    let mut answer = Map::new();
    answer.insert("CiphertextBlob".to_owned(), base64(&call.server.ciphertexts.seal(&key, &input.encryption_context, &plaintext)?));
    answer.insert("KeyId".to_owned(), answered_arn(call, &key));
    answer.insert("KeyMaterialId".to_owned(), json!(key.material_id));
    Ok((plaintext, answer))
}

fn check_number(number: i64) -> Result<usize, KmsError> {
    let text = number.to_string();
    match usize::try_from(number) {
        Ok(length @ 1..=1024) => Ok(length),
        Ok(1025..) => Err(KmsError::constraint(Some(&text), "numberOfBytes", "have value less than or equal to 1024")),
        _ => Err(KmsError::constraint(Some(&text), "numberOfBytes", "have value greater than or equal to 1")),
    }
}
