//! A policy in plain sentences, for people who do not read TOML: what may leave and how, field by field, who can read it, limits,
//! minimum and dates. Pure: a policy in, sentences out, nothing left out and nothing weakened. Names stand in quotation marks
//! and are the owner's text: whoever shows a sentence escapes it. The structures are taken apart by name, so that a new key of the
//! policy does not compile until it is said here too.

mod field;
mod operation;
mod release;
#[cfg(test)]
mod tests;

use sealroom_shared::policy::{Form, Format, Input, OnError, Policy, Recipient, RecipientKey};

use crate::utc;
pub use field::of_field;
pub use operation::of_operation;

/// The policy, one sentence a rule.
pub fn of(policy: &Policy) -> Vec<String> {
    let mut sentences = vec![data(policy), input(policy.input())];
    sentences.push(dates(policy));
    sentences.push(jobs(policy));
    sentences.extend(release::of(policy));
    sentences.extend(policy.fields().iter().map(|(name, field)| field::one(name, field, policy)));
    sentences.push("Every other field can be neither read nor released.".to_owned());
    sentences.extend(field::patterns(policy));
    sentences.extend(field::combinations(policy));
    sentences.extend(release::people(policy));
    sentences.extend(policy.recipients().iter().map(recipient));
    sentences.push("Nobody else can open an output.".to_owned());
    sentences
}

fn data(policy: &Policy) -> String {
    let keys: Vec<String> = policy.keys().iter().map(ToString::to_string).collect();
    format!("The data is what its owner sealed as {} under {}.", or(quoted(policy.datasets())), or(keys))
}

fn input(input: Input) -> String {
    let Input { format, form, on_error, whole } = input;
    let format = match format {
        Format::Ndjson => "NDJSON",
        Format::Csv => "CSV",
    };
    let (sealed, all) = match form {
        Form::File => ("sealed as whole files", "all parts that were sealed together"),
        Form::Fields => ("with single values sealed, the rest being the operator's word", "exactly the records of the owner's manifest"),
    };
    let parts = if whole { format!("A job takes {all}.") } else { "A job may leave out parts or records of what was sealed.".to_owned() };
    let bad = match on_error {
        OnError::Fail => "A record that cannot be processed refuses the whole job.",
        OnError::Skip => "A record that cannot be processed is left out.",
    };
    format!("Records are {format}, {sealed}. {parts} {bad}")
}

fn dates(policy: &Policy) -> String {
    let time = |time: Option<_>| time.map(|sealroom_shared::policy::UnixMillis(millis)| utc::text(millis));
    match (time(policy.validity().not_before()), time(policy.validity().not_after())) {
        (None, None) => "Jobs may run at any time: the policy has no dates.".to_owned(),
        (Some(from), None) => format!("Jobs may run from {from} on, without an end."),
        (None, Some(until)) => format!("Jobs may run until {until}."),
        (Some(from), Some(until)) => format!("Jobs may run from {from} to {until}."),
    }
}

fn jobs(policy: &Policy) -> String {
    match policy.jobs() {
        None => "Any job that keeps to these terms may run.".to_owned(),
        Some(jobs) => {
            let jobs: Vec<String> = jobs.iter().map(ToString::to_string).collect();
            format!("Only these job files may run: {}.", jobs.join(", "))
        }
    }
}

fn recipient(recipient: &Recipient) -> String {
    match recipient.key() {
        RecipientKey::Kms(arn) => format!("{:?} can open outputs, with kms:Decrypt on {arn}.", recipient.name()),
        RecipientKey::Rsa { .. } => format!("{:?} can open outputs, with the private key of the RSA key in the policy.", recipient.name()),
    }
}

fn characters(count: u64) -> String {
    if count == 1 { "character".to_owned() } else { format!("{count} characters") }
}

fn quoted(names: &[String]) -> Vec<String> {
    names.iter().map(|name| format!("{name:?}")).collect()
}

/// `a`, `a or b`, `a, b or c`.
fn or(items: Vec<String>) -> String {
    joined(items, "or")
}

/// `a`, `a and b`, `a, b and c`.
fn and(items: Vec<String>) -> String {
    joined(items, "and")
}

fn joined(mut items: Vec<String>, word: &str) -> String {
    match items.pop() {
        None => String::new(),
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} {word} {last}", items.join(", ")),
    }
}
