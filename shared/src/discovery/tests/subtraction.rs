//! Random records against a count of their own: what is told is true, and nothing that is told, taken from what a reader may
//! know, leaves fewer people than the minimum.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{TERMS, run};
use crate::detect::{self, Detector};
use crate::record::random::Random;

const MIN: usize = 3;
const KINDS: [&str; 3] = ["string", "number", "array"];

/// Records and the people of each cell, by a name as in the output.
#[derive(Default)]
struct Counted(BTreeMap<String, (u64, BTreeSet<String>)>);

impl Counted {
    fn count(&mut self, cell: String, person: &Value) {
        let (count, people) = self.0.entry(cell).or_default();
        *count += 1;
        if !person.is_null() {
            people.insert(person.to_string());
        }
    }

    fn of(&self, cell: &str) -> (u64, BTreeSet<String>) {
        self.0.get(cell).cloned().unwrap_or_default()
    }

    fn record(&mut self, record: &Value) {
        let person = &record["who"];
        self.count("records".to_owned(), person);
        let (kind, text, length) = match record.get("a") {
            None => return self.count("absent".to_owned(), person),
            Some(Value::Null) => return self.count("null".to_owned(), person),
            Some(Value::Bool(_)) => return self.count("boolean".to_owned(), person),
            Some(Value::Object(_)) => return self.count("object".to_owned(), person),
            // The texts of these tests are ASCII: a character is a byte.
            Some(Value::String(text)) => ("string", text.clone(), text.len()),
            Some(Value::Number(number)) => ("number", number.to_string(), number.to_string().len()),
            Some(Value::Array(elements)) => {
                ("array", elements.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ; "), elements.len())
            }
        };
        self.count(format!("{kind}.values"), person);
        let range = match length {
            0 => "0",
            1..=4 => "1-4",
            5..=8 => "5-8",
            9..=16 => "9-16",
            17..=32 => "17-32",
            _ => "33-64",
        };
        self.count(format!("{kind}.length.{range}"), person);
        let whole = detect::whole(&text).filter(|_| kind != "array");
        let held = detect::any_in(&text);
        for detector in Detector::ALL {
            match whole {
                Some(whole) if whole == detector => self.count(format!("{kind}.is.{}", detector.name()), person),
                Some(_) => {}
                None if held.contains(detector) => self.count(format!("{kind}.holds.{}", detector.name()), person),
                None => self.count(format!("{kind}.rest.{}", detector.name()), person),
            }
        }
    }
}

/// The cells told of one field, by the same names.
fn flat(line: &Value, before: &str, told: &mut BTreeMap<String, Value>) {
    for (name, value) in line.as_object().unwrap() {
        match value {
            Value::Object(_) => flat(value, &format!("{before}{name}."), told),
            Value::String(_) if name == "field" => {}
            value => drop(told.insert(format!("{before}{name}"), value.clone())),
        }
    }
}

fn is_exact(told: &BTreeMap<String, Value>, cell: &str) -> bool {
    told.get(cell).is_some_and(Value::is_number)
}

/// Cells under `prefix` whose count is not told.
fn untold<'c>(counted: &'c Counted, told: &'c BTreeMap<String, Value>, prefix: &'c str) -> impl Iterator<Item = &'c str> {
    let cells = counted.0.keys().map(String::as_str);
    cells.filter(move |cell| cell.strip_prefix(prefix).is_some_and(|rest| !rest.contains('.')) && !is_exact(told, cell))
}

