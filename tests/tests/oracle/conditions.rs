//! `where`: which records count. docs/policy.md, "Conditions".

use std::cmp::Ordering;

use toml::{Table, Value};

use super::cell::{Cell, Record};
use super::{entries, text};

/// Whether all conditions of the job hold.
pub fn hold(job: &Table, record: &Record) -> bool {
    entries(job, "where").iter().all(|condition| holds(condition, record.get(text(condition, "field").unwrap()).unwrap_or(&Cell::Null)))
}

fn holds(condition: &Value, cell: &Cell) -> bool {
    let value = condition.get("value");
    let order = |value: &Value| compare(cell, value);
    match text(condition, "op").unwrap() {
        "exists" => (*cell != Cell::Null) == value.is_none_or(|value| value.as_bool().unwrap()),
        "in" => value.unwrap().as_array().unwrap().iter().any(|value| order(value) == Some(Ordering::Equal)),
        op => order(value.unwrap()).is_some_and(|order| match op {
            "eq" => order.is_eq(),
            "ne" => order.is_ne(),
            "lt" => order.is_lt(),
            "le" => order.is_le(),
            "gt" => order.is_gt(),
            "ge" => order.is_ge(),
            other => panic!("no condition: {other}"),
        }),
    }
}

/// None where the types differ.
fn compare(cell: &Cell, value: &Value) -> Option<Ordering> {
    match (cell, value) {
        (Cell::Text(text), Value::String(value)) => Some(text.chars().cmp(value.chars())),
        (Cell::Number(number), Value::Integer(_) | Value::Float(_)) => Some(number.millionths.cmp(&millionths(value))),
        (Cell::Boolean(boolean), Value::Boolean(value)) => Some(boolean.cmp(value)),
        _ => None,
    }
}

/// A number of policy or job. Those that are made here have three digits after the point at most.
pub fn millionths(value: &Value) -> i128 {
    match value {
        Value::Integer(integer) => i128::from(*integer) * 1_000_000,
        Value::Float(float) => i128::from((float * 1000.0).round() as i64) * 1000,
        other => panic!("no number: {other:?}"),
    }
}
