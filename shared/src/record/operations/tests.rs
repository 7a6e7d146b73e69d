//! Tests of `check` and `redact`, from policy and job to what is written.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use super::check::PatternNotListed;
use super::redact::DetectorsLeftOut;
use super::*;
use crate::authorize;
use crate::detect::{Detector, NAMES};
use crate::job::Job;
use crate::policy::{Policy, UnixMillis};

/// What has been refused.
#[derive(Debug, PartialEq)]
enum Refused {
    Policy(Rule),
    Job(Rule),
    Breach(Breach),
    Record(RecordRefused),
}

/// What is written for `value` of the field `f` under this permission, and this operation of the job.
fn one(permission: &str, operation: &str, value: &str) -> Result<String, Refused> {
    let policy = format!(
        "version = 1\nname = \"n\"\ndatasets = [\"d\"]\nkeys = [\"arn:aws:kms:eu-central-1:111122223333:key/1\"]\n\
         recipients = [{{ name = \"r\", kms_key = \"arn:aws:kms:eu-central-1:111122223333:key/2\" }}]\n\
         input = {{ format = \"ndjson\", on_error = \"fail\" }}\nrelease.records.max_records = 10\n\
         patterns = {{ invoice = 'INV-[0-9]{{2}}', order = 'ORD-[0-9]{{2}}' }}\n[fields.f]\n{permission}\n"
    );
    let policy = Policy::parse(policy.as_bytes()).map_err(|error| Refused::Policy(error.rule))?;
    let job = format!("version = 1\nkind = \"records\"\n[fields]\nf = {{ {operation} }}\n");
    let job = Job::parse(job.as_bytes()).map_err(|error| Refused::Job(error.rule))?;
    let plan = authorize::job(&policy, &job, UnixMillis(0)).map_err(|refused| Refused::Breach(refused.breach))?;
    let processor = plan.processor(&BTreeMap::new()).unwrap();
    let (mut worker, mut out) = (processor.worker(), Vec::new());
    worker.whole(processor.cutter(), format!("{{\"f\":{value}}}").as_bytes(), &mut out).map_err(Refused::Record)?;
    let row = String::from_utf8(out).unwrap();
    Ok(row.strip_prefix("{\"f\":").unwrap().strip_suffix("}\n").unwrap().to_owned())
}

const CHECKED: &str = "check = { patterns = [\"luhn\", \"invoice\", \"order\", \"iban\"] }";

#[test]
fn a_value_is_checked_by_the_pattern_that_the_job_names_and_no_other() {
    for (pattern, value, expected) in [
        ("invoice", "\"INV-12\"", "true"),
        ("invoice", "\"ORD-12\"", "false"),
        ("invoice", "\"INV-123\"", "false"),
        ("order", "\"ORD-12\"", "true"),
        ("order", "\"INV-12\"", "false"),
        ("luhn", "79927398713", "true"),
        ("luhn", "79927398710", "false"),
        ("luhn", "\"INV-12\"", "false"),
        ("iban", "\"DE89370400440532013000\"", "true"),
        ("iban", "\"79927398713\"", "false"),
        ("order", "null", "null"),
        ("order", "[\"ORD-12\",\"x\"]", "[true,false]"),
    ] {
        assert_eq!(one(CHECKED, &format!("op = \"check\", pattern = \"{pattern}\""), value), Ok(expected.to_owned()), "{pattern}: {value}");
    }
}

#[test]
fn a_job_checks_by_no_pattern_that_the_field_does_not_list() {
    let refused =
        |pattern: &str| one("check = { patterns = [\"luhn\", \"invoice\"] }", &format!("op = \"check\", pattern = \"{pattern}\""), "\"x\"");
    for pattern in ["order", "iban", "INVOICE", "luhn, invoice", "INV-[0-9]{2}"] {
        let expected = Breach::PatternNotListed(PatternNotListed("luhn, invoice".to_owned()));
        assert_eq!(refused(pattern), Err(Refused::Breach(expected)), "{pattern}");
    }
    assert_eq!(one(CHECKED, "op = \"check\"", "1"), Err(Refused::Job(Rule::Missing)));
    assert_eq!(one(CHECKED, "op = \"check\", pattern = \"\"", "1"), Err(Refused::Job(Rule::Name(crate::limits::NAME_BYTES))));
    assert_eq!(one("keep = true", "op = \"check\", pattern = \"luhn\"", "1"), Err(Refused::Breach(Breach::OperationNotPermitted("check"))));
    assert_eq!(one(CHECKED, "op = \"check\", pattern = \"luhn\"", "true"), Err(Refused::Record(RecordRefused::OperationType)));
}

