//! Tests of aggregates, from policy, job and records to rows: what is computed, what stays hidden, and what is refused.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;

use crate::authorize::{self, Breach};
use crate::job::Job;
use crate::policy::{Policy, UnixMillis};
use crate::record::{Counts, RecordRefused};

mod two_jobs;

const POLICY: &str = r#"
version = 1
name = "n"
datasets = ["d"]
keys = ["arn:aws:kms:eu-central-1:111122223333:key/1"]
recipients = [{ name = "r", kms_key = "arn:aws:kms:eu-central-1:111122223333:key/2" }]
"#;

const TERMS: &str = r#"
input = { format = "ndjson", on_error = "fail" }
people = { field = "who", min = 2 }
release.aggregates.max_groups = 100
[fields.who]
count_distinct = true
[fields.zip]
keep = true
truncate = { keep_first_max = 2 }
group = true
[fields.land]
keep = true
group = true
filter = { ops = ["eq"] }
[fields.pay]
sum = true
mean = true
min = true
max = true
quantile = true
histogram = { min_width = 10 }
count_distinct = true
[fields.name]
keep = true
"#;

struct Ended {
    rows: String,
    counts: Counts,
}

fn decide(terms: &str, job: &str) -> Result<authorize::Plan, Breach> {
    let policy = Policy::parse(format!("{POLICY}{terms}").as_bytes()).unwrap();
    let job = Job::parse(format!("version = 1\nkind = \"aggregate\"\n{job}").as_bytes()).unwrap();
    authorize::job(&policy, &job, UnixMillis(0)).map_err(|refused| refused.breach)
}

/// Runs a job on records, dealt out to `workers` in turn.
fn run_on(workers: usize, terms: &str, job: &str, records: &[&str]) -> Result<Ended, RecordRefused> {
    let mut processor = decide(terms, job).unwrap().processor(&BTreeMap::new()).unwrap();
    let mut all: Vec<_> = (0..workers).map(|_| processor.worker()).collect();
    let mut out = processor.head();
    for (index, record) in records.iter().enumerate() {
        let mut nothing = Vec::new();
        all.get_mut(index % workers).unwrap().whole(processor.cutter(), record.as_bytes(), &mut nothing)?;
        assert!(nothing.is_empty(), "no row leaves before the end");
    }
    for worker in all {
        processor.merge(worker.into_tally())?;
    }
    let (counts, groups) = processor.finish()?;
    let mut groups = groups.unwrap();
    while !groups.is_empty() {
        groups.next_block(&mut out);
    }
    Ok(Ended { rows: String::from_utf8(out).unwrap(), counts })
}

fn run(terms: &str, job: &str, records: &[&str]) -> String {
    let one = run_on(1, terms, job, records).unwrap().rows;
    assert_eq!(run_on(3, terms, job, records).unwrap().rows, one, "the number of workers shows");
    let backwards: Vec<_> = records.iter().rev().copied().collect();
    assert_eq!(run_on(1, terms, job, &backwards).unwrap().rows, one, "the order of records shows");
    one
}

const RECORDS: [&str; 8] = [
    r#"{"who":"a","zip":"1010","land":"AT","pay":10.50}"#,
    r#"{"who":"b","zip":"1020","land":"AT","pay":20}"#,
    r#"{"who":"a","zip":"1010","land":"AT","pay":1e1}"#,
    r#"{"who":"c","zip":"80331","land":"DE","pay":-5}"#,
    r#"{"who":"d","zip":"80331","land":"DE","pay":null}"#,
    r#"{"who":"e","zip":"80331","land":"DE","pay":7.25}"#,
    r#"{"who":"f","zip":"75001","land":"FR","pay":99}"#,
    r#"{"who":"g","zip":"75002","land":"FR"}"#,
];

