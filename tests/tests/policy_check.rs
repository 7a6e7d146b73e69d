//! `sealroom policy check` as it ships: what it says of a policy in sentences, and each of its warnings, with a policy that causes it
//! and one that is mended.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use sealroom_testkit::bins::{bin, workspace};
use sealroom_testkit::stage::text;
use serde_json::Value;

/// A policy of which nothing is to be regretted. Every change below is of this one.
const MENDED: &str = r#"version = 1
name = "mended"
datasets = ["a"]
keys = ["arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
not_after = 2036-01-01T00:00:00Z
jobs = ["sha384:000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"]
[patterns]
sku = "[A-Z]{2}-[0-9]+"
[input]
format = "ndjson"
on_error = "fail"
[people]
field = "customer"
min = 10
max_rows_per_person = 100
[fields.customer]
tokenize = { domain = "customer" }
[fields.card]
mask = { keep_last_max = 4 }
[fields.country]
keep = true
group = true
filter = { ops = ["eq", "in"] }
[fields.amount]
bucket = { min_width = 10 }
sum = true
histogram = { min_width = 50 }
clamp = { min = 0, max = 1000 }
[fields.code]
check = { patterns = ["sku"] }
[fields.account]
tokenize = { domain = "account" }
[tokens.customer]
check = "9d1eb06c823a39e83d0a887596e9eef42676183a9bf43c62391cddba98edcfda"
[tokens.account]
check = "8d1eb06c823a39e83d0a887596e9eef42676183a9bf43c62391cddba98edcfda"
[release.records]
max_records = 1000000
[release.aggregates]
max_groups = 1000
[[recipients]]
name = "reader"
kms_key = "arn:aws:kms:eu-central-1:111122223333:key/abcdabcd-12ab-34cd-56ef-1234567890ab"
"#;

/// Texts of [`MENDED`] and what stands in their place.
type Changes = &'static [(&'static str, &'static str)];

/// Changes of [`MENDED`], each with all warnings that it causes.
const REGRETTED: &[(Changes, &[&str])] = &[
    (&[("not_after = 2036-01-01T00:00:00Z\n", "")], &["no-expiry"]),
    (&[("jobs = [", "# [")], &["any-job"]),
    (&[("on_error = \"fail\"", "on_error = \"skip\"")], &["records-skipped"]),
    (&[("on_error = \"fail\"", "on_error = \"fail\"\nwhole = false")], &["parts-left-out"]),
    (&[("min = 10\n", "min = 4\n")], &["low-minimum"]),
    (&[("min = 10\n", "min = 1\n")], &["minimum-of-one"]),
    (&[("max_rows_per_person = 100\n", "")], &["sum-without-bounds"]),
    (&[("clamp = { min = 0, max = 1000 }\n", "")], &["histogram-without-clamp", "sum-without-bounds"]),
    (&[("sum = true\n", "max = true\n")], &["extreme-values"]),
    (&[("sum = true\n", "min = true\n")], &["extreme-values"]),
    (&[("histogram = { min_width = 50 }", "histogram = { min_width = 1 }")], &["sum-beside-values"]),
    (&[("bucket = { min_width = 10 }\nsum = true\n", "keep = true\ngroup = true\nmean = true\n")], &["sum-beside-values"]),
    (&[("max_records = 1000000\n", "max_records = 1000000000\n")], &["many-records"]),
    (&[("[release.records]", "[release]\ncounts = true\n[release.records]")], &["exact-counts"]),
    (&[("[release.records]", "[release]\npad = false\n[release.records]")], &["no-padding"]),
    (&[("keep_last_max = 4", "keep_last_max = 9")], &["shows-much"]),
    (&[("mask = { keep_last_max = 4 }", "truncate = { keep_first_max = 10 }")], &["shows-much"]),
    (&[("mask = { keep_last_max = 4 }", "mask = { keep_last_max = 4 }\ntruncate = { keep_first_max = 6 }")], &["both-ends"]),
    (&[("sku = \"[A-Z]{2}-[0-9]+\"", "sku = \".*\"")], &["pattern-of-anything"]),
    (&[("sku = \"[A-Z]{2}-[0-9]+\"", "sku = \"(a?b?|.+)\"")], &["pattern-of-anything"]),
    (&[("[fields.account]\n", "[fields.account]\nkeep = true\n")], &["token-beside-value"]),
    (
        &[("[fields.account]\n", "[fields.other]\nkeep = true\ntokenize = { domain = \"account\" }\n[fields.account]\n")],
        &["token-beside-value", "token-beside-value"],
    ),
    (&[("[fields.customer]\n", "[fields.customer]\nkeep = true\n")], &["people-kept", "token-beside-value"]),
    (&[("[fields.customer]\n", "[fields.customer]\nfilter = { ops = [\"in\"] }\n")], &["people-chosen"]),
    (&[("[fields.country]\n", "[fields.\"/country/zone\"]\nbucket = { min_width = 5 }\n[fields.country]\n")], &["keep-holds-others"]),
    (
        &[("[fields.code]\n", "[fields.card_number]\nkeep = true\nfilter = { ops = [\"eq\"] }\n[fields.code]\n"), ("jobs = [", "# [")],
        &["condition-on-identifier", "any-job"],
    ),
    (&[("[fields.code]\n", "[fields.code]\nfilter = { ops = [\"lt\"] }\n"), ("jobs = [", "# [")], &["condition-tells-value", "any-job"]),
    (
        &[
            ("mask = { keep_last_max = 4 }", "keep = true"),
            ("bucket = { min_width = 10 }", "keep = true"),
            ("check = { patterns = [\"sku\"] }", "keep = true"),
        ],
        &["keep-most"],
    ),
    (
        &[
            ("mask = { keep_last_max = 4 }", "keep = true"),
            ("bucket = { min_width = 10 }", "keep = true"),
            ("check = { patterns = [\"sku\"] }", "keep = true"),
            ("[fields.customer]\ntokenize = { domain = \"customer\" }\n", ""),
            ("[fields.account]\ntokenize = { domain = \"account\" }\n", ""),
        ],
        &["keep-everything"],
    ),
];

/// Changes of [`MENDED`] that come near to a warning and cause none.
const NOT_REGRETTED: &[(&str, &str)] = &[
    ("min = 10\n", "min = 5\n"),
    ("max_records = 1000000\n", "max_records = 100000000\n"),
    ("keep_last_max = 4", "keep_last_max = 8"),
    ("mask = { keep_last_max = 4 }", "mask = {}\ntruncate = { keep_first_max = 6 }"),
    ("[fields.customer]\n", "[fields.customer]\nfilter = { ops = [\"exists\"] }\n"),
    ("[fields.code]\n", "[fields.code]\nfilter = { ops = [\"lt\"] }\n"),
    ("sum = true\n", "quantile = true\n"),
    ("histogram = { min_width = 50 }", "histogram = { min_width = 2 }"),
    ("bucket = { min_width = 10 }\n", "bucket = { min_width = 10 }\ngroup = true\n"),
    ("[release.records]\nmax_records = 1000000\n", ""),
    ("[release.aggregates]\nmax_groups = 1000\n", ""),
    ("[fields.country]\n", "[fields.\"/countryside/zone\"]\nbucket = { min_width = 5 }\n[fields.country]\n"),
];

fn check(policy: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    fs::write(&path, policy).unwrap();
    Command::new(bin("sealroom")).args(["policy", "check"]).arg(path).args(arguments).output().unwrap()
}

fn warnings(policy: &str) -> Vec<Value> {
    let output = check(policy, &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{}\n{policy}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["warnings"].as_array().unwrap().clone()
}

fn changed(change: &[(&str, &str)]) -> String {
    change.iter().fold(MENDED.to_owned(), |policy, (from, to)| {
        assert_eq!(policy.matches(from).count(), 1, "{from:?} stands once");
        policy.replace(from, to)
    })
}

#[test]
fn each_warning_has_a_policy_that_causes_it_and_a_mended_one_that_does_not() {
    assert_eq!(warnings(MENDED), Vec::<Value>::new());
    for (change, expected) in REGRETTED {
        let found = warnings(&changed(change));
        let ids: Vec<&str> = found.iter().map(|warning| warning["id"].as_str().unwrap()).collect();
        assert_eq!(ids, *expected, "{change:?}");
        for warning in &found {
            for part in ["what", "mend"] {
                let sentence = warning[part].as_str().unwrap();
                assert!(sentence.len() > 20 && !sentence.ends_with('.'), "{warning}");
            }
        }
    }
    for change in NOT_REGRETTED {
        assert_eq!(warnings(&changed(&[*change])), Vec::<Value>::new(), "{change:?}");
    }
}

#[test]
fn the_reference_names_exactly_the_warnings_that_are_tested() {
    let page = fs::read_to_string(workspace().join("docs/policy.md")).unwrap();
    let section = page.split("\n### Warnings\n").nth(1).expect("a section on warnings").split("\n## ").next().unwrap();
    let named: BTreeSet<&str> = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let tested: BTreeSet<&str> = REGRETTED.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
    assert_eq!(named, tested);
}

/// A warning is advice; who wants it to be a rule says so.
#[test]
fn warnings_change_the_exit_code_only_where_they_are_denied() {
    let regretted = changed(&[("min = 10\n", "min = 1\n"), ("not_after = 2036-01-01T00:00:00Z\n", "")]);
    for (policy, arguments, exit) in
        [(MENDED, [].as_slice(), 0), (MENDED, &["--deny-warnings"], 0), (&regretted, &[], 0), (&regretted, &["--deny-warnings"], 1)]
    {
        let output = check(policy, arguments);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}");
        let said = text(&output.stdout);
        assert!(said.starts_with("OK: policy \"mended\"\n  digest     sha384:"), "{said}");
        assert_eq!(said.matches("warning: ").count(), if policy == MENDED { 0 } else { 2 }, "{said}");
        assert_eq!(said.matches("    mend: ").count(), said.matches("warning: ").count(), "{said}");
    }
    let output = check(&regretted, &["--json", "--deny-warnings"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["warnings"].as_array().unwrap().len(), 2);
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["code"], "policy-warnings");
    assert!(error["error"]["message"].as_str().unwrap().contains("2 warnings"), "{error}");
}

#[test]
fn every_field_has_its_sentence() {
    let report: Value = serde_json::from_slice(&check(MENDED, &["--json"]).stdout).unwrap();
    let sentences: Vec<&str> = report["sentences"].as_array().unwrap().iter().map(|sentence| sentence.as_str().unwrap()).collect();
    for expected in [
        "Field \"card\" may leave masked but for at most its last 4 characters (shorter values leave whole).",
        "Field \"country\" may leave as it is; so written it may tell groups apart; a job may choose records by whether it equals a value or is one of some values.",
        "Field \"code\" may leave as whether it is of the pattern \"sku\".",
        "Every other field can be neither read nor released.",
        "Nobody else can open an output.",
    ] {
        assert!(sentences.contains(&expected), "{expected}: {sentences:#?}");
    }
    for field in ["customer", "card", "country", "amount", "code", "account"] {
        let about = sentences.iter().filter(|sentence| sentence.starts_with(&format!("Field {field:?} "))).count();
        assert_eq!(about, 1, "{field}");
    }
    let said = text(&check(MENDED, &[]).stdout);
    assert!(sentences.iter().all(|sentence| said.contains(sentence)), "{said}");
    assert_eq!((&report["ok"], &report["name"]), (&true.into(), &"mended".into()));
}

/// Names are the owner's text, and a terminal is not his to write to.
#[test]
fn names_do_not_reach_the_terminal_as_they_are() {
    let output = check(&MENDED.replace("[fields.code]", "[fields.\"\u{202e}x\"]"), &[]);
    assert!(output.status.success() && !text(&output.stdout).contains('\u{1b}'));
    let output = check(&MENDED.replace("[fields.code]", "[fields.\"a\\u001b[2Jb\"]"), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!text(&output.stderr).contains('\u{1b}'), "{}", text(&output.stderr));
}

#[test]
fn a_policy_that_does_not_parse_is_refused_with_its_line() {
    for (change, line) in [(("min = 10\n", "min = 0\n"), "line 14: people.min"), (("sku = \"[A-Z]", "sku = \"[A-"), "line 8: patterns.sku")]
    {
        let output = check(&changed(&[change]), &["--json"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        assert!(text(&output.stderr).contains(line), "{}", text(&output.stderr));
    }
}
