//! Who can open a policy's outputs.

use aws_lc_rs::rsa::PublicEncryptingKey;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;

use super::PolicyError;
use crate::arn::KeyArn;
use crate::limits;
use crate::toml_reader::{Item, Rule};

/// A reader of outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    name: String,
    key: RecipientKey,
}

/// By what a recipient opens outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipientKey {
    /// `kms:Decrypt` on this key.
    Kms(KeyArn),
    /// The private key of this public key: one PEM block `PUBLIC KEY`, RSA of 2048 to 4096 bits.
    Rsa {
        /// The PEM text as written.
        public_key_pem: String,
    },
}

impl Recipient {
    /// The name, unique in the policy; the key name of the raw RSA keyring.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &RecipientKey {
        &self.key
    }
}

/// Reads `[[recipients]]`. `input_keys` are the policy's own.
pub(super) fn read(item: &Item<'_>, input_keys: &[KeyArn]) -> Result<Vec<Recipient>, PolicyError> {
    let mut recipients: Vec<Recipient> = Vec::new();
    for item in item.array(limits::RECIPIENTS)? {
        let recipient = recipient(&item, input_keys)?;
        if recipients.iter().any(|other| other.name == recipient.name || other.key == recipient.key) {
            return Err(item.error(Rule::Duplicate));
        }
        recipients.push(recipient);
    }
    Ok(recipients)
}

fn recipient(item: &Item<'_>, input_keys: &[KeyArn]) -> Result<Recipient, PolicyError> {
    let mut table = item.table()?;
    let name = table.required("name")?.name(limits::NAME_BYTES)?;
    let key = match (table.take("kms_key"), table.take("rsa_public_key")) {
        (Some(arn), None) => {
            let key = KeyArn::parse(arn.string(limits::KEY_ARN)?).map_err(|error| arn.error(error.into()))?;
            if input_keys.contains(&key) {
                return Err(arn.error(Rule::RecipientIsInputKey));
            }
            RecipientKey::Kms(key)
        }
        (None, Some(pem)) => {
            let text = pem.string(limits::PUBLIC_KEY_PEM)?;
            if !is_usable(text) {
                return Err(pem.error(Rule::RsaPublicKey));
            }
            RecipientKey::Rsa { public_key_pem: text.to_owned() }
        }
        (Some(_), Some(_)) | (None, None) => return Err(table.error(Rule::RecipientKey)),
    };
    table.finish()?;
    Ok(Recipient { name, key })
}

/// Exactly one PEM block, an RSA key within the bounds.
fn is_usable(pem: &str) -> bool {
    let block = pem.trim();
    let is_one_block = block.starts_with("-----BEGIN PUBLIC KEY-----")
        && block.ends_with("-----END PUBLIC KEY-----")
        && block.matches("-----BEGIN").count() == 1
        && block.matches("-----END").count() == 1;
    let key = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).ok().filter(|_| is_one_block);
    let key = key.and_then(|der| PublicEncryptingKey::from_der(&der).ok());
    key.is_some_and(|key| limits::RSA_BITS.contains(&key.key_size_bits()))
}
