//! Contacts in which single fields are sealed: the stage of the tests of the fields form. An owner, the policy and the job beside this
//! file, records, an analyst who reads the result, and a warehouse whose KMS key shows whether an output key was asked for.
#![allow(dead_code, reason = "each test that includes this module uses its part of it")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealroom_shared::message::Header;
use sealroom_testkit::stage::payments::{key_policy, key_policy_attested, key_policy_unattested};
use sealroom_testkit::stage::{RunningEnclave, Stage, Variant, refused, succeed, text};
use serde_json::{Value, json};

/// Sealed fields, in the order of their names, as `--fields` has them.
pub const SEALED: &str = "amount,card,country,customer,zip";

/// What the job asks for: every column; the records of one country.
pub const JOB: &str = include_str!("job.toml");

/// The owner's terms, with places for keys.
pub const POLICY: &str = include_str!("policy.toml");

/// The owner's data in `in.ndjson`; sealed, in `sealed` with `sealed.manifest`.
pub struct Contacts {
    pub stage: Stage,
    pub key_arn: String,
    pub policy: PathBuf,
    pub records: Vec<Value>,
}

/// The policy and the job of operators who may leave records out: without conditions.
pub fn parts_allowed(policy: String) -> String {
    policy.replace("on_error = \"fail\"\n", "on_error = \"fail\"\nwhole = false\n").replace("filter = { ops = [\"eq\"] }\n", "")
}

impl Contacts {
    pub fn new(count: usize, change: impl Fn(String) -> String) -> Self {
        let stage = Stage::new();
        let key_arn = stage.create_key(&key_policy_unattested());
        let warehouse = stage.create_key(&key_policy(
            r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/operator"},"Action":"kms:GenerateDataKey","Resource":"*"}"#,
        ));
        succeed(stage.sealroom("consumer").arg("keygen").arg("--out").arg(stage.path("analyst")));
        let policy = POLICY
            .replace("@KEY_ARN@", &key_arn)
            .replace("@WAREHOUSE_KEY_ARN@", &warehouse)
            .replace("@ANALYST_PUBLIC_KEY@", &stage.read("analyst.pub.pem"));
        let policy = stage.write("policy.toml", change(policy));
        stage.write("job.toml", JOB);
        stage.write("all.toml", JOB.lines().filter(|line| !line.starts_with("where")).map(|line| format!("{line}\n")).collect::<String>());
        let records: Vec<Value> = (0..count).map(record).collect();
        stage.write("in.ndjson", ndjson(&records));
        let mut command = stage.sealroom("owner");
        command.arg("token-key").arg("new").arg("--policy").arg(&policy).args(["--domain", "customer", "--key-arn", &key_arn]);
        succeed(command.arg("--out").arg(stage.path("customer.token")));
        Self { stage, key_arn, policy, records }
    }

    /// `sealroom seal`, without a file of records.
    pub fn sealing(&self, fields: &str, out: &str) -> Command {
        self.sealing_under("policy.toml", fields, out)
    }

    pub fn sealing_under(&self, policy: &str, fields: &str, out: &str) -> Command {
        let mut command = self.stage.sealroom("owner");
        command.arg("seal").arg("--json").arg("--policy").arg(self.stage.path(policy));
        command.args(["--key-arn", &self.key_arn, "--dataset", "contacts", "--fields", fields]);
        command.arg("--out").arg(self.stage.path(out));
        command
    }

    /// Seals `in.ndjson` into `sealed` and returns the report.
    pub fn seal(&self) -> Value {
        let output = succeed(self.sealing(SEALED, "sealed").args(["--values-per-key", "150"]).arg(self.stage.path("in.ndjson"))).stdout;
        serde_json::from_slice(&output).unwrap()
    }

    /// The shipped image, and nothing else, may use the key.
    pub fn start_trusted_enclave(&self) -> RunningEnclave {
        let enclave = self.stage.start_enclave(&Variant::default());
        let measurements = fs::read_to_string(&enclave.measurements).unwrap();
        self.stage.put_key_policy(&self.key_arn, &key_policy_attested(&measurements));
        enclave
    }

    /// `sealroom submit` of records, with their manifest where there is one.
    pub fn submit(&self, enclave: &RunningEnclave, job: &str, records: &str, manifest: Option<&str>) -> Command {
        let stage = &self.stage;
        let mut command = stage.sealroom("operator");
        command.arg("submit").arg("--json").args(["--enclave", &enclave.address]).arg("--policy").arg(&self.policy);
        command.arg("--job").arg(stage.path(job)).arg("--token-key").arg(stage.path("customer.token"));
        if let Some(manifest) = manifest {
            command.arg("--manifest").arg(stage.path(manifest));
        }
        command.arg(stage.path(records)).arg("--out").arg(stage.path("out.sealed")).arg("--receipt").arg(stage.path("receipt.json"));
        command
    }

