//! Tests of aggregates: what stays hidden: few people, and what totals would tell of them.

use super::{TERMS, decide, people_in, run};
use crate::authorize::Breach;

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
