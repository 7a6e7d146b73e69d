//! One value of a record, and the texts that operations make of it.

use std::collections::BTreeMap;

/// A field's value; an absent field has none.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Null,
    Boolean(bool),
    Text(String),
    Number(Number),
}

/// A number as it is written, and what it is, in millionths.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    pub written: String,
    pub millionths: i128,
}

/// What people, and different values, are told apart by: a text is never a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Same {
    Text(String),
    Number(i128),
}

pub type Record = BTreeMap<String, Cell>;

/// A record as a line of NDJSON.
pub fn line(record: &Record) -> String {
    let fields: Vec<_> = record.iter().map(|(name, cell)| format!("{}: {}", quoted(name), cell.json())).collect();
    format!("{{{}}}\n", fields.join(", "))
}

/// A text as JSON.
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// A number in plain digits, without zeros at the end of the fraction.
pub fn plain(millionths: i128) -> String {
    let sign = if millionths < 0 { "-" } else { "" };
    let (whole, rest) = (millionths.abs() / 1_000_000, millionths.abs() % 1_000_000);
    let fraction = format!("{rest:06}");
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

impl Cell {
    /// As it stands in the record.
    pub fn json(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Boolean(boolean) => boolean.to_string(),
            Self::Text(text) => quoted(text),
            Self::Number(number) => number.written.clone(),
        }
    }

    /// What an operation writes; none where the operation does not take it. The texts here have one grapheme a code point.
    pub fn after(&self, op: &str, kept: usize) -> Option<String> {
        let text = match self {
            Self::Null => return Some("null".to_owned()),
            _ if op == "keep" => return Some(self.json()),
            Self::Text(text) => text,
            Self::Number(number) => &number.written,
            Self::Boolean(_) => return None,
        };
        let length = text.chars().count();
        let written: String = match op {
            "mask" => text.chars().enumerate().map(|(place, letter)| if place + kept < length { '*' } else { letter }).collect(),
            "truncate" => text.chars().take(kept).collect(),
            other => panic!("no operation of this oracle: {other}"),
        };
        Some(quoted(&written))
    }

    /// A group's column: as [`Cell::after`], but equal values are written alike.
    pub fn group(&self, op: &str, kept: usize) -> Option<String> {
        match self {
            Self::Number(number) if op == "keep" => Some(plain(number.millionths)),
            _ => self.after(op, kept),
        }
    }

    /// What it is told apart by: `Ok(None)` is null, and an error another type than text and number.
    pub fn same(&self) -> Result<Option<Same>, ()> {
        match self {
            Self::Null => Ok(None),
            Self::Text(text) => Ok(Some(Same::Text(text.clone()))),
            Self::Number(number) => Ok(Some(Same::Number(number.millionths))),
            Self::Boolean(_) => Err(()),
        }
    }
}

/// What a field of a record is told apart by: as [`Cell::same`]; absent is null.
pub fn same(record: &Record, field: &str) -> Result<Option<Same>, ()> {
    record.get(field).map_or(Ok(None), Cell::same)
}
