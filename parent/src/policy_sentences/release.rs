//! What a policy says of outputs as a whole: rows, groups, counts, size, and the minimum of people.

use sealroom_shared::policy::{AggregatesRelease, People, Policy, RecordsRelease, Release};

pub(super) fn of(policy: &Policy) -> Vec<String> {
    let Release { records, aggregates, discovery, counts, pad } = policy.release();
    let mut sentences = vec![match records {
        None => "No rows leave.".to_owned(),
        Some(RecordsRelease { max_records }) => format!("Rows may leave, at most {max_records} of them in one job."),
    }];
    sentences.push(match aggregates {
        None => "No aggregates leave.".to_owned(),
        Some(AggregatesRelease { max_groups }) => {
            format!(
                "Aggregates may leave: how many records a group has, and what fields permit. One job forms at most {max_groups} groups."
            )
        }
    });
    sentences.push(if *discovery {
        "Discovery may leave: how many values of a field are of which type and length, and which types of sensitive data they are or hold."
            .to_owned()
    } else {
        "No discovery leaves.".to_owned()
    });
    sentences.push(if *counts {
        "The receipt states exactly how many records were read, released and skipped.".to_owned()
    } else {
        "No counts stand in the receipt.".to_owned()
    });
    sentences.push(if *pad {
        "The output's size is rounded up, so that it tells little.".to_owned()
    } else {
        "The output's size is not rounded up, and tells how much was released.".to_owned()
    });
    sentences
}

pub(super) fn people(policy: &Policy) -> Vec<String> {
    let Some(People { field, min, max_rows_per_person }) = policy.people() else {
        return vec!["A job cannot choose among records.".to_owned()];
    };
    let people = if *min == 1 { "one person".to_owned() } else { format!("{min} different people") };
    let mut sentences = vec![format!(
        "Where a job chooses among records, what leaves speaks of at least {people}, told apart by field {field:?}; otherwise nothing leaves."
    )];
    if policy.release().aggregates.is_some() {
        sentences.push(format!(
            "Each group that leaves speaks of at least {people}, and so does each measure of it and what is hidden beside it; others are left out."
        ));
    }
    if policy.release().discovery {
        sentences.push(format!(
            "Each count of discovery that leaves speaks of at least {people}, and so does what subtracting such counts leaves."
        ));
    }
    if let Some(most) = max_rows_per_person {
        let records = if *most == 1 { "one record".to_owned() } else { format!("{most} records") };
        sentences.push(format!("In aggregates at most {records} of one person count."));
    }
    sentences
}
