//! Tests of aggregates: what is refused: jobs beyond the policy, policies that cannot be meant, records that cannot be measured, too many groups.

use super::{POLICY, TERMS, decide, run_on};
use crate::authorize::Breach;
use crate::job::Job;
use crate::policy::Policy;
use crate::record::{Counts, RecordRefused};

#[test]
fn what_the_policy_does_not_permit_is_refused() {
    let decided = |terms: &str, job: &str| decide(terms, job).err();
    let count = "[measures]\nn = { op = \"count\" }\n";
    assert_eq!(decided(&TERMS.replace("release.aggregates.max_groups = 100", ""), count), Some(Breach::NoAggregateRelease));
    for (group_by, breach) in [
        ("{ field = \"who\" }", Breach::GroupNotPermitted),
        ("{ field = \"pay\" }", Breach::GroupNotPermitted),
        ("{ field = \"name\" }", Breach::GroupNotPermitted),
        ("{ field = \"other\" }", Breach::FieldNotNamed),
        ("{ field = \"land\", op = \"truncate\", keep_first = 1 }", Breach::OperationNotPermitted("truncate")),
        (
            "{ field = \"zip\", op = \"truncate\", keep_first = 3 }",
            Breach::OverBound { parameter: "keep_first", bound: "keep_first_max", most: 2 },
        ),
        ("{ field = \"zip\" }, { field = \"zip\", name = \"again\" }", Breach::FieldReleasedTwice),
    ] {
        assert_eq!(decided(TERMS, &format!("group_by = [{group_by}]\n{count}")), Some(breach), "{group_by}");
    }
    for (measure, breach) in [
        ("{ op = \"sum\", field = \"who\" }", Breach::OperationNotPermitted("sum")),
        ("{ op = \"count_distinct\", field = \"land\" }", Breach::OperationNotPermitted("count_distinct")),
        ("{ op = \"max\", field = \"other\" }", Breach::FieldNotNamed),
        ("{ op = \"histogram\", field = \"who\", width = 10 }", Breach::OperationNotPermitted("histogram")),
        ("{ op = \"histogram\", field = \"pay\", width = 15 }", Breach::NotAMultiple { parameter: "width", bound: "min_width", least: 10 }),
    ] {
        assert_eq!(decided(TERMS, &format!("[measures]\nm = {measure}\n")), Some(breach), "{measure}");
    }
    for permitted in ["sum", "mean", "min", "max", "quantile"] {
        let terms = TERMS.replace(&format!("{permitted} = true"), &format!("{permitted} = false"));
        let q = if permitted == "quantile" { ", q = 0.5" } else { "" };
        let job = format!("[measures]\nm = {{ op = \"{permitted}\", field = \"pay\"{q} }}\n");
        assert_eq!(decided(&terms, &job), Some(Breach::OperationNotPermitted(permitted)));
        assert_eq!(decided(TERMS, &job), None);
    }
}

#[test]
fn values_that_cannot_be_measured_make_a_record_bad() {
    let job = "[measures]\ntotal = { op = \"sum\", field = \"pay\" }\n";
    for bad in [r#"{"who":1,"pay":"5"}"#, r#"{"who":1,"pay":true}"#, r#"{"who":1,"pay":[5]}"#] {
        assert_eq!(run_on(1, TERMS, job, &[bad]).err(), Some(RecordRefused::OperationType), "{bad}");
    }
    assert!(matches!(run_on(1, TERMS, job, &[r#"{"who":1,"pay":1e30}"#]).err(), Some(RecordRefused::TooManyDigits(_))));
    assert_eq!(run_on(1, TERMS, job, &[r#"{"who":[1],"pay":1}"#]).err(), Some(RecordRefused::PersonType));
    let by_zip = "group_by = [{ field = \"zip\" }]\n[measures]\nn = { op = \"count\" }\n";
    assert_eq!(run_on(1, TERMS, by_zip, &[r#"{"who":1,"zip":{}}"#]).err(), Some(RecordRefused::OperationType));
    // Skipped, it leaves no trace: neither in the counts nor in a sum.
    let terms = TERMS.replace("on_error = \"fail\"", "on_error = \"skip\"");
    let ended = run_on(2, &terms, job, &[r#"{"who":1,"pay":1}"#, r#"{"who":3,"pay":"x"}"#, r#"{"who":2,"pay":2}"#]).unwrap();
    assert_eq!((ended.rows.as_str(), ended.counts), ("{\"total\":3}\n", Counts { read: 3, released: 1, skipped: 1 }));
}

#[test]
fn more_groups_than_the_policy_allows_refuse_the_job() {
    let terms = TERMS.replace("max_groups = 100", "max_groups = 3");
    let job = "group_by = [{ field = \"zip\" }]\n[measures]\nn = { op = \"count\" }\n";
    let records: Vec<String> = (0..4).map(|number| format!("{{\"who\":{number},\"zip\":{number}}}")).collect();
    let records: Vec<_> = records.iter().map(String::as_str).collect();
    assert!(run_on(2, &terms, job, &records[..3]).is_ok());
    assert_eq!(run_on(2, &terms, job, &records).err(), Some(RecordRefused::TooManyGroups));
    assert!(!RecordRefused::TooManyGroups.is_about_one_record() && !RecordRefused::TooMuchToHold.is_about_one_record());
}

#[test]
fn policies_that_cannot_be_meant_are_refused_by_line() {
    let error = |terms: &str| Policy::parse(format!("{POLICY}{terms}").as_bytes()).unwrap_err().to_string();
    assert!(error(&TERMS.replace("people = { field = \"who\", min = 2 }\n", "")).contains("aggregates need [people]"));
    assert!(error(&TERMS.replace("\"ndjson\"", "\"csv\"")).contains("type = \"number\""));
    assert!(error(&TERMS.replace("sum = true", "clamp = { min = 5, max = 4 }")).contains("max that is not below min"));
    assert!(error(&TERMS.replace("sum = true", "clamp = { min = 0, max = 1e30 }")).contains("28 digits"));
    assert!(error(&TERMS.replace("min_width = 10", "min_width = 0")).contains("out of bounds"));
    let job = |text: &str| Job::parse(format!("version = 1\nkind = \"aggregate\"\n{text}").as_bytes()).unwrap_err().to_string();
    assert!(job("[measures]\n").contains("at least one"));
    assert!(job("").contains("measures"));
    assert!(job("[measures]\nm = { op = \"median\", field = \"pay\" }\n").contains("quantile"));
    for q in ["-0.1", "1.1", "0.1234567891", "\"0.5\"", "1e-10"] {
        assert!(job(&format!("[measures]\nm = {{ op = \"quantile\", field = \"pay\", q = {q} }}\n")).starts_with("line 4"), "{q}");
    }
    assert!(job("group_by = [{ field = \"/a/b\" }]\n[measures]\nm = { op = \"count\" }\n").contains("name of its own"));
    assert!(job("group_by = [{ field = \"a\" }]\n[measures]\na = { op = \"count\" }\n").contains("twice"));
    assert!(job("fields = { a = { op = \"keep\" } }\n[measures]\na = { op = \"count\" }\n").contains("unknown key"));
}
