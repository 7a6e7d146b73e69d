//! Tests of aggregates: what is computed of each group, exactly, and how equal values come together.

use std::collections::BTreeMap;

use super::{RECORDS, TERMS, decide, run, run_on};

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
