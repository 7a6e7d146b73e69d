//! What the enclave decided, decided once more: that the policy allows the job, and that what the statement says of keys,
//! datasets, recipients, counts and times keeps to the policy. A receipt of the expected image has this already; here it is
//! recomputed from the files by the same rules, so that nobody has to take the enclave's program for it.

use sealroom_shared::{
    authorize,
    job::Job,
    policy::{Form, Policy, UnixMillis},
    receipt::{Input, Statement},
};

use super::BELIEVE_NEITHER;
use crate::verdict::{Outcome, Verdict};

/// Two lines: the statement against the policy, the job against the policy.
pub(super) fn check(policy: Option<&Policy>, job: Option<&Job>, statement: &Statement, verdict: &mut Verdict) {
    let Some(policy) = policy else {
        not_checked("policy-terms", "it needs the receipt's own policy file", verdict);
        return not_checked("job-allowed", "it needs the receipt's own policy and job files", verdict);
    };
    let breaches = breaches(policy, statement);
    if breaches.is_empty() {
        let detail = "what the receipt states of keys, datasets, recipients, counts and times keeps to the policy";
        verdict.add("policy-terms", Outcome::Passed, detail);
    } else {
        verdict.refuse("policy-terms", format!("beyond the policy: {}", breaches.join("; ")), BELIEVE_NEITHER);
    }
    let Some(job) = job else {
        return not_checked("job-allowed", "it needs the receipt's own job file", verdict);
    };
    match authorize::job(policy, job, UnixMillis(statement.attested.authorized)) {
        Ok(_) => verdict.add("job-allowed", Outcome::Passed, "the policy allows this job, decided here once more"),
        Err(error) => verdict.refuse("job-allowed", format!("the policy does not allow this job: {error}"), BELIEVE_NEITHER),
    }
}

/// A line that was not looked at, unless it failed already because the file cannot be read.
fn not_checked(check: &str, reason: &str, verdict: &mut Verdict) {
    if verdict.lines().iter().all(|line| line.check != check) {
        verdict.skip(check, reason);
    }
}

/// Everything in the statement that the policy does not allow, in words.
fn breaches(policy: &Policy, statement: &Statement) -> Vec<String> {
    let mut breaches = Vec::new();
    if statement.policy.name != policy.name() {
        breaches.push(format!("the policy's name is {:?}", policy.name()));
    }
    for (time, name) in [(statement.attested.authorized, "allowed"), (statement.attested.finished, "finished")] {
        if let Err(outside) = policy.still_valid(UnixMillis(time)) {
            breaches.push(format!("when the job was {name}, {outside}"));
        }
    }
    for (input, number) in statement.inputs.iter().zip(1..) {
        let (form, datasets, key) = match input {
            Input::File { dataset, key_arn, .. } => (Form::File, std::slice::from_ref(dataset), Some(key_arn)),
            Input::Fields { datasets, .. } => (Form::Fields, datasets.as_slice(), None),
        };
        if form != policy.input().form {
            breaches.push(format!("input {number} is of another form"));
        }
        if datasets.iter().any(|dataset| !policy.datasets().contains(dataset)) {
            breaches.push(format!("input {number} is of a dataset that it does not list"));
        }
        if key.is_some_and(|key| !policy.keys().contains(key)) {
            breaches.push(format!("input {number} was sealed under a key that it does not list"));
        }
        if matches!(input, Input::Fields { manifest: None, .. }) && policy.input().whole {
            breaches.push(format!("input {number} was compared with no manifest"));
        }
    }
    for key in &statement.token_keys {
        if !policy.tokens().contains_key(&key.domain) || !policy.keys().contains(&key.key_arn) {
            breaches.push(format!("the token key of {:?} is not one that it allows", key.domain));
        }
    }
    for (output, number) in statement.outputs.iter().zip(1..) {
        if !output.recipients.iter().eq(policy.recipients().iter().map(|recipient| recipient.name())) {
            breaches.push(format!("output {number} has other recipients"));
        }
    }
    if statement.counts.is_some() != policy.release().counts {
        breaches.push("counts are stated, or left out, against its word".to_owned());
    }
    let most = policy.release().records.as_ref().map(|records| records.max_records);
    if statement.counts.is_some_and(|counts| most.is_none_or(|most| counts.released > most)) {
        breaches.push("more records were released than it allows".to_owned());
    }
    breaches
}
