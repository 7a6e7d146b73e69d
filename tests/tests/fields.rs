//! Sealed fields, end to end with the shipped programs: single values sealed by the owner, transformed, and stated in the
//! receipt. What a hostile operator makes of them is in `hostile_fields`.

mod contacts;
mod field_summaries;

use std::collections::HashMap;
use std::fs;

use contacts::{Contacts, JOB, SEALED, csv_line, data_keys, ndjson};
use sealroom_shared::message::Header;
use sealroom_testkit::stage::{refused, succeed, text};
use serde_json::{Value, json};

/// Promises P2, P6 and P8 on their good side: a condition on a sealed field, a minimum of sealed people, every column.
#[test]
fn sealed_fields_are_opened_transformed_and_stated_in_the_receipt() {
    let contacts = Contacts::new(400, |policy| policy);
    let sealed = contacts.seal();
    let container = contacts.stage.read("sealed");
    assert!(container.contains("of two lines") && !container.contains("\"DE\"") && !container.contains("customer 1"));
    assert!(container.len() > 1024 * 1024, "more than one piece of the manifest");
    for (record, before) in contacts.sealed().iter().zip(&contacts.records) {
        assert_eq!((&record["id"], &record["note"]), (&before["id"], &before["note"]));
        assert_eq!(record["zip"].is_null(), before["zip"].is_null());
        assert_eq!(record.get("amount").is_some(), before.get("amount").is_some());
    }
    let digest = format!("blake3:{}", blake3::hash(container.as_bytes()));
    assert_eq!((&sealed["digest"], &sealed["records"], &sealed["bytes"]), (&json!(digest), &json!(400), &json!(container.len())));
    assert_eq!(sealed["fields"][1], json!({ "name": "card", "values": 400, "data_keys": 3 }));

    let enclave = contacts.start_trusted_enclave();
    let (statement, rows) = contacts.released(&enclave, &mut contacts.submit(&enclave, "job.toml", "sealed", Some("sealed.manifest")));
    let expected: Vec<&Value> = contacts.records.iter().filter(|record| record["country"] == "DE").collect();
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), expected.len());
    let mut tokens = HashMap::new();
    for (mut row, record) in rows.into_iter().zip(expected) {
        let token = row.as_object_mut().unwrap().remove("customer").unwrap();
        assert_eq!(row, Contacts::row(record));
        let customer = record["customer"].to_string();
        assert_eq!(tokens.entry(token.to_string()).or_insert_with(|| customer.clone()), &customer, "one token, one customer");
    }

    let manifest = fs::read(contacts.stage.path("sealed.manifest")).unwrap();
    let (manifest_digest, header) = (blake3::hash(&manifest), Header::parse(&manifest).unwrap().unwrap().0);
    let manifest = json!({ "message_id": header.message_id().to_hex(), "digest": format!("blake3:{manifest_digest}") });
    let input = json!({ "form": "fields", "datasets": ["contacts"], "manifest": manifest, "digest": digest });
    assert_eq!(statement["inputs"], json!([input]));
    assert_eq!(statement["counts"], json!({ "read": 400, "released": 100, "skipped": 0 }));

    // One Decrypt for the manifest, one for the token key, and one for each data key of the five fields that the job reads.
    let distinct = data_keys(&contacts.sealed());
    let calls = contacts.calls();
    assert_eq!(calls[..3], ["Decrypt", "Decrypt", "GenerateDataKey"]);
    assert_eq!((distinct.len(), calls.len()), (15, 3 + 15), "{calls:?}");
    assert_eq!(statement["kms_requests"].as_array().unwrap().len(), calls.len());

    // In the second piece of the file only: what is before it is the owner's, and is no further use to anyone.
    let mut late = container.into_bytes();
    let at = late.len() - 10;
    late[at] ^= 1;
    contacts.stage.write("late", late);
    let said = refused(&mut contacts.submit(&enclave, "job.toml", "late", Some("sealed.manifest")));
    assert!(said.contains("\"code\":\"input-set\""), "{said}");
}

