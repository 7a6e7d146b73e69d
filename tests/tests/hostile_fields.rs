//! Sealed fields in the hands of a hostile operator, against the shipped programs: records dropped, repeated and put together
//! anew, values moved, swapped and replaced, manifests of others. The next honest job works after each.

mod contacts;

use std::fs;

use contacts::{Contacts, JOB, SEALED, data_keys, message, ndjson, parts_allowed, value};
use sealroom_testkit::stage::payments::key_policy_attested;
use sealroom_testkit::stage::{refused, succeed};
use serde_json::{Value, json};

/// Where the policy wants all records, nothing but the owner's very file is looked at: no data key of a value is asked for, and
/// nothing that the records say shows, not even whether enough people are among those chosen.
#[test]
fn any_other_file_than_the_manifests_is_refused_unread() {
    let contacts = Contacts::new(40, |policy| policy.replace("min = 10", "min = 5"));
    contacts.seal();
    let enclave = contacts.start_trusted_enclave();
    let honest = || contacts.released(&enclave, &mut contacts.submit(&enclave, "job.toml", "sealed", Some("sealed.manifest")));
    honest();
    let sealed = contacts.sealed();
    let with = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut records = sealed.clone();
        change(&mut records);
        ndjson(&records)
    };
    // What serde_json writes is what the owner's file had, so that each case differs by its change alone.
    assert_eq!(with(&|_| {}), contacts.stage.read("sealed"));
    let swap = |records: &mut Vec<Value>, field: &str, one: usize, other: usize| {
        let value = records[one][field].take();
        records[one][field] = std::mem::replace(&mut records[other][field], value);
    };
    let cases: [(&str, String); 10] = [
        ("dropped", with(&|records| drop(records.remove(3)))),
        ("added", with(&|records| records.push(json!({ "customer": null })))),
        ("repeated", with(&|records| records.push(records[0].clone()))),
        ("reordered", with(&|records| records.swap(1, 2))),
        ("edited", with(&|records| records[1]["note"] = json!("another"))),
        ("values swapped", with(&|records| swap(records, "card", 1, 2))),
        ("blank line", with(&|_| {}) + "\n"),
        // Of these two, one would show enough people and the other would not.
        ("one record many times", with(&|records| *records = vec![records[0].clone(); 400])),
        ("one country only", with(&|records| records.retain(|record| record["id"].as_u64().unwrap() % 4 == 0))),
        ("empty", String::new()),
    ];
    for (what, records) in cases {
        contacts.stage.write("other", records);
        contacts.refuses(what, "input-set", &PROVEN, &mut contacts.submit(&enclave, "job.toml", "other", Some("sealed.manifest")));
        honest();
    }
    let mut twice = contacts.submit(&enclave, "job.toml", "sealed", Some("sealed.manifest"));
    let calls = refused(twice.arg("--no-check").arg(contacts.stage.path("sealed")));
    assert!(calls.contains("\"code\":\"input-set\""), "{calls}");
    honest();
}

/// Before a manifest has proven the policy no other key is asked for.
#[test]
fn without_the_owners_manifest_no_key_but_its_own_is_asked_for() {
    let contacts = Contacts::new(40, |policy| policy);
    contacts.seal();
    let policy = fs::read_to_string(&contacts.policy).unwrap();
    contacts.stage.write("other.toml", format!("# another\n{policy}"));
    succeed(contacts.sealing_under("other.toml", SEALED, "other").arg(contacts.stage.path("in.ndjson")));
    succeed(contacts.sealing(SEALED, "again").arg(contacts.stage.path("in.ndjson")));
    let manifest = fs::read(contacts.stage.path("sealed.manifest")).unwrap();
    let altered = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut other = manifest.clone();
        change(&mut other);
        contacts.stage.write(name, other);
    };
    altered("flipped", &|bytes| *bytes.last_mut().unwrap() ^= 1);
    altered("cut", &|bytes| bytes.truncate(bytes.len() - 1));
    altered("longer", &|bytes| bytes.push(0));
    let value = message(&contacts.sealed()[0]["card"]);
    contacts.stage.write("value", value);
    let enclave = contacts.start_trusted_enclave();
    // Manifest, refusal, calls.
    let cases: [(Option<&str>, &str, &[&str]); 8] = [
        (None, "input-set", &[]),
        (Some("other.manifest"), "policy-mismatch", &[]),
        (Some("again.manifest"), "input-set", &PROVEN),
        (Some("flipped"), "input-corrupt", &["Decrypt"]),
        (Some("cut"), "input-corrupt", &["Decrypt"]),
        (Some("longer"), "input-corrupt", &["Decrypt"]),
        (Some("customer.token"), "input-corrupt", &[]),
        (Some("value"), "input-corrupt", &[]),
    ];
    for (manifest, code, calls) in cases {
        let mut unchecked = contacts.submit(&enclave, "job.toml", "sealed", manifest);
        contacts.refuses(manifest.unwrap_or("none"), code, calls, unchecked.arg("--no-check"));
        if calls.is_empty() {
            contacts.refuses("seen by submit", code, &[], &mut contacts.submit(&enclave, "job.toml", "sealed", manifest));
        }
        contacts.released(&enclave, &mut contacts.submit(&enclave, "job.toml", "sealed", Some("sealed.manifest")));
    }
}