#[test]
fn groups_are_measured_exactly() {
    let job = r#"
group_by = [{ field = "land" }]
[measures]
records = { op = "count" }
people = { op = "count_distinct", field = "who" }
total = { op = "sum", field = "pay" }
mean = { op = "mean", field = "pay" }
low = { op = "min", field = "pay" }
high = { op = "max", field = "pay" }
"#;
    let (at, de) = (
        "{\"land\":\"AT\",\"records\":3,\"people\":2,\"total\":40.5,\"mean\":13.5,\"low\":10,\"high\":20}\n",
        "{\"land\":\"DE\",\"records\":3,\"people\":3,\"total\":2.25,\"mean\":1.125,\"low\":-5,\"high\":7.25}\n",
    );
    assert_eq!(run(TERMS, job, &RECORDS[..6]), format!("{at}{de}"));
    // One person alone has a value in FR: whatever is measured of it would be that person's, and so would what the total of all
    // lacks to AT and DE.
    let hidden = |land, records| {
        format!("{{\"land\":\"{land}\",\"records\":{records},\"people\":2,\"total\":null,\"mean\":null,\"low\":null,\"high\":null}}\n")
    };
    assert_eq!(run(TERMS, job, &RECORDS), format!("{}{de}{}", hidden("AT", 3), hidden("FR", 2)));
}

#[test]
fn no_group_by_is_one_group_of_all() {
    assert_eq!(run(TERMS, "[measures]\nn = { op = \"count\" }\n", &RECORDS), "{\"n\":8}\n");
    assert_eq!(run(TERMS, "[measures]\nn = { op = \"count\" }\n", &RECORDS[..1]), "", "one person is no group");
    assert_eq!(run(TERMS, "[measures]\nn = { op = \"count\" }\n", &[]), "");
}

#[test]
fn a_group_of_too_few_people_is_absent_and_so_is_one_more_that_would_tell_of_it() {
    let job = "group_by = [{ field = \"zip\" }]\n[measures]\nn = { op = \"count\" }\n";
    let records: Vec<String> = [("11", "a b c"), ("22", "d e"), ("33", "f"), ("44", "g h i j")]
        .iter()
        .flat_map(|(zip, people)| people.split(' ').map(move |who| format!("{{\"zip\":\"{zip}\",\"who\":\"{who}\"}}")))
        .collect();
    let records: Vec<_> = records.iter().map(String::as_str).collect();
    assert_eq!(run(TERMS, job, &records), "{\"zip\":\"11\",\"n\":3}\n{\"zip\":\"44\",\"n\":4}\n", "22 hides with 33");
    let mut more = records.clone();
    more.push("{\"zip\":\"55\",\"who\":\"k\"}");
    assert_eq!(
        run(TERMS, job, &more),
        "{\"zip\":\"11\",\"n\":3}\n{\"zip\":\"22\",\"n\":2}\n{\"zip\":\"44\",\"n\":4}\n",
        "33 and 55 are two people together: nothing else has to hide"
    );
    more.pop();
    more.push("{\"zip\":\"55\",\"who\":\"f\"}");
    assert_eq!(run(TERMS, job, &more), "{\"zip\":\"11\",\"n\":3}\n{\"zip\":\"44\",\"n\":4}\n", "33 and 55 are the same person");
}

#[test]
fn a_total_over_some_columns_tells_of_no_few_people_either() {
    let job = "group_by = [{ field = \"land\" }, { field = \"zip\" }]\n[measures]\nn = { op = \"count\" }\n";
    let mut records = Vec::new();
    for (land, zip, people) in [("A", "1", 2), ("A", "2", 1), ("A", "3", 5), ("B", "1", 1), ("B", "2", 4), ("C", "1", 3)] {
        for person in 0..people {
            records.push(format!("{{\"land\":\"{land}\",\"zip\":\"{zip}\",\"who\":\"{land}{zip}{person}\"}}"));
        }
    }
    let records: Vec<_> = records.iter().map(String::as_str).collect();
    // A2 and B1 are two people together, but each is alone in its country; B2 then hides for country B, A1 for country A.
    assert_eq!(run(TERMS, job, &records), "{\"land\":\"A\",\"zip\":\"3\",\"n\":5}\n{\"land\":\"C\",\"zip\":\"1\",\"n\":3}\n");
}

