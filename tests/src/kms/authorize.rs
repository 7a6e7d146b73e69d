//! Whether a caller may use a key: the key's policy decides, by the evaluator that ships with the command.

use sealroom_parent::key_policy::{KeyPolicy, Outcome, Request, RequestContext};

use super::blob::EncryptionContext;
use super::credentials::ACCOUNT;
use super::error::KmsError;
use super::key::Key;
use super::recipient::Recipient;
use super::request_log::Entry;
use super::sigv4::Caller;

/// The facts of a request that conditions can ask for.
#[derive(Default)]
pub(super) struct Facts<'a> {
    pub(super) context: Option<&'a EncryptionContext>,
    pub(super) recipient: Option<&'a Recipient>,
    /// The alias by which the key was named.
    pub(super) alias: Option<&'a str>,
}

/// Allows `action` on `key`, or says so as AWS does.
pub(super) fn authorize(caller: &Caller, action: &str, key: &Key, facts: &Facts<'_>, entry: &mut Entry) -> Result<(), KmsError> {
    let policy = KeyPolicy::parse(&key.policy).map_err(|error| malformed(&error.to_string()))?;
    let request = request(caller, action, key, facts);
    let evaluation = policy.evaluate(&request);
    let reason = match evaluation.outcome {
        Outcome::Allowed(_) => return Ok(()),
        Outcome::ExplicitlyDenied(_) => "with an explicit deny in a resource-based policy".to_owned(),
        Outcome::NotAllowed => format!("because no resource-based policy allows the {action} action"),
    };
    let near =
        evaluation.near_misses().flat_map(|(index, failed)| failed.iter().map(move |failed| format!("statement {}: {failed}", index + 1)));
    entry.near_misses = near.collect();
    let (principal, arn) = (&caller.principal, key.arn());
    Err(KmsError::new(
        "AccessDeniedException",
        format!("User: {principal} is not authorized to perform: {action} on resource: {arn} {reason}"),
    ))
}

/// KMS's safety check: whoever puts a policy must still be able to put the next one.
pub(super) fn keeps_control(caller: &Caller, key: &Key) -> Result<(), KmsError> {
    let policy = KeyPolicy::parse(&key.policy).map_err(|error| malformed(&error.to_string()))?;
    if policy.evaluate(&request(caller, "kms:PutKeyPolicy", key, &Facts::default())).is_allowed() {
        return Ok(());
    }
    Err(malformed("The new key policy will not allow you to update the key policy in the future."))
}

fn request(caller: &Caller, action: &str, key: &Key, facts: &Facts<'_>) -> Request {
    let mut context = RequestContext::new()
        .with("aws:PrincipalArn", caller.principal.arn())
        .with("aws:PrincipalAccount", ACCOUNT)
        .with("aws:SecureTransport", "true")
        .with("kms:CallerAccount", ACCOUNT)
        .with("kms:KeySpec", "SYMMETRIC_DEFAULT")
        .with("kms:KeyUsage", "ENCRYPT_DECRYPT")
        .with("kms:KeyOrigin", "AWS_KMS");
    if let Some(alias) = facts.alias {
        context = context.with("kms:RequestAlias", alias);
    }
    if let Some(pairs) = facts.context {
        context = context.encryption_context(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    }
    if let Some(recipient) = facts.recipient {
        let pcrs: Vec<_> = recipient.document().pcrs.iter().map(|(index, pcr)| (*index, pcr.hex())).collect();
        context = context.attested(pcrs.iter().map(|(index, hex)| (*index, hex.as_str())));
    }
    Request { principal: caller.principal.clone(), action: action.to_owned(), key_arn: key.arn(), context }
}

fn malformed(text: &str) -> KmsError {
    KmsError::new("MalformedPolicyDocumentException", text)
}
