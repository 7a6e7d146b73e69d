//! Detectors on a labelled set of texts (`tests/data/detectors`), and the operations `redact` and `check`, from policy to row.

use std::collections::BTreeMap;

use sealroom_shared::authorize::{self, Breach};
use sealroom_shared::detect::{Detector, Detectors, Finder};
use sealroom_shared::job::Job;
use sealroom_shared::policy::{Policy, UnixMillis};
use sealroom_shared::toml_reader::Rule;
use serde::Deserialize;

#[derive(Deserialize)]
struct Labelled {
    text: String,
    spans: Vec<(String, usize, usize)>,
}

/// Labelled in the set; of those, wholly covered by a finding of the type. Findings; of those, on a label of the type.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Count {
    labelled: u32,
    found: u32,
    reported: u32,
    right: u32,
}

/// What was measured. docs/detectors.md holds the same numbers, beside Presidio's. Better is welcome: change both.
const MEASURED: [(Detector, [u32; 4]); 11] = [
    (Detector::Card, [51, 48, 48, 48]),
    (Detector::Email, [50, 47, 48, 48]),
    (Detector::Phone, [127, 127, 128, 127]),
    (Detector::Iban, [54, 53, 53, 53]),
    (Detector::Ssn, [21, 21, 21, 21]),
    (Detector::Ipv4, [37, 36, 37, 36]),
    (Detector::Ipv6, [51, 50, 50, 50]),
    (Detector::AwsKey, [10, 10, 10, 10]),
    (Detector::Jwt, [12, 12, 12, 12]),
    (Detector::Mac, [26, 25, 25, 25]),
    (Detector::Vin, [23, 21, 21, 21]),
];

#[test]
fn precision_and_recall_on_the_labelled_set_are_as_measured() {
    let mut counts: BTreeMap<Detector, Count> = BTreeMap::new();
    let (finder, mut spans) = (Finder::new(Detectors::all()), Vec::new());
    for Labelled { text, spans: labels } in labelled() {
        let labels: Vec<(Detector, usize, usize)> =
            labels.iter().map(|(name, start, end)| (name.parse().expect("a detector"), *start, *end)).collect();
        finder.find(&text, &mut spans);
        for (detector, start, end) in &labels {
            let count = counts.entry(*detector).or_default();
            count.labelled += 1;
            count.found += u32::from(spans.iter().any(|span| span.detector == *detector && span.start <= *start && span.end >= *end));
        }
        for span in &spans {
            let count = counts.entry(span.detector).or_default();
            let on_it =
                |(detector, start, end): &(Detector, usize, usize)| *detector == span.detector && span.start < *end && span.end > *start;
            count.reported += 1;
            count.right += u32::from(labels.iter().any(on_it));
        }
    }
    println!("type     labelled found recall reported right precision");
    for (detector, Count { labelled, found, reported, right }) in &counts {
        let (recall, precision) = (f64::from(*found) / f64::from(*labelled), f64::from(*right) / f64::from(*reported));
        println!("{:8} {labelled:8} {found:5} {recall:6.3} {reported:8} {right:5} {precision:9.3}", detector.name());
    }
    for (detector, [labelled, found, reported, right]) in MEASURED {
        assert_eq!(counts[&detector], Count { labelled, found, reported, right }, "{}", detector.name());
    }
    let page = std::fs::read_to_string(sealroom_testkit::bins::workspace().join("docs/detectors.md")).expect("docs/detectors.md");
    for (detector, [labelled, found, reported, right]) in MEASURED {
        let row = format!("| `{}` | {labelled} | {found} of {labelled} | {right} of {reported} |", detector.name());
        assert!(page.contains(&row), "docs/detectors.md lacks {row}");
    }
}

#[test]
fn the_labelled_set_has_texts_without_anything_and_labels_that_lie_in_their_texts() {
    let all = labelled();
    assert!(all.len() > 500);
    assert!(all.iter().filter(|line| line.spans.is_empty()).count() > 200);
    for line in &all {
        for (name, start, end) in &line.spans {
            assert!(name.parse::<Detector>().is_ok() && line.text.get(*start..*end).is_some_and(|text| !text.is_empty()), "{}", line.text);
        }
    }
}

