//! The simulator of key policies: who may do what with the key, without a document, from this image, from another one and
//! from an enclave in debug mode. Called by `key-policy simulate` and by the generator on its own policies; pure.
//!
//! It takes the worst case wherever something is not known: the other image and the debug enclave run on the same parent
//! under the same role and signer, so their PCR3, PCR4 and PCR8 are those that the policy names.

mod cases;
mod people;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use sealroom_shared::measurements::Measurements;
use serde_json::{Value, json};

pub use self::cases::Case;
use self::cases::Documents;
pub use self::people::{Person, Role};
pub use self::table::table;
use super::{
    actions, attested_key,
    document::{Effect, KeyPolicy},
    evaluate::{Evaluation, Outcome},
    pattern,
    principal::Principal,
    request::{Request, RequestContext},
};

/// The operations that are simulated, in the order of the table.
pub const OPERATIONS: [&str; 11] = [
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateDataKeyPair",
    "kms:Encrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:CreateGrant",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:DescribeKey",
];

/// Condition keys of the policy that no simulated request has (`aws:SourceVpce`, `kms:ViaService`), each once, in the policy's
/// order: an Allow with one counts for nothing here, a Deny with a negated one always applies.
#[must_use]
pub fn keys_not_simulated(policy: &KeyPolicy) -> Vec<&str> {
    let mut keys: Vec<&str> = Vec::new();
    for condition in policy.statements().iter().flat_map(|statement| &statement.conditions) {
        let lower = condition.key.to_ascii_lowercase();
        let is_simulated =
            SIMULATED.contains(&lower.as_str()) || attested_key::pcr_index(&lower).is_some() || lower.starts_with("kms:encryptioncontext:");
        if !is_simulated && !keys.iter().any(|key| key.eq_ignore_ascii_case(&lower)) {
            keys.push(&condition.key);
        }
    }
    keys
}

/// One policy, one image, one encryption context; asked about people one by one.
pub struct Simulation<'a> {
    policy: &'a KeyPolicy,
    documents: Documents,
    /// The encryption context of every request.
    pub context: BTreeMap<String, String>,
    /// Keys that requests may be about: each that the policy's Resources name, and another one. The one that gets through counts.
    key_arns: Vec<String>,
}

/// What one person may do by one operation.
pub struct Row {
    /// The operation.
    pub operation: &'static str,
    /// One cell a [`Case`], in its order. `None`: the operation takes no attestation document.
    pub cells: Vec<Option<Cell>>,
}

/// The decision for one person, operation and case.
#[derive(Debug, Clone)]
pub struct Cell {
    /// True where KMS would go on.
    pub allowed: bool,
    /// The deciding statement, from 1; `None` where no statement allows it.
    pub statement: Option<usize>,
    /// Which of the case's documents decided, where it has several: `PCR1 alone differs`.
    pub document: &'static str,
    /// The conditions that kept Allow statements from applying.
    pub why: Vec<String>,
}

impl<'a> Simulation<'a> {
    /// Simulates with `context`. Where it is `None`, the encryption context is what the policy's Allow statements ask for:
    /// the first value of each key.
    #[must_use]
    pub fn new(policy: &'a KeyPolicy, image: &Measurements, context: Option<BTreeMap<String, String>>) -> Self {
        Self {
            policy,
            documents: Documents::new(policy, image),
            context: context.unwrap_or_else(|| context_asked_for(policy)),
            key_arns: key_arns(policy),
        }
    }

    /// Everything that `principal` may do: a row an operation.
    #[must_use]
    pub fn rows(&self, principal: &Principal) -> Vec<Row> {
        let row = |operation| Row { operation, cells: Case::ALL.map(|case| self.cell(principal, operation, case)).into() };
        OPERATIONS.into_iter().map(row).collect()
    }

    /// One cell; `None` where the operation takes no document and the case has one.
    #[must_use]
    pub fn cell(&self, principal: &Principal, operation: &str, case: Case) -> Option<Cell> {
        let (document, evaluation) = self.evaluation(principal, operation, case)?;
        Some(self.decided(&evaluation, document))
    }

    /// Whether one cell says allowed.
    #[must_use]
    pub fn allows(&self, principal: &Principal, operation: &str, case: Case) -> Option<bool> {
        self.evaluation(principal, operation, case).map(|(_, evaluation)| evaluation.is_allowed())
    }

