//! The rows of an aggregate job that is allowed. docs/aggregates.md.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::cell::{Cell, Record, Same, plain, quoted, same};
use super::conditions::{hold, millionths};
use super::hidden::{Counted, Group, Hidden, Key, People, hidden};
use super::rows::{count, kept, skips};
use super::{Refused, at, entries, named, number, text};

/// One record of a group: whose it is, and what is measured of it.
#[derive(Clone)]
struct Entry {
    person: Option<Same>,
    numbers: BTreeMap<String, i128>,
    distinct: BTreeMap<String, Same>,
}

type Groups = BTreeMap<Key, Vec<Entry>>;

/// The rows that are shown. `counted` takes how many groups each rule has hid.
pub fn rows(policy: &Table, job: &Table, records: &[Record], counted: &mut Counted) -> Result<String, Refused> {
    let min = count(at(policy, &["people", "min"]));
    let most = at(policy, &["people", "max_rows_per_person"]).map(|most| count(Some(most)));
    let mut groups = Groups::new();
    let mut of_person: BTreeMap<Same, usize> = BTreeMap::new();
    for record in records.iter().filter(|record| hold(job, record)) {
        let (key, entry) = match entry(policy, job, record) {
            Some(read) => read,
            None if skips(policy) => continue,
            None => return Err(Refused::BadRecord),
        };
        if let Some(most) = most {
            let Some(person) = &entry.person else { continue };
            let rows = of_person.entry(person.clone()).or_default();
            *rows += 1;
            if *rows > most {
                continue;
            }
        }
        groups.entry(key).or_default().push(entry);
    }
    if groups.len() > count(at(policy, &["release", "aggregates", "max_groups"])) {
        return Err(Refused::TooManyGroups);
    }
    let (order, all) = (order(job), (0..entries(job, "group_by").len()).collect::<Vec<_>>());
    let decide = |who: &dyn Fn(&[Entry]) -> Option<People>, already: &Hidden, counted: &mut Counted| {
        let group = |entries: &Vec<Entry>| Group { records: entries.len(), people: who(entries) };
        let groups = groups.iter().map(|(key, entries)| (meant(key, &order), group(entries))).collect();
        hidden(&groups, order.len(), min, already, counted)
    };
    let unseen = decide(&|entries| Some(people(entries.iter())), &Hidden::new(), counted);
    let mut out = String::new();
    for (key, of_group) in groups.iter().filter(|(key, _)| !unseen[&all].contains(&meant(key, &order))) {
        let mut columns: Vec<String> = Vec::new();
        for (column, written) in entries(job, "group_by").iter().zip(key) {
            let name = text(column, "name").unwrap_or(text(column, "field").unwrap());
            columns.push(format!("{}:{written}", quoted(name)));
        }
        for (name, measure) in named(job, "measures") {
            let value = if text(measure, "op") == Some("count") {
                of_group.len().to_string()
            } else {
                let who = |entries: &[Entry]| {
                    let having: Vec<_> = entries.iter().filter(|entry| has(entry, measure)).collect();
                    (!having.is_empty()).then(|| people(having.into_iter()))
                };
                let without = decide(&who, &unseen, counted);
                if without[&all].contains(&meant(key, &order)) {
                    "null".to_owned()
                } else if text(measure, "op") == Some("histogram") {
                    histogram(measure, &meant(key, &order), &groups, &order, min, &without, counted)
                } else {
                    measured(measure, of_group, min)
                }
            };
            columns.push(format!("{}:{value}", quoted(name)));
        }
        out.push_str(&format!("{{{}}}\n", columns.join(",")));
    }
    Ok(out)
}

/// None where the record is bad.
fn entry(policy: &Table, job: &Table, record: &Record) -> Option<(Key, Entry)> {
    let value = |field: &str| record.get(field).unwrap_or(&Cell::Null);
    let mut key = Vec::new();
    for column in entries(job, "group_by") {
        key.push(value(text(column, "field").unwrap()).group(text(column, "op").unwrap_or("keep"), kept(column))?.into());
    }
    let person = same(record, at(policy, &["people", "field"]).unwrap().as_str().unwrap()).ok()?;
    let mut entry = Entry { person, numbers: BTreeMap::new(), distinct: BTreeMap::new() };
    for (_, measure) in named(job, "measures") {
        let Some(field) = text(measure, "field") else { continue };
        if text(measure, "op") == Some("count_distinct") {
            entry.distinct.extend(value(field).same().ok()?.map(|same| (field.to_owned(), same)));
            continue;
        }
        let read = match value(field) {
            Cell::Null => continue,
            Cell::Number(read) => read.millionths,
            Cell::Text(_) | Cell::Boolean(_) => return None,
        };
        let clamp = at(policy, &["fields", field, "clamp"]);
        let read = clamp.map_or(read, |clamp| read.clamp(millionths(&clamp["min"]), millionths(&clamp["max"])));
        entry.numbers.insert(field.to_owned(), read);
    }
    Some((key, entry))
}

