//! The operations by name, the shared parts of their inputs, and how a key is named in one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use serde_json::Value;

use super::Server;
use super::authorize::{Facts, authorize};
use super::blob::EncryptionContext;
use super::credentials::ACCOUNT;
use super::error::KmsError;
use super::fault::FaultKind;
use super::key::{self, Key, uuid_bytes};
use super::request_log::Entry;
use super::sigv4::Caller;
use super::store::Alias;
use super::{agreement, crypto, generate, grants, key_pair, keys};

/// One request on its way through an operation.
pub(super) struct Call<'a> {
    pub(super) server: &'a Server,
    pub(super) caller: Caller,
    pub(super) input: Value,
    pub(super) entry: &'a mut Entry,
    pub(super) now: Timestamp,
}

/// Carries out `name`. An answer of `Value::Null` is an empty body.
pub(super) fn dispatch(name: &str, mut call: Call<'_>) -> Result<Value, KmsError> {
    let call = &mut call;
    match name {
        "CreateKey" => keys::create(call),
        "DescribeKey" => keys::describe(call),
        "ListKeys" => keys::list(call),
        "GetKeyPolicy" => keys::get_policy(call),
        "PutKeyPolicy" => keys::put_policy(call),
        "EnableKey" => keys::set_enabled(call, true),
        "DisableKey" => keys::set_enabled(call, false),
        "ScheduleKeyDeletion" => keys::schedule_deletion(call),
        "CancelKeyDeletion" => keys::cancel_deletion(call),
        "CreateAlias" => keys::create_alias(call),
        "DeleteAlias" => keys::delete_alias(call),
        "ListAliases" => keys::list_aliases(call),
        "Encrypt" => crypto::encrypt(call),
        "Decrypt" => crypto::decrypt(call),
        "ReEncrypt" => crypto::re_encrypt(call),
        "GenerateDataKey" => generate::data_key(call),
        "GenerateDataKeyWithoutPlaintext" => generate::data_key_without_plaintext(call),
        "GenerateDataKeyPair" => key_pair::with_plaintext(call),
        "GenerateDataKeyPairWithoutPlaintext" => key_pair::without_plaintext(call),
        "GenerateRandom" => generate::random(call),
        "DeriveSharedSecret" => agreement::derive_shared_secret(call),
        "GetPublicKey" => agreement::get_public_key(call),
        "CreateGrant" => grants::create(call),
        "ListGrants" => grants::list(call),
        "ListRetirableGrants" => grants::list_retirable(call),
        "RevokeGrant" => grants::revoke(call),
        "RetireGrant" => grants::retire(call),
        _ => Err(KmsError::new("UnknownOperationException", "mock KMS: this operation is not there")),
    }
}

impl Call<'_> {
    /// The input as an operation's own type.
    pub(super) fn input<T: DeserializeOwned>(&self) -> Result<T, KmsError> {
        serde_json::from_value(self.input.clone()).map_err(|error| KmsError::new("SerializationException", error.to_string()))
    }

    /// Now, in AWS's form: seconds since 1970.
    pub(super) fn seconds(&self) -> f64 {
        self.now.as_millisecond() as f64 / 1000.0
    }

    /// Notes the encryption context in the log, within KMS's limit.
    pub(super) fn note_context(&mut self, context: &EncryptionContext) -> Result<(), KmsError> {
        let bytes: usize = context.iter().map(|(key, value)| key.len() + value.len()).sum();
        if bytes > CONTEXT_MAX {
            return Err(KmsError::validation("mock KMS: the encryption context is larger than 8192 bytes"));
        }
        self.entry.encryption_context = context.clone();
        Ok(())
    }

    /// Finds the key and asks its policy for `action`; also says by which alias it was named.
    pub(super) fn key(&mut self, named: &str, action: &str, facts: Facts<'_>) -> Result<Key, KmsError> {
        let (key, alias) = self.find(named)?;
        self.entry.key_arn = Some(key.arn());
        let aliases: Vec<String> = {
            let state = self.server.store.read();
            state.aliases.values().filter(|alias| alias.key_id == key.id).map(|alias| alias.name.clone()).collect()
        };
        authorize(&self.caller, action, &key, &Facts { alias: alias.as_deref(), aliases: &aliases, ..facts }, self.entry)?;
        Ok(key)
    }

    /// True where this fault happens to this request; notes it in the log.
    pub(super) fn fault(&mut self, kind: FaultKind) -> bool {
        let happens = self.server.faults.happens(kind);
        if happens {
            self.entry.faults.push(kind.name());
        }
        happens
    }

    /// The key of a key id, key ARN, alias name or alias ARN, and the alias.
    pub(super) fn find(&self, named: &str) -> Result<(Key, Option<String>), KmsError> {
        let region = &self.caller.region;
        let resource = match named.splitn(6, ':').collect::<Vec<_>>().as_slice() {
            ["arn", _, "kms", other, _, _] if other != region => return Err(KmsError::not_found(format!("Invalid arn {other}"))),
            ["arn", "aws", "kms", _, ACCOUNT, resource] => resource.strip_prefix("key/").unwrap_or(resource).to_owned(),
            ["arn", ..] => return Err(KmsError::not_found(format!("Invalid arn {named}"))),
            _ => named.to_owned(),
        };
        let state = self.server.store.read();
        let (id, alias) = if resource.starts_with("alias/") {
            let missing = || KmsError::not_found(format!("Alias arn:aws:kms:{region}:{ACCOUNT}:{resource} is not found."));
            let alias = state.aliases.get(&Alias::place(region, &resource)).ok_or_else(missing)?;
            (alias.key_id.clone(), Some(resource))
        } else {
            (resource, None)
        };
        if uuid_bytes(&id).is_none() {
            return Err(KmsError::not_found(format!("Invalid keyId '{id}'")));
        }
        let found = state.keys.get(&id).filter(|key| key.region == *region);
        let missing = || KmsError::not_found(format!("Key '{}' does not exist", key::arn(region, &id)));
        found.cloned().map(|key| (key, alias)).ok_or_else(missing)
    }
}

/// Bytes, in base64 on the wire.
pub(super) struct Blob(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

/// The written form of a blob.
pub(super) fn base64(bytes: &[u8]) -> Value {
    Value::String(STANDARD.encode(bytes))
}

/// The last check of an operation that takes `DryRun`.
pub(super) fn not_dry(dry_run: bool) -> Result<(), KmsError> {
    if !dry_run {
        return Ok(());
    }
    Err(KmsError::new("DryRunOperationException", "The request would have succeeded, but the DryRun option is set."))
}

const CONTEXT_MAX: usize = 8192;