fn check(counted: &Counted, line: &Value) -> BTreeMap<String, Value> {
    let mut told = BTreeMap::new();
    flat(line, "", &mut told);
    for (cell, told) in &told {
        let (count, people) = counted.of(cell);
        match told {
            Value::Number(number) => assert_eq!(number.as_u64(), Some(count), "{cell}"),
            Value::String(text) if text == "at least 3" => assert!(people.len() >= MIN, "{cell}: {line}"),
            told => assert_eq!((told.as_str(), people.len() < MIN), (Some("under 3"), true), "{cell}: {line}"),
        }
        assert!(people.len() >= MIN || !told.is_number(), "{cell}: {line}");
    }

    if counted.of("records").1.len() < MIN {
        assert!(!told.values().any(Value::is_number), "{line}");
        return told;
    }
    // What a reader may know a sum of, and no part of: nobody's, or of enough people.
    let holds_back = |what: &str, cells: &[&str]| {
        let parts: Vec<_> = cells.iter().map(|cell| counted.of(cell)).collect();
        let people: BTreeSet<_> = parts.iter().flat_map(|(_, people)| people).collect();
        let count: u64 = parts.iter().map(|(count, _)| count).sum();
        assert!(count == 0 || people.len() >= MIN, "{what}, {cells:?}: {line}");
    };
    let types = ["absent", "null", "boolean", "object", "string.values", "number.values", "array.values"];
    let untold_types: Vec<&str> = types.into_iter().filter(|cell| !is_exact(&told, cell)).collect();
    holds_back("types", &untold_types);
    for kind in KINDS {
        let values = format!("{kind}.values");
        if !told.contains_key(&format!("{kind}.length.0")) {
            continue;
        }
        // The number of values may be known; where it is not told, all records less those of other types are, at most.
        let others = untold_types.iter().copied().filter(|cell| **cell != values);
        let outside: Vec<&str> = if is_exact(&told, &values) { Vec::new() } else { others.collect() };
        let lengths = format!("{kind}.length.");
        holds_back("lengths", &untold(counted, &told, &lengths).chain(outside.iter().copied()).collect::<Vec<_>>());
        let wholes = format!("{kind}.is.");
        for detector in Detector::ALL.map(Detector::name) {
            let (holds, rest) = (format!("{kind}.holds.{detector}"), format!("{kind}.rest.{detector}"));
            let mut cells: Vec<&str> = untold(counted, &told, &wholes).chain(outside.iter().copied()).collect();
            cells.push(&rest);
            cells.extend(Some(holds.as_str()).filter(|holds| !is_exact(&told, holds)));
            holds_back(detector, &cells);
        }
    }
    told
}

#[test]
fn nothing_told_of_random_records_leaves_few_people() {
    let mut random = Random::new(4);
    let (mut kept_back, mut exact) = (0, 0);
    for _ in 0..200 {
        let values: Vec<&str> = (0..1 + random.below(5))
            .map(|_| {
                random.pick(&[
                    "null",
                    "true",
                    "{}",
                    "7",
                    "4111111111111111",
                    "\"\"",
                    "\"text\"",
                    "\"some longer text\"",
                    "\"4111111111111111\"",
                    "\"no. 4111111111111111\"",
                    "\"a@example.com\"",
                    "\"a@example.com, 192.0.2.1\"",
                    "[]",
                    "[\"a@example.com\"]",
                    "[\"x\",\"192.0.2.1\"]",
                ])
            })
            .collect();
        let records: Vec<String> = (0..random.below(40))
            .map(|_| {
                let who = random.pick(&["1", "2", "3", "4", "5", "6", "7", "8", "\"9\"", "null"]);
                // Some values are rarer than others.
                let value = values[random.below(values.len()).min(random.below(values.len()))];
                if random.below(20) == 0 { format!("{{\"who\":{who}}}") } else { format!("{{\"who\":{who},\"a\":{value}}}") }
            })
            .collect();
        let mut counted = Counted::default();
        records.iter().for_each(|record| counted.record(&serde_json::from_str(record).unwrap()));
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        let line = run(TERMS, "fields = [\"a\"]", &records).remove(0);
        let told = check(&counted, &line);
        kept_back += told.values().filter(|told| *told == "at least 3").count();
        exact += told.values().filter(|told| told.is_number()).count();
    }
    assert!(kept_back > 50 && exact > 500, "{kept_back} {exact}");
}