fn people<'e>(entries: impl Iterator<Item = &'e Entry>) -> People {
    entries.filter_map(|entry| entry.person.clone()).collect()
}

fn has(entry: &Entry, measure: &Value) -> bool {
    let field = text(measure, "field").unwrap();
    if text(measure, "op") == Some("count_distinct") { entry.distinct.contains_key(field) } else { entry.numbers.contains_key(field) }
}

/// The columns' places in the order of their fields and operations by name.
fn order(job: &Table) -> Vec<usize> {
    let columns = entries(job, "group_by");
    let named: Vec<_> = columns.iter().map(|column| (text(column, "field").unwrap(), text(column, "op").unwrap_or("keep"))).collect();
    let mut order: Vec<usize> = (0..named.len()).collect();
    order.sort_by_key(|place| named[*place]);
    order
}

/// A key's values in that order.
fn meant(key: &Key, order: &[usize]) -> Key {
    order.iter().map(|place| key[*place].clone()).collect()
}

fn measured(measure: &Value, entries: &[Entry], min: usize) -> String {
    let field = text(measure, "field").unwrap();
    let numbers = || entries.iter().filter_map(|entry| entry.numbers.get(field));
    match text(measure, "op").unwrap() {
        "count_distinct" => entries.iter().filter_map(|entry| entry.distinct.get(field)).collect::<BTreeSet<_>>().len().to_string(),
        "sum" => plain(numbers().sum()),
        "min" => plain(*numbers().min().unwrap()),
        "max" => plain(*numbers().max().unwrap()),
        "mean" => mean(&numbers().copied().collect::<Vec<_>>()),
        "quantile" => median(field, entries, min).map_or_else(|| "null".to_owned(), plain),
        other => panic!("no measure of this oracle: {other}"),
    }
}

/// With six digits more after the point than any value has.
fn mean(numbers: &[i128]) -> String {
    let digits = |number: &i128| plain(*number).split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let digits = u32::try_from(numbers.iter().map(digits).max().unwrap()).unwrap();
    let (total, count) = (numbers.iter().sum::<i128>() * 10_i128.pow(digits), i128::try_from(numbers.len()).unwrap());
    let (below, twice) = (total.div_euclid(count), 2 * total.rem_euclid(count));
    let up = twice > count || twice == count && below % 2 != 0;
    // In units of the last digit; the rest of `plain`'s millionths is before it.
    let (rounded, unit) = (below + i128::from(up), 10_i128.pow(digits));
    let sign = if rounded < 0 { "-" } else { "" };
    let fraction = format!("{:0width$}", rounded.abs() % (1_000_000 * unit), width = 6 + digits as usize);
    let fraction = fraction.trim_end_matches('0');
    let whole = rounded.abs() / (1_000_000 * unit);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// The quantile of one half: the value at place ⌈n/2⌉, where enough people are on both of its sides.
fn median(field: &str, entries: &[Entry], min: usize) -> Option<i128> {
    let mut numbers: Vec<i128> = entries.iter().filter_map(|entry| entry.numbers.get(field)).copied().collect();
    numbers.sort_unstable();
    let median = numbers[numbers.len().div_ceil(2) - 1];
    let side = |within: &dyn Fn(i128) -> bool| {
        people(entries.iter().filter(|entry| entry.numbers.get(field).is_some_and(|number| within(*number)))).len() >= min
    };
    (side(&|number| number <= median) && side(&|number| number >= median)).then_some(median)
}

/// The bins of one group that are shown. A bin is one more column, the last.
fn histogram(measure: &Value, of: &Key, groups: &Groups, order: &[usize], min: usize, without: &Hidden, counted: &mut Counted) -> String {
    const FAR: i128 = 1_000_000_000_000_000_000;
    let (field, width) = (text(measure, "field").unwrap(), i128::from(number(measure, "width").unwrap()));
    let mut bins: BTreeMap<Key, Group> = BTreeMap::new();
    for (key, entry) in groups.iter().flat_map(|(key, entries)| entries.iter().map(move |entry| (key, entry))) {
        let Some(number) = entry.numbers.get(field) else { continue };
        let bin = number.div_euclid(width * 1_000_000);
        // As text it stands in the order of the numbers.
        let bin = bins.entry([meant(key, order), vec![format!("{:020}", bin + FAR).into()]].concat()).or_default();
        bin.records += 1;
        bin.people.get_or_insert_default().extend(entry.person.clone());
    }
    let unseen = hidden(&bins, order.len() + 1, min, without, counted);
    let unseen = &unseen[&(0..=order.len()).collect::<Vec<_>>()];
    let shown = bins.iter().filter(|(cell, _)| cell.starts_with(of) && !unseen.contains(*cell)).map(|(cell, bin)| {
        let from = (cell[of.len()].parse::<i128>().unwrap() - FAR) * width;
        format!("{{\"from\":{from},\"below\":{},\"count\":{}}}", from + width, bin.records)
    });
    format!("[{}]", shown.collect::<Vec<_>>().join(","))
}
