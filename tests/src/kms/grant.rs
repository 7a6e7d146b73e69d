//! One grant on a key: whom it lets do what, under which encryption context. It only ever adds to what the key policy allows;
//! `authorize` asks it after the policy, and never where the policy denies explicitly.

use sealroom_parent::key_policy::{Principal, PrincipalPattern};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::blob::EncryptionContext;
use super::credentials::ACCOUNT;
use super::decision::FailedCheck;
use super::error::KmsError;
use super::key::Key;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Grant {
    pub(super) id: String,
    /// Each names this grant; CreateGrant makes one more where it is repeated.
    pub(super) tokens: Vec<String>,
    pub(super) created: f64,
    #[serde(flatten)]
    pub(super) terms: Terms,
}

/// What CreateGrant asks for; two grants of one name and the same terms are one.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Terms {
    pub(super) grantee_principal: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retiring_principal: Option<String>,
    pub(super) operations: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) constraints: Option<Constraints>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
}

/// Both may be given, and then both must hold. An unknown constraint is refused: one that is skipped would widen the grant.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Constraints {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) encryption_context_equals: Option<EncryptionContext>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) encryption_context_subset: Option<EncryptionContext>,
}

impl Grant {
    /// `None` where the grant speaks of another principal or operation; else what stands against it, nothing where it allows.
    /// `context` is that of an operation that takes one: constraints bear on no other.
    pub(super) fn permits(&self, caller: &Principal, operation: &str, context: Option<&EncryptionContext>) -> Option<Vec<FailedCheck>> {
        if !names(&self.terms.grantee_principal, caller) || !self.allows_operation(operation) {
            return None;
        }
        let (Some(constraints), Some(context)) = (&self.terms.constraints, context) else { return Some(Vec::new()) };
        let equals =
            constraints.encryption_context_equals.as_ref().filter(|wanted| !(includes(context, wanted) && context.len() == wanted.len()));
        let subset = constraints.encryption_context_subset.as_ref().filter(|wanted| !includes(context, wanted));
        let failed = [("EncryptionContextEquals", equals), ("EncryptionContextSubset", subset)].into_iter().filter_map(|(name, wanted)| {
            Some(FailedCheck {
                at: format!("grant {}", self.id),
                condition: name.to_owned(),
                expected: pairs(wanted?),
                actual: (!context.is_empty()).then(|| pairs(context)),
            })
        });
        Some(failed.collect())
    }

    pub(super) fn allows_operation(&self, operation: &str) -> bool {
        self.terms.operations.iter().any(|allowed| allowed == operation)
    }

    /// True where nothing that `terms` allow goes beyond this grant: what a grantee with CreateGrant may hand on.
    pub(super) fn covers(&self, terms: &Terms) -> bool {
        terms.operations.iter().all(|operation| self.allows_operation(operation)) && self.constrains_as_much(terms)
    }

    fn constrains_as_much(&self, terms: &Terms) -> bool {
        let Some(own) = &self.terms.constraints else { return true };
        let of_terms = |pick: fn(&Constraints) -> Option<&EncryptionContext>| terms.constraints.as_ref().and_then(pick);
        let equals = of_terms(|constraints| constraints.encryption_context_equals.as_ref());
        let subset = of_terms(|constraints| constraints.encryption_context_subset.as_ref());
        let keeps_equals = own.encryption_context_equals.as_ref().is_none_or(|wanted| equals == Some(wanted));
        let keeps_subset = own
            .encryption_context_subset
            .as_ref()
            .is_none_or(|wanted| [equals, subset].into_iter().flatten().any(|given| includes(given, wanted)));
        keeps_equals && keeps_subset
    }

    /// The entry of ListGrants.
    pub(super) fn listed(&self, key: &Key) -> Value {
        let mut entry = json!({
            "KeyId": key.arn(),
            "GrantId": self.id,
            "CreationDate": self.created,
            "IssuingAccount": format!("arn:aws:iam::{ACCOUNT}:root"),
        });
        if let (Value::Object(entry), Ok(Value::Object(terms))) = (&mut entry, serde_json::to_value(&self.terms)) {
            entry.extend(terms);
        }
        entry
    }
}

/// True where `arn` is the caller, the caller's role or the caller's account.
pub(super) fn names(arn: &str, caller: &Principal) -> bool {
    pattern(arn).is_some_and(|pattern| pattern.names(caller))
}

/// Whom a grantee's or retiring principal's ARN names.
fn pattern(arn: &str) -> Option<PrincipalPattern> {
    if arn == format!("arn:aws:iam::{ACCOUNT}:root") {
        return Some(PrincipalPattern::Account(ACCOUNT.to_owned()));
    }
    Principal::parse(arn).ok().map(|_| PrincipalPattern::One(arn.to_owned()))
}

/// Refuses what is no ARN of a user, a role, a session or the account.
pub(super) fn check_principal(arn: &str) -> Result<(), KmsError> {
    let refused = || KmsError::new("InvalidArnException", "mock KMS: not the ARN of a user, a role, a session of a role or this account");
    pattern(arn).map(drop).ok_or_else(refused)
}

/// Keys of a grant constraint have no case; values have.
fn includes(context: &EncryptionContext, wanted: &EncryptionContext) -> bool {
    wanted.iter().all(|(key, value)| context.iter().any(|(other, found)| other.eq_ignore_ascii_case(key) && found == value))
}

/// `key=value` of each pair, as people write them.
pub(super) fn pairs(context: &EncryptionContext) -> Vec<String> {
    context.iter().map(|(key, value)| format!("{key}={value}")).collect()
}
