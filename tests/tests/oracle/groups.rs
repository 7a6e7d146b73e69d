//! The rows of an aggregate job that is allowed. docs/aggregates.md.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::cell::{Cell, Record, Same, plain, quoted, same};
use super::conditions::{hold, millionths};
use super::rows::{count, kept, skips};
use super::{Refused, at, entries, named, number, text};

/// The columns of a group, as they are written.
type Key = Vec<String>;
type People = BTreeSet<Same>;

/// One record of a group: whose it is, and what is measured of it.
#[derive(Clone)]
struct Entry {
    person: Option<Same>,
    numbers: BTreeMap<String, i128>,
    distinct: BTreeMap<String, Same>,
}

type Groups = BTreeMap<Key, Vec<Entry>>;

/// The rows that are shown.
pub fn rows(policy: &Table, job: &Table, records: &[Record]) -> Result<String, Refused> {
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
    let everybody = |entries: &[Entry]| Some(people(entries.iter()));
    let order = order(job);
    let hidden = hidden(&groups, &order, min, BTreeSet::new(), everybody);
    let mut out = String::new();
    for (key, of_group) in groups.iter().filter(|(key, _)| !hidden.contains(*key)) {
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
                let without = self::hidden(&groups, &order, min, hidden.clone(), who);
                if without.contains(key) {
                    "null".to_owned()
                } else if text(measure, "op") == Some("histogram") {
                    histogram(measure, key, &groups, &order, min, &without)
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
        key.push(value(text(column, "field").unwrap()).group(text(column, "op").unwrap_or("keep"), kept(column))?);
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

/// Which groups stay hidden beside those of `already`. `who` says whose values are in a group; none where nobody's.
fn hidden(groups: &Groups, order: &[usize], min: usize, already: BTreeSet<Key>, who: impl Fn(&[Entry]) -> Option<People>) -> BTreeSet<Key> {
    let few = |entries: &[Entry]| who(entries).is_none_or(|people| people.len() < min);
    let mut hidden: BTreeSet<Key> = groups.iter().filter(|(_, entries)| few(entries)).map(|(key, _)| key.clone()).collect();
    hidden.extend(already);
    let mut keys: Vec<&Key> = groups.keys().collect();
    keys.sort_by_key(|key| order.iter().map(|place| &key[*place]).collect::<Vec<_>>());
    let mut before = usize::MAX;
    while before != hidden.len() {
        before = hidden.len();
        for choice in 0..(1_usize << order.len()) - 1 {
            hide_for(choice, order, &keys, groups, min, &mut hidden, &who);
        }
    }
    hidden
}

/// Hides one more group in each total over the columns of `choice` that tells of the hidden ones.
fn hide_for(
    choice: usize,
    order: &[usize],
    keys: &[&Key],
    groups: &Groups,
    min: usize,
    hidden: &mut BTreeSet<Key>,
    who: &impl Fn(&[Entry]) -> Option<People>,
) {
    let mut totals: BTreeMap<Vec<&String>, Vec<&Key>> = BTreeMap::new();
    for key in keys {
        let chosen = order.iter().enumerate().filter(|(bit, _)| choice >> bit & 1 == 1).map(|(_, place)| &key[*place]);
        totals.entry(chosen.collect()).or_default().push(key);
    }
    for total in totals.values() {
        let of_hidden: Vec<People> = total.iter().filter(|key| hidden.contains(**key)).filter_map(|key| who(&groups[*key])).collect();
        let enough = of_hidden.iter().flatten().collect::<BTreeSet<_>>().len() >= min;
        if of_hidden.is_empty() || (of_hidden.len() >= 2 && enough) {
            continue;
        }
        // In the order of their columns' bytes, so that the first of several is found.
        let shown = total.iter().filter(|key| !hidden.contains(**key));
        if let Some(further) = shown.min_by_key(|key| groups[**key].len()) {
            hidden.insert((*further).clone());
        }
    }
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

/// The bins of one group that are shown. A bin is one more column, the last; those of groups in `without` are hidden.
fn histogram(measure: &Value, of: &Key, groups: &Groups, order: &[usize], min: usize, without: &BTreeSet<Key>) -> String {
    const FAR: i128 = 1_000_000_000_000_000_000;
    let (field, width) = (text(measure, "field").unwrap(), i128::from(number(measure, "width").unwrap()));
    let mut bins: Groups = BTreeMap::new();
    for (key, entry) in groups.iter().flat_map(|(key, entries)| entries.iter().map(move |entry| (key, entry))) {
        let Some(number) = entry.numbers.get(field) else { continue };
        let bin = number.div_euclid(width * 1_000_000);
        // As text it stands in the order of the numbers.
        let cell = key.iter().cloned().chain([format!("{:020}", bin + FAR)]).collect();
        bins.entry(cell).or_default().push(entry.clone());
    }
    let already = bins.keys().filter(|cell| without.contains(&cell[..cell.len() - 1])).cloned().collect();
    let with_bin: Vec<usize> = order.iter().copied().chain([order.len()]).collect();
    let hidden = hidden(&bins, &with_bin, min, already, |entries| Some(people(entries.iter())));
    let shown = bins.iter().filter(|(cell, _)| cell.starts_with(of) && !hidden.contains(*cell)).map(|(cell, entries)| {
        let from = (cell[of.len()].parse::<i128>().unwrap() - FAR) * width;
        format!("{{\"from\":{from},\"below\":{},\"count\":{}}}", from + width, entries.len())
    });
    format!("[{}]", shown.collect::<Vec<_>>().join(","))
}
