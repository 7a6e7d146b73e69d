//! Random policies, jobs and records, in which about half of the jobs go no further than their policy.

use super::super::in_process::OWNER;
use super::super::random::Random;
use super::cell::{Cell, Number, Record, quoted};

const FIELDS: [&str; 6] = ["who", "land", "zip", "pay", "n", "a \"flag\""];
const OPS: [&str; 3] = ["keep", "mask", "truncate"];
const MEASURES: [&str; 7] = ["count_distinct", "sum", "mean", "min", "max", "quantile", "histogram"];
const FILTERS: [&str; 8] = ["eq", "ne", "lt", "le", "gt", "ge", "in", "exists"];

/// A policy, a job and records, as their owners write them.
pub struct Made {
    pub policy: String,
    pub job: String,
    pub records: Vec<Record>,
}

/// What the policy says of a field, for a job that keeps to it.
#[derive(Default)]
struct Terms {
    name: &'static str,
    ops: Vec<(&'static str, usize)>,
    measures: Vec<&'static str>,
    filters: Vec<&'static str>,
    group: bool,
    width: usize,
}

impl Made {
    pub fn new(random: &mut Random) -> Self {
        let (policy, terms) = policy(random);
        let mut job = String::from("version = 1\n");
        let aggregate = random.coin();
        job.push_str(if aggregate { "kind = \"aggregate\"\n" } else { "kind = \"records\"\n" });
        if random.below(3) == 0 {
            let conditions: Vec<_> = (0..1 + random.below(2)).map(|_| condition(random, &terms)).collect();
            job.push_str(&format!("where = [{}]\n", conditions.join(", ")));
        }
        job.push_str(&if aggregate { aggregate_job(random, &terms) } else { records_job(random, &terms) });
        // One in four is clean of values that make a record bad.
        let wild = random.below(4) > 0;
        let records = (0..random.below(120)).map(|_| record(random, wild)).collect();
        Self { policy, job, records }
    }
}

/// Rarely.
fn seldom(random: &mut Random) -> bool {
    random.below(12) == 0
}

fn some<'a>(random: &mut Random, from: &[&'a str]) -> Vec<&'a str> {
    from.iter().copied().filter(|_| random.below(3) > 0).collect()
}

fn list(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}

fn policy(random: &mut Random) -> (String, Vec<Terms>) {
    let on_error = random.pick(&["skip", "skip", "fail"]);
    let mut text = format!("{OWNER}input = {{ format = \"ndjson\", on_error = \"{on_error}\" }}\n");
    let people = !seldom(random);
    if people {
        let most = if random.below(4) == 0 { format!(", max_rows_per_person = {}", 1 + random.below(4)) } else { String::new() };
        text.push_str(&format!(
            "people = {{ field = \"{}\", min = {}{most} }}\n",
            random.pick(&["who", "who", "zip"]),
            1 + random.below(4)
        ));
    }
    if !seldom(random) {
        text.push_str(&format!("release.records.max_records = {}\n", 20 + random.below(200)));
    }
    if people && !seldom(random) {
        text.push_str(&format!("release.aggregates.max_groups = {}\n", 3 + random.below(60)));
    }
    let (mut all, mut combinations, mut tables) = (Vec::new(), Vec::new(), String::new());
    for name in FIELDS {
        if seldom(random) {
            continue;
        }
        let terms = terms(random, name, &mut tables);
        if terms.ops.len() > 1 && random.coin() {
            let ops: Vec<_> = terms.ops.iter().map(|(op, _)| *op).collect();
            combinations.push(format!("{{ field = {}, ops = {} }}", quoted(name), list(&ops[..2 + random.below(ops.len() - 1)])));
        }
        all.push(terms);
    }
    if !combinations.is_empty() {
        text.push_str(&format!("combinations = [{}]\n", combinations.join(", ")));
    }
    (text + &tables, all)
}

