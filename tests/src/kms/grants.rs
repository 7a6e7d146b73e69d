//! CreateGrant, ListGrants, ListRetirableGrants, RevokeGrant, RetireGrant. A grant acts at once: AWS takes up to five minutes
//! and has grant tokens for that time.

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::authorize::{Facts, authorize};
use super::error::KmsError;
use super::grant::{Constraints, Grant, Terms, check_principal, names};
use super::key::{Key, random_hex};
use super::key_spec::KeySpec;
use super::operations::{Call, not_dry};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateGrant {
    key_id: String,
    grantee_principal: Option<String>,
    retiring_principal: Option<String>,
    #[serde(default)]
    operations: Vec<String>,
    constraints: Option<Constraints>,
    name: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListGrants {
    key_id: String,
    grant_id: Option<String>,
    grantee_principal: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListRetirableGrants {
    retiring_principal: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OneGrant {
    key_id: Option<String>,
    grant_id: Option<String>,
    grant_token: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: CreateGrant = call.input()?;
    let dry_run = input.dry_run;
    let grantee = input
        .grantee_principal
        .ok_or_else(|| KmsError::validation("mock KMS: GranteePrincipal is required; service principals are not there"))?;
    check_principal(&grantee)?;
    input.retiring_principal.as_deref().map_or(Ok(()), check_principal)?;
    let terms = Terms {
        grantee_principal: grantee,
        retiring_principal: input.retiring_principal,
        operations: input.operations,
        constraints: input.constraints,
        name: input.name,
    };
    let facts = Facts { extra: condition_keys(&terms), grant: Some(&terms), ..Facts::default() };
    let key = call.key(&input.key_id, "kms:CreateGrant", facts)?;
    key.usable(key.spec.usage(), "CreateGrant")?;
    check_terms(&terms, key.spec)?;
    not_dry(dry_run)?;
    let token = new_token()?;
    let fresh = Grant { id: random_hex::<32>()?, tokens: vec![token.clone()], created: call.seconds(), terms };
    let id = change_grants(call, &key.id, |grants| {
        // A repeated request with a name gives the grant that is there, under one more token.
        let same = grants.iter_mut().find(|grant| grant.terms.name.is_some() && grant.terms == fresh.terms);
        if let Some(grant) = same {
            grant.tokens.push(token.clone());
            return grant.id.clone();
        }
        let id = fresh.id.clone();
        grants.push(fresh);
        id
    })?;
    Ok(json!({"GrantId": id, "GrantToken": token}))
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: ListGrants = call.input()?;
    let key = call.key(&input.key_id, "kms:ListGrants", Facts::default())?;
    key.not_pending()?;
    if let Some(id) = &input.grant_id
        && !key.grants.iter().any(|grant| grant.id == *id)
    {
        return Err(KmsError::new("InvalidGrantIdException", "mock KMS: the key has no grant of this id"));
    }
    let asked = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
    let grants = key.grants.iter().filter(|grant| asked(&input.grant_id, &grant.id));
    let grants = grants.filter(|grant| asked(&input.grantee_principal, &grant.terms.grantee_principal));
    Ok(json!({"Grants": grants.map(|grant| grant.listed(&key)).collect::<Vec<_>>(), "Truncated": false}))
}

pub(super) fn list_retirable(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: ListRetirableGrants = call.input()?;
    let state = call.server.store.read();
    let keys = state.keys.values().filter(|key| key.region == call.caller.region);
    let listed: Vec<_> = keys
        .flat_map(|key| key.grants.iter().map(move |grant| (key, grant)))
        .filter(|(_, grant)| grant.terms.retiring_principal.as_ref() == Some(&input.retiring_principal))
        .map(|(key, grant)| grant.listed(key))
        .collect();
    Ok(json!({"Grants": listed, "Truncated": false}))
}

pub(super) fn revoke(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: OneGrant = call.input()?;
    let key = call.key(&input.key_id.unwrap_or_default(), "kms:RevokeGrant", Facts::default())?;
    let id = input.grant_id.unwrap_or_default();
    find(&key, &id)?;
    not_dry(input.dry_run)?;
    remove(call, &key, &id)
}

/// For the retiring principal, and for the grantee where the grant says so; else the key policy has to allow it, which stands
/// for AWS's delegation by the account.
pub(super) fn retire(call: &mut Call<'_>) -> Result<Value, KmsError> {
    let input: OneGrant = call.input()?;
    let (key, id) = match (&input.grant_token, &input.key_id, &input.grant_id) {
        (Some(token), _, _) => by_token(call, token)?,
        (None, Some(key), Some(id)) => (call.find(key)?.0, id.clone()),
        _ => return Err(KmsError::validation("mock KMS: a grant is named by GrantToken, or by KeyId and GrantId")),
    };
    call.entry.key_arn = Some(key.arn());
    let grant = find(&key, &id)?;
    let retires = grant.terms.retiring_principal.as_ref().is_some_and(|retiring| names(retiring, &call.caller.principal));
    let facts = Facts { retires: Some((&id, retires)), ..Facts::default() };
    authorize(&call.caller, "kms:RetireGrant", &key, &facts, call.entry)?;
    not_dry(input.dry_run)?;
    remove(call, &key, &id)
}

fn check_terms(terms: &Terms, spec: KeySpec) -> Result<(), KmsError> {
    let unknown = |operation: &&String| !ANY_KEY.contains(&operation.as_str()) && !spec.grant_operations().contains(&operation.as_str());
    if let Some(operation) = terms.operations.iter().find(unknown) {
        return Err(KmsError::validation(format!("mock KMS: a grant on a key of spec {} cannot allow {operation}", spec.name())));
    }
    match terms.operations.as_slice() {
        [] => return Err(KmsError::constraint(Some("[]"), "operations", "have length greater than or equal to 1")),
        // Recorded, in an issue of ansible.
        [only] if only == "CreateGrant" => return Err(KmsError::validation("Grants must not contain only the CreateGrant operation.")),
        _ => {}
    }
    if terms.constraints.is_some() && spec != KeySpec::Symmetric {
        return Err(KmsError::validation("mock KMS: operations of asymmetric keys have no encryption context to constrain"));
    }
    Ok(())
}

/// The condition keys that a policy can ask of CreateGrant.
fn condition_keys(terms: &Terms) -> Vec<(&'static str, String)> {
    let constraints = terms.constraints.iter().flat_map(|constraints| {
        let equals = constraints.encryption_context_equals.as_ref().map(|_| "EncryptionContextEquals");
        equals.into_iter().chain(constraints.encryption_context_subset.as_ref().map(|_| "EncryptionContextSubset"))
    });
    let mut keys = vec![("kms:GranteePrincipal", terms.grantee_principal.clone()), ("kms:GrantIsForAWSResource", "false".to_owned())];
    keys.extend(terms.retiring_principal.iter().map(|retiring| ("kms:RetiringPrincipal", retiring.clone())));
    keys.extend(terms.operations.iter().map(|operation| ("kms:GrantOperations", operation.clone())));
    keys.extend(constraints.map(|kind| ("kms:GrantConstraintType", kind.to_owned())));
    keys
}

fn find<'k>(key: &'k Key, id: &str) -> Result<&'k Grant, KmsError> {
    let missing = || KmsError::not_found(format!("mock KMS: the key has no grant {id}"));
    key.grants.iter().find(|grant| grant.id == id).ok_or_else(missing)
}

fn by_token(call: &Call<'_>, token: &str) -> Result<(Key, String), KmsError> {
    let state = call.server.store.read();
    let keys = state.keys.values().filter(|key| key.region == call.caller.region);
    let mut grants = keys.flat_map(|key| key.grants.iter().map(move |grant| (key, grant)));
    let found = grants.find(|(_, grant)| grant.tokens.iter().any(|known| known == token));
    let unknown = || KmsError::new("InvalidGrantTokenException", "mock KMS: no grant has this token");
    found.map(|(key, grant)| (key.clone(), grant.id.clone())).ok_or_else(unknown)
}

fn remove(call: &Call<'_>, key: &Key, id: &str) -> Result<Value, KmsError> {
    change_grants(call, &key.id, |grants| grants.retain(|grant| grant.id != id))?;
    Ok(Value::Null)
}

fn change_grants<T>(call: &Call<'_>, key_id: &str, change: impl FnOnce(&mut Vec<Grant>) -> T) -> Result<T, KmsError> {
    call.server.store.change(|state| {
        let key = state.keys.get_mut(key_id).ok_or_else(|| KmsError::not_found("mock KMS: the key has gone"))?;
        Ok(change(&mut key.grants))
    })
}

fn new_token() -> Result<String, KmsError> {
    let mut bytes = [0; 48];
    rand::fill(&mut bytes)?;
    Ok(STANDARD.encode(bytes))
}

/// Operations that grants on keys of any spec can allow.
const ANY_KEY: [&str; 3] = ["CreateGrant", "RetireGrant", "DescribeKey"];
