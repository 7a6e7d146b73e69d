//! An oracle of what a job may release: written from docs/policy.md and docs/aggregates.md alone, plain and slow, and without
//! anything of the library that it judges. It reads policy and job as TOML values; its records it has made itself.

pub mod cell;
pub mod conditions;
pub mod groups;
pub mod hidden;
pub mod made;
pub mod rows;
pub mod rules;
pub mod tables;

use toml::{Table, Value};

/// Why the job ends without an output, as far as it is the records' doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    BadRecord,
    TooManyRows,
    TooFewPeople,
    TooManyGroups,
}

/// What stands under these keys, one within the other.
pub fn at<'t>(table: &'t Table, path: &[&str]) -> Option<&'t Value> {
    let (first, rest) = path.split_first()?;
    let mut value = table.get(*first)?;
    for key in rest {
        value = value.get(key)?;
    }
    Some(value)
}

pub fn text<'t>(value: &'t Value, key: &str) -> Option<&'t str> {
    value.get(key)?.as_str()
}

pub fn number(value: &Value, key: &str) -> Option<i64> {
    value.get(key)?.as_integer()
}

/// The entries of an array of tables that may be absent.
pub fn entries<'t>(table: &'t Table, key: &str) -> &'t [Value] {
    table.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A job's columns or measures. They are in the order of their names in every job that is made here, as TOML's reader has them.
pub fn named<'t>(table: &'t Table, key: &str) -> impl Iterator<Item = (&'t String, &'t Value)> {
    table.get(key).and_then(Value::as_table).into_iter().flatten()
}
