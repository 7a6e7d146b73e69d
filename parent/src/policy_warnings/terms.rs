//! Terms of the policy as a whole. The structures are taken apart by name, so that a new key does not compile until somebody
//! has thought about whether an owner would regret it.

use sealroom_shared::policy::{Form, Input, OnError, Policy, RecordsRelease, Release};

use super::Warning;

/// Warnings about terms.
pub(super) fn of(policy: &Policy) -> Vec<Warning> {
    let Release { records, aggregates, discovery, counts, pad } = policy.release();
    let mut warnings: Vec<Warning> = minimum(policy, records.is_some() || aggregates.is_some() || *discovery).into_iter().collect();
    if policy.validity().not_after().is_none() {
        warnings.push(Warning::of_policy(
            "no-expiry",
            "jobs may run for as long as the KMS key exists: nothing else ends what this policy allows",
            "set `not_after`; data is sealed anew, or bound to a new policy with `sealroom rebind`, when it is still needed then",
        ));
    }
    if let Some(RecordsRelease { max_records }) = records
        && *max_records > MANY_RECORDS
    {
        warnings.push(Warning::of_policy(
            "many-records",
            format!("one job may release up to {max_records} rows: the bound bounds nothing"),
            "set `release.records.max_records` to what the largest job that you expect releases",
        ));
    }
    if *counts {
        warnings.push(Warning::of_policy(
            "exact-counts",
            "the receipt says exactly how many records were read and released, to the operator too: a job with a condition learns how many records meet it",
            "leave `release.counts` out where the numbers themselves tell something",
        ));
    }
    if !*pad {
        warnings.push(Warning::of_policy(
            "no-padding",
            "the output's exact length shows, and with it about how many rows a job with a condition has found",
            "leave `release.pad` out: blank lines then round the length up to 64 KiB",
        ));
    }
    warnings.extend(input(policy.input()));
    warnings
}

fn minimum(policy: &Policy, releases: bool) -> Option<Warning> {
    let people = policy.people().filter(|_| releases)?;
    match people.min {
        0..=1 => Some(Warning::of_policy(
            "minimum-of-one",
            "a job with a condition, or a group, may speak of a single person",
            "set `people.min` to 10 or more",
        )),
        2..LOW_MINIMUM => Some(Warning::of_policy(
            "low-minimum",
            format!("{} people are few: who knows some of them, or is one of them, finds the others out", people.min),
            "set `people.min` to 10 or more; 5 is the least that statistical offices use",
        )),
        _ => None,
    }
}

fn input(input: Input) -> Vec<Warning> {
    let Input { format: _, form, on_error, whole } = input;
    let mut warnings = Vec::new();
    if on_error == OnError::Skip {
        warnings.push(Warning::of_policy(
            "records-skipped",
            "a record that an operation does not take is left out without a word, so outputs may lack records, and a job chooses records by what it asks of them",
            "set `input.on_error = \"fail\"`; `sealroom seal` names the records to correct",
        ));
    }
    if !whole {
        warnings.push(Warning::of_policy(
            "parts-left-out",
            match form {
                Form::File => "the operator may run a job on some of the parts that were sealed together, and on each alone: the difference tells of single parts",
                Form::Fields => "the operator may leave out, repeat and put together records as he likes, down to one person's",
            },
            "leave `input.whole` out: jobs then take all that you sealed together, or nothing",
        ));
    }
    warnings
}

/// Below this a minimum is low.
const LOW_MINIMUM: u64 = 5;

/// More rows than this are no bound for the files that one job takes.
const MANY_RECORDS: u64 = 100_000_000;
