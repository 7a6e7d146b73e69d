//! Aggregate and discovery jobs over sealed fields, end to end with the shipped programs: groups by a sealed field, sums and different
//! values of sealed numbers, people who are sealed themselves, and the types of what is sealed. Nothing but the owner's very file
//! is ever counted.

use std::collections::{BTreeMap, BTreeSet};

use sealroom_testkit::stage::{refused, succeed};
use serde_json::{Value, json};

use crate::contacts::{Contacts, SEALED, csv_line, message, ndjson, value};

const GROUPS: &str = r#"version = 1
kind = "aggregate"
group_by = [{ field = "country" }]
[measures]
n = { op = "count" }
people = { op = "count_distinct", field = "customer" }
spend = { op = "sum", field = "amount" }
amounts = { op = "count_distinct", field = "amount" }
"#;

const DISCOVER: &str = "version = 1\nkind = \"discover\"\n";

/// Manifest and output; no token key. Then come the values' data keys.
const PROVEN: [&str; 2] = ["Decrypt", "GenerateDataKey"];

/// The terms of examples/contacts, with aggregates and discovery.
fn summaries(policy: String) -> String {
    let changes = [
        ("[fields.customer]\nsealed = true\n", "count_distinct = true\n"),
        ("[fields.card]\nsealed = true\n", "discover = true\n"),
        ("[fields.zip]\nsealed = true\n", "group = true\ndiscover = true\n"),
        ("[fields.country]\nsealed = true\n", "group = true\n"),
        ("[fields.amount]\nsealed = true\n", "sum = true\ncount_distinct = true\ndiscover = true\n"),
        ("[release]\n", "aggregates.max_groups = 100\ndiscovery = {}\n"),
    ];
    changes.iter().fold(policy, |policy, (at, more)| {
        assert_eq!(policy.matches(at).count(), 1, "{at}");
        policy.replace(at, &format!("{at}{more}"))
    })
}

/// 240 records of 120 customers, and three of three more in a country of their own, with values that nobody else has.
fn records(contacts: &mut Contacts) {
    for (number, record) in contacts.records.iter_mut().enumerate() {
        record["card"] = match number % 4 {
            0 => json!("4111111111111111"),
            1 => json!("4111111111111112"),
            2 => json!(format!("c{number}@example.org")),
            _ => json!(format!("call me, or c{number}@example.org")),
        };
    }
    for few in 0..3 {
        contacts.records.push(json!({
            "customer": format!("few {few}"), "card": "192.0.2.7", "zip": "99999", "country": "XX", "amount": 7_777_777, "note": "",
        }));
    }
    contacts.stage.write("in.ndjson", ndjson(&contacts.records));
}

/// What a group's columns say, counted here once more; none where it is of fewer than ten people.
fn measured<'r>(group: impl IntoIterator<Item = &'r Value>) -> Option<Value> {
    let (mut n, mut people, mut amounts) = (0, BTreeSet::new(), Vec::new());
    for record in group {
        n += 1;
        people.insert(record["customer"].as_str().unwrap());
        amounts.extend(record.get("amount").map(|amount| amount.as_u64().unwrap()));
    }
    let (spend, different) = (amounts.iter().sum::<u64>(), amounts.iter().collect::<BTreeSet<_>>().len());
    (people.len() >= 10).then(|| json!({ "n": n, "people": people.len(), "spend": spend, "amounts": different }))
}

/// The rows are those of the groups that `key` makes, each measured as here; one of too few people is not among them, and so
/// is at least one more.
fn compare(rows: &str, records: &[Value], column: &str, key: impl Fn(&Value) -> Value) {
    let mut groups: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for record in records {
        groups.entry(key(record).to_string()).or_default().push(record);
    }
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut seen = BTreeSet::new();
    for row in &rows {
        let mut expected = measured(groups[&row[column].to_string()].iter().copied()).expect("enough people");
        expected[column] = row[column].clone();
        assert_eq!(*row, expected);
        assert!(seen.insert(row[column].to_string()), "{row} twice");
    }
    let few = groups.values().filter(|group| measured(group.iter().copied()).is_none()).count();
    assert_eq!(few, 1);
    assert!(!rows.is_empty() && rows.len() + few < groups.len(), "{} of {} groups", rows.len(), groups.len());
}

