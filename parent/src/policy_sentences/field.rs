//! What a policy says of one field, in one sentence, and what it says of several columns of one field.

use std::collections::BTreeMap;

use sealroom_shared::{
    aggregate::measure::{self, Clamp, Histogram},
    policy::{FieldPolicy, Policy, TextType},
    record::{
        filter::FilterOp,
        operations::{Permissions, bucket},
    },
};

use super::{and, characters, or, quoted};

/// What the policy says of the field called `name`; none where it does not name it.
pub fn of_field(policy: &Policy, name: &str) -> Option<String> {
    policy.fields().get(name).map(|field| one(name, field, policy))
}

pub(super) fn one(name: &str, field: &FieldPolicy, policy: &Policy) -> String {
    let FieldPolicy { operations, group, measures, discover, filter, sealed, text_type } = field;
    let (rows, aggregates) = (policy.release().records.is_some(), policy.release().aggregates.is_some());
    let ways = ways(operations);
    let mut said = match (ways.is_empty(), rows, aggregates && *group) {
        (true, ..) => format!("Field {name:?} does not leave"),
        (false, true, false) => format!("Field {name:?} may leave {}", or(ways)),
        (false, true, true) => format!("Field {name:?} may leave {}; so written it may tell groups apart", or(ways)),
        (false, false, true) => format!("Field {name:?} may tell groups apart, and leaves in no other way: {}", or(ways)),
        (false, false, false) => format!("Field {name:?} does not leave, as nothing releases it; it would be permitted {}", or(ways)),
    };
    if aggregates {
        said.push_str(&measured(measures));
    }
    if policy.release().discovery && *discover {
        said.push_str("; a job may count what kinds of values it holds");
    }
    if *sealed {
        said.push_str("; its values are sealed one by one");
    }
    if policy.input().is_text(*sealed) && *text_type == TextType::Number {
        said.push_str("; its texts are numbers");
    }
    if !filter.is_empty() && policy.people().is_some() {
        let words: Vec<String> = filter.iter().map(|op| condition(*op).to_owned()).collect();
        said.push_str(&format!("; a job may choose records by whether it {}", or(words)));
    }
    said + "."
}

/// The expressions of the policy's own patterns.
pub(super) fn patterns(policy: &Policy) -> Vec<String> {
    let mut written = BTreeMap::new();
    for check in policy.fields().values().filter_map(|field| field.operations.check.as_ref()) {
        written.extend(check.patterns.iter().filter_map(|pattern| Some((pattern.name(), pattern.written()?))));
    }
    written
        .into_iter()
        .map(|(name, expression)| format!("The pattern {name:?} is the regular expression {expression:?}, for the whole value."))
        .collect()
}

/// What may leave together.
pub(super) fn combinations(policy: &Policy) -> Vec<String> {
    let listed = policy.combinations().listed().iter();
    let said = listed.map(|one| format!("One job may write field {:?} in several columns: {}.", one.field, and(one.ops.clone())));
    let mut said: Vec<String> = said.collect();
    if !said.is_empty() {
        said.push("Every other field feeds one column of a job at most.".to_owned());
    }
    said
}

fn ways(operations: &Permissions) -> Vec<String> {
    let Permissions { bucket, check, keep, mask, redact, tokenize, truncate } = operations;
    let mut ways = Vec::new();
    if keep.is_some() {
        ways.push("as it is".to_owned());
    }
    if let Some(mask) = mask {
        ways.push(match mask.keep_last_max {
            0 => "masked whole".to_owned(),
            most => format!("masked but for at most its last {} (shorter values leave whole)", characters(most)),
        });
    }
    if let Some(truncate) = truncate {
        ways.push(match truncate.keep_first_max {
            0 => "cut to nothing".to_owned(),
            most => format!("cut to at most its first {} (shorter values leave whole)", characters(most)),
        });
    }
    if let Some(bucket) = bucket {
        ways.push(in_buckets(bucket));
    }
    if let Some(redact) = redact {
        ways.push(format!("as a text without what detectors find in it ({} at least; what they miss leaves)", redact.detect));
    }
    if let Some(check) = check {
        let names: Vec<String> = check.patterns.iter().map(|pattern| pattern.name().to_owned()).collect();
        ways.push(format!("as whether it is of the pattern {}", or(quoted(&names))));
    }
    if let Some(tokenize) = tokenize {
        ways.push(format!("as a token of the domain {:?}", tokenize.domain));
    }
    ways
}

fn in_buckets(bucket: &bucket::Permission) -> String {
    match bucket {
        bucket::Permission::Width(width) => format!("as the range that it lies in, {width} wide or a multiple of that"),
        bucket::Permission::Period(period) => match period.name() {
            "month" => "as its month, quarter or year".to_owned(),
            "quarter" => "as its quarter or year".to_owned(),
            _ => "as its year".to_owned(),
        },
        bucket::Permission::Ages(bucket::Ages { bands, on }) => {
            let on = on.map(|day| format!(" on {day}")).unwrap_or_default();
            format!("as a band of ages{on}, of bands that begin at {bands}")
        }
    }
}

fn measured(measures: &measure::Permissions) -> String {
    let measure::Permissions { count_distinct, sum, mean, min, max, quantile, histogram, clamp } = measures;
    let flags = [
        (*count_distinct, "number of different values"),
        (*sum, "sum"),
        (*mean, "mean"),
        (*min, "smallest value"),
        (*max, "greatest value"),
        (*quantile, "quantiles"),
    ];
    let mut words: Vec<String> = flags.into_iter().filter(|(permitted, _)| *permitted).map(|(_, word)| word.to_owned()).collect();
    if let Some(Histogram { min_width }) = histogram {
        words.push(format!("counts of values in each range, {min_width} wide or a multiple of that"));
    }
    let mut said = if words.is_empty() { String::new() } else { format!("; of a group may leave its {}", and(words)) };
    if let Some(clamp) = clamp {
        said.push_str(&within(*clamp));
    }
    said
}

fn within(clamp: Clamp) -> String {
    format!("; before it is measured a value is brought within {} to {}", clamp.low(), clamp.high())
}

fn condition(op: FilterOp) -> &'static str {
    match op {
        FilterOp::Eq => "equals a value",
        FilterOp::Ne => "differs from a value",
        FilterOp::Lt => "is less than a value",
        FilterOp::Le => "is at most a value",
        FilterOp::Gt => "is greater than a value",
        FilterOp::Ge => "is at least a value",
        FilterOp::In => "is one of some values",
        FilterOp::Exists => "is there",
    }
}