/// Records of as many people as each group says.
fn people_in(groups: &[(&str, &str, u32)]) -> Vec<String> {
    let of_group = |(land, zip, people): &(&str, &str, u32)| {
        let record = |person| format!("{{\"land\":\"{land}\",\"zip\":\"{zip}\",\"who\":\"{land}{zip}{person}\"}}");
        (0..*people).map(record).collect::<Vec<_>>()
    };
    groups.iter().flat_map(of_group).collect()
}

#[test]
fn two_totals_together_tell_of_no_few_people() {
    let job = "group_by = [{ field = \"land\" }, { field = \"zip\" }]\n[measures]\nn = { op = \"count\" }\n";
    // 12 hides 11 for its row and 22 for its column. Were 11 hidden alone in its column, the totals by zip would tell of it, and
    // with it those by land of 12.
    let records = people_in(&[("1", "1", 5), ("1", "2", 1), ("2", "2", 4), ("2", "1", 9), ("3", "1", 20), ("3", "2", 20), ("3", "3", 20)]);
    let records: Vec<_> = records.iter().map(String::as_str).collect();
    assert_eq!(
        run(TERMS, job, &records),
        "{\"land\":\"3\",\"zip\":\"1\",\"n\":20}\n{\"land\":\"3\",\"zip\":\"2\",\"n\":20}\n{\"land\":\"3\",\"zip\":\"3\",\"n\":20}\n"
    );
}

#[test]
fn a_bin_is_one_more_column_of_which_totals_tell() {
    let job = "group_by = [{ field = \"land\" }]\n[measures]\nbins = { op = \"histogram\", field = \"pay\", width = 10 }\n";
    let mut records = Vec::new();
    for (land, bins) in [("A", [1, 3, 4]), ("B", [5, 6, 7]), ("C", [8, 9, 9])] {
        for (bin, people) in bins.into_iter().enumerate() {
            for person in 0..people {
                records.push(format!("{{\"land\":\"{land}\",\"who\":\"{land}{bin}{person}\",\"pay\":{}}}", 10 * bin + 5));
            }
        }
    }
    let records: Vec<_> = records.iter().map(String::as_str).collect();
    // The one of A in the first bin hides another bin of A, and each of both hides the same bin of B, whose totals are known too.
    let bin = |from: u32, count: u32| format!("{{\"from\":{from},\"below\":{},\"count\":{count}}}", from + 10);
    assert_eq!(
        run(TERMS, job, &records),
        format!(
            "{{\"land\":\"A\",\"bins\":[{}]}}\n{{\"land\":\"B\",\"bins\":[{}]}}\n{{\"land\":\"C\",\"bins\":[{},{},{}]}}\n",
            bin(20, 4),
            bin(20, 7),
            bin(0, 8),
            bin(10, 9),
            bin(20, 9)
        )
    );
    assert_eq!(
        decide(
            TERMS,
            "[measures]\na = { op = \"histogram\", field = \"pay\", width = 10 }\nb = { op = \"histogram\", field = \"pay\", width = 20 }\n"
        )
        .err(),
        Some(Breach::SecondWidth)
    );
}

#[test]
fn equal_values_are_one_group_however_they_are_written() {
    let job = "group_by = [{ field = \"zip\" }]\n[measures]\nn = { op = \"count\" }\n";
    let records = [
        r#"{"zip":5,"who":1}"#,
        r#"{"zip":5.0,"who":2}"#,
        r#"{"zip":"5","who":3}"#,
        r#"{"zip":"\u0035","who":4}"#,
        r#"{"zip":null,"who":5}"#,
        r#"{"who":6}"#,
        r#"{"zip":true,"who":7}"#,
        r#"{"zip":true,"who":8}"#,
        r#"{"zip":"a\/\"b","who":9}"#,
        r#"{"zip":"a/\u0022b","who":10}"#,
    ];
    assert_eq!(
        run(TERMS, job, &records),
        "{\"zip\":\"5\",\"n\":2}\n{\"zip\":\"a/\\\"b\",\"n\":2}\n{\"zip\":5,\"n\":2}\n{\"zip\":null,\"n\":2}\n{\"zip\":true,\"n\":2}\n"
    );
}

