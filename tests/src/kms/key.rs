//! One symmetric KMS key: its metadata, policy and 32 bytes of material.

use aws_lc_rs::rand;
use sealroom_shared::digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::credentials::ACCOUNT;
use super::error::KmsError;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) region: String,
    pub(super) description: String,
    pub(super) enabled: bool,
    /// Seconds since 1970; set while the key is pending deletion.
    pub(super) deletion: Option<f64>,
    pub(super) created: f64,
    /// The text as it was put.
    pub(super) policy: String,
    /// 64 hex digits.
    material: String,
    pub(super) material_id: String,
}

impl Key {
    pub(super) fn generate(region: &str, description: String, policy: String, now: f64) -> Result<Self, KmsError> {
        Ok(Self {
            id: uuid()?,
            region: region.to_owned(),
            description,
            enabled: true,
            deletion: None,
            created: now,
            policy,
            material: random_hex::<32>()?,
            material_id: random_hex::<32>()?,
        })
    }

    pub(super) fn arn(&self) -> String {
        arn(&self.region, &self.id)
    }

    pub(super) fn material(&self) -> Result<[u8; 32], KmsError> {
        digest::unhex(&self.material).ok_or_else(|| KmsError::new("KMSInternalException", "mock KMS: keys.json is damaged"))
    }

    /// The key can be used now.
    pub(super) fn usable(&self) -> Result<(), KmsError> {
        if self.deletion.is_some() {
            return Err(KmsError::new("KMSInvalidStateException", format!("{} is pending deletion.", self.arn())));
        }
        if !self.enabled {
            return Err(KmsError::new("DisabledException", format!("{} is disabled.", self.arn())));
        }
        Ok(())
    }

    /// `KeyMetadata` of CreateKey and DescribeKey.
    pub(super) fn metadata(&self) -> Value {
        let state = match (self.deletion, self.enabled) {
            (Some(_), _) => "PendingDeletion",
            (None, true) => "Enabled",
            (None, false) => "Disabled",
        };
        let mut metadata = json!({
            "AWSAccountId": ACCOUNT,
            "KeyId": self.id,
            "Arn": self.arn(),
            "CreationDate": self.created,
            "Enabled": self.enabled && self.deletion.is_none(),
            "Description": self.description,
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyState": state,
            "Origin": "AWS_KMS",
            "KeyManager": "CUSTOMER",
            "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
            "MultiRegion": false,
            "CurrentKeyMaterialId": self.material_id,
        });
        if let Some(deletion) = self.deletion {
            metadata["DeletionDate"] = json!(deletion);
        }
        metadata
    }
}

/// The ARN of a key of the one account.
pub(super) fn arn(region: &str, id: &str) -> String {
    format!("arn:aws:kms:{region}:{ACCOUNT}:key/{id}")
}

/// A random (version 4) UUID.
pub(super) fn uuid() -> Result<String, KmsError> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Ok(uuid_text(&bytes))
}

/// The written form of a UUID's bytes.
pub(super) fn uuid_text(bytes: &[u8; 16]) -> String {
    let hex = digest::hex(bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// The bytes of a dashed, lower-case UUID.
pub(super) fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    let bytes = digest::unhex(&text.replace('-', ""))?;
    (uuid_text(&bytes) == text).then_some(bytes)
}

fn random_hex<const N: usize>() -> Result<String, KmsError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes)?;
    Ok(digest::hex(&bytes))
}
