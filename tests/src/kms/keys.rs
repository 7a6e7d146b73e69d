//! Operations on keys and aliases themselves.

use sealroom_parent::key_policy::KeyPolicy;
use serde::Deserialize;
use serde_json::{Value, json};

use super::authorize::{Facts, keeps_control};
use super::credentials::ACCOUNT;
use super::error::KmsError;
use super::key::Key;
use super::key_spec::KeySpec;
use super::operations::Call;
use super::store::{Alias, State};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateKey {
    policy: Option<String>,
    #[serde(default)]
    description: String,
    key_spec: Option<String>,
    customer_master_key_spec: Option<String>,
    key_usage: Option<String>,
    origin: Option<String>,
    #[serde(default)]
    multi_region: bool,
    #[serde(default)]
    bypass_policy_lockout_safety_check: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OneKey {
    key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutKeyPolicy {
    key_id: String,
    policy: String,
    #[serde(default)]
    bypass_policy_lockout_safety_check: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScheduleKeyDeletion {
    key_id: String,
    pending_window_in_days: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AliasInput {
    alias_name: String,
    target_key_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListAliases {
    key_id: Option<String>,
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: CreateKey = call.input()?;
    let spec = input.key_spec.or(input.customer_master_key_spec).unwrap_or_else(|| "SYMMETRIC_DEFAULT".to_owned());
    let usual = input.origin.as_deref().is_none_or(|origin| origin == "AWS_KMS") && !input.multi_region;
    let spec = KeySpec::of(&spec, input.key_usage.as_deref())
        .filter(|_| usual)
        .ok_or_else(|| KmsError::new("UnsupportedOperationException", UNSUPPORTED))?;
    let policy = input.policy.unwrap_or_else(|| KeyPolicy::default_text(ACCOUNT));
    let key = Key::generate(spec, &call.caller.region, input.description, policy, call.seconds())?;
    check_policy(call, &key, input.bypass_policy_lockout_safety_check)?;
    call.entry.key_arn = Some(key.arn());
    let metadata = key.metadata();
    call.server.store.change(|state| Ok::<_, KmsError>(state.keys.insert(key.id.clone(), key)))?;
    Ok(json!({"KeyMetadata": metadata}))
}

pub(super) fn describe(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: OneKey = call.input()?;
    Ok(json!({"KeyMetadata": call.key(&input.key_id, "kms:DescribeKey", Facts::default())?.metadata()}))
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let state = call.server.store.read();
    let keys = state.keys.values().filter(|key| key.region == call.caller.region);
    let listed: Vec<_> = keys.map(|key| json!({"KeyId": key.id, "KeyArn": key.arn()})).collect();
    Ok(json!({"Keys": listed, "Truncated": false}))
}

pub(super) fn get_policy(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: OneKey = call.input()?;
    let key = call.key(&input.key_id, "kms:GetKeyPolicy", Facts::default())?;
    Ok(json!({"Policy": key.policy, "PolicyName": "default"}))
}

pub(super) fn put_policy(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: PutKeyPolicy = call.input()?;
    let mut key = call.key(&input.key_id, "kms:PutKeyPolicy", Facts::default())?;
    key.policy = input.policy;
    check_policy(call, &key, input.bypass_policy_lockout_safety_check)?;
    replace(call, key)
}

pub(super) fn set_enabled(call: &mut Call<'_>, enabled: bool) -> Result<Value, KmsError> {
    let input: OneKey = call.input()?;
    let action = if enabled { "kms:EnableKey" } else { "kms:DisableKey" };
    let mut key = call.key(&input.key_id, action, Facts::default())?;
    key.not_pending()?;
    key.enabled = enabled;
    replace(call, key)
}

pub(super) fn schedule_deletion(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: ScheduleKeyDeletion = call.input()?;
    let mut key = call.key(&input.key_id, "kms:ScheduleKeyDeletion", Facts::default())?;
    key.not_pending()?;
    let days = input.pending_window_in_days.unwrap_or(30);
    let deletion = call.seconds() + f64::from(days) * 86_400.0;
    key.deletion = Some(deletion);
    let arn = key.arn();
    replace(call, key)?;
    Ok(json!({"KeyId": arn, "DeletionDate": deletion, "KeyState": "PendingDeletion", "PendingWindowInDays": days}))
}

pub(super) fn cancel_deletion(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: OneKey = call.input()?;
    let mut key = call.key(&input.key_id, "kms:CancelKeyDeletion", Facts::default())?;
    key.deletion = None;
    key.enabled = false;
    let arn = key.arn();
    replace(call, key)?;
    Ok(json!({"KeyId": arn}))
}

pub(super) fn create_alias(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: AliasInput = call.input()?;
    let key = call.key(&input.target_key_id.unwrap_or_default(), "kms:CreateAlias", Facts::default())?;
    if !input.alias_name.starts_with("alias/") {
        return Err(KmsError::validation(
            "Alias must start with the prefix \"alias/\". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        ));
    }
    let region = call.caller.region.clone();
    let place = Alias::place(&region, &input.alias_name);
    let alias = Alias { region, name: input.alias_name, key_id: key.id, created: call.seconds() };
    call.server.store.change(|state: &mut State| {
        if state.aliases.contains_key(&place) {
            let text = format!("An alias with the name {} already exists", alias_arn(&alias));
            return Err(KmsError::new("AlreadyExistsException", text));
        }
        state.aliases.insert(place, alias);
        Ok(Value::Null)
    })
}

pub(super) fn delete_alias(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: AliasInput = call.input()?;
    call.key(&input.alias_name, "kms:DeleteAlias", Facts::default())?;
    let place = Alias::place(&call.caller.region, &input.alias_name);
    call.server.store.change(|state| {
        state.aliases.remove(&place);
        Ok(Value::Null)
    })
}

pub(super) fn list_aliases(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: ListAliases = call.input()?;
    let wanted = input.key_id.map(|named| call.find(&named)).transpose()?.map(|(key, _)| key.id);
    let state = call.server.store.read();
    let aliases = state.aliases.values().filter(|alias| alias.region == call.caller.region);
    let aliases = aliases.filter(|alias| wanted.as_ref().is_none_or(|id| *id == alias.key_id));
    let listed: Vec<_> = aliases
        .map(|alias| json!({"AliasName": alias.name, "AliasArn": alias_arn(alias), "TargetKeyId": alias.key_id, "CreationDate": alias.created}))
        .collect();
    Ok(json!({"Aliases": listed, "Truncated": false}))
}

fn alias_arn(alias: &Alias) -> String {
    format!("arn:aws:kms:{}:{ACCOUNT}:{}", alias.region, alias.name)
}

fn check_policy(call: &Call<'_>, key: &Key, bypass: bool) -> Result<(), KmsError> {
    KeyPolicy::parse(&key.policy).map_err(|error| KmsError::new("MalformedPolicyDocumentException", error.to_string()))?;
    if bypass { Ok(()) } else { keeps_control(&call.caller, key) }
}

fn replace(call: &Call<'_>, key: Key) -> Result<Value, KmsError> {
    call.server.store.change(|state| {
        state.keys.insert(key.id.clone(), key);
        Ok(Value::Null)
    })
}

const UNSUPPORTED: &str = "mock KMS: only single-Region keys made by KMS: SYMMETRIC_DEFAULT for ENCRYPT_DECRYPT, or ECC_NIST_P256, P384 or P521 for KEY_AGREEMENT";
