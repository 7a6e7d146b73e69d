//! Every check that `sealroom verify` makes of a receipt, line by line: the receipt itself, the files that somebody says it is
//! about, and CloudTrail's record of its KMS requests. `commands::verify` alone calls it. It asks no clock and no network; what
//! was not given is a line that says so, and nothing is ever counted as passed because it could not be looked at.

use sealroom_shared::{
    attestation::TrustAnchor,
    measurements::Measurements,
    policy::Policy,
    receipt::{Statement, VerifiedReceipt},
};

pub use self::{
    cloudtrail::{Events, OtherUses},
    files::{Document, GivenFile},
};
use crate::verdict::{Outcome, Verdict};

mod cloudtrail;
mod events;
mod files;
mod receipt;
mod terms;

/// What to do about a line that failed, where nothing nearer is known.
const BELIEVE_NEITHER: &str = "believe neither the receipt nor the file, and ask who gave them to you";

/// What a receipt is checked against, each read already.
pub struct Given<'a> {
    /// The receipt file's bytes.
    pub receipt: &'a [u8],
    /// The expected image.
    pub measurements: &'a Measurements,
    /// Where documents have to come from.
    pub anchor: &'a TrustAnchor,
    /// The submitter's nonce.
    pub nonce: Option<&'a [u8]>,
    /// The policy file.
    pub policy: Option<&'a Document>,
    /// The job file.
    pub job: Option<&'a Document>,
    /// Files that are said to be inputs, manifests among them.
    pub inputs: &'a [GivenFile],
    /// Files that are said to be outputs.
    pub outputs: &'a [GivenFile],
    /// CloudTrail's events, and what other uses of the keys mean.
    pub events: Option<(&'a Events, OtherUses)>,
}

/// What came of it.
pub struct Checked {
    /// Every line; those that failed have their mend.
    pub verdict: Verdict,
    /// The receipt, where all that concerns itself holds. What it states is the enclave's word even where a file that was
    /// given turned out to be another one.
    pub receipt: Option<VerifiedReceipt>,
    /// The policy, where it is the one that the receipt states.
    pub policy: Option<Policy>,
}

/// Makes every check.
pub fn check(given: &Given<'_>) -> Checked {
    let mut verdict = Verdict::default();
    let Some(receipt) = receipt::check(given, &mut verdict) else {
        rest_not_checked(given, &mut verdict);
        return Checked { verdict, receipt: None, policy: None };
    };
    let statement = receipt.statement();
    let policy = files::policy(given.policy, statement, &mut verdict);
    let job = files::job(given.job, statement, &mut verdict);
    terms::check(policy.as_ref(), job.as_ref(), statement, &mut verdict);
    files::inputs(given, statement, &mut verdict);
    files::outputs(given, statement, &mut verdict);
    not_comparable(statement, &mut verdict);
    cloudtrail::check(given.events, &receipt, &mut verdict);
    Checked { verdict, receipt: Some(receipt), policy }
}

/// A receipt that is not believed says nothing that a file could be compared with.
fn rest_not_checked(given: &Given<'_>, verdict: &mut Verdict) {
    let named = [
        ("policy", given.policy.is_some()),
        ("job", given.job.is_some()),
        ("inputs", !given.inputs.is_empty()),
        ("outputs", !given.outputs.is_empty()),
        ("kms-requests", given.events.is_some()),
    ];
    for (check, _) in named.into_iter().filter(|(_, is_given)| *is_given) {
        verdict.add(check, Outcome::NotChecked, "the receipt itself is refused: it states nothing to compare with");
    }
}

/// Token keys are stated by message id, without a digest of the file.
fn not_comparable(statement: &Statement, verdict: &mut Verdict) {
    if !statement.token_keys.is_empty() {
        let domains: Vec<&str> = statement.token_keys.iter().map(|key| key.domain.as_str()).collect();
        let detail = format!("used for {}; the receipt names them by message id, and no file is compared", domains.join(", "));
        verdict.add("token-keys", Outcome::NotChecked, detail);
    }
}
