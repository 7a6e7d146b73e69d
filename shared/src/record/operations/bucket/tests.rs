//! Tests of buckets: what policies and jobs may say, which jobs are allowed, and what is written for values.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use super::*;
use crate::authorize;
use crate::job::Job;
use crate::limits;
use crate::policy::{Policy, UnixMillis};
use crate::record::decimal::DecimalOutOfBounds;
use crate::record::random::Random;

/// What has been refused.
#[derive(Debug, PartialEq)]
enum Refused {
    Policy(String, Rule),
    Job(String, Rule),
    Breach(Breach),
    Record(RecordRefused),
}

/// The output for one field `f` with this permission, under a job's operation with these parameters.
fn bucket(permission: &str, parameters: &str, records: &str) -> Result<String, Refused> {
    let policy = format!(
        "version = 1\nname = \"n\"\ndatasets = [\"d\"]\nkeys = [\"arn:aws:kms:eu-central-1:111122223333:key/1\"]\n\
         recipients = [{{ name = \"r\", kms_key = \"arn:aws:kms:eu-central-1:111122223333:key/2\" }}]\n\
         input = {{ format = \"ndjson\", on_error = \"fail\" }}\nrelease.records.max_records = 100000\n\
         [fields.f]\nbucket = {{ {permission} }}\n"
    );
    let policy = Policy::parse(policy.as_bytes()).map_err(|error| Refused::Policy(error.key, error.rule))?;
    let job = format!("version = 1\nkind = \"records\"\n[fields]\nf = {{ op = \"bucket\", {parameters} }}\n");
    let job = Job::parse(job.as_bytes()).map_err(|error| Refused::Job(error.key, error.rule))?;
    let plan = authorize::job(&policy, &job, UnixMillis(0)).map_err(|refused| Refused::Breach(refused.breach))?;
    let processor = plan.processor(&BTreeMap::new()).unwrap();
    let (mut worker, mut out) = (processor.worker(), Vec::new());
    worker.whole(processor.cutter(), records.as_bytes(), &mut out).map_err(Refused::Record)?;
    Ok(String::from_utf8(out).unwrap())
}

/// As [`bucket`], for one value: what stands for it in the row.
fn one(permission: &str, parameters: &str, value: &str) -> Result<String, Refused> {
    let row = bucket(permission, parameters, &format!("{{\"f\":{value}}}"))?;
    Ok(row.strip_prefix("{\"f\":").unwrap().strip_suffix("}\n").unwrap().to_owned())
}

fn text(text: &str) -> Result<String, Refused> {
    Ok(format!("\"{text}\""))
}

#[test]
fn numbers_fall_into_half_open_ranges_from_zero() {
    for (width, value, expected) in [
        ("100", "0", "[0,100)"),
        ("100", "-0.0", "[0,100)"),
        ("100", "99.999999999999999999999999", "[0,100)"),
        ("100", "100", "[100,200)"),
        ("100", "1e2", "[100,200)"),
        ("250", "250.0000000000000000000001", "[250,500)"),
        ("250", "249.9999999999", "[0,250)"),
        ("100", "-0.5", "[-100,0)"),
        ("100", "-1e-999999999", "[-100,0)"),
        ("100", "-100", "[-100,0)"),
        ("100", "-100.01", "[-200,-100)"),
        ("0.5", "12.345", "[12.0,12.5)"),
        ("0.50", "12.5", "[12.5,13.0)"),
        ("0.05", "-0.01", "[-0.05,0.00)"),
        ("1.5", "4", "[3.0,4.5)"),
        ("0.000000001", "0.1234567891", "[0.123456789,0.123456790)"),
        ("7", "123456789012345678901234567", "[123456789012345678901234566,123456789012345678901234573)"),
        ("999999999999", "1000000000000", "[999999999999,1999999999998)"),
    ] {
        assert_eq!(one(&format!("min_width = {width}"), &format!("width = {width}"), value), text(expected), "{value} by {width}");
    }
}

#[test]
fn buckets_of_numbers_agree_with_integer_arithmetic() {
    let mut random = Random::new(5);
    for _ in 0..300 {
        // In thousandths.
        let width = i64::try_from(random.below(400_000)).unwrap() + 1;
        let value = i64::try_from(random.below(20_000_000)).unwrap() - 10_000_000;
        let written = match random.below(3) {
            0 => format!("{value}e-3"),
            1 => format!("{value}0E-4"),
            _ => format!("{}{}.{:03}", if value < 0 { "-" } else { "" }, value.abs() / 1000, value.abs() % 1000),
        };
        let parameter = format!("{}.{:03}", width / 1000, width % 1000);
        let found = one(&format!("min_width = {parameter}"), &format!("width = {parameter}"), &written).unwrap();
        let (from, to) = found.strip_prefix("\"[").unwrap().strip_suffix(")\"").unwrap().split_once(',').unwrap();
        let thousandths = |text: &str| {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            format!("{whole}{fraction:0<3}").parse::<i64>().unwrap()
        };
        let (from, to) = (thousandths(from), thousandths(to));
        assert!(from <= value && value < to && to - from == width && from % width == 0, "{written} by {parameter}: {found}");
    }
}