#[test]
fn redact_writes_a_marker_for_each_finding_and_leaves_the_rest() {
    let redact = |records: &str| rows(POLICY, r#"note = { op = "redact" }"#, records);
    for (note, written) in [
        (r"call +49 30 901820, card 4111 1111 1111 1111.", r"call +49 30 901820, card [CARD]."),
        (r"a@example.com", r"[EMAIL]"),
        (r#"\"a@example.com\"\n"#, r#"\"[EMAIL]\"\n"#),
        (r"é\u0040 a\u0040example.com \ud83d\ude00", "é@ [EMAIL] 😀"),
        (r"nothing here", r"nothing here"),
        ("", ""),
    ] {
        assert_eq!(redact(&format!("{{\"note\":\"{note}\"}}")), Ok(format!("{{\"note\":\"{written}\"}}\n")));
    }
    assert_eq!(redact(r#"{"note":null}"#), Ok("{\"note\":null}\n".to_owned()));
    assert_eq!(redact(r#"{"note":["a@example.com",null]}"#), Ok("{\"note\":[\"[EMAIL]\",null]}\n".to_owned()));
    let more =
        rows(POLICY, r#"note = { op = "redact", detect = ["phone", "email", "card"] }"#, r#"{"note":"+49 30 901820 a@example.com"}"#);
    assert_eq!(more, Ok("{\"note\":\"[PHONE] [EMAIL]\"}\n".to_owned()));
}

#[test]
fn redact_takes_texts_only() {
    for value in ["4111111111111111", "true", "{}", "[1]", "[[\"a\"],false]"] {
        let refused = rows(POLICY, r#"note = { op = "redact" }"#, &format!("{{\"note\":{value}}}"));
        assert_eq!(refused, Err("an operation does not take the type of a field's value".to_owned()), "{value}");
    }
}

#[test]
fn a_job_that_leaves_out_a_detector_of_the_policy_is_not_allowed() {
    for (job, says) in [
        (r#"note = { op = "redact", detect = ["card"] }"#, "leaves out email,"),
        (r#"note = { op = "redact", detect = ["phone", "iban"] }"#, "leaves out card, email,"),
    ] {
        let refused = authorize::job(&policy(POLICY), &parsed(job), UnixMillis(0)).expect_err("leaves out");
        assert!(matches!(refused.breach, Breach::DetectorsLeftOut(_)), "{refused}");
        assert!(refused.to_string().starts_with("line 4: field \"note\": `detect` ") && refused.to_string().contains(says), "{refused}");
    }
    let other = authorize::job(&policy(POLICY), &parsed(r#"code = { op = "redact" }"#), UnixMillis(0)).expect_err("no redact here");
    assert_eq!(other.breach, Breach::OperationNotPermitted("redact"));
}

#[test]
fn check_writes_whether_the_whole_value_has_the_pattern() {
    for (pattern, value, holds) in [
        ("luhn", "\"79927398713\"", true),
        ("luhn", "79927398713", true),
        ("luhn", "79927398710", false),
        ("luhn", "7.9927398713", false),
        ("iban", "\"DE89 3704 0044 0532 0130 00\"", true),
        ("iban", "\"DE88 3704 0044 0532 0130 00\"", false),
        ("email", "\"a\\u0040example.com\"", true),
        ("email", "\"to a@example.com\"", false),
        ("invoice", "\"INV-12345678\"", true),
        ("invoice", "\"INV-12345678 \"", false),
        ("invoice", "\"\"", false),
        ("invoice", "12345678", false),
    ] {
        let written = rows(POLICY, &format!("code = {{ op = \"check\", pattern = \"{pattern}\" }}"), &format!("{{\"code\":{value}}}"));
        assert_eq!(written, Ok(format!("{{\"code\":{holds}}}\n")), "{pattern} {value}");
    }
    let null = rows(POLICY, r#"code = { op = "check", pattern = "luhn" }"#, r#"{"code":null}"#);
    assert_eq!(null, Ok("{\"code\":null}\n".to_owned()));
    let other = rows(POLICY, r#"code = { op = "check", pattern = "luhn" }"#, r#"{"code":true}"#);
    assert_eq!(other, Err("an operation does not take the type of a field's value".to_owned()));
}

#[test]
fn redacted_and_checked_cells_are_cells() {
    let csv = POLICY.replace("\"ndjson\"", "\"csv\"");
    let columns = "note = { op = \"redact\" }\ncode = { op = \"check\", pattern = \"luhn\" }";
    let written = rows(&csv, columns, "code,note\n18,\"a@example.com, \"\"x\"\"\"\n19,\n");
    assert_eq!(written, Ok("\"[EMAIL], \"\"x\"\"\",true\n,false\n".to_owned()));
}

#[test]
fn a_job_names_only_patterns_that_the_field_lists() {
    for pattern in ["card", "phone", "Luhn", "invoices", "^INV-1"] {
        let job = parsed(&format!("code = {{ op = \"check\", pattern = \"{pattern}\" }}"));
        let refused = authorize::job(&policy(POLICY), &job, UnixMillis(0)).expect_err("not listed");
        assert!(matches!(refused.breach, Breach::PatternNotListed(_)), "{refused}");
        assert!(refused.to_string().ends_with("it lists luhn, iban, email, invoice"), "{refused}");
    }
    for job in
        ["code = { op = \"check\" }", "code = { op = \"check\", pattern = 1 }", "code = { op = \"check\", pattern = \"luhn\", x = 1 }"]
    {
        assert!(Job::parse(job_text(job).as_bytes()).is_err(), "{job}");
    }
}

#[test]
fn policies_that_name_no_such_detector_or_pattern_are_refused_with_line_and_key() {
    for (old, new, line, key) in [
        ("[\"card\", \"email\"]", "[\"card\", \"mail\"]", 10, "fields.note.redact.detect[1]"),
        ("[\"card\", \"email\"]", "[\"card\", \"card\"]", 10, "fields.note.redact.detect[1]"),
        ("[\"card\", \"email\"]", "[]", 10, "fields.note.redact.detect"),
        ("{ detect = [\"card\", \"email\"] }", "{}", 10, "fields.note.redact.detect"),
        ("{ detect = [\"card\", \"email\"] }", "true", 10, "fields.note.redact"),
        ("\"invoice\"] }", "\"invoices\"] }", 12, "fields.code.check.patterns[3]"),
        ("\"invoice\"] }", "\"luhn\"] }", 12, "fields.code.check.patterns[3]"),
        ("\"invoice\"] }", "\"invoice\"], op = 1 }", 12, "fields.code.check.op"),
        ("invoice = '", "luhn = '", 14, "patterns.luhn"),
        ("{8}$'", "{8'", 14, "patterns.invoice"),
    ] {
        let changed = POLICY.replacen(old, new, 1);
        assert_ne!(changed, POLICY, "{old}");
        let refused = Policy::parse(changed.as_bytes()).expect_err(new);
        assert_eq!((refused.line, refused.key.as_str()), (line, key), "{new}: {refused}");
        assert!(!matches!(refused.rule, Rule::NotYetSupported));
    }
}

const POLICY: &str = r#"version = 1
name = "n"
datasets = ["d"]
keys = ["arn:aws:kms:eu-central-1:111122223333:key/1"]
input = { format = "ndjson", on_error = "fail" }
recipients = [{ name = "r", kms_key = "arn:aws:kms:eu-central-1:111122223333:key/2" }]
release.records.max_records = 10

[fields.note]
redact = { detect = ["card", "email"] }
[fields.code]
check = { patterns = ["luhn", "iban", "email", "invoice"] }
[patterns]
invoice = '^INV-[0-9]{8}$'
"#;

fn policy(text: &str) -> Policy {
    Policy::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

fn job_text(columns: &str) -> String {
    format!("version = 1\nkind = \"records\"\n[fields]\n{columns}\n")
}

fn parsed(columns: &str) -> Job {
    Job::parse(job_text(columns).as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// The rows of some records, or what they are refused for.
fn rows(terms: &str, columns: &str, records: &str) -> Result<String, String> {
    let plan = authorize::job(&policy(terms), &parsed(columns), UnixMillis(0)).unwrap_or_else(|error| panic!("{error}"));
    let processor = plan.processor(&BTreeMap::new()).expect("no token keys");
    let mut out = Vec::new();
    processor.worker().whole(processor.cutter(), records.as_bytes(), &mut out).map_err(|refused| refused.to_string())?;
    Ok(String::from_utf8(out).expect("text"))
}

fn labelled() -> Vec<Labelled> {
    let set = include_str!("../data/detectors/labelled.ndjson");
    set.lines().map(|line| serde_json::from_str(line).expect("a labelled text")).collect()
}
