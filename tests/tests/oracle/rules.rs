//! Whether a policy allows a job. What a policy does not say is not allowed. docs/policy.md, docs/aggregates.md.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{at, entries, named, number, text};

/// Why not: words for whoever reads a failed test.
pub type Why = &'static str;

pub fn allowed(policy: &Table, job: &Table) -> Result<(), Why> {
    match job["kind"].as_str().unwrap() {
        "records" => records(policy, job)?,
        "aggregate" => aggregate(policy, job)?,
        other => panic!("no kind of this oracle: {other}"),
    }
    for condition in entries(job, "where") {
        let field = field(policy, text(condition, "field").unwrap())?;
        let ops = field.get("filter").and_then(|filter| filter.get("ops")).and_then(Value::as_array).ok_or("no filter on this field")?;
        if !ops.iter().any(|op| op.as_str() == text(condition, "op")) {
            return Err("another condition");
        }
        policy.get("people").ok_or("`where` without people")?;
    }
    Ok(())
}

fn records(policy: &Table, job: &Table) -> Result<(), Why> {
    at(policy, &["release", "records"]).ok_or("no rows are released")?;
    let mut of_field: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, column) in named(job, "fields") {
        let (from, op) = (text(column, "from").unwrap_or(name), text(column, "op").unwrap());
        if op == "drop" {
            continue;
        }
        operation(field(policy, from)?, op, column)?;
        of_field.entry(from).or_default().push(op);
    }
    together(policy, of_field)?;
    Ok(())
}

fn aggregate(policy: &Table, job: &Table) -> Result<(), Why> {
    at(policy, &["release", "aggregates"]).ok_or("no aggregates are released")?;
    policy.get("people").ok_or("aggregates without people")?;
    let mut of_field: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for column in entries(job, "group_by") {
        let name = text(column, "field").unwrap();
        let field = field(policy, name)?;
        if !is_true(field, "group") {
            return Err("no group");
        }
        let op = text(column, "op").unwrap_or("keep");
        operation(field, op, column)?;
        of_field.entry(name).or_default().push(op);
    }
    together(policy, of_field)?;
    for (_, measure) in named(job, "measures") {
        let op = text(measure, "op").unwrap();
        if op == "count" {
            continue;
        }
        let field = field(policy, text(measure, "field").unwrap())?;
        if op == "histogram" {
            let least = field.get("histogram").and_then(|bound| number(bound, "min_width")).ok_or("no histogram")?;
            if number(measure, "width").unwrap() % least != 0 {
                return Err("bins that are not of the policy's");
            }
            if named(job, "measures").any(|(_, other)| {
                text(other, "op") == Some("histogram")
                    && text(other, "field") == text(measure, "field")
                    && number(other, "width") != number(measure, "width")
            }) {
                return Err("bins of two widths");
            }
        } else if !is_true(field, op) {
            return Err("another measure");
        }
    }
    Ok(())
}

/// A field feeds one column, or several with operations that one entry of `combinations` lists, each once.
fn together(policy: &Table, of_field: BTreeMap<&str, Vec<&str>>) -> Result<(), Why> {
    for (field, mut ops) in of_field.into_iter().filter(|(_, ops)| ops.len() > 1) {
        let count = ops.len();
        ops.sort_unstable();
        ops.dedup();
        let listed = |entry: &Value| {
            let known = entry["ops"].as_array().unwrap();
            text(entry, "field") == Some(field) && ops.iter().all(|op| known.iter().any(|known| known.as_str() == Some(op)))
        };
        if ops.len() < count || !entries(policy, "combinations").iter().any(listed) {
            return Err("a combination that is not listed");
        }
    }
    Ok(())
}

fn field<'p>(policy: &'p Table, name: &str) -> Result<&'p Value, Why> {
    at(policy, &["fields", name]).ok_or("a field that is not named")
}

fn is_true(field: &Value, word: &str) -> bool {
    field.get(word).and_then(Value::as_bool) == Some(true)
}

fn operation(field: &Value, op: &str, column: &Value) -> Result<(), Why> {
    let within = |bound: &str, asked: i64| {
        let bounds = field.get(op).ok_or("another operation")?;
        if asked <= number(bounds, bound).unwrap_or(0) { Ok(()) } else { Err("beyond the bound") }
    };
    match op {
        "keep" if is_true(field, "keep") => Ok(()),
        "mask" => within("keep_last_max", number(column, "keep_last").unwrap_or(0)),
        "truncate" => within("keep_first_max", number(column, "keep_first").unwrap()),
        _ => Err("another operation"),
    }
}