#[test]
fn csv_is_sealed_by_the_cell_and_comes_out_as_csv() {
    let contacts = Contacts::new(300, |policy| policy.replace("\"ndjson\"", "\"csv\""));
    let columns = ["note", "zip", "customer", "card", "amount", "country"];
    let lines: Vec<String> = contacts.records.iter().map(|record| csv_line(&columns, record)).collect();
    contacts.stage.write("in.csv", format!("\u{feff}{}\r\n\r\n{}", columns.join(","), lines.join("\r\n")));
    succeed(contacts.sealing(SEALED, "sealed").arg(contacts.stage.path("in.csv")));
    let container = contacts.stage.read("sealed");
    assert!(container.starts_with("note,zip,customer,card,amount,country\n\"a \"\"note\"\", 0\nof two lines\",,Ag"), "{container:.100}");

    contacts.stage.write("job.toml", JOB.replace("customer = { op = \"tokenize\" }\n", ""));
    let enclave = contacts.start_trusted_enclave();
    let (statement, rows) = contacts.released(&enclave, &mut contacts.submit(&enclave, "job.toml", "sealed", Some("sealed.manifest")));
    let mut expected = "card,zip,country,amount,note\n".to_owned();
    for record in contacts.records.iter().filter(|record| record["country"] == "DE") {
        let row = Contacts::row(record);
        expected += &csv_line(&["card", "zip", "country", "amount", "note"], &row);
        expected.push('\n');
    }
    assert_eq!(rows, expected);
    assert_eq!(statement["counts"]["read"], 300);

    // Rows in another order are another file.
    let (header, body) = container.split_once('\n').unwrap();
    let (first, rest) = body.split_at(body.find("\n\"a").unwrap() + 1);
    contacts.stage.write("other", format!("{header}\n{rest}{first}"));
    contacts.refuses(
        "reordered",
        "input-set",
        &["Decrypt", "GenerateDataKey"],
        &mut contacts.submit(&enclave, "job.toml", "other", Some("sealed.manifest")),
    );
}

/// Distinct data keys are asked for at once, each exactly once: KMS answers none before all five wait.
#[test]
fn data_keys_of_several_fields_are_released_at_the_same_time() {
    let mut contacts = Contacts::new(80, |policy| policy);
    succeed(contacts.sealing(SEALED, "sealed").arg(contacts.stage.path("in.ndjson")));
    contacts.stage.restart_kms(&["--fault", "together:5"]);
    let enclave = contacts.start_trusted_enclave();
    contacts.released(&enclave, &mut contacts.submit(&enclave, "job.toml", "sealed", Some("sealed.manifest")));
    assert_eq!(contacts.calls().len(), 3 + 5);
}

/// Too few people, in the owner's own file: the one code for what depends on the records.
#[test]
fn conditions_on_sealed_fields_have_their_minimum_of_people() {
    let contacts = Contacts::new(36, |policy| policy);
    contacts.seal();
    let enclave = contacts.start_trusted_enclave();
    let submit = || contacts.submit(&enclave, "job.toml", "sealed", Some("sealed.manifest"));
    let said = refused(&mut submit());
    assert!(said.contains("\"code\":\"refused-by-data\""), "{said}");
    contacts.released(&enclave, &mut contacts.submit(&enclave, "all.toml", "sealed", Some("sealed.manifest")));
}