#[test]
fn dates_fall_into_the_period_in_which_they_are_written() {
    for (period, value, expected) in [
        ("month", "2026-03-17", "2026-03"),
        ("quarter", "2026-03-31", "2026-Q1"),
        ("quarter", "2026-04-01", "2026-Q2"),
        ("quarter", "2026-09-30", "2026-Q3"),
        ("quarter", "2026-12-31T23:59:59Z", "2026-Q4"),
        ("year", "0000-01-01", "0000"),
        // No zone is converted: in UTC this is in 2025 already over.
        ("month", "2026-01-01T00:30:00+02:00", "2026-01"),
        ("year", "2026\\u002d01-01", "2026"),
    ] {
        assert_eq!(one("min_period = \"month\"", &format!("period = \"{period}\""), &format!("\"{value}\"")), text(expected), "{value}");
    }
}

#[test]
fn ages_fall_into_bands_of_completed_years() {
    let bands = "age_bands = [0, 1, 18, 30, 75]";
    for (value, expected) in
        [("0", "0"), ("0.99", "0"), ("1", "1-17"), ("17.999", "1-17"), ("18", "18-29"), ("3e1", "30-74"), ("75", "75+"), ("1e9", "75+")]
    {
        assert_eq!(one(bands, bands, value), text(expected), "{value}");
    }
    let on = "age_bands = [18, 30], age_on = 2026-07-01";
    for (value, expected) in [
        ("2008-07-01", "18-29"),
        ("2008-07-02", "0-17"),
        ("1996-07-01T05:00:00+02:00", "30+"),
        ("1996-07-02 05:00:00", "18-29"),
        ("2026-07-01", "0-17"),
    ] {
        assert_eq!(one(on, "age_bands = [0, 18, 30]", &format!("\"{value}\"")), text(expected), "{value}");
    }
    assert_eq!(one(on, "age_bands = [30]", "\"2008-07-01\""), text("0-29"));
}

#[test]
fn values_that_have_no_bucket_are_bad() {
    let (width, period, ages) = ("min_width = 1", "min_period = \"month\"", "age_bands = [18]");
    let born = "age_bands = [18], age_on = 2026-07-01";
    let not_bucketed = Err(Refused::Record(RecordRefused::NotBucketed));
    for value in ["\"5\"", "\"\"", "true", "{}"] {
        assert_eq!(one(width, "width = 1", value), Err(Refused::Record(RecordRefused::OperationType)), "{value}");
        assert_eq!(one(ages, "age_bands = [18]", value), Err(Refused::Record(RecordRefused::OperationType)), "{value}");
    }
    for value in ["20260317", "true", "{}"] {
        assert_eq!(one(period, "period = \"year\"", value), Err(Refused::Record(RecordRefused::OperationType)), "{value}");
        assert_eq!(one(born, "age_bands = [18]", value), Err(Refused::Record(RecordRefused::OperationType)), "{value}");
    }
    for value in ["1e27", "-1e27", "1e999999999"] {
        assert_eq!(one(width, "width = 1", value), not_bucketed, "{value}");
    }
    for value in ["-1", "-0.001"] {
        assert_eq!(one(ages, "age_bands = [18]", value), not_bucketed, "{value}");
    }
    for value in ["\"\"", "\"2026\"", "\"2026-02-29\"", "\"17.03.2026\"", "\"2026-03-17T25:00:00Z\""] {
        assert_eq!(one(period, "period = \"year\"", value), not_bucketed, "{value}");
        assert_eq!(one(born, "age_bands = [18]", value), not_bucketed, "{value}");
    }
    assert_eq!(one(born, "age_bands = [18]", "\"2026-07-02\""), not_bucketed);
    let out_of_bounds = RecordRefused::Decimal(DecimalOutOfBounds);
    assert_eq!(one(width, "width = 1", "1e1000000000"), Err(Refused::Record(out_of_bounds)));
    assert_eq!(bucket(width, "width = 1", "{\"f\":null}\n{}\n"), Ok("{\"f\":null}\n{}\n".to_owned()));
}

