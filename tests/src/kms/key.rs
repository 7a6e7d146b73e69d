//! One KMS key: its metadata, policy, grants and material.

use aws_lc_rs::agreement::PrivateKey;
use aws_lc_rs::rand;
use sealroom_shared::digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::credentials::ACCOUNT;
use super::error::KmsError;
use super::grant::Grant;
use super::key_spec::KeySpec;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) region: String,
    pub(super) description: String,
    #[serde(default)]
    pub(super) spec: KeySpec,
    pub(super) enabled: bool,
    /// Seconds since 1970; set while the key is pending deletion.
    pub(super) deletion: Option<f64>,
    pub(super) created: f64,
    /// The text as it was put.
    pub(super) policy: String,
    #[serde(default)]
    pub(super) grants: Vec<Grant>,
    /// In hex: what [`KeySpec::material`] made.
    material: String,
    pub(super) material_id: String,
}

impl Key {
    pub(super) fn generate(spec: KeySpec, region: &str, description: String, policy: String, now: f64) -> Result<Self, KmsError> {
        Ok(Self {
            id: uuid()?,
            region: region.to_owned(),
            description,
            spec,
            enabled: true,
            deletion: None,
            created: now,
            policy,
            grants: Vec::new(),
            material: digest::hex(&spec.material()?),
            material_id: random_hex::<32>()?,
        })
    }

    pub(super) fn arn(&self) -> String {
        arn(&self.region, &self.id)
    }

    /// The 32 bytes of a symmetric key.
    pub(super) fn material(&self) -> Result<[u8; 32], KmsError> {
        digest::unhex(&self.material).ok_or_else(damaged)
    }

    /// The private key of an asymmetric one.
    pub(super) fn private_key(&self) -> Result<PrivateKey, KmsError> {
        let bytes: Option<Vec<u8>> = self.material.as_bytes().chunks(2).map(unhex_byte).collect();
        let curve = self.spec.curve().ok_or_else(damaged)?;
        PrivateKey::from_private_key_der(curve, &bytes.ok_or_else(damaged)?).map_err(|_| damaged())
    }

    /// The key can be used now, for an operation that keys of `usage` have.
    pub(super) fn usable(&self, usage: &str, operation: &str) -> Result<(), KmsError> {
        self.not_pending()?;
        if !self.enabled {
            return Err(KmsError::new("DisabledException", format!("{} is disabled.", self.arn())));
        }
        if self.spec.usage() != usage {
            let text = format!("{} key usage is {} which is not valid for {operation}.", self.arn(), self.spec.usage());
            return Err(KmsError::new("InvalidKeyUsageException", text));
        }
        Ok(())
    }

    pub(super) fn not_pending(&self) -> Result<(), KmsError> {
        match self.deletion {
            None => Ok(()),
            Some(_) => Err(KmsError::new("KMSInvalidStateException", format!("{} is pending deletion.", self.arn()))),
        }
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
            "KeyUsage": self.spec.usage(),
            "KeyState": state,
            "Origin": "AWS_KMS",
            "KeyManager": "CUSTOMER",
            "CustomerMasterKeySpec": self.spec.name(),
            "KeySpec": self.spec.name(),
            "MultiRegion": false,
        });
        if self.spec == KeySpec::Symmetric {
            metadata["EncryptionAlgorithms"] = json!(["SYMMETRIC_DEFAULT"]);
            metadata["CurrentKeyMaterialId"] = json!(self.material_id);
        } else {
            metadata["KeyAgreementAlgorithms"] = json!(["ECDH"]);
        }
        if let Some(deletion) = self.deletion {
            metadata["DeletionDate"] = json!(deletion);
        }
        metadata
    }
}

fn damaged() -> KmsError {
    KmsError::new("KMSInternalException", "mock KMS: keys.json is damaged")
}

fn unhex_byte(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
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

pub(super) fn random_hex<const N: usize>() -> Result<String, KmsError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes)?;
    Ok(digest::hex(&bytes))
}
