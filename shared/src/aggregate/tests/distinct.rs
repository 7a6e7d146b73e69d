//! How many different values: told of enough people alone, and not where a total would tell of the others.

use serde_json::{Value, json};

use super::{TERMS, decide, run};

/// People of each country, of whom the first few have a `pay` of their own.
fn records(countries: &[(&str, u32, u32)]) -> Vec<String> {
    let of_country = |(land, people, with_pay): &(&str, u32, u32)| {
        let record = |person: u32| {
            let pay = if person < *with_pay { format!(",\"pay\":{person}") } else { String::new() };
            format!("{{\"land\":\"{land}\",\"who\":\"{land}{person}\"{pay}}}")
        };
        (0..*people).map(record).collect::<Vec<_>>()
    };
    countries.iter().flat_map(of_country).collect()
}

/// What is told of each country.
fn told(countries: &[(&str, u32, u32)]) -> Vec<Value> {
    let job =
        "group_by = [{ field = \"land\" }]\n[measures]\nn = { op = \"count\" }\nvalues = { op = \"count_distinct\", field = \"pay\" }\n";
    let records = records(countries);
    let records: Vec<_> = records.iter().map(String::as_str).collect();
    run(TERMS, job, &records).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn different_values_are_counted_where_enough_people_have_one() {
    let told = told(&[("A", 3, 3), ("B", 4, 4), ("C", 5, 2)]);
    assert_eq!(told.iter().map(|line| line["values"].clone()).collect::<Vec<_>>(), [json!(3), json!(4), json!(2)]);
}

#[test]
fn the_values_of_few_hide_and_so_does_what_a_total_would_be_subtracted_from() {
    let told = told(&[("A", 3, 1), ("B", 4, 4), ("C", 5, 5)]);
    assert_eq!(told.iter().map(|line| line["n"].clone()).collect::<Vec<_>>(), [json!(3), json!(4), json!(5)], "the people are enough");
    let values: Vec<&Value> = told.iter().map(|line| &line["values"]).collect();
    assert_eq!(values[0], &Value::Null, "one person has the only value");
    let hidden = values.iter().filter(|value| value.is_null()).count();
    assert_eq!(hidden, 2, "the total less both others would be that person's: {values:?}");
}

#[test]
fn values_that_nobody_has_are_not_counted() {
    let told = told(&[("A", 3, 0), ("B", 4, 4)]);
    assert_eq!((&told[0]["values"], &told[1]["values"]), (&Value::Null, &json!(4)), "nobody is behind what hides");
}

#[test]
fn workers_are_as_many_as_there_are_places_unless_records_have_to_come_in_order() {
    let workers = |terms: &str| {
        let plan = decide(terms, "[measures]\nn = { op = \"count\" }\n").unwrap();
        plan.processor(&std::collections::BTreeMap::new()).unwrap().workers(8)
    };
    assert_eq!(workers(TERMS), 8);
    assert_eq!(workers(&TERMS.replace("min = 2 }", "min = 2, max_rows_per_person = 2 }")), 1);
}
