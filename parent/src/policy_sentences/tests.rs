//! Each rule of a policy in its sentence.

use sealroom_shared::policy::Policy;

use super::of;

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
            "No aggregates leave.",
            "No discovery leaves.",
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
        .replace("[[recip", "[fields.card]\nsealed = true\nkeep = true\n[release.records]\nmax_records = 1\n[[recip");
    let said = sentences(&text);
    assert!(said.iter().any(|said| said == "Field \"card\" may leave as it is; its values are sealed one by one."), "{said:#?}");
    assert!(
        said[1].contains("with single values sealed, the rest being the operator's word. A job takes exactly the records"),
        "{said:#?}"
    );
}

const AGGREGATES: &str = r#"
version = 1
name = "aggregates"
datasets = ["a"]
keys = ["@KEY@"]
combinations = [{ field = "/card/number", ops = ["truncate", "mask"] }]
[patterns]
sku = "[A-Z]{2}-[0-9]+"
[input]
format = "ndjson"
on_error = "fail"
[people]
field = "id"
min = 10
max_rows_per_person = 3
[fields.zip]
truncate = { keep_first_max = 3 }
group = true
[fields.amount]
count_distinct = true
sum = true
mean = true
histogram = { min_width = 50 }
clamp = { min = -1.50, max = 100 }
[fields.price]
bucket = { min_width = 2.5 }
[fields.placed]
bucket = { min_period = "quarter" }
[fields.born]
bucket = { age_bands = [18, 65], age_on = 2026-01-01 }
[fields.note]
redact = { detect = ["email", "card"] }
[fields.code]
check = { patterns = ["luhn", "sku"] }
[fields."/card/number"]
mask = { keep_last_max = 4 }
truncate = { keep_first_max = 6 }
[release.aggregates]
max_groups = 100
[[recipients]]
name = "reader"
kms_key = "@READER@"
"#;

#[test]
fn aggregates_and_what_feeds_them_are_said() {
    let said = sentences(AGGREGATES);
    for sentence in [
        "No rows leave.",
        "Aggregates may leave: how many records a group has, and what fields permit. One job forms at most 100 groups.",
        "Field \"zip\" may tell groups apart, and leaves in no other way: cut to at most its first 3 characters (shorter values leave whole).",
        "Field \"amount\" does not leave; of a group may leave its number of different values, sum, mean and counts of values in each range, 50 wide or a multiple of that; \
         before it is measured a value is brought within -1.5 to 100.",
        "Field \"price\" does not leave, as nothing releases it; it would be permitted as the range that it lies in, 2.5 wide or a multiple of that.",
        "Each group that leaves speaks of at least 10 different people, and so does each measure of it and what is hidden beside it; others are left out.",
        "In aggregates at most 3 records of one person count.",
    ] {
        assert!(said.iter().any(|said| said == sentence), "{sentence}: {said:#?}");
    }
}

#[test]
fn buckets_texts_patterns_and_combinations_are_said() {
    let said = sentences(&AGGREGATES.replace("[release.aggregates]\nmax_groups = 100", "[release.records]\nmax_records = 1"));
    for sentence in [
        "Field \"price\" may leave as the range that it lies in, 2.5 wide or a multiple of that.",
        "Field \"placed\" may leave as its quarter or year.",
        "Field \"born\" may leave as a band of ages on 2026-01-01, of bands that begin at 0, 18, 65.",
        "Field \"note\" may leave as a text without what detectors find in it (card, email at least; what they miss leaves).",
        "Field \"code\" may leave as whether it is of the pattern \"luhn\" or \"sku\".",
        "The pattern \"sku\" is the regular expression \"[A-Z]{2}-[0-9]+\", for the whole value.",
        "One job may write field \"/card/number\" in several columns: mask and truncate.",
        "Every other field feeds one column of a job at most.",
        "Field \"amount\" does not leave.",
        "No aggregates leave.",
    ] {
        assert!(said.iter().any(|said| said == sentence), "{sentence}: {said:#?}");
    }
}
