//! The rows of a job of records that is allowed. docs/policy.md, "Operations" and "People".

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::cell::{Record, quoted, same};
use super::conditions::hold;
use super::{Refused, at, named, number, text};

/// Every row, in the order of the records.
pub fn rows(policy: &Table, job: &Table, records: &[Record]) -> Result<String, Refused> {
    let people = policy.get("people").filter(|_| job.contains_key("where"));
    let mut rows = Vec::new();
    let mut persons = BTreeSet::new();
    for record in records.iter().filter(|record| hold(job, record)) {
        let person = people.map_or(Ok(None), |people| same(record, text(people, "field").unwrap()));
        match (row(job, record), person) {
            (Some(row), Ok(person)) => {
                rows.push(row);
                persons.extend(person);
            }
            _ if skips(policy) => {}
            _ => return Err(Refused::BadRecord),
        }
    }
    if rows.len() > count(at(policy, &["release", "records", "max_records"])) {
        return Err(Refused::TooManyRows);
    }
    if people.is_some_and(|people| persons.len() < count(people.get("min"))) {
        return Err(Refused::TooFewPeople);
    }
    Ok(rows.concat())
}

/// One row; none where an operation does not take a value.
fn row(job: &Table, record: &Record) -> Option<String> {
    let mut columns = Vec::new();
    for (name, column) in named(job, "fields").filter(|(_, column)| text(column, "op") != Some("drop")) {
        let Some(cell) = record.get(text(column, "from").unwrap_or(name)) else { continue };
        columns.push(format!("{}:{}", quoted(name), cell.after(text(column, "op").unwrap(), kept(column))?));
    }
    Some(format!("{{{}}}\n", columns.join(",")))
}

/// How many graphemes an operation leaves.
pub fn kept(column: &Value) -> usize {
    let kept = number(column, "keep_last").or_else(|| number(column, "keep_first"));
    usize::try_from(kept.unwrap_or(0)).unwrap()
}

pub fn count(value: Option<&Value>) -> usize {
    usize::try_from(value.unwrap().as_integer().unwrap()).unwrap()
}

pub fn skips(policy: &Table) -> bool {
    at(policy, &["input", "on_error"]).and_then(Value::as_str) == Some("skip")
}
