//! Whether a caller may use a key: the key's policy, by the evaluator that ships with the command, and then its grants. An
//! explicit Deny of the policy wins over any grant. Every decision goes into the log with the conditions that made it.

use sealroom_parent::key_policy::{Condition, Effect, Evaluation, KeyPolicy, Outcome, Request, RequestContext, StatementOutcome};

use super::blob::EncryptionContext;
use super::credentials::ACCOUNT;
use super::decision::{Decision, FailedCheck};
use super::error::KmsError;
use super::grant::Terms;
use super::key::Key;
use super::recipient::Recipient;
use super::request_log::Entry;
use super::sigv4::Caller;

/// The facts of a request that conditions and grants can ask for.
#[derive(Default)]
pub(super) struct Facts<'a> {
    /// Of operations that take one.
    pub(super) context: Option<&'a EncryptionContext>,
    pub(super) recipient: Option<&'a Recipient>,
    /// The alias by which the key was named.
    pub(super) alias: Option<&'a str>,
    /// Every alias of the key.
    pub(super) aliases: &'a [String],
    /// Condition keys of this operation alone.
    pub(super) extra: Vec<(&'static str, String)>,
    /// Of CreateGrant: the new grant's terms.
    pub(super) grant: Option<&'a Terms>,
    /// Of RetireGrant: the grant, and whether the caller is its retiring principal.
    pub(super) retires: Option<(&'a str, bool)>,
}

/// Allows `action` on `key`, or says so as AWS does.
pub(super) fn authorize(caller: &Caller, action: &str, key: &Key, facts: &Facts<'_>, entry: &mut Entry) -> Result<(), KmsError> {
    let policy = KeyPolicy::parse(&key.policy).map_err(|error| malformed(&error.to_string()))?;
    let request = request(caller, action, key, facts);
    let evaluation = policy.evaluate(&request);
    let reason = match evaluation.outcome {
        Outcome::Allowed(index) => {
            entry.decisions.push(Decision::allowed(action, format!("{} of the key policy", place(&policy, index))));
            return Ok(());
        }
        Outcome::ExplicitlyDenied(_) => {
            let failed = denials(&policy, &evaluation, &request.context);
            entry.decisions.push(Decision::denied(action, "explicit deny in the key policy", failed));
            "with an explicit deny in a resource-based policy".to_owned()
        }
        Outcome::NotAllowed => match by_grant(caller, action, key, facts) {
            Ok(grant) => {
                entry.decisions.push(Decision::allowed(action, format!("grant {grant}")));
                return Ok(());
            }
            Err(mut failed) => {
                failed.splice(..0, near_allows(&policy, &evaluation));
                let by = if failed.is_empty() {
                    "no statement and no grant names this principal and action"
                } else {
                    "no statement and no grant allows it"
                };
                entry.decisions.push(Decision::denied(action, by, failed));
                format!("because no resource-based policy allows the {action} action")
            }
        },
    };
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

/// The id of a grant that allows the request, or what stood against those that came near.
fn by_grant(caller: &Caller, action: &str, key: &Key, facts: &Facts<'_>) -> Result<String, Vec<FailedCheck>> {
    let operation = action.strip_prefix("kms:").unwrap_or(action);
    let mut near = Vec::new();
    for grant in &key.grants {
        let permits = match facts.retires {
            Some((id, _)) if id != grant.id => None,
            Some((_, true)) => Some(Vec::new()),
            _ => grant.permits(&caller.principal, operation, facts.context),
        };
        let Some(mut failed) = permits else { continue };
        if let Some(terms) = facts.grant.filter(|terms| !grant.covers(terms)) {
            failed.push(FailedCheck {
                at: format!("grant {}", grant.id),
                condition: "a grant made under it allows no more operations, under constraints as strict".to_owned(),
                expected: grant.terms.operations.clone(),
                actual: Some(terms.operations.clone()),
            });
        }
        if failed.is_empty() {
            return Ok(grant.id.clone());
        }
        near.append(&mut failed);
    }
    Err(near)
}

/// Every Deny that applies, with what it names and what the request has: one Deny a PCR tells each PCR that differs.
fn denials(policy: &KeyPolicy, evaluation: &Evaluation, context: &RequestContext) -> Vec<FailedCheck> {
    let applies = |(_, outcome): &(usize, &StatementOutcome)| **outcome == StatementOutcome::Applies(Effect::Deny);
    let applying = evaluation.statements.iter().enumerate().filter(applies);
    let checks = applying.flat_map(|(index, _)| {
        let at = place(policy, index);
        let conditions = &policy.statements()[index].conditions;
        let always = conditions.is_empty().then(|| FailedCheck {
            at: at.clone(),
            condition: "none: it denies always".to_owned(),
            expected: Vec::new(),
            actual: None,
        });
        let written =
            conditions.iter().map(move |condition| check(at.clone(), condition, context.values(&condition.key).map(<[String]>::to_vec)));
        always.into_iter().chain(written)
    });
    checks.collect()
}

/// The conditions that kept statements from allowing the request.
fn near_allows(policy: &KeyPolicy, evaluation: &Evaluation) -> Vec<FailedCheck> {
    let near = evaluation.near_misses().filter(|(index, _)| policy.statements()[*index].effect == Effect::Allow);
    let checks = near.flat_map(|(index, failed)| {
        let at = place(policy, index);
        failed.iter().map(move |failed| check(at.clone(), &failed.condition, failed.present.clone()))
    });
    checks.collect()
}

fn check(at: String, condition: &Condition, actual: Option<Vec<String>>) -> FailedCheck {
    FailedCheck { at, condition: format!("{} {}", condition.operator, condition.key), expected: condition.values.clone(), actual }
}

/// How a person finds the statement, counted from 1.
fn place(policy: &KeyPolicy, index: usize) -> String {
    let statement = &policy.statements()[index];
    let effect = if statement.effect == Effect::Allow { "Allow" } else { "Deny" };
    let sid = statement.sid.as_ref().map(|sid| format!(", {sid}")).unwrap_or_default();
    format!("statement {} ({effect}{sid})", index + 1)
}

fn request(caller: &Caller, action: &str, key: &Key, facts: &Facts<'_>) -> Request {
    let mut context = RequestContext::new()
        .with("aws:PrincipalArn", &caller.principal_arn)
        .with("aws:PrincipalAccount", ACCOUNT)
        .with("aws:RequestedRegion", &caller.region)
        .with("aws:SecureTransport", "true")
        .with("kms:CallerAccount", ACCOUNT)
        .with("kms:KeySpec", key.spec.name())
        .with("kms:KeyUsage", key.spec.usage())
        .with("kms:KeyOrigin", "AWS_KMS")
        .with("kms:MultiRegion", "false");
    if let Some(alias) = facts.alias {
        context = context.with("kms:RequestAlias", alias);
    }
    context = facts.aliases.iter().fold(context, |context, alias| context.with("kms:ResourceAliases", alias));
    context = facts.extra.iter().fold(context, |context, (key, value)| context.with(key, value));
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