#[test]
fn a_job_puts_buckets_of_the_policy_together_and_never_cuts_them() {
    let (min_width, ages) = ("min_width = 0.5", "age_bands = [18, 30, 45]");
    for (permission, parameters) in [
        (min_width, "width = 0.5"),
        (min_width, "width = 10"),
        (min_width, "width = 1.50"),
        ("min_period = \"month\"", "period = \"month\""),
        ("min_period = \"month\"", "period = \"year\""),
        ("min_period = \"year\"", "period = \"year\""),
        (ages, "age_bands = [0, 18, 30, 45]"),
        (ages, "age_bands = [30]"),
    ] {
        assert_eq!(bucket(permission, parameters, "{}"), Ok("{}\n".to_owned()), "{permission}: {parameters}");
    }
    for (permission, parameters, expected) in [
        (min_width, "width = 0.25", "`width` has to be a multiple of the policy's `min_width = 0.5`"),
        (min_width, "width = 0.75", "`width` has to be a multiple of the policy's `min_width = 0.5`"),
        ("min_width = 100", "width = 250", "`width` has to be a multiple of the policy's `min_width = 100`"),
        ("min_period = \"quarter\"", "period = \"month\"", "`period` is shorter than the policy's `min_period = \"quarter\"`"),
        ("min_period = \"year\"", "period = \"quarter\"", "`period` is shorter than the policy's `min_period = \"year\"`"),
        (ages, "age_bands = [18, 31]", "`age_bands` may only name ages where a band of the policy begins: 0, 18, 30, 45"),
        (ages, "age_bands = [18, 30, 45, 60]", "`age_bands` may only name ages where a band of the policy begins: 0, 18, 30, 45"),
        (min_width, "period = \"year\"", "the policy permits `bucket` on this field by `width` only"),
        (min_width, "age_bands = [18]", "the policy permits `bucket` on this field by `width` only"),
        ("min_period = \"month\"", "width = 5", "the policy permits `bucket` on this field by `period` only"),
        (ages, "width = 5", "the policy permits `bucket` on this field by `age_bands` only"),
    ] {
        match bucket(permission, parameters, "{}") {
            Err(Refused::Breach(breach)) => assert_eq!(breach.to_string(), expected),
            other => assert_eq!(other, Ok(expected.to_owned()), "{permission}: {parameters}"),
        }
    }
}

#[test]
fn policies_say_one_kind_of_buckets_within_bounds() {
    const ONE: Rule = Rule::Value("exactly one of min_width, min_period and age_bands, and age_on with age_bands alone");
    const WIDTH: Rule = Rule::Value("a number above 0 with at most 12 digits before and 9 after the point, without exponent");
    const RISING: Rule = Rule::Value("ages that rise from entry to entry");
    for (permission, key, rule) in [
        ("", "", ONE),
        ("age_on = 2026-01-01", "", ONE),
        ("min_width = 1, min_period = \"year\"", "", ONE),
        ("min_width = 1, age_on = 2026-01-01", "", ONE),
        ("min_period = \"year\", age_bands = [18]", "", ONE),
        ("min_width = 0", ".min_width", WIDTH),
        ("min_width = 0.0", ".min_width", WIDTH),
        ("min_width = -1", ".min_width", WIDTH),
        ("min_width = 1e2", ".min_width", WIDTH),
        ("min_width = 0.0000000001", ".min_width", WIDTH),
        ("min_width = 1000000000000", ".min_width", WIDTH),
        ("min_period = \"day\"", ".min_period", Rule::Value("month, quarter or year")),
        ("min_period = \"Month\"", ".min_period", Rule::Value("month, quarter or year")),
        ("min_period = [\"month\"]", ".min_period", Rule::Type("a string")),
        ("age_bands = []", ".age_bands", Rule::Value("at least one entry")),
        ("age_bands = [0]", ".age_bands", Rule::Value("at least one age above 0")),
        ("age_bands = [18, 18]", ".age_bands[1]", RISING),
        ("age_bands = [30, 18]", ".age_bands[1]", RISING),
        ("age_bands = [18, 0]", ".age_bands[1]", RISING),
        ("age_bands = [0, 0, 18]", ".age_bands[1]", RISING),
        ("age_bands = [151]", ".age_bands[0]", Rule::Bounds(0, limits::AGE)),
        ("age_bands = [17.5]", ".age_bands[0]", Rule::Type("an integer")),
        ("age_bands = [18], age_on = \"2026-01-01\"", ".age_on", Rule::Type(crate::toml_reader::OFFSET_DATE_TIME)),
        ("age_bands = [18], age_on = 2026-01-01T00:00:00Z", ".age_on", Rule::Type("a date without a time, such as 2026-01-01")),
        ("min_width = 1, width = 1", ".width", Rule::UnknownKey("min_width, min_period, age_bands, age_on".to_owned())),
    ] {
        assert_eq!(bucket(permission, "width = 1", "{}"), Err(Refused::Policy(format!("fields.f.bucket{key}"), rule)), "{permission}");
    }
    for word in ["width = \"1\"", "width = +1", "width = inf", "width = 1_000", "width = 0x10"] {
        assert!(matches!(bucket("min_width = 1", word, "{}"), Err(Refused::Job(key, Rule::Type(_))) if key == "fields.f.width"), "{word}");
    }
}

#[test]
fn jobs_name_one_kind_of_buckets() {
    const ONE: Rule = Rule::Value("exactly one of width, period and age_bands");
    for parameters in ["", "width = 1, period = \"year\"", "width = 1, age_bands = [18]"] {
        assert_eq!(bucket("min_width = 1", parameters, "{}"), Err(Refused::Job("fields.f".to_owned(), ONE)), "{parameters}");
    }
    // The policy's day is the only one: with days of its own a job would find out birthdays.
    let refused = bucket("age_bands = [18], age_on = 2026-01-01", "age_bands = [18], age_on = 2026-01-02", "{}");
    assert!(matches!(refused, Err(Refused::Job(key, Rule::UnknownKey(_))) if key == "fields.f.age_on"));
}
