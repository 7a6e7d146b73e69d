//! A policy in plain sentences, for people who do not read TOML: what may leave and how, field by field, who can read it, limits,
//! minimum and dates. Pure: a policy in, sentences out, nothing left out and nothing weakened. Names stand in quotation marks
//! and are the owner's text: whoever shows a sentence escapes it. The structures are taken apart by name, so that a new key of the
//! policy does not compile until it is said here too.

use sealroom_shared::{
    policy::{FieldPolicy, Form, Format, Input, OnError, People, Policy, Recipient, RecipientKey, RecordsRelease, Release, TextType},
    record::{filter::FilterOp, operations::Permissions},
};

use crate::utc;

/// The policy, one sentence a rule.
pub fn of(policy: &Policy) -> Vec<String> {
    let mut sentences = vec![data(policy), input(policy.input())];
    sentences.push(dates(policy));
    sentences.push(jobs(policy));
    sentences.extend(release(policy));
    for (name, field) in policy.fields() {
        sentences.push(one_field(name, field, policy.input()));
    }
    sentences.push("Every other field can be neither read nor released.".to_owned());
    sentences.extend(people(policy));
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

fn release(policy: &Policy) -> Vec<String> {
    let Release { records, counts, pad } = policy.release();
    let mut sentences = vec![match records {
        None => "No rows leave.".to_owned(),
        Some(RecordsRelease { max_records }) => format!("Rows may leave, at most {max_records} of them in one job."),
    }];
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

fn one_field(name: &str, field: &FieldPolicy, input: Input) -> String {
    let FieldPolicy { operations, filter, sealed, text_type } = field;
    let Permissions { keep, mask, truncate, tokenize } = operations;
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
    if let Some(tokenize) = tokenize {
        ways.push(format!("as a token of the domain {:?}", tokenize.domain));
    }
    let mut said =
        if ways.is_empty() { format!("Field {name:?} does not leave") } else { format!("Field {name:?} may leave {}", or(ways)) };
    if *sealed {
        said.push_str("; its values are sealed one by one");
    }
    if input.is_text(*sealed) && *text_type == TextType::Number {
        said.push_str("; its texts are numbers");
    }
    if !filter.is_empty() {
        let words: Vec<String> = filter.iter().map(|op| condition(*op).to_owned()).collect();
        said.push_str(&format!("; a job may choose records by whether it {}", or(words)));
    }
    said + "."
}

fn people(policy: &Policy) -> Vec<String> {
    let Some(People { field, min }) = policy.people() else { return vec!["A job cannot choose among records.".to_owned()] };
    let people = if *min == 1 { "one person".to_owned() } else { format!("{min} different people") };
    vec![format!(
        "Where a job chooses among records, what leaves speaks of at least {people}, told apart by field {field:?}; otherwise nothing leaves."
    )]
}

fn recipient(recipient: &Recipient) -> String {
    match recipient.key() {
        RecipientKey::Kms(arn) => format!("{:?} can open outputs, with kms:Decrypt on {arn}.", recipient.name()),
        RecipientKey::Rsa { .. } => format!("{:?} can open outputs, with the private key of the RSA key in the policy.", recipient.name()),
    }
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

fn characters(count: u64) -> String {
    if count == 1 { "character".to_owned() } else { format!("{count} characters") }
}

fn quoted(names: &[String]) -> Vec<String> {
    names.iter().map(|name| format!("{name:?}")).collect()
}

/// `a`, `a or b`, `a, b or c`.
fn or(mut items: Vec<String>) -> String {
    match items.pop() {
        None => String::new(),
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} or {last}", items.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const READER: &str = "arn:aws:kms:eu-central-1:111122223333:key/abcdabcd-12ab-34cd-56ef-1234567890ab";

    fn sentences(text: &str) -> Vec<String> {
        let policy = text.replace("@KEY@", KEY).replace("@READER@", READER);
        of(&Policy::parse(policy.as_bytes()).expect("a policy"))
    }

    const NARROW: &str = r#"
version = 1
name = "narrow"
datasets = ["a"]
keys = ["@KEY@"]
[input]
format = "ndjson"
on_error = "fail"
[[recipients]]
name = "reader"
kms_key = "@READER@"
"#;

    #[test]
    fn the_narrowest_policy_says_what_it_forbids() {
        let said = sentences(NARROW);
        assert_eq!(
            said,
            [
                &format!("The data is what its owner sealed as \"a\" under {KEY}."),
                "Records are NDJSON, sealed as whole files. A job takes all parts that were sealed together. A record that cannot be processed refuses the whole job.",
                "Jobs may run at any time: the policy has no dates.",
                "Any job that keeps to these terms may run.",
                "No rows leave.",
                "No counts stand in the receipt.",
                "The output's size is rounded up, so that it tells little.",
                "Every other field can be neither read nor released.",
                "A job cannot choose among records.",
                &format!("\"reader\" can open outputs, with kms:Decrypt on {READER}."),
                "Nobody else can open an output.",
            ]
        );
    }

    #[test]
    fn every_permission_is_said() {
        let said = sentences(
            r#"
version = 1
name = "wide"
datasets = ["a", "b"]
keys = ["@KEY@"]
not_before = 2026-01-01T00:00:00Z
not_after = 2027-01-01T00:00:00Z
jobs = ["sha384:000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"]
[input]
format = "csv"
on_error = "skip"
whole = false
[people]
field = "id"
min = 10
[fields.id]
tokenize = { domain = "id" }
mask = { keep_last_max = 4 }
truncate = { keep_first_max = 1 }
keep = true
type = "number"
filter = { ops = ["eq", "in", "exists"] }
[fields.'<b>']
mask = {}
[fields.quiet]
filter = { ops = ["lt"] }
[tokens.id]
check = "0000000000000000000000000000000000000000000000000000000000000000"
[release.records]
max_records = 5
[release]
counts = true
pad = false
[[recipients]]
name = "reader"
kms_key = "@READER@"
"#,
        );
        for sentence in [
            "as \"a\" or \"b\" under",
            "CSV, sealed as whole files. A job may leave out parts or records of what was sealed. A record that cannot be processed is left out.",
            "from 2026-01-01T00:00:00Z to 2027-01-01T00:00:00Z",
            "Only these job files may run: sha384:00",
            "at most 5 of them in one job",
            "exactly how many records",
            "not rounded up",
            "Field \"id\" may leave as it is, masked but for at most its last 4 characters (shorter values leave whole), cut to at most its first character (shorter values leave whole) or as a token of the domain \"id\"; its texts are numbers; a job may choose records by whether it equals a value, is one of some values or is there.",
            "Field \"<b>\" may leave masked whole.",
            "Field \"quiet\" does not leave; a job may choose records by whether it is less than a value.",
            "at least 10 different people, told apart by field \"id\"",
        ] {
            assert!(said.iter().any(|said| said.contains(sentence)), "{sentence}: {said:#?}");
        }
    }

    #[test]
    fn sealed_fields_are_said() {
        let text = NARROW
            .replace("format = \"ndjson\"", "format = \"ndjson\"\nform = \"fields\"")
            .replace("[[recip", "[fields.card]\nsealed = true\nkeep = true\n[[recip");
        let said = sentences(&text);
        assert!(said.iter().any(|said| said == "Field \"card\" may leave as it is; its values are sealed one by one."), "{said:#?}");
        assert!(
            said[1].contains("with single values sealed, the rest being the operator's word. A job takes exactly the records"),
            "{said:#?}"
        );
    }
}