/// What the owner cannot have meant: nothing is written, and the message says what to do.
#[test]
fn sealing_that_would_leave_a_field_open_is_refused() {
    let contacts = Contacts::new(40, |policy| policy.replace("on_error = \"fail\"", "on_error = \"skip\""));
    let stage = &contacts.stage;
    stage.write("bad.ndjson", format!("{}{{\"card\":\"secret\",\"card\":1}}\n", ndjson(&contacts.records)));
    stage.write("type.ndjson", format!("{}{{\"card\":1}}\n", ndjson(&contacts.records)));
    stage.write("object.ndjson", "\n{\"zip\":{\"secret\":1}}\n");
    stage.write("number.ndjson", "{\"amount\":\"secret\"}\n");
    stage.write("spelled.ndjson", "{\"amount\":1,\"Card\":\"secret\",\"country\":null,\"customer\":null,\"zip\":null}\n");
    let without = |field: &str| SEALED.split(',').filter(|name| *name != field).collect::<Vec<_>>().join(",");
    let cases: [(&str, String, &str, &[&str], &str); 11] = [
        ("usage", without("card"), "in.ndjson", &[], "\"card\\\""),
        ("usage", format!("{SEALED},note"), "in.ndjson", &[], "note"),
        ("usage", SEALED.to_owned(), "in.ndjson", &["--no-check"], "unseen"),
        ("usage", SEALED.to_owned(), "in.ndjson", &["second"], "one file"),
        ("usage", SEALED.to_owned(), "in.ndjson", &["--values-per-key", "0"], ""),
        ("exists", SEALED.to_owned(), "in.ndjson", &["--manifest", "policy.toml"], "policy.toml"),
        ("record", SEALED.to_owned(), "bad.ndjson", &[], "line 41"),
        ("record", SEALED.to_owned(), "type.ndjson", &[], "line 41"),
        ("record", SEALED.to_owned(), "object.ndjson", &[], "line 2"),
        ("record", SEALED.to_owned(), "number.ndjson", &[], "line 1"),
        ("record", SEALED.to_owned(), "spelled.ndjson", &[], "card"),
    ];
    for (code, fields, input, more, said) in cases {
        let mut command = contacts.sealing(&fields, "sealed");
        let output = command.current_dir(stage.path("")).args(more).arg(stage.path(input)).output().unwrap();
        let error = text(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(error.contains(said) && !error.contains("secret"), "{input} {more:?}: {error}");
        assert!(error.contains(&format!("\"code\":\"{code}\"")) || more.contains(&"0"), "{input} {more:?}: {error}");
        assert!(!stage.path("sealed").exists() && !stage.path("sealed.manifest").exists(), "{input} {more:?}");
    }
    let whole = |policy: &str| {
        let mut command = stage.sealroom("owner");
        command.arg("seal").arg("--json").arg("--policy").arg(stage.path(policy)).args([
            "--key-arn",
            &contacts.key_arn,
            "--dataset",
            "contacts",
        ]);
        command.arg(stage.path("in.ndjson")).arg("--out").arg(stage.path("sealed"));
        command
    };
    assert!(refused(&mut whole("policy.toml")).contains("--fields amount,card,country,customer,zip"));
    let file = "version = 1\nname = \"n\"\ndatasets = [\"contacts\"]\n@KEYS@\ninput = { format = \"ndjson\", on_error = \"fail\" }\n[[recipients]]\nname = \"analyst\"\nrsa_public_key = \"\"\"\n@PEM@\"\"\"\n";
    let file = file.replace("@KEYS@", &format!("keys = [\"{}\"]", contacts.key_arn)).replace("@PEM@", &stage.read("analyst.pub.pem"));
    stage.write("file.toml", file);
    assert!(refused(whole("file.toml").args(["--fields", "card"])).contains("\"code\":\"form\""));
    succeed(&mut whole("file.toml"));

    // Neither records nor manifest can be brought under another policy.
    succeed(contacts.sealing(SEALED, "values").arg(stage.path("in.ndjson")));
    for (name, code) in [("values", "not-a-message"), ("values.manifest", "wrong-kind")] {
        let mut command = stage.sealroom("owner");
        command.arg("rebind").arg("--json").arg("--from").arg(&contacts.policy).arg("--to").arg(stage.path("file.toml"));
        let said = refused(command.arg(stage.path(name)).arg("--out").arg(stage.path("rebound")));
        assert!(said.contains(&format!("\"code\":\"{code}\"")) && !stage.path("rebound").exists(), "{name}: {said}");
    }
    // A sealed file's policy knows no manifest.
    let enclave = contacts.start_trusted_enclave();
    let mut command = stage.sealroom("operator");
    command.arg("submit").arg("--json").args(["--enclave", &enclave.address]).arg("--policy").arg(stage.path("file.toml"));
    command.arg("--job").arg(stage.path("all.toml")).arg("--manifest").arg(stage.path("sealed")).arg(stage.path("sealed"));
    command.arg("--out").arg(stage.path("out.sealed")).arg("--receipt").arg(stage.path("receipt.json"));
    assert_eq!(command.output().unwrap().status.code(), Some(2));
}