#[test]
fn sealed_fields_are_grouped_summed_and_discovered() {
    let mut contacts = Contacts::new(240, summaries);
    records(&mut contacts);
    succeed(contacts.sealing(SEALED, "sealed").arg(contacts.stage.path("in.ndjson")));
    let enclave = contacts.start_trusted_enclave();
    let job = |text: &str| {
        contacts.stage.write("summary.toml", text);
        let before = contacts.calls().len();
        let (statement, rows) =
            contacts.released(&enclave, &mut contacts.submit(&enclave, "summary.toml", "sealed", Some("sealed.manifest")));
        assert_eq!((&statement["inputs"][0]["form"], &statement["counts"]["read"]), (&json!("fields"), &json!(243)));
        (rows, contacts.calls()[before..].to_vec())
    };

    let (rows, calls) = job(GROUPS);
    compare(&rows, &contacts.records, "country", |record| record["country"].clone());
    assert_eq!(calls[..2], PROVEN);
    assert_eq!(calls.len(), 2 + 3, "and the data keys of the three fields that the job reads: {calls:?}");
    let area = GROUPS.replace("{ field = \"country\" }", "{ field = \"zip\", name = \"area\", op = \"truncate\", keep_first = 3 }");
    let (rows, _) = job(&area);
    compare(&rows, &contacts.records, "area", |record| record["zip"].as_str().map_or(Value::Null, |zip| json!(zip[..3])));

    // A condition on a sealed field: the minimum is of those whom it lets through.
    let of = |country: &str| {
        let condition = format!("where = [{{ field = \"country\", op = \"eq\", value = \"{country}\" }}]");
        job(&GROUPS.replace("group_by = [{ field = \"country\" }]", &condition)).0
    };
    let expected = measured(contacts.records.iter().filter(|record| record["country"] == "DE")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&of("DE")).unwrap(), expected);
    assert_eq!(of("XX").trim(), "", "three people are no group");

    let (found, calls) = job(DISCOVER);
    assert_eq!(calls.len(), 2 + 4, "people, and the three fields that may be discovered: {calls:?}");
    let lines = found.lines().map(|line| serde_json::from_str(line).unwrap());
    let fields: BTreeMap<String, Value> = lines.map(|line: Value| (line["field"].as_str().unwrap().to_owned(), line)).collect();
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["amount", "card", "zip"]);
    let count = |holds: &dyn Fn(&Value) -> bool| json!(contacts.records.iter().filter(|record| holds(record)).count());
    let card = |word: &'static str| move |record: &Value| record["card"].as_str().unwrap().contains(word);
    let texts = &fields["card"]["string"];
    for (told, expected) in [
        (&fields["card"]["records"], json!(243)),
        (&texts["values"], json!(243)),
        (&texts["is"]["card"], count(&card("4111111111111111"))),
        (&texts["is"]["email"], count(&|record| card("@")(record) && !card(" ")(record))),
        (&texts["holds"]["email"], count(&|record| card("@")(record) && card(" ")(record))),
        (&texts["is"]["ipv4"], json!("under 10")),
        (&fields["amount"]["absent"], count(&|record| record.get("amount").is_none())),
        (&fields["amount"]["number"]["values"], count(&|record| record.get("amount").is_some())),
        (&fields["zip"]["null"], count(&|record| record["zip"].is_null())),
        (&fields["zip"]["string"]["values"], count(&|record| record["zip"].is_string())),
    ] {
        assert_eq!(*told, expected, "{found}");
    }
    for value in ["4111", "example.org", "192.0.2", "99999", "7777777", "few", "customer"] {
        assert!(!found.contains(value), "{value}");
    }
}

#[test]
fn csv_with_sealed_cells_is_grouped_and_summed() {
    let mut contacts = Contacts::new(240, |policy| summaries(policy).replace("\"ndjson\"", "\"csv\""));
    records(&mut contacts);
    let columns = ["note", "zip", "customer", "card", "amount", "country"];
    let lines: Vec<String> = contacts.records.iter().map(|record| csv_line(&columns, record)).collect();
    contacts.stage.write("in.csv", format!("{}\n{}\n", columns.join(","), lines.join("\n")));
    succeed(contacts.sealing(SEALED, "sealed").arg(contacts.stage.path("in.csv")));
    contacts.stage.write("groups.toml", GROUPS);
    let enclave = contacts.start_trusted_enclave();
    let (_, rows) = contacts.released(&enclave, &mut contacts.submit(&enclave, "groups.toml", "sealed", Some("sealed.manifest")));
    let (head, rows) = rows.split_once('\n').unwrap();
    assert_eq!(head, "country,n,people,spend,amounts");
    let shown: Vec<&str> = rows.lines().collect();
    assert!(!shown.is_empty() && shown.len() < 4, "one more than XX hides: {rows}");
    for row in shown {
        let country = row.split(',').next().unwrap();
        let mut expected = measured(contacts.records.iter().filter(|record| record["country"] == country)).unwrap();
        expected["country"] = json!(country);
        assert_eq!(row, csv_line(&["country", "n", "people", "spend", "amounts"], &expected));
    }
}