fn terms(random: &mut Random, name: &'static str, text: &mut String) -> Terms {
    let mut terms = Terms { name, group: random.below(4) > 0, width: *random.pick(&[1, 5, 10]), ..Terms::default() };
    text.push_str(&format!("[fields.{}]\n", quoted(name)));
    for op in some(random, &OPS) {
        let most = random.below(4);
        text.push_str(&match op {
            "keep" => "keep = true\n".to_owned(),
            "mask" => format!("mask = {{ keep_last_max = {most} }}\n"),
            _ => format!("truncate = {{ keep_first_max = {most} }}\n"),
        });
        terms.ops.push((op, most));
    }
    text.push_str(&format!("group = {}\n", terms.group));
    terms.measures = some(random, &MEASURES);
    for measure in &terms.measures {
        text.push_str(&match *measure {
            "histogram" => format!("histogram = {{ min_width = {} }}\n", terms.width),
            other => format!("{other} = true\n"),
        });
    }
    if !terms.measures.is_empty() && random.below(4) == 0 {
        text.push_str("clamp = { min = -2.5, max = 20 }\n");
    }
    terms.filters = some(random, &FILTERS);
    if !terms.filters.is_empty() {
        text.push_str(&format!("filter = {{ ops = {} }}\n", list(&terms.filters)));
    }
    terms
}

/// A field's name: seldom one that the policy does not know.
fn field(random: &mut Random, terms: &[Terms]) -> (String, usize) {
    if terms.is_empty() || seldom(random) {
        (random.pick(&FIELDS).to_string(), 0)
    } else {
        let place = random.below(terms.len());
        (terms[place].name.to_owned(), place)
    }
}

/// An operation with its parameter: seldom one that the policy does not permit, or further than it does.
fn operation(random: &mut Random, terms: Option<&Terms>) -> String {
    let permitted = terms.map_or(&[][..], |terms| &terms.ops);
    let (op, most) = if permitted.is_empty() || seldom(random) { (*random.pick(&OPS), 2) } else { *random.pick(permitted) };
    let asked = if seldom(random) { random.below(6) } else { random.below(most + 1) };
    match op {
        "keep" => "op = \"keep\"".to_owned(),
        "mask" => format!("op = \"mask\", keep_last = {asked}"),
        _ => format!("op = \"truncate\", keep_first = {asked}"),
    }
}

fn records_job(random: &mut Random, terms: &[Terms]) -> String {
    let mut text = String::from("[fields]\n");
    let first = random.below(FIELDS.len());
    for column in 0..1 + random.below(4) {
        let (name, place) = match terms.get((first + column) % FIELDS.len()) {
            Some(other) if !seldom(random) => (other.name.to_owned(), (first + column) % FIELDS.len()),
            _ => field(random, terms),
        };
        let op = if column > 0 && seldom(random) { "op = \"drop\"".to_owned() } else { operation(random, terms.get(place)) };
        text.push_str(&format!("\"c{column} é\" = {{ from = {}, {op} }}\n", quoted(&name)));
    }
    text
}

