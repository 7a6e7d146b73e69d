//! What rows let out, field by field.

use sealroom_shared::policy::{FieldPolicy, Policy};

use super::Warning;

/// Warnings about row-level output.
pub(super) fn of(policy: &Policy) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if policy.release().records.is_some() {
        warnings.extend(kept(policy));
        warnings.extend(people_kept(policy));
        for (name, field) in policy.fields() {
            warnings.extend(token_beside_value(policy, name, field));
            warnings.extend(shows_much(name, field));
            warnings.extend(both_ends(name, field));
            warnings.extend(keeps_others(policy, name, field));
        }
    }
    warnings.extend(patterns(policy));
    warnings
}

fn kept(policy: &Policy) -> Option<Warning> {
    let leave = policy.fields().values().filter(|field| field.operations != Default::default()).count();
    let kept = policy.fields().values().filter(|field| field.operations.keep.is_some()).count();
    let mend = "keep only what its readers need as it is, and mask, truncate, bucket or tokenize the rest";
    if kept > 0 && kept == leave {
        return Some(Warning::of_policy(
            "keep-everything",
            "rows may hold every field that leaves exactly as it is: this is a copy of the data",
            mend,
        ));
    }
    (kept * 2 > leave).then(|| {
        Warning::of_policy("keep-most", format!("rows may hold {kept} of the {leave} fields that leave exactly as they are"), mend)
    })
}

fn people_kept(policy: &Policy) -> Option<Warning> {
    let people = policy.people()?;
    let kept = policy.fields().get(&people.field).is_some_and(|field| field.operations.keep.is_some());
    kept.then(|| {
        Warning::of_field(
            "people-kept",
            &people.field,
            format!("field {:?} tells people apart and may leave as it is: every row can name its person", people.field),
            "take `keep` off it; `tokenize` lets readers put a person's rows together without knowing who it is",
        )
    })
}

/// Rows of two jobs stand in the same order, so no combination is needed for this.
fn token_beside_value(policy: &Policy, name: &str, field: &FieldPolicy) -> Option<Warning> {
    let domain = &field.operations.tokenize.as_ref()?.domain;
    let is_of_domain = |field: &FieldPolicy| field.operations.tokenize.as_ref().is_some_and(|tokenize| tokenize.domain == *domain);
    let kept = policy.fields().iter().find(|(_, other)| is_of_domain(other) && other.operations.keep.is_some());
    let (kept, _) = kept?;
    let what = if kept == name {
        format!("field {name:?} may leave as it is and as a token: rows of two jobs side by side say which value each token stands for")
    } else {
        format!(
            "tokens of field {name:?} are of the domain {domain:?}, and so are those of {kept:?}, which may leave as it is: its values and tokens side by side say what equal tokens of {name:?} stand for"
        )
    };
    Some(Warning::of_field("token-beside-value", name, what, format!("take `keep` off {kept:?}, or give it a token domain of its own")))
}

fn shows_much(name: &str, field: &FieldPolicy) -> Option<Warning> {
    let mask = field.operations.mask.as_ref().map_or(0, |mask| mask.keep_last_max);
    let truncate = field.operations.truncate.as_ref().map_or(0, |truncate| truncate.keep_first_max);
    let most = mask.max(truncate);
    (most > SHOWN_MUCH && field.operations.keep.is_none()).then(|| {
        Warning::of_field(
            "shows-much",
            name,
            format!("{most} characters of field {name:?} may leave, and every value that is no longer leaves whole"),
            format!("lower `keep_last_max` and `keep_first_max` to what readers need, {SHOWN_MUCH} at most"),
        )
    })
}

fn both_ends(name: &str, field: &FieldPolicy) -> Option<Warning> {
    let (mask, truncate) = (field.operations.mask.as_ref()?, field.operations.truncate.as_ref()?);
    let (last, first) = (mask.keep_last_max, truncate.keep_first_max);
    (last > 0 && first > 0 && field.operations.keep.is_none()).then(|| {
        Warning::of_field(
            "both-ends",
            name,
            format!(
                "two jobs show the first {first} and the last {last} characters of field {name:?}: a value of {} characters is known whole",
                first + last
            ),
            "permit one of `mask` and `truncate` alone, or set one of the bounds to 0",
        )
    })
}

fn keeps_others(policy: &Policy, name: &str, field: &FieldPolicy) -> Option<Warning> {
    field.operations.keep.as_ref()?;
    let beginning = if name.starts_with('/') { format!("{name}/") } else { format!("/{}/", name.replace('~', "~0").replace('/', "~1")) };
    let within: Vec<String> =
        policy.fields().keys().filter(|other| other.starts_with(&beginning)).map(|other| format!("{other:?}")).collect();
    (!within.is_empty()).then(|| {
        Warning::of_field(
            "keep-holds-others",
            name,
            format!("`keep` on field {name:?} lets out all that it holds, whatever the policy says of {}", within.join(", ")),
            format!("take `keep` off {name:?}, and name the fields within it that may leave"),
        )
    })
}

/// A pattern that holds for each of these holds for anything, as a rule; one line each, as `.` does not match a line's end.
fn patterns(policy: &Policy) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (name, field) in policy.fields() {
        let patterns = field.operations.check.iter().flat_map(|check| &check.patterns);
        for pattern in patterns.filter(|pattern| ANYTHING.iter().all(|text| pattern.holds(text))) {
            warnings.push(Warning::of_field(
                "pattern-of-anything",
                name,
                format!("the pattern {:?} matches anything, so a `check` of field {name:?} says nothing of its values", pattern.name()),
                "write what the whole value has to look like, such as [A-Z]{2}[0-9]{6}",
            ));
        }
    }
    warnings
}

/// More characters than these are most of many values: of dates, phone numbers, names.
const SHOWN_MUCH: u64 = 8;

const ANYTHING: [&str; 5] = ["a", "7", "Zoë said: #!", "4111 1111 1111 1111", "ﷺ\u{1f600}~-_ x0"];
