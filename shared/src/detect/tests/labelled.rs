//! The labelled texts of `tests/data/detectors`, byte for byte: where each finding begins and ends, not only whether there is one.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Labelled {
    text: String,
    spans: Vec<(String, usize, usize)>,
}

/// Texts in which something else is found than their labels say: forms that are known to be hard.
const HARD: [(&str, &[(&str, &str)]); 14] = [
    ("split over lines 4111 1111\n1111 1111 by an editor", &[]),
    ("two blanks 4111  1111  1111  1111 between", &[]),
    ("dotted 4111.1111.1111.1111 by hand", &[]),
    ("quoted local \"john doe\"@example.com part", &[]),
    ("obfuscated john at example dot com address", &[]),
    ("slash cn/ou@example.com in the local part", &[("email", "ou@example.com")]),
    ("population 612 345 678 in 2020", &[("phone", "612 345 678")]),
    ("cut up DE 89 370400440532013000 by hand", &[]),
    ("defanged 192[.]0[.]2[.]1", &[]),
    ("driver 10.1.2.3 installed", &[("ipv4", "10.1.2.3")]),
    ("address fd::abcd of the router", &[]),
    ("one piece 001A2B3C4D5E on the label", &[]),
    ("Fahrgestellnummer WVWZZZ1KZ6W000001", &[]),
    ("châssis VF1BR1J0H40000123", &[]),
];

#[test]
fn findings_in_the_labelled_texts_begin_and_end_where_the_labels_do() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/detectors/labelled.ndjson");
    let mut hard = 0;
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let Labelled { text, spans } = serde_json::from_str(line).unwrap();
        let expected: Vec<(&str, String)> = match HARD.iter().find(|(known, _)| *known == text) {
            Some((_, found)) => {
                hard += 1;
                found.iter().map(|(name, found)| (*name, (*found).to_owned())).collect()
            }
            None => spans.iter().map(|(name, start, end)| (name.as_str(), text[*start..*end].to_owned())).collect(),
        };
        assert_eq!(all(&text), expected, "{text}");
    }
    assert_eq!(hard, HARD.len());
}