    /// Of a case's several documents, and of several keys, the one that gets through counts.
    fn evaluation(&self, principal: &Principal, operation: &str, case: Case) -> Option<(&'static str, Evaluation)> {
        if case != Case::Unattested && !actions::ATTESTABLE.contains(&operation) {
            return None;
        }
        let documents = self.documents.of(case).iter();
        let requests =
            documents.flat_map(|(document, pcrs)| self.key_arns.iter().map(move |key_arn| (*document, pcrs.as_ref(), key_arn.as_str())));
        let mut evaluations =
            requests.map(|(document, pcrs, key_arn)| (document, self.policy.evaluate(&self.request(principal, operation, pcrs, key_arn))));
        let first = evaluations.next()?;
        if first.1.is_allowed() {
            return Some(first);
        }
        Some(evaluations.find(|(_, evaluation)| evaluation.is_allowed()).unwrap_or(first))
    }

    fn request(&self, principal: &Principal, operation: &str, pcrs: Option<&BTreeMap<u8, String>>, key_arn: &str) -> Request {
        let pairs = self.context.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let mut context =
            RequestContext::new().caller(principal).with("kms:KeySpec", "SYMMETRIC_DEFAULT").with("kms:KeyUsage", "ENCRYPT_DECRYPT");
        if actions::uses().any(|action| action == operation) {
            context = context.encryption_context(pairs);
        }
        if let Some(pcrs) = pcrs {
            context = context.attested(pcrs.iter().map(|(index, hex)| (*index, hex.as_str())));
        }
        Request { principal: principal.clone(), action: operation.to_owned(), key_arn: key_arn.to_owned(), context }
    }

    fn decided(&self, evaluation: &Evaluation, document: &'static str) -> Cell {
        let statement = match evaluation.outcome {
            Outcome::Allowed(index) | Outcome::ExplicitlyDenied(index) => Some(index + 1),
            Outcome::NotAllowed => None,
        };
        let is_allow = |index: usize| self.policy.statements().get(index).is_some_and(|statement| statement.effect == Effect::Allow);
        let failed = evaluation.near_misses().filter(|(index, _)| is_allow(*index));
        let failed = failed.flat_map(|(index, failed)| failed.iter().map(move |failed| format!("statement {}: {failed}", index + 1)));
        Cell { allowed: evaluation.is_allowed(), statement, document, why: failed.collect() }
    }
}

impl Cell {
    /// For programs.
    #[must_use]
    pub fn to_json(&self, case: Case) -> Value {
        json!({
            "case": case.code(),
            "outcome": if self.allowed { "allowed" } else { "denied" },
            "statement": self.statement,
            "document": (!self.document.is_empty()).then_some(self.document),
            "conditions_failed": self.why,
        })
    }
}

impl Row {
    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let cells = Case::ALL.iter().zip(&self.cells).map(|(case, cell)| match cell {
            Some(cell) => cell.to_json(*case),
            None => json!({ "case": case.code(), "outcome": "no-document-taken" }),
        });
        json!({ "operation": self.operation, "cases": cells.collect::<Vec<_>>() })
    }
}

/// A key for each Resource, its wildcards filled in, and one that no Resource names: nobody says which of them the policy is on.
fn key_arns(policy: &KeyPolicy) -> Vec<String> {
    let resources = policy.statements().iter().flat_map(|statement| &statement.resources);
    let named = resources.filter(|resource| *resource != "*").map(|resource| pattern::filled(resource));
    let keys: BTreeSet<String> = named.collect();
    keys.into_iter().chain([MADE_KEY.to_owned()]).collect()
}

/// The first value that the Allow statements ask of each key of the encryption context.
fn context_asked_for(policy: &KeyPolicy) -> BTreeMap<String, String> {
    let mut context = BTreeMap::new();
    let allows = policy.statements().iter().filter(|statement| statement.effect == Effect::Allow);
    for condition in allows.flat_map(|statement| &statement.conditions) {
        let (prefix, key) = condition.key.split_at_checked(CONTEXT.len()).unwrap_or_default();
        if prefix.eq_ignore_ascii_case(CONTEXT)
            && !condition.operator.comparison.is_negated()
            && let Some(value) = condition.values.first()
        {
            context.entry(key.to_owned()).or_insert_with(|| value.clone());
        }
    }
    context
}

const CONTEXT: &str = "kms:EncryptionContext:";

/// A key that does not exist, for policies that say `*`.
const MADE_KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000";

/// Condition keys of every simulated request, in lower case, beside those of documents and of the encryption context.
const SIMULATED: [&str; 7] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:securetransport",
    "kms:calleraccount",
    "kms:encryptioncontextkeys",
    "kms:keyspec",
    "kms:keyusage",
];
