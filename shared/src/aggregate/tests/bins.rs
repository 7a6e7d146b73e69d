//! Bins of a histogram beside each other.

use super::{TERMS, run};

#[test]
fn beside_a_bin_of_few_people_the_one_with_the_fewest_values_hides() {
    let job = "[measures]\nbins = { op = \"histogram\", field = \"pay\", width = 10 }\n";
    let people = [(5, 1), (15, 5), (25, 3), (35, 6)];
    let records: Vec<String> =
        people.iter().flat_map(|(pay, people)| (0..*people).map(move |who| format!("{{\"who\":\"{pay}-{who}\",\"pay\":{pay}}}"))).collect();
    let records: Vec<_> = records.iter().map(String::as_str).collect();
    assert_eq!(run(TERMS, job, &records), "{\"bins\":[{\"from\":10,\"below\":20,\"count\":5},{\"from\":30,\"below\":40,\"count\":6}]}\n");
}
