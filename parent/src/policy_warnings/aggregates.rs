//! What aggregates let out beside what they are meant to.

use sealroom_shared::policy::{FieldPolicy, Policy};

use super::Warning;

/// Warnings about measures; none where no aggregates leave.
pub(super) fn of(policy: &Policy) -> Vec<Warning> {
    if policy.release().aggregates.is_none() {
        return Vec::new();
    }
    let bounded = policy.people().is_some_and(|people| people.max_rows_per_person.is_some());
    policy
        .fields()
        .iter()
        .flat_map(|(name, field)| [extremes(name, field), histogram(name, field), sum(name, field, bounded), counts_of_values(name, field)])
        .flatten()
        .collect()
}

fn extremes(name: &str, field: &FieldPolicy) -> Option<Warning> {
    (field.measures.min || field.measures.max).then(|| {
        Warning::of_field(
            "extreme-values",
            name,
            format!("the smallest or greatest value of field {name:?} in a group is one person's own value, however many people are in the group"),
            "permit `quantile` in place of `min` and `max`: it leaves only with enough people on both of its sides",
        )
    })
}

fn histogram(name: &str, field: &FieldPolicy) -> Option<Warning> {
    (field.measures.histogram.is_some() && field.measures.clamp.is_none()).then(|| {
        Warning::of_field(
            "histogram-without-clamp",
            name,
            format!("ranges of a histogram of field {name:?} reach as far as its values do: where the last one begins says how high the highest values are"),
            "give the field `clamp = { min = …, max = … }`, so that what is unusual counts in the outermost ranges",
        )
    })
}

fn sum(name: &str, field: &FieldPolicy, bounded: bool) -> Option<Warning> {
    let (sum, clamp) = (field.measures.sum || field.measures.mean, field.measures.clamp.is_some());
    (sum && !(clamp && bounded)).then(|| {
        Warning::of_field(
            "sum-without-bounds",
            name,
            format!("one person can make up nearly all of a sum or mean of field {name:?}, which then tells of that person, however many people are in the group"),
            match (clamp, bounded) {
                (true, _) => "set `people.max_rows_per_person`",
                (false, true) => "give the field `clamp = { min = …, max = … }`",
                (false, false) => "give the field `clamp = { min = …, max = … }`, and set `people.max_rows_per_person`",
            },
        )
    })
}

fn counts_of_values(name: &str, field: &FieldPolicy) -> Option<Warning> {
    let apart = field.group && field.operations.keep.is_some();
    let single = apart || field.measures.histogram.as_ref().is_some_and(|histogram| histogram.min_width == 1);
    ((field.measures.sum || field.measures.mean) && single).then(|| {
        Warning::of_field(
            "sum-beside-values",
            name,
            format!("the sum or mean of field {name:?} beside counts of its single values says how often the hidden values occur, where they are few"),
            if apart {
                "permit either `sum` and `mean`, or `group` with an operation coarser than `keep`"
            } else {
                "permit either `sum` and `mean`, or `histogram`, or give `histogram.min_width` a width of many values"
            },
        )
    })
}