#[test]
fn operations_and_conditions_come_before_groups() {
    let job = "where = [{ field = \"land\", op = \"eq\", value = \"AT\" }]\n\
               group_by = [{ field = \"zip\", name = \"area\", op = \"truncate\", keep_first = 2 }]\n[measures]\nn = { op = \"count\" }\n";
    assert_eq!(run(TERMS, job, &RECORDS), "{\"area\":\"10\",\"n\":3}\n");
}

#[test]
fn quantiles_and_histograms_hide_few_people() {
    let job = "[measures]\nmedian = { op = \"quantile\", field = \"pay\", q = 0.5 }\ntop = { op = \"quantile\", field = \"pay\", q = 1 }\n\
               bins = { op = \"histogram\", field = \"pay\", width = 10 }\n";
    let records: Vec<String> = (0..9)
        .map(|number| format!("{{\"who\":{number},\"pay\":{}}}", [-1.5, -2.0, 0.0, 3.0, 9.99, 10.0, 19.0, 20.0, 35.0][number]))
        .collect();
    let records: Vec<_> = records.iter().map(String::as_str).collect();
    assert_eq!(
        run(TERMS, job, &records),
        "{\"median\":9.99,\"top\":null,\"bins\":[{\"from\":-10,\"below\":0,\"count\":2},{\"from\":0,\"below\":10,\"count\":3},\
         {\"from\":10,\"below\":20,\"count\":2}]}\n"
    );
}

#[test]
fn a_persons_share_is_bounded_where_the_policy_says() {
    let terms = TERMS
        .replace("min = 2 }", "min = 2, max_rows_per_person = 2 }")
        .replace("sum = true", "sum = true\nclamp = { min = 0, max = 10.5 }");
    let records = [
        r#"{"who":"a","pay":1}"#,
        r#"{"who":"a","pay":2000}"#,
        r#"{"who":"a","pay":3}"#,
        r#"{"who":"b","pay":-7}"#,
        r#"{"who":null,"pay":5}"#,
    ];
    let job = "[measures]\nn = { op = \"count\" }\ntotal = { op = \"sum\", field = \"pay\" }\n";
    assert_eq!(
        run_on(1, &terms, job, &records).unwrap().rows,
        "{\"n\":3,\"total\":11.5}\n",
        "1 + 10.5 + 0; nobody's record cannot be bounded"
    );
    let processor = decide(&terms, job).unwrap().processor(&BTreeMap::new()).unwrap();
    assert_eq!(processor.workers(8), 1, "the first records of a person are known in order alone");
}

#[test]
fn csv_has_a_header_row_and_empty_cells() {
    let terms = TERMS.replace("\"ndjson\"", "\"csv\"").replace("sum = true", "sum = true\ntype = \"number\"");
    let csv = "who,zip,land,pay\na,1,\"A,T\",1.5\nb,1,\"A,T\",2\nc,1,FR,\nd,2,FR,\n";
    let job = "group_by = [{ field = \"land\" }]\n[measures]\nn = { op = \"count\" }\ntotal = { op = \"sum\", field = \"pay\" }\n\
               bins = { op = \"histogram\", field = \"pay\", width = 10 }\n";
    assert_eq!(
        run_on(1, &terms, job, &[csv]).unwrap().rows,
        "land,n,total,bins\n\"A,T\",2,3.5,\"[{\"\"from\"\":0,\"\"below\"\":10,\"\"count\"\":2}]\"\nFR,2,,\n"
    );
}

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
