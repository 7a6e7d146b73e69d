//! The key of a consumer, or of an owner who rebinds: out of a message's encrypted data keys it makes the data key.
//! `commands::open` and `commands::rebind` use it. A data key is believed only once [`Header::unlock`] has found that the
//! message commits to it.

use std::path::Path;

use sealroom_shared::{
    arn::KeyArn,
    message::{
        AWS_KMS, DataKey, EncryptedDataKey, Header, Opener,
        raw_aes::WrappingKey,
        raw_rsa::{self, PrivateKey},
    },
};

use crate::{
    failure::{Failure, Result},
    kms::KmsKey,
    limits, sealed_file, source,
};

/// A key that opens messages.
pub enum OpeningKey {
    /// A raw RSA keyring's private key.
    Rsa(PrivateKey, Keyring),
    /// A raw AES keyring's key.
    Aes(WrappingKey, Keyring),
    /// `kms:Decrypt` on one KMS key.
    Kms(Box<KmsKey>, KeyArn),
}

/// Which encrypted data keys a raw keyring tries.
pub struct Keyring {
    namespace: String,
    name: Option<String>,
}

impl Keyring {
    /// `namespace` as given, or Sealroom's own; any name where none is given.
    pub fn new(namespace: Option<String>, name: Option<String>) -> Self {
        Self { namespace: namespace.unwrap_or_else(|| raw_rsa::NAMESPACE.to_owned()), name }
    }

    fn takes(&self, key: &EncryptedDataKey, name: &[u8]) -> bool {
        key.provider_id == self.namespace && self.name.as_ref().is_none_or(|wanted| wanted.as_bytes() == name)
    }
}

impl OpeningKey {
    /// Reads a PKCS#8 PEM file.
    pub fn rsa(path: &Path, keyring: Keyring) -> Result<Self> {
        let pem = source::read_small(path, limits::PRIVATE_KEY)?;
        let refused = || {
            Failure::new("private-key", format!("{} is not an unencrypted PKCS#8 RSA private key in PEM", path.display()))
                .help("`sealroom keygen` makes one; `openssl pkcs8 -topk8 -nocrypt` converts another form")
        };
        let pem = std::str::from_utf8(&pem).map_err(|_| refused())?;
        Ok(Self::Rsa(PrivateKey::from_pem(pem).map_err(|_| refused())?, keyring))
    }

    /// Reads a file of exactly 32 raw bytes.
    pub fn aes(path: &Path, keyring: Keyring) -> Result<Self> {
        let bytes = source::read_small(path, AES_KEY)?;
        let refused = || Failure::new("raw-aes-key", format!("{} is not exactly {AES_KEY} raw bytes", path.display()));
        if bytes.len() != AES_KEY {
            return Err(refused());
        }
        Ok(Self::Aes(WrappingKey::new(&bytes).map_err(|_| refused())?, keyring))
    }

    /// Finds a data key that this key unwraps and that the message commits to, under an authentic header.
    pub async fn unlock(&self, header: &Header) -> Result<(DataKey, Opener)> {
        let mut last = None;
        for wrapped in header.encrypted_data_keys() {
            let data_key = match self.unwrap(wrapped, header).await {
                None => continue,
                Some(Ok(data_key)) => data_key,
                Some(Err(failure)) => {
                    last = Some(failure);
                    continue;
                }
            };
            let opener = header.unlock(&data_key).map_err(sealed_file::refused)?;
            return Ok((data_key, opener));
        }
        Err(last.unwrap_or_else(|| self.no_key(header)))
    }

    /// The data key inside `wrapped`; `None` where it is for another key.
    async fn unwrap(&self, wrapped: &EncryptedDataKey, header: &Header) -> Option<Result<DataKey>> {
        let info = wrapped.provider_info.as_slice();
        match self {
            Self::Rsa(key, keyring) if keyring.takes(wrapped, info) => Some(key.unwrap(wrapped).map_err(|_| other_key())),
            Self::Aes(key, keyring) => {
                // Provider info of a raw AES keyring: the name, then 20 bytes of tag length, IV length and IV.
                let name = info.get(..info.len().checked_sub(20)?)?;
                if !keyring.takes(wrapped, name) {
                    return None;
                }
                let name = std::str::from_utf8(name).ok()?;
                key.unwrap(&keyring.namespace, name, header.context(), wrapped).map_err(|_| other_key()).transpose()
            }
            Self::Kms(kms, arn) if wrapped.provider_id == AWS_KMS && info == arn.as_str().as_bytes() => {
                Some(kms.decrypt(wrapped, header.context()).await)
            }
            Self::Rsa(..) | Self::Kms(..) => None,
        }
    }

    fn no_key(&self, header: &Header) -> Failure {
        let held: Vec<String> = header.encrypted_data_keys().iter().map(describe).collect();
        let wanted = match self {
            Self::Rsa(_, keyring) | Self::Aes(_, keyring) => match &keyring.name {
                Some(name) => format!("namespace {:?}, name {name:?}", keyring.namespace),
                None => format!("namespace {:?}", keyring.namespace),
            },
            Self::Kms(_, arn) => format!("{AWS_KMS} {arn}"),
        };
        Failure::new("no-key", format!("the message holds no data key for {wanted}; it holds: {}", held.join("; ")))
            .help("open it with a key of one of the policy's recipients; --key-namespace and --key-name choose among raw keys")
    }
}

/// An encrypted data key for a person: provider and, where it is text, its info.
fn describe(key: &EncryptedDataKey) -> String {
    let printable = |text: &str| text.chars().take(200).flat_map(char::escape_debug).collect::<String>();
    match std::str::from_utf8(&key.provider_info) {
        Ok(info) => format!("{} {}", printable(&key.provider_id), printable(info)),
        Err(_) => printable(&key.provider_id),
    }
}

fn other_key() -> Failure {
    Failure::new("no-key", "the message's data key is not wrapped under this key")
        .help("open it with a key of one of the policy's recipients; --key-name chooses among several")
}

/// Bytes of `--raw-aes-key`.
const AES_KEY: usize = 32;