/// The owner lets the operator put the records together: what is in them is the owner's all the same.
#[test]
fn parts_of_the_records_may_go_without_a_manifest_and_every_value_stays_the_owners() {
    let contacts = Contacts::new(40, parts_allowed);
    contacts.seal();
    let policy = fs::read_to_string(&contacts.policy).unwrap();
    contacts.stage.write("other.toml", format!("# another\n{policy}"));
    succeed(contacts.sealing_under("other.toml", SEALED, "foreign").arg(contacts.stage.path("in.ndjson")));
    let foreign: Value = serde_json::from_str(contacts.stage.read("foreign").lines().next().unwrap()).unwrap();
    let enclave = contacts.start_trusted_enclave();
    let sealed = contacts.sealed();
    let submit = |records: &[Value]| {
        contacts.stage.write("some", ndjson(records));
        contacts.submit(&enclave, "all.toml", "some", None)
    };
    let chosen = [sealed[7].clone(), sealed[3].clone(), sealed[3].clone(), json!({ "note": "the operator's" })];
    let (statement, rows) = contacts.released(&enclave, &mut submit(&chosen));
    assert_eq!(statement["inputs"][0]["manifest"], Value::Null);
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows.len(), &rows[1], &rows[3]), (4, &rows[2], &json!({ "note": "the operator's" })));
    for (row, number) in [(0, 7), (1, 3)] {
        assert_eq!(
            (&rows[row]["card"], &rows[row]["zip"]),
            (&Contacts::row(&contacts.records[number])["card"], &Contacts::row(&contacts.records[number])["zip"])
        );
    }

    let with = |at: usize, field: &str, value: Value| {
        let mut records = sealed[1..4].to_vec();
        records[at][field] = value;
        records
    };
    let bytes = message(&sealed[1]["customer"]);
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut other = bytes.clone();
        change(&mut other);
        value(&other)
    };
    let arn_at = bytes.windows(contacts.key_arn.len()).position(|part| part == contacts.key_arn.as_bytes()).unwrap();
    let other_key = changed(&|bytes| bytes[arn_at + contacts.key_arn.len() - 1] ^= 1);
    // The values of `customer` come first, and so its data key proves the policy; what is refused before that asks for nothing.
    let cases: [(&str, &str, Vec<Value>, usize); 11] = [
        ("moved to another field", "input-corrupt", with(0, "customer", sealed[1]["card"].clone()), 0),
        ("moved to another field, later", "input-corrupt", with(1, "zip", sealed[1]["card"].clone()), 3),
        ("plaintext", "input-corrupt", with(1, "customer", json!("customer 1")), 3),
        ("a number", "input-corrupt", with(1, "amount", json!(25)), 3),
        ("base64 of nothing", "input-corrupt", with(1, "customer", json!("")), 3),
        ("no message", "input-corrupt", with(1, "customer", json!("AAAA")), 3),
        ("a flipped bit", "input-corrupt", with(1, "customer", changed(&|bytes| *bytes.last_mut().unwrap() ^= 1)), 3),
        ("another policy's", "policy-mismatch", with(0, "customer", foreign["customer"].clone()), 0),
        ("another policy's, later", "policy-mismatch", with(1, "customer", foreign["customer"].clone()), 3),
        ("a foreign key's", "key-not-allowed", with(0, "customer", other_key.clone()), 0),
        ("a foreign key's, later", "key-not-allowed", with(1, "customer", other_key), 3),
    ];
    for (what, code, records, least) in cases {
        let before = contacts.calls().len();
        let said = refused(&mut submit(&records));
        assert!(said.contains(&format!("\"code\":\"{code}\"")), "{what}: {said}");
        let calls = contacts.calls()[before..].to_vec();
        assert!(if least == 0 { calls.is_empty() } else { calls[..least] == PROVEN }, "{what}: {calls:?}");
        contacts.released(&enclave, &mut submit(&chosen));
    }
    contacts.refuses("no sealed value", "input-corrupt", &[], &mut submit(&[json!({ "customer": null }), json!({})]));
    contacts.refuses("nothing", "input-corrupt", &[], &mut submit(&[]));
    contacts.stage.write("open.toml", "version = 1\nkind = \"records\"\n[fields]\nnote = { op = \"keep\" }\n");
    contacts.stage.write("some", ndjson(&chosen));
    contacts.refuses("no sealed field read", "job-not-allowed", &[], &mut contacts.submit(&enclave, "open.toml", "some", None));
    contacts.released(&enclave, &mut submit(&chosen));
}

