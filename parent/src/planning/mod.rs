//! What would become of a job under a policy, told without any key: what it reads and releases, to whom, which KMS calls it
//! causes, and what a sample of records in the clear would look like. `sealroom plan` uses it. The decision is `authorize`'s own,
//! the very one that the enclave makes; nothing here decides anything a second time.

mod clear_values;
mod kms_calls;
mod release;
mod sample;

use sealroom_shared::{
    authorize::{Breach, JobNotAllowed, Plan},
    job::{Condition, Job, JobKind},
    policy::{Form, Policy, RecipientKey},
    wire,
};
use serde_json::{Value, json};

use crate::{failure::Failure, policy_sentences, submission};
pub use sample::Sample;

/// A job that the policy allows, told.
pub struct Told {
    /// For `--json`.
    pub json: Value,
    /// For people. Holds names of policy and job as they are: whoever prints it escapes it.
    pub text: String,
}

/// Tells what an allowed job does.
pub fn tell(policy: &Policy, job: &Job, plan: &Plan) -> Told {
    let reads: Vec<Value> = plan.fields_read().map(|(field, sealed)| json!({ "field": &*field, "sealed": sealed })).collect();
    let names: Vec<String> = plan.fields_read().map(|(field, _)| format!("{field:?}")).collect();
    let conditions: Vec<Value> =
        conditions(job).iter().map(|condition| json!({ "field": condition.field, "op": condition.test.op().name() })).collect();
    let release = release::of(policy, job);
    let calls = kms_calls::of(policy, plan);
    let domains: Vec<&str> = plan.token_domains().collect();

    let mut text = format!("reads       {}\n", names.join(", "));
    for condition in self::conditions(job) {
        text.push_str(&format!("where       {:?} {}\n", condition.field, condition.test.op().name()));
    }
    text.push_str(&release.text);
    for recipient in policy.recipients() {
        text.push_str(&format!("opened by   {:?}, with {}\n", recipient.name(), key_text(recipient.key())));
    }
    for domain in &domains {
        text.push_str(&format!("token key   of the domain {domain:?}: `submit` takes it with --token-key\n"));
    }
    let manifest = policy.input().form == Form::Fields && policy.input().whole;
    if manifest {
        text.push_str("manifest    the owner's, beside the records: `submit` takes it with --manifest\n");
    }
    for call in &calls {
        text.push_str(&format!("KMS call    {call}\n"));
    }
    let recipients: Vec<Value> = policy.recipients().iter().map(|one| key_json(one.name(), one.key())).collect();
    let json = json!({
        "reads": reads,
        "conditions": conditions,
        "releases": release.json,
        "recipients": recipients,
        "token_domains": domains,
        "manifest": manifest,
        "kms_calls": calls,
    });
    Told { json, text }
}

/// The enclave's own refusal of a job that the policy does not allow, before it is asked.
pub struct Refusal {
    /// What the enclave calls it.
    code: &'static str,
    refused: JobNotAllowed,
    /// What the policy says of the field that it is about.
    policy_says: Option<String>,
    /// What to do next.
    help: String,
}

impl Refusal {
    /// Puts the refusal beside what the policy allows.
    pub fn new(policy: &Policy, job: &Job, refused: JobNotAllowed) -> Self {
        let code = if matches!(refused.breach, Breach::Validity(_)) { "policy-expired" } else { "job-not-allowed" };
        let policy_says = match (&refused.breach, refused.field.as_str()) {
            (_, "") => None,
            (Breach::FieldNotNamed, _) => {
                let names: Vec<String> = policy.fields().keys().map(|name| format!("{name:?}")).collect();
                Some(format!("The policy names {}.", if names.is_empty() { "no field".to_owned() } else { names.join(", ") }))
            }
            (_, field) => policy_sentences::of_field(policy, field),
        };
        let help = match &refused.breach {
            Breach::Validity(_) => submission::refusal::help(wire::Refusal::PolicyExpired).to_owned(),
            Breach::JobNotListed => {
                format!("ask the data's owner for a policy whose `jobs` lists this job file; its digest is {}", job.digest())
            }
            _ => "ask for less, or ask the data's owner for a policy that allows it".to_owned(),
        };
        Self { code, refused, policy_says, help }
    }

    /// For `--json`.
    pub fn json(&self) -> Value {
        let JobNotAllowed { line, field, breach } = &self.refused;
        json!({ "code": self.code, "line": line, "field": field, "rule": breach.to_string(), "policy_says": self.policy_says })
    }

    /// What the policy says of the field.
    pub fn policy_says(&self) -> Option<&str> {
        self.policy_says.as_deref()
    }

    /// The failure that the command ends in, in the enclave's own words.
    pub fn failure(&self) -> Failure {
        let meaning = match self.code {
            "policy-expired" => "the time is outside the policy's",
            _ => "the owner's policy does not allow the job",
        };
        Failure::new(self.code, format!("the enclave would refuse the job: {meaning}: {}", self.refused)).help(self.help.as_str())
    }
}

fn conditions(job: &Job) -> &[Condition] {
    match job.kind() {
        JobKind::Records(job) => job.conditions(),
        JobKind::Aggregate(job) => job.conditions(),
        JobKind::Discover(_) => &[],
    }
}

fn key_text(key: &RecipientKey) -> String {
    match key {
        RecipientKey::Kms(arn) => format!("kms:Decrypt on {arn}"),
        RecipientKey::Rsa { .. } => "the private key of the RSA key in the policy".to_owned(),
    }
}

fn key_json(name: &str, key: &RecipientKey) -> Value {
    match key {
        RecipientKey::Kms(arn) => json!({ "name": name, "key": "kms", "key_arn": arn }),
        RecipientKey::Rsa { .. } => json!({ "name": name, "key": "rsa" }),
    }
}
