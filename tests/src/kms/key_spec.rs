//! What kind of key a KMS key is: its spec, its usage, and the material of a new one. Called by `key`.

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey};
use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der};
use serde::{Deserialize, Serialize};

use super::error::KmsError;
use super::release::random_bytes;

/// The specs of keys that there are here. Asymmetric ones are for key agreement alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) enum KeySpec {
    #[default]
    #[serde(rename = "SYMMETRIC_DEFAULT")]
    Symmetric,
    #[serde(rename = "ECC_NIST_P256")]
    P256,
    #[serde(rename = "ECC_NIST_P384")]
    P384,
    #[serde(rename = "ECC_NIST_P521")]
    P521,
}

impl KeySpec {
    /// The spec of that name for that usage; `None` where there are no such keys here.
    pub(super) fn of(name: &str, usage: Option<&str>) -> Option<Self> {
        let spec = [Self::Symmetric, Self::P256, Self::P384, Self::P521].into_iter().find(|spec| spec.name() == name)?;
        // AWS wants the usage of an asymmetric key said; a symmetric key encrypts unless told otherwise.
        let usage = match (spec, usage) {
            (Self::Symmetric, None) => "ENCRYPT_DECRYPT",
            (_, usage) => usage?,
        };
        (usage == spec.usage()).then_some(spec)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Symmetric => "SYMMETRIC_DEFAULT",
            Self::P256 => "ECC_NIST_P256",
            Self::P384 => "ECC_NIST_P384",
            Self::P521 => "ECC_NIST_P521",
        }
    }

    pub(super) fn usage(self) -> &'static str {
        if self == Self::Symmetric { "ENCRYPT_DECRYPT" } else { "KEY_AGREEMENT" }
    }

    /// The operations that a grant on such a key can name, beside those on the grant and the key themselves.
    pub(super) fn grant_operations(self) -> &'static [&'static str] {
        match self {
            Self::Symmetric => &[
                "Decrypt",
                "Encrypt",
                "GenerateDataKey",
                "GenerateDataKeyWithoutPlaintext",
                "GenerateDataKeyPair",
                "GenerateDataKeyPairWithoutPlaintext",
                "ReEncryptFrom",
                "ReEncryptTo",
            ],
            Self::P256 | Self::P384 | Self::P521 => &["DeriveSharedSecret", "GetPublicKey"],
        }
    }

    /// The curve of an asymmetric key.
    pub(super) fn curve(self) -> Option<&'static agreement::Algorithm> {
        match self {
            Self::Symmetric => None,
            Self::P256 => Some(&ECDH_P256),
            Self::P384 => Some(&ECDH_P384),
            Self::P521 => Some(&ECDH_P521),
        }
    }

    /// New material: 32 bytes, or an ECPrivateKey (RFC 5915).
    pub(super) fn material(self) -> Result<Vec<u8>, KmsError> {
        let Some(curve) = self.curve() else { return random_bytes(32) };
        let der: EcPrivateKeyRfc5915Der = PrivateKey::generate(curve)?.as_der()?;
        Ok(der.as_ref().to_vec())
    }
}
