//! The generator of key policies. Called by `key-policy generate`; pure.
//!
//! What a generated policy promises: the enclave's role uses the key only with the attestation document of a listed image,
//! its PCR0, PCR1 and PCR2 together; whoever brings data in or opens results has just that; who administers does not use;
//! nobody re-encrypts, grants, replicates or imports. [`generate`] lints each policy and simulates these promises before
//! it gives it out.

mod pcr;
mod promises;
mod role;
mod statement;
mod terms;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use sealroom_shared::binding;
use serde::Serialize;

pub use self::pcr::{PcrSourceError, parent_role_pcr3, signer_pcr8};
pub use self::role::{RoleArn, RoleArnError};
use self::statement::{Conditions, Statement};
pub use self::terms::{IMAGES_MAX, Kind, Terms, TermsError};
use super::{
    actions, attested_key,
    document::{BYTES_MAX, KeyPolicy, KeyPolicyError},
    lint,
};

/// Why no policy was given out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// Too many digests or images for one key policy.
    #[error("the policy would have {0} bytes; KMS takes at most {BYTES_MAX}")]
    TooLarge(usize),
    /// The evaluator does not read it: a bug here.
    #[error("the generated policy does not parse: {0}")]
    Unreadable(#[from] KeyPolicyError),
    /// The linter found something: a bug here.
    #[error("the generated policy does not lint clean: {0}")]
    Lint(String),
    /// The simulation differs from the promise: a bug here.
    #[error("the generated policy breaks a promise: {0}")]
    Promise(String),
}

/// The key policy for these terms, as JSON text, checked.
///
/// # Errors
/// [`GenerateError::TooLarge`]; any other one is a bug of the generator, and the policy is withheld.
pub fn generate(terms: &Terms) -> Result<String, GenerateError> {
    let text = write(terms);
    if text.len() > BYTES_MAX {
        return Err(GenerateError::TooLarge(text.len()));
    }
    let policy = KeyPolicy::parse(&text)?;
    let findings = lint::lint(&text)?;
    if !lint::is_clean(&findings) {
        let found: Vec<String> = findings.iter().map(|finding| finding.to_text("the policy")).collect();
        return Err(GenerateError::Lint(found.join("; ")));
    }
    promises::keep(&policy, terms).map_err(GenerateError::Promise)?;
    Ok(text)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Written {
    version: &'static str,
    id: &'static str,
    statement: Vec<Statement>,
}

fn write(terms: &Terms) -> String {
    let mut statements = vec![Statement::allow("Administer", &terms.admin, &actions::ADMINISTRATIVE)];
    match &terms.kind {
        Kind::Input { owner, owner_decrypts } => {
            statements.push(
                Statement::allow("OwnerSeals", owner, &["kms:Encrypt", "kms:GenerateDataKey"]).when(bound_to(terms, binding::POLICY)),
            );
            if *owner_decrypts {
                statements.push(Statement::allow("OwnerRebinds", owner, &["kms:Decrypt"]));
            }
        }
        Kind::Output { consumer, .. } => statements.push(Statement::allow("ConsumerOpens", consumer, &["kms:Decrypt"])),
    }
    let (verb, action, bound) = match terms.kind {
        Kind::Input { .. } => ("Opens", "kms:Decrypt", bound_to(terms, binding::POLICY)),
        Kind::Output { .. } => ("Seals", "kms:GenerateDataKey", bound_to(terms, binding::SOURCE_POLICY)),
    };
    for (image, number) in terms.images.iter().zip(1..) {
        let pcrs = terms.pcrs(image).into_iter().map(|(index, pcr)| (attested_key::name(index), vec![pcr.hex()]));
        statements.push(
            Statement::allow(format!("EnclaveImage{number}{verb}"), &terms.enclave, &[action])
                .when(Conditions::from([("StringEqualsIgnoreCase", pcrs.collect())]))
                .when(bound.clone()),
        );
    }
    if let Kind::Output { further_recipient: true, .. } = terms.kind {
        let kind = BTreeMap::from([(context_key(binding::KIND), vec![binding::OUTPUT.to_owned()])]);
        statements.push(
            Statement::allow("EnclaveSealsAsFurtherRecipient", &terms.enclave, &["kms:Encrypt"])
                .when(Conditions::from([("StringEquals", kind)]))
                .when(bound),
        );
    }
    denies(terms, &mut statements);
    let written = Written { version: "2012-10-17", id: "sealroom-key-policy-1", statement: statements };
    serde_json::to_string_pretty(&written).unwrap_or_default()
}

/// One Deny a PCR: under one operator, or in one statement, they would apply only where all of them differ.
fn denies(terms: &Terms, statements: &mut Vec<Statement>) {
    let denied: &[&str] = match terms.kind {
        Kind::Input { .. } => &["kms:Decrypt"],
        Kind::Output { .. } => &["kms:GenerateDataKey*"],
    };
    let mut values: BTreeMap<u8, Vec<String>> = BTreeMap::new();
    for (index, pcr) in terms.images.iter().flat_map(|image| terms.pcrs(image)) {
        let values = values.entry(index).or_default();
        if !values.contains(&pcr.hex()) {
            values.push(pcr.hex());
        }
    }
    for (index, values) in values {
        let differs = BTreeMap::from([(attested_key::name(index), values)]);
        let mut deny =
            Statement::deny(format!("DenyOtherPCR{index}"), denied).when(Conditions::from([("StringNotEqualsIgnoreCase", differs)]));
        if let Kind::Input { owner, owner_decrypts: true } = &terms.kind {
            let others = BTreeMap::from([("aws:PrincipalArn".to_owned(), vec![owner.to_string()])]);
            deny = deny.when(Conditions::from([("ArnNotEquals", others)]));
        }
        statements.push(deny);
    }
    statements
        .push(Statement::deny("DenyMovingTheKey", &["kms:CreateGrant", "kms:ImportKeyMaterial", "kms:ReEncrypt*", "kms:ReplicateKey"]));
}

/// The condition that holds a key to the owner's policies; none where no digest was given.
fn bound_to(terms: &Terms, context: &str) -> Conditions {
    if terms.policy_digests.is_empty() {
        return Conditions::new();
    }
    let digests = terms.policy_digests.iter().map(ToString::to_string).collect();
    Conditions::from([("StringEquals", BTreeMap::from([(context_key(context), digests)]))])
}

fn context_key(key: &str) -> String {
    format!("kms:EncryptionContext:{key}")
}
