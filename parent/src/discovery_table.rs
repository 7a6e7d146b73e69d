//! The lines of a discovery job's output, read strictly, and a table of them for people. `commands::table` uses it. The names of
//! fields are the only texts in it that somebody else wrote; control characters in them do not reach the terminal.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;

use crate::failure::printable;

/// One field's counts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    field: String,
    records: Told,
    absent: Told,
    null: Told,
    boolean: Told,
    object: Told,
    string: Content,
    number: Content,
    array: Content,
}

/// What is told of the values of one type.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    values: Told,
    #[serde(default)]
    length: BTreeMap<String, Told>,
    #[serde(default)]
    is: BTreeMap<String, Told>,
    #[serde(default)]
    holds: BTreeMap<String, Told>,
}

/// What is told of one count: the number, or words in its place.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Told {
    Exactly(u64),
    Words(String),
}

/// The table of `lines`.
pub fn table(lines: &[Line]) -> String {
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    lines.iter().for_each(|line| line.rows(&mut rows));
    let mut widths = [0; COLUMNS];
    for row in &rows {
        widths.iter_mut().zip(row).for_each(|(width, cell)| *width = (*width).max(cell.chars().count()));
    }
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text + NOTE
}

const COLUMNS: usize = 6;
const HEADINGS: [&str; COLUMNS] = ["FIELD", "TYPE", "VALUES", "LENGTH", "IS", "HOLDS"];
const NOTE: &str = "\nLENGTH, IS and HOLDS leave out what is of too few people; the output itself says \"under\" the minimum for each.";

impl Line {
    /// One row for each type that is told of, with further rows where it has several lengths or types of sensitive data.
    fn rows(&self, rows: &mut Vec<[String; COLUMNS]>) {
        let mut name = printable(&self.field).replace('\n', "\\n");
        let mut row = |cells: [String; COLUMNS - 1]| {
            let [kind, values, length, is, holds] = cells;
            rows.push([std::mem::take(&mut name), kind, values, length, is, holds]);
        };
        let mut others = None;
        for (kind, content) in [("string", &self.string), ("number", &self.number), ("array", &self.array)] {
            if content.values.is_under() {
                others = Some(&content.values);
                continue;
            }
            let (mut lengths, mut is, mut holds) = (told(&content.length), told(&content.is), told(&content.holds));
            lengths.sort_by_key(|(range, _)| first_number(range));
            let height = lengths.len().max(is.len()).max(holds.len()).max(1);
            let (mut lengths, mut is, mut holds) = (lengths.drain(..), is.drain(..), holds.drain(..));
            for index in 0..height {
                let (kind, values) = if index == 0 { (kind, content.values.to_string()) } else { ("", String::new()) };
                row([kind.to_owned(), values, cell(lengths.next()), cell(is.next()), cell(holds.next())]);
            }
        }
        let plain = [("boolean", &self.boolean), ("object", &self.object), ("null", &self.null), ("absent", &self.absent)];
        for (kind, values) in plain {
            if values.is_under() {
                others = Some(values);
            } else {
                row([kind.to_owned(), values.to_string(), String::new(), String::new(), String::new()]);
            }
        }
        if let Some(values) = others {
            let kind = if self.records.is_under() { "all" } else { "others" };
            row([kind.to_owned(), values.to_string(), String::new(), String::new(), String::new()]);
        }
    }
}

impl Told {
    fn is_under(&self) -> bool {
        matches!(self, Self::Words(words) if words.starts_with("under "))
    }
}

impl fmt::Display for Told {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(count) => write!(out, "{count}"),
            Self::Words(words) => out.write_str(&printable(words)),
        }
    }
}

/// Those that are of enough people.
fn told(parts: &BTreeMap<String, Told>) -> Vec<(&str, &Told)> {
    parts.iter().filter(|(_, told)| !told.is_under()).map(|(name, told)| (name.as_str(), told)).collect()
}

fn cell(part: Option<(&str, &Told)>) -> String {
    part.map(|(name, told)| format!("{}: {told}", printable(name))).unwrap_or_default()
}

fn first_number(range: &str) -> u64 {
    let digits: String = range.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> serde_json::Result<Line> {
        serde_json::from_str(text)
    }

    const CARDS: &str = r#"{"field":"card","records":50,"absent":"under 10","null":20,"boolean":"under 10","object":"under 10",
        "string":{"values":"at least 10","length":{"0":"under 10","1-4":10,"1025+":"under 10","9-16":"at least 10","5-8":"under 10"},
        "is":{"card":"at least 10","email":"under 10"},"holds":{"card":12,"phone":11,"vin":"under 10"}},
        "number":{"values":"under 10"},"array":{"values":"under 10"}}"#;

    #[test]
    fn what_is_told_stands_in_rows() {
        let table = table(&[line(CARDS).unwrap()]);
        let expected = "\
FIELD  TYPE    VALUES       LENGTH             IS                 HOLDS
card   string  at least 10  1-4: 10            card: at least 10  card: 12
                            9-16: at least 10                     phone: 11
       null    20
       others  under 10
";
        assert_eq!(table, format!("{expected}{NOTE}"));
    }

    #[test]
    fn a_field_of_few_people_has_one_row() {
        let few = CARDS.replace("\"records\":50", "\"records\":\"under 10\"").replace("20", "\"under 10\"");
        let few = few.split_once("\"string\"").unwrap().0.to_owned()
            + r#""string":{"values":"under 10"},"number":{"values":"under 10"},"array":{"values":"under 10"}}"#;
        let table = table(&[line(&few).unwrap()]);
        assert_eq!(table.lines().nth(1), Some("card   all   under 10"));
        assert_eq!(table.lines().nth(2), Some(""));
    }

    #[test]
    fn other_lines_are_refused() {
        for (old, new) in [
            ("\"records\":50,", ""),
            ("\"records\":50,", "\"records\":-1,"),
            ("\"records\":50,", "\"records\":50,\"value\":\"x\","),
            ("\"values\":\"under 10\"", "\"values\":null"),
        ] {
            assert!(line(CARDS).is_ok() && CARDS.contains(old), "{old}");
            assert!(line(&CARDS.replace(old, new)).is_err(), "{new}");
        }
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let hostile = CARDS.replace("\"field\":\"card\"", "\"field\":\"a\\u001b[2J\\nb\"").replace("at least 10", "\\u001b[31m");
        let table = table(&[line(&hostile).unwrap()]);
        assert!(!table.contains('\u{1b}'), "{table}");
        assert!(table.contains("a\\u{1b}[2J\\nb"), "{table}");
    }
}