    /// Submits, opens as the analyst, clears up. Returns the receipt's statement and the output.
    pub fn released(&self, enclave: &RunningEnclave, submit: &mut Command) -> (Value, String) {
        let report: Value = serde_json::from_slice(&succeed(submit).stdout).unwrap();
        let stage = &self.stage;
        let mut command = stage.sealroom("consumer");
        command.arg("open").arg("--private-key").arg(stage.path("analyst.key.pem")).arg("--receipt").arg(stage.path("receipt.json"));
        command.arg("--measurements").arg(&enclave.measurements).arg("--danger-trust-anchor").arg(&enclave.nsm_root);
        let opened = text(&succeed(command.arg(stage.path("out.sealed")).args(["--out", "-"])).stdout);
        for name in ["out.sealed", "receipt.json"] {
            fs::remove_file(stage.path(name)).unwrap();
        }
        (report["statement"].clone(), opened)
    }

    /// Submits what has to be refused with this code after these calls to KMS; nothing may be left behind.
    pub fn refuses(&self, what: &str, code: &str, calls: &[&str], submit: &mut Command) {
        println!("{what}: {code}");
        let before = self.calls().len();
        let said = refused(submit);
        let error: Value = said.lines().rev().find_map(|line| serde_json::from_str(line).ok()).unwrap_or_else(|| panic!("{what}: {said}"));
        assert_eq!(error["error"]["code"], code, "{what}: {said}");
        assert_eq!(self.calls()[before..], *calls, "{what}");
        let left = fs::read_dir(self.stage.path("")).unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
        let left: Vec<String> = left.filter(|name| name.contains("out.") || name.contains("receipt")).collect();
        assert!(left.is_empty(), "{what}: left behind {left:?}");
    }

    /// The operator's calls to KMS, in order.
    pub fn calls(&self) -> Vec<String> {
        let requests = self.stage.kms_requests();
        let operators = requests.iter().filter(|request| request["principal"].to_string().contains("operator"));
        operators.map(|request| request["operation"].as_str().unwrap().to_owned()).collect()
    }

    /// The records as they were sealed.
    pub fn sealed(&self) -> Vec<Value> {
        self.stage.read("sealed").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What the job makes of a record, its token apart.
    pub fn row(record: &Value) -> Value {
        let mut row = json!({ "country": record["country"], "note": record["note"] });
        let card = record["card"].as_str().unwrap();
        row["card"] = json!(format!("{}{}", "*".repeat(card.len() - 4), &card[card.len() - 4..]));
        row["zip"] = record["zip"].as_str().map_or(Value::Null, |zip| json!(zip[..2]));
        if let Some(amount) = record.get("amount") {
            row["amount"] = amount.clone();
        }
        row
    }
}

fn record(number: usize) -> Value {
    let mut record = json!({
        "id": number,
        "customer": format!("customer {}", number % 120),
        "card": format!("4{:015}", number * 7_654_321),
        "zip": if number.is_multiple_of(7) { Value::Null } else { json!(format!("{:05}", 10_000 + number)) },
        "country": (["DE", "FR", "NL", "AT"][number % 4]),
        "note": format!("a \"note\", {number}\nof two lines"),
    });
    if number % 11 != 5 {
        record["amount"] = json!(number * 25);
    }
    record
}

/// One record a line.
pub fn ndjson(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

/// A value as a cell of CSV; an absent one as an empty cell.
pub fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) if text.contains(['"', '\n', ',']) => format!("\"{}\"", text.replace('"', "\"\"")),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Cells of these columns in one line, without its end.
pub fn csv_line(columns: &[&str], record: &Value) -> String {
    columns.iter().map(|column| cell(record.get(column))).collect::<Vec<_>>().join(",")
}

/// The message of a sealed value.
pub fn message(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

/// A message as a sealed value.
pub fn value(message: &[u8]) -> Value {
    json!(STANDARD.encode(message))
}

/// The different encrypted data keys of all sealed values.
pub fn data_keys(sealed: &[Value]) -> BTreeSet<Vec<u8>> {
    let values = sealed.iter().flat_map(|record| SEALED.split(',').filter_map(|field| record.get(field)));
    let header = |value: &Value| Header::parse(&message(value)).unwrap().unwrap().0;
    values.filter(|value| !value.is_null()).map(|value| header(value).encrypted_data_keys()[0].ciphertext.clone()).collect()
}