#[test]
fn a_policy_lists_patterns_that_there_are_each_once() {
    for (permission, rule) in [
        ("[\"luhn\", \"invoice\", \"luhn\"]", Rule::Duplicate),
        ("[\"invoice\", \"order\", \"invoice\"]", Rule::Duplicate),
        ("[\"iban\", \"iban\"]", Rule::Duplicate),
        ("[\"receipt\"]", Rule::UnknownPattern),
        ("[]", Rule::Value("at least one entry")),
        ("\"luhn\"", Rule::Type("an array")),
    ] {
        let permission = format!("check = {{ patterns = {permission} }}");
        assert_eq!(one(&permission, "op = \"check\", pattern = \"luhn\"", "1"), Err(Refused::Policy(rule)), "{permission}");
    }
}

#[test]
fn what_a_policy_writes_of_its_patterns_is_shown_as_it_is_written() {
    let text = "version = 1\nname = \"n\"\ndatasets = [\"d\"]\nkeys = [\"arn:aws:kms:eu-central-1:111122223333:key/1\"]\n\
                recipients = [{ name = \"r\", kms_key = \"arn:aws:kms:eu-central-1:111122223333:key/2\" }]\n\
                input = { format = \"ndjson\", on_error = \"fail\" }\npatterns.invoice = 'INV-[0-9]{2}'\n\
                fields.f.check = { patterns = [\"luhn\", \"invoice\", \"iban\"] }\n";
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let listed = &policy.fields().get("f").unwrap().operations.check.as_ref().unwrap().patterns;
    let written: Vec<_> = listed.iter().map(|pattern| (pattern.name(), pattern.written())).collect();
    assert_eq!(written, [("luhn", None), ("invoice", Some("INV-[0-9]{2}")), ("iban", None)]);
}

const REDACTED: &str = "redact = { detect = [\"card\", \"email\"] }";
const NOTE: &str = "\"of a@example.com, card 4111 1111 1111 1111 and 192.0.2.1.\"";

#[test]
fn a_text_is_redacted_of_what_the_policy_names_and_of_what_a_job_adds() {
    for (operation, expected) in [
        ("op = \"redact\"", "\"of [EMAIL], card [CARD] and 192.0.2.1.\""),
        ("op = \"redact\", detect = [\"email\", \"card\"]", "\"of [EMAIL], card [CARD] and 192.0.2.1.\""),
        ("op = \"redact\", detect = [\"ipv4\", \"email\", \"card\"]", "\"of [EMAIL], card [CARD] and [IPV4].\""),
    ] {
        assert_eq!(one(REDACTED, operation, NOTE), Ok(expected.to_owned()), "{operation}");
    }
    for (value, expected) in [
        ("\"\"", "\"\""),
        ("\"nothing\\nhere\"", "\"nothing\\nhere\""),
        ("\"a@example.com\"", "\"[EMAIL]\""),
        ("\"\\u0061@example.com\\\"\"", "\"[EMAIL]\\\"\""),
        ("[\"a@example.com\",null,[\"x\"]]", "[\"[EMAIL]\",null,[\"x\"]]"),
    ] {
        assert_eq!(one(REDACTED, "op = \"redact\"", value), Ok(expected.to_owned()), "{value}");
    }
    for value in ["4111111111111111", "false", "{}", "[1]"] {
        assert_eq!(one(REDACTED, "op = \"redact\"", value), Err(Refused::Record(RecordRefused::OperationType)), "{value}");
    }
}

#[test]
fn a_job_leaves_out_no_detector_that_the_policy_names() {
    for (detect, left_out) in [
        ("[\"email\"]", vec![Detector::Card]),
        ("[\"card\", \"ipv4\"]", vec![Detector::Email]),
        ("[\"phone\"]", vec![Detector::Card, Detector::Email]),
    ] {
        let breach = Breach::DetectorsLeftOut(DetectorsLeftOut(left_out.into_iter().collect()));
        assert_eq!(one(REDACTED, &format!("op = \"redact\", detect = {detect}"), NOTE), Err(Refused::Breach(breach)), "{detect}");
    }
    for (detect, rule) in [
        ("[\"card\", \"email\", \"card\"]", Rule::Duplicate),
        ("[\"cards\"]", Rule::Value(NAMES)),
        ("[]", Rule::Value("at least one entry")),
    ] {
        assert_eq!(one(REDACTED, &format!("op = \"redact\", detect = {detect}"), NOTE), Err(Refused::Job(rule.clone())), "{detect}");
        assert_eq!(one(&format!("redact = {{ detect = {detect} }}"), "op = \"redact\"", NOTE), Err(Refused::Policy(rule)), "{detect}");
    }
    assert_eq!(one("redact = {}", "op = \"redact\"", NOTE), Err(Refused::Policy(Rule::Missing)));
}
