//! Decides whether a sealed file may pass from one policy to another, and how: which keys open it, which key it is sealed
//! under, what it is bound to. `commands::rebind` uses it, before KMS is asked for anything. The header is the sender's word
//! until it is unlocked; what is decided here of the same header holds once that has succeeded.

use sealroom_shared::{
    arn::KeyArn,
    binding,
    message::{AWS_KMS, EncryptionContext, Header, SIGNATURE_PUBLIC_KEY},
};

use crate::{
    failure::{Failure, Result},
    owner_policy::OwnerPolicy,
};

/// What the owner asks for.
pub struct Terms<'a> {
    /// The policy that the file is sealed under.
    pub from: &'a OwnerPolicy,
    /// The policy that it is to be sealed under.
    pub to: &'a OwnerPolicy,
    /// The key to seal under; where none is named, one that the file is sealed under.
    pub key_arn: Option<&'a KeyArn>,
    /// Another name for the dataset.
    pub dataset: Option<&'a str>,
}

/// How the file passes to the new policy.
pub struct Rebinding {
    /// The old policy's keys that the file is sealed under, in the file's order.
    pub opening_keys: Vec<KeyArn>,
    /// The new policy's key to seal under.
    pub key_arn: KeyArn,
    /// The new encryption context.
    pub context: EncryptionContext,
}

impl Rebinding {
    /// Compares the header with both policies.
    pub fn decide(header: &Header, terms: &Terms<'_>) -> Result<Self> {
        let old = header.context();
        bound_to(old, terms.from)?;
        let dataset = match old.get(binding::KIND) {
            Some(binding::INPUT) => Some(dataset(old, terms)?),
            Some(binding::TOKEN_KEY) => {
                same_secret(old, terms)?;
                None
            }
            kind => return Err(wrong_kind(kind)),
        };
        let opening_keys = opening_keys(header, terms.from)?;
        let key_arn = key_to_seal_under(&opening_keys, terms)?;
        let context = new_context(old, terms.to, dataset).map_err(|error| Failure::new("seal", format!("the new context: {error}")))?;
        if context == *old && opening_keys.contains(&key_arn) {
            return Err(Failure::usage("--from and --to are the same policy, and neither key nor dataset changes: nothing to rebind"));
        }
        Ok(Self { opening_keys, key_arn, context })
    }
}

fn wrong_kind(kind: Option<&str>) -> Failure {
    let help = match kind {
        Some(binding::OUTPUT) => "an output belongs to the policy of its job: have the job done again under the new policy",
        _ => "seal the records again under the new policy",
    };
    Failure::new("wrong-kind", "only a sealed input file or a sealed token key can be rebound").help(help)
}

fn bound_to(context: &EncryptionContext, from: &OwnerPolicy) -> Result<()> {
    let digest = from.policy().digest().to_string();
    match context.get(binding::POLICY) {
        Some(found) if found == digest => Ok(()),
        Some(found) => Err(Failure::new("policy-mismatch", format!("the file is sealed under the policy {found}, not under {digest}"))
            .help("pass --from the policy that the file was sealed under, byte for byte; `sealroom policy digest` tells which is which")),
        None if context.get(binding::KIND) == Some(binding::OUTPUT) => Ok(()),
        None => Err(Failure::new("policy-absent", "the file is bound to no policy: it was not sealed for Sealroom")
            .help("open it and seal it with `sealroom seal`")),
    }
}

/// The dataset's new name, which the new policy lists.
fn dataset<'a>(context: &'a EncryptionContext, terms: &Terms<'a>) -> Result<&'a str> {
    let Some(name) = terms.dataset.or_else(|| context.get(binding::DATASET)) else {
        return Err(
            Failure::new("dataset-not-allowed", "the file names no dataset").help("name one of the new policy's `datasets` with --dataset")
        );
    };
    let listed = terms.to.policy().datasets();
    if listed.iter().any(|dataset| dataset == name) {
        return Ok(name);
    }
    Err(Failure::new("dataset-not-allowed", format!("the new policy does not list the dataset {name:?}"))
        .help(format!("rename it with --dataset to one that it lists: {}", listed.join(", "))))
}

/// A token key passes where both policies mean the same secret.
fn same_secret(context: &EncryptionContext, terms: &Terms<'_>) -> Result<()> {
    if terms.dataset.is_some() {
        return Err(Failure::usage("a token key belongs to no dataset: leave --dataset out"));
    }
    let domain = context.get(binding::DOMAIN).unwrap_or_default();
    match (terms.from.policy().tokens().get(domain), terms.to.policy().tokens().get(domain)) {
        (_, None) => Err(Failure::new("no-such-domain", format!("the new policy has no [tokens.{domain}]"))
            .help("a job under the new policy does not use this token key: leave it out")),
        (Some(old), Some(new)) if old == new => Ok(()),
        _ => Err(Failure::new("other-secret", format!("the two policies have different checks for the token domain {domain:?}"))
            .help("copy the old policy's check into the new one for the same tokens, or make a new key with `sealroom token-key new`")),
    }
}

fn opening_keys(header: &Header, from: &OwnerPolicy) -> Result<Vec<KeyArn>> {
    let mut found: Vec<KeyArn> = Vec::new();
    for wrapped in header.encrypted_data_keys().iter().filter(|wrapped| wrapped.provider_id == AWS_KMS) {
        let arn = from.policy().keys().iter().find(|arn| arn.as_str().as_bytes() == wrapped.provider_info);
        found.extend(arn.filter(|arn| !found.contains(arn)).cloned());
    }
    if found.is_empty() {
        return Err(Failure::new("key-not-allowed", "the file is sealed under none of the `keys` of the policy that --from names")
            .help("no job would take it under that policy either: seal the records again"));
    }
    Ok(found)
}

fn key_to_seal_under(opening_keys: &[KeyArn], terms: &Terms<'_>) -> Result<KeyArn> {
    if let Some(arn) = terms.key_arn {
        terms.to.allows_key(arn)?;
        return Ok(arn.clone());
    }
    let listed = terms.to.policy().keys();
    match opening_keys.iter().find(|arn| listed.contains(arn)) {
        Some(arn) => Ok(arn.clone()),
        None => {
            let listed: Vec<&str> = listed.iter().map(KeyArn::as_str).collect();
            Err(Failure::new("key-not-allowed", "the new policy lists none of the keys that the file is sealed under")
                .help(format!("choose one of its keys with --key-arn: {}", listed.join(", "))))
        }
    }
}

/// Every pair as it was, but for the policy, the dataset and the key of a signature that the new message does not have.
fn new_context(
    old: &EncryptionContext,
    to: &OwnerPolicy,
    dataset: Option<&str>,
) -> std::result::Result<EncryptionContext, sealroom_shared::message::MessageError> {
    let mut context = EncryptionContext::new();
    context.insert(binding::POLICY, &to.policy().digest().to_string())?;
    if let Some(dataset) = dataset {
        context.insert(binding::DATASET, dataset)?;
    }
    for (key, value) in old.iter() {
        let replaced = key == binding::POLICY || key == SIGNATURE_PUBLIC_KEY || (key == binding::DATASET && dataset.is_some());
        if !replaced {
            context.insert(key, value)?;
        }
    }
    Ok(context)
}