/// Which record it was that cannot be processed is not to be seen by which data keys are still asked for.
#[test]
fn every_data_key_is_asked_for_whatever_the_records_say() {
    let contacts = Contacts::new(200, parts_allowed);
    succeed(contacts.sealing(SEALED, "sealed").args(["--values-per-key", "5"]).arg(contacts.stage.path("in.ndjson")));
    let distinct = data_keys(&contacts.sealed());
    let mut lines: Vec<String> = contacts.stage.read("sealed").lines().map(str::to_owned).collect();
    lines.insert(1, "not JSON".to_owned());
    contacts.stage.write("broken", lines.join("\n"));
    let enclave = contacts.start_trusted_enclave();
    let said = refused(&mut contacts.submit(&enclave, "all.toml", "broken", None));
    assert!(said.contains("\"code\":\"refused-by-data\""), "{said}");
    assert_eq!(contacts.calls().len(), distinct.len() + 2, "the token key's and the output's, and each of the values'");
}

/// A data key that is not given ends the job at once. What it ends with says nothing of the records before, or a parent would learn
/// of any beginning of the file whether a record of it was refused.
#[test]
fn a_refused_data_key_is_told_alike_whatever_the_records_before_it_say() {
    let contacts = Contacts::new(200, parts_allowed);
    contacts.seal();
    let enclave = contacts.start_trusted_enclave();
    let mut records = contacts.sealed();
    let mut bytes = message(&records[150]["customer"]);
    let arn_at = bytes.windows(contacts.key_arn.len()).position(|part| part == contacts.key_arn.as_bytes()).unwrap();
    bytes[arn_at + contacts.key_arn.len() - 1] ^= 1;
    // In each block in turn, so that it is any worker's.
    for at in [100, 150, 190] {
        let honest = std::mem::replace(&mut records[at]["customer"], value(&bytes));
        let good = ndjson(&records);
        let (first, rest) = good.split_once('\n').unwrap();
        for text in [good.clone(), format!("{first}\nnot JSON\n{rest}")] {
            contacts.stage.write("some", text);
            let said = refused(&mut contacts.submit(&enclave, "all.toml", "some", None));
            assert!(said.contains("\"code\":\"key-not-allowed\""), "{at}: {said}");
        }
        records[at]["customer"] = honest;
    }
}

/// KMS may give one field's data keys and not another's: the owner's key policy decides, field by field.
#[test]
fn a_field_whose_data_key_kms_denies_ends_the_job() {
    let contacts = Contacts::new(40, |policy| policy);
    contacts.seal();
    let enclave = contacts.start_trusted_enclave();
    let measurements = fs::read_to_string(&enclave.measurements).unwrap();
    let attested = key_policy_attested(&measurements);
    let mut denying: Value = serde_json::from_str(&attested).unwrap();
    denying["Statement"].as_array_mut().unwrap().push(json!({
        "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
        "Condition": { "StringEquals": { "kms:EncryptionContext:sealroom:field": "zip" } },
    }));
    let submit = || contacts.submit(&enclave, "job.toml", "sealed", Some("sealed.manifest"));
    contacts.stage.put_key_policy(&contacts.key_arn, &denying.to_string());
    let said = refused(&mut submit());
    assert!(said.contains("\"code\":\"key-denied\""), "{said}");
    contacts.stage.write("without.toml", JOB.replace("zip = { op = \"truncate\", keep_first = 2 }\n", ""));
    contacts.released(&enclave, &mut contacts.submit(&enclave, "without.toml", "sealed", Some("sealed.manifest")));
    contacts.stage.put_key_policy(&contacts.key_arn, &attested);
    contacts.released(&enclave, &mut submit());
}

/// The manifest's data key, the token key's, the output's.
const PROVEN: [&str; 3] = ["Decrypt", "Decrypt", "GenerateDataKey"];
