//! Several fields in one job: each measure is of its own field, each field is held once.

use super::run;

const TERMS: &str = r#"
input = { format = "ndjson", on_error = "fail" }
people = { field = "who", min = 2 }
release.aggregates.max_groups = 100
[fields]
a = { sum = true, mean = true, max = true, min = true, count_distinct = true, histogram = { min_width = 10 }, clamp = { min = 0, max = 50 } }
b = { sum = true, mean = true, max = true, min = true, count_distinct = true, histogram = { min_width = 10 } }
"#;

const RECORDS: [&str; 4] =
    [r#"{"who":1,"a":10,"b":1}"#, r#"{"who":2,"a":20,"b":1}"#, r#"{"who":3,"a":45,"b":-2}"#, r#"{"who":4,"a":70,"b":-2}"#];

#[test]
fn measures_of_two_fields_are_kept_apart() {
    let job = r#"
[measures]
sum_a = { op = "sum", field = "a" }
sum_b = { op = "sum", field = "b" }
mean_b = { op = "mean", field = "b" }
most_a = { op = "max", field = "a" }
most_b = { op = "max", field = "b" }
least_a = { op = "min", field = "a" }
values_a = { op = "count_distinct", field = "a" }
values_b = { op = "count_distinct", field = "b" }
bins_b = { op = "histogram", field = "b", width = 20 }
bins_a = { op = "histogram", field = "a", width = 40 }
"#;
    assert_eq!(
        run(TERMS, job, &RECORDS),
        "{\"sum_a\":125,\"sum_b\":-2,\"mean_b\":-0.5,\"most_a\":50,\"most_b\":1,\"least_a\":10,\"values_a\":4,\"values_b\":2,\
         \"bins_b\":[{\"from\":-20,\"below\":0,\"count\":2},{\"from\":0,\"below\":20,\"count\":2}],\
         \"bins_a\":[{\"from\":0,\"below\":40,\"count\":2},{\"from\":40,\"below\":80,\"count\":2}]}\n"
    );
}

#[test]
fn one_field_is_measured_in_several_ways() {
    let job = "[measures]\none = { op = \"count_distinct\", field = \"b\" }\ntwo = { op = \"count_distinct\", field = \"b\" }\n\
               sum = { op = \"sum\", field = \"b\" }\nagain = { op = \"sum\", field = \"b\" }\n";
    assert_eq!(run(TERMS, job, &RECORDS), "{\"one\":2,\"two\":2,\"sum\":-2,\"again\":-2}\n");
}