fn aggregate_job(random: &mut Random, terms: &[Terms]) -> String {
    let grouping: Vec<&Terms> = terms.iter().filter(|terms| terms.group && !terms.ops.is_empty()).collect();
    let mut columns: Vec<String> = Vec::new();
    let first = random.below(FIELDS.len());
    for column in 0..*random.pick(&[0, 1, 1, 1, 2, 2, 3]) {
        let (name, place) = field(random, terms);
        let (name, of) = if grouping.is_empty() || seldom(random) {
            (name, terms.get(place))
        } else {
            let of = grouping[(first + column) % grouping.len()];
            (of.name.to_owned(), Some(of))
        };
        columns.push(format!("{{ field = {}, name = \"g{column}\", {} }}", quoted(&name), operation(random, of)));
    }
    let mut text = if columns.is_empty() { String::new() } else { format!("group_by = [{}]\n", columns.join(", ")) };
    text.push_str("[measures]\n");
    let measured: Vec<usize> = (0..terms.len()).filter(|place| matches!(terms[*place].name, "pay" | "n")).collect();
    for measure in 0..1 + random.below(3) {
        let (mut name, mut place) = field(random, terms);
        if !measured.is_empty() && !seldom(random) {
            place = *random.pick(&measured);
            name = terms[place].name.to_owned();
        }
        let permitted = terms.get(place).map_or(&[][..], |terms| &terms.measures);
        let op = if random.below(4) == 0 {
            "count"
        } else if permitted.is_empty() || seldom(random) {
            *random.pick(&MEASURES)
        } else {
            *random.pick(permitted)
        };
        let width = terms.get(place).map_or(1, |terms| terms.width);
        let parameters = match op {
            "count" => String::new(),
            "quantile" => format!(", field = {}, q = 0.5", quoted(&name)),
            "histogram" => {
                let width = if seldom(random) { 1 + random.below(9) } else { width * (1 + random.below(3)) };
                format!(", field = {}, width = {width}", quoted(&name))
            }
            _ => format!(", field = {}", quoted(&name)),
        };
        text.push_str(&format!("m{measure} = {{ op = \"{op}\"{parameters} }}\n"));
    }
    text
}

fn condition(random: &mut Random, terms: &[Terms]) -> String {
    let (name, place) = field(random, terms);
    let permitted = terms.get(place).map_or(&[][..], |terms| &terms.filters);
    let op = if permitted.is_empty() || seldom(random) { *random.pick(&FILTERS) } else { *random.pick(permitted) };
    let scalar = |random: &mut Random| (*random.pick(&["\"b\"", "\"AT\"", "\"1010\"", "5", "5.0", "-0.5", "1010", "1e1"])).to_owned();
    let value = match op {
        "exists" => random.coin().to_string(),
        "in" => format!("[{}, {}, true]", scalar(random), scalar(random)),
        "eq" | "ne" if seldom(random) => "true".to_owned(),
        _ => scalar(random),
    };
    format!("{{ field = {}, op = \"{op}\", value = {value} }}", quoted(&name))
}

fn record(random: &mut Random, wild: bool) -> Record {
    let mut record = Record::new();
    for name in FIELDS {
        match random.below(14) {
            0 => continue,
            1 => {
                record.insert(name.to_owned(), Cell::Null);
                continue;
            }
            _ => {}
        }
        let text = |random: &mut Random, from: &[&str]| Cell::Text((*random.pick(from)).to_owned());
        let cell = match name {
            _ if wild && random.below(60) == 0 => Cell::Boolean(random.coin()),
            _ if wild && random.below(60) == 0 => text(random, &["\"quoted\" \\ text", "日本語", ""]),
            "who" => text(random, &["a", "b", "c", "d", "e", "é", "g", "5"]),
            "land" => text(random, &["AT", "DE", "FR", "東京"]),
            "zip" if random.coin() => number(random.pick::<&str>(&["1010", "1020", "5", "5.0"])),
            "zip" => text(random, &["1010", "1020", "5", "80331"]),
            "pay" => number(random.pick::<&str>(&["10.50", "1e1", "-3", "0", "-0", "99.999999", "7.25", "-2.500", "5", "1000000"])),
            "n" => number(random.pick::<&str>(&["1", "2", "3", "5E0", "50e-1", "20", "-10", "10"])),
            _ => Cell::Boolean(random.coin()),
        };
        record.insert(name.to_owned(), cell);
    }
    record
}

/// What a number of these is: digits, perhaps with a fraction or an exponent.
fn number(written: &str) -> Cell {
    let (digits, exponent) = written.split_once(['e', 'E']).unwrap_or((written, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let scale = 6 + exponent.parse::<i32>().unwrap() - i32::try_from(fraction.len()).unwrap();
    let millionths = format!("{whole}{fraction}").parse::<i128>().unwrap() * 10_i128.pow(scale.try_into().unwrap());
    Cell::Number(Number { written: written.to_owned(), millionths })
}