/// A sealed number that is too long to be summed makes its record bad, as the policy says what becomes of bad records. A value
/// that is not the owner's is no bad record, which would be left out and show in a total: it refuses the job, unread.
#[test]
fn a_bad_sealed_value_is_a_bad_record_and_a_foreign_one_ends_the_job() {
    let mut contacts = Contacts::new(80, summaries);
    contacts.records[4]["amount"] = json!(1e30);
    contacts.stage.write("in.ndjson", ndjson(&contacts.records));
    contacts.stage.write("groups.toml", GROUPS);
    contacts.stage.write("discover.toml", DISCOVER);
    let policy = contacts.stage.read("policy.toml");
    contacts.stage.write("skip.toml", policy.replace("\"fail\"", "\"skip\""));
    for (policy, out) in [("policy.toml", "sealed"), ("skip.toml", "skipping")] {
        succeed(contacts.sealing_under(policy, SEALED, out).arg(contacts.stage.path("in.ndjson")));
    }
    let enclave = contacts.start_trusted_enclave();
    let said = refused(&mut contacts.submit(&enclave, "groups.toml", "sealed", Some("sealed.manifest")));
    assert!(said.contains("\"code\":\"refused-by-data\""), "{said}");
    // It is a number all the same.
    let (_, found) = contacts.released(&enclave, &mut contacts.submit(&enclave, "discover.toml", "sealed", Some("sealed.manifest")));
    assert!(found.starts_with("{\"field\":\"amount\",\"records\":80,"), "{found}");

    let foreign = contacts.sealed();
    contacts.policy = contacts.stage.path("skip.toml");
    let submit = |job: &str, records: &str, manifest| contacts.submit(&enclave, job, records, manifest);
    let (statement, rows) = contacts.released(&enclave, &mut submit("groups.toml", "skipping", Some("skipping.manifest")));
    assert_eq!((&statement["counts"]["read"], &statement["counts"]["skipped"]), (&json!(80), &json!(1)));
    let left = contacts.records.iter().filter(|record| record["country"] == "DE" && record["amount"] != json!(1e30));
    let mut expected = measured(left).unwrap();
    expected["country"] = json!("DE");
    assert!(rows.lines().any(|row| serde_json::from_str::<Value>(row).unwrap() == expected), "{rows}");

    let sealed: Vec<Value> = contacts.stage.read("skipping").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let with = |field: &str, value: Value| {
        let mut records = sealed.clone();
        records[1][field] = value;
        ndjson(&records)
    };
    let mut flipped = message(&sealed[1]["amount"]);
    *flipped.last_mut().unwrap() ^= 1;
    let cases = [
        ("another person's", "groups.toml", with("customer", sealed[2]["customer"].clone())),
        ("another record's amount", "groups.toml", with("amount", sealed[2]["amount"].clone())),
        ("another field's", "groups.toml", with("amount", sealed[1]["zip"].clone())),
        ("another policy's", "groups.toml", with("amount", foreign[1]["amount"].clone())),
        ("another policy's, discovered", "discover.toml", with("amount", foreign[1]["amount"].clone())),
        ("a flipped bit", "groups.toml", with("amount", value(&flipped))),
        ("a flipped bit, discovered", "discover.toml", with("amount", value(&flipped))),
        ("a number in the clear", "discover.toml", with("amount", json!(25))),
        ("none", "groups.toml", with("amount", Value::Null)),
        ("a record less", "groups.toml", ndjson(&sealed[1..])),
        ("a record twice", "discover.toml", ndjson(&[&sealed[..], &sealed[..1]].concat())),
    ];
    for (what, job, records) in cases {
        contacts.stage.write("changed", records);
        contacts.refuses(what, "input-set", &PROVEN, &mut submit(job, "changed", Some("skipping.manifest")));
    }
    for job in ["groups.toml", "discover.toml"] {
        contacts.refuses("no manifest", "input-set", &[], submit(job, "skipping", None).arg("--no-check"));
    }
}
