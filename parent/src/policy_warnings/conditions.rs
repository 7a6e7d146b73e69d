//! What conditions let a job find out. The minimum of people applies to each job for itself: two jobs that differ by one
//! person's records differ by what these say.

use sealroom_shared::{
    policy::{FieldPolicy, Policy},
    record::filter::FilterOp,
};

use super::{Warning, words};

/// Warnings about `filter`; none where a job cannot choose among records.
pub(super) fn of(policy: &Policy) -> Vec<Warning> {
    let Some(people) = policy.people() else { return Vec::new() };
    let (release, mut warnings) = (policy.release(), Vec::new());
    if release.records.is_none() && release.aggregates.is_none() {
        return warnings;
    }
    for (name, field) in policy.fields().iter().filter(|(_, field)| compares(field)) {
        // Jobs that the owner has read and listed find out what he lets them.
        let any_job = policy.jobs().is_none();
        if *name == people.field {
            warnings.push(people_chosen(name));
        } else if any_job && singles_out(field) && words::looks_unique(name) {
            warnings.push(singled_out(name));
        }
        if any_job && field.operations.keep.is_none() {
            warnings.push(found_out(name));
        }
    }
    warnings.extend(any_job(policy));
    warnings
}

fn people_chosen(name: &str) -> Warning {
    Warning::of_field(
        "people-chosen",
        name,
        format!(
            "a job may choose records by field {name:?}, which tells people apart: it can ask for exactly the people whom it wants, or leave out exactly one"
        ),
        "take `filter` off it; `exists` alone is harmless",
    )
}

fn singled_out(name: &str) -> Warning {
    Warning::of_field(
        "condition-on-identifier",
        name,
        format!("field {name:?} looks as if each of its values were of one person or thing, and a job may choose records by it"),
        "take `filter` off it, or list the allowed job files in `jobs`",
    )
}

fn found_out(name: &str) -> Warning {
    Warning::of_field(
        "condition-tells-value",
        name,
        format!(
            "field {name:?} does not leave as it is, but a job may choose records by it, so several jobs find its values out, finer than any mask or bucket shows"
        ),
        "take `filter` off it, or list the allowed job files in `jobs`",
    )
}

fn any_job(policy: &Policy) -> Option<Warning> {
    let chooses = policy.fields().values().any(|field| !field.filter.is_empty());
    let groups = policy.release().aggregates.is_some();
    ((chooses || groups) && policy.jobs().is_none()).then(|| {
        Warning::of_policy(
            "any-job",
            "any job within the terms may run, so the difference of two allowed outputs can speak of one person, whatever the minimum",
            "list the digests of the job files that you have read in `jobs`",
        )
    })
}

/// Whether its conditions look at what the value is, and not at whether there is one alone.
fn compares(field: &FieldPolicy) -> bool {
    field.filter.iter().any(|op| *op != FilterOp::Exists)
}

fn singles_out(field: &FieldPolicy) -> bool {
    field.filter.contains(&FilterOp::Eq) || field.filter.contains(&FilterOp::In)
}
