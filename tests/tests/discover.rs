//! Discovery end to end with the shipped programs: counts against an independent count of the same records, no value anywhere, the
//! table, and jobs that go beyond the policy.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use sealroom_testkit::stage::payments::{key_policy_attested, key_policy_unattested};
use sealroom_testkit::stage::{RunningEnclave, Stage, Variant, refused, succeed, text};
use serde_json::{Value, json};

const POLICY: &str = r#"version = 1
name = "contacts"
datasets = ["contacts-2026"]
keys = ["@KEY_ARN@"]

[input]
format = "ndjson"
on_error = "fail"

[people]
field = "customer"
min = 10

[fields.customer]
discover = true
[fields.note]
discover = true
[fields.paid]
discover = true
[fields."/address/mail"]
discover = true
[fields."/calls/*/from"]
discover = true
[fields.secret]
filter = { ops = ["exists"] }

[release.discovery]

[[recipients]]
name = "analyst"
rsa_public_key = """
@ANALYST_PUBLIC_KEY@"""
"#;

const JOB: &str = "version = 1\nkind = \"discover\"\n";

/// Occurs in every text of the records.
const CANARY: &str = "zqcanary";

/// Made records of 300 customers.
fn records() -> Vec<Value> {
    let record = |n: u64| {
        let note = match n % 12 {
            0 => json!(null),
            1 => json!(format!("{CANARY} paid with 4111 1111 1111 1111")),
            2 => json!(format!("{CANARY}{n}@example.com")),
            3 => json!(format!("call {CANARY}, or write to {CANARY}@example.org from 192.0.2.{}", n % 256)),
            4 => json!(n),
            _ => json!(format!("{CANARY} {}", "x".repeat(usize::try_from(n % 40).unwrap()))),
        };
        let mut record = json!({ "customer": format!("{CANARY}-{}", n % 300), "note": note, "secret": CANARY });
        // Four customers have paid in another way: too few to be told.
        record["paid"] = if n % 300 < 4 { json!(CANARY) } else { json!(4_111_111_111_111_111_u64) };
        if !n.is_multiple_of(3) {
            record["address"] = json!({ "mail": format!("{CANARY}.{n}@example.com"), "street": CANARY });
        }
        record["calls"] = (0..n % 4).map(|call| json!({ "from": format!("+49 30 1234{call}{}", n % 10), "by": CANARY })).collect();
        record
    };
    (0..3000).map(record).collect()
}

/// Records and different customers where `holds` does.
fn count(records: &[Value], holds: impl Fn(&Value) -> bool) -> (u64, usize) {
    let those: Vec<&Value> = records.iter().filter(|record| holds(record)).collect();
    (those.len() as u64, those.iter().map(|record| record["customer"].as_str().unwrap()).collect::<BTreeSet<_>>().len())
}

struct Contacts {
    stage: Stage,
    policy: PathBuf,
    enclave: RunningEnclave,
}

impl Contacts {
    fn sealed(records: &[Value]) -> Self {
        let stage = Stage::new();
        let key_arn = stage.create_key(&key_policy_unattested());
        succeed(stage.sealroom("consumer").arg("keygen").arg("--out").arg(stage.path("analyst")));
        let policy = POLICY.replace("@KEY_ARN@", &key_arn).replace("@ANALYST_PUBLIC_KEY@", &stage.read("analyst.pub.pem"));
        let policy = stage.write("policy.toml", policy);
        let input = stage.write("in.ndjson", records.iter().map(|record| format!("{record}\n")).collect::<String>());
        let mut seal = stage.sealroom("owner");
        seal.args(["seal", "--dataset", "contacts-2026", "--key-arn", &key_arn]).arg("--policy").arg(&policy);
        succeed(seal.arg(input).arg("--out").arg(stage.path("in.sealed")));
        let enclave = stage.start_enclave(&Variant::default());
        stage.put_key_policy(&key_arn, &key_policy_attested(&fs::read_to_string(&enclave.measurements).unwrap()));
        Self { stage, policy, enclave }
    }

    fn submit(&self, job: &str) -> Command {
        let stage = &self.stage;
        let mut command = stage.sealroom("operator");
        command.args(["submit", "--enclave", &self.enclave.address]).arg("--policy").arg(&self.policy);
        command.arg("--job").arg(stage.write("job.toml", job)).arg(stage.path("in.sealed"));
        command.arg("--out").arg(stage.path("out.sealed")).arg("--receipt").arg(stage.path("out.receipt.json"));
        command
    }

    fn open(&self) -> BTreeMap<String, Value> {
        let stage = &self.stage;
        let mut open = stage.sealroom("consumer");
        open.arg("open").arg("--private-key").arg(stage.path("analyst.key.pem"));
        open.arg("--receipt").arg(stage.path("out.receipt.json")).arg("--measurements").arg(&self.enclave.measurements);
        open.arg("--danger-trust-anchor").arg(&self.enclave.nsm_root).arg(stage.path("out.sealed"));
        succeed(open.arg("--out").arg(stage.path("found.ndjson")));
        let line = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            (line["field"].as_str().unwrap().to_owned(), line)
        };
        stage.read("found.ndjson").lines().map(line).collect()
    }
}

#[test]
fn counts_are_as_an_independent_count_says_and_hold_no_value() {
    let records = records();
    let contacts = Contacts::sealed(&records);
    let submitted = succeed(&mut contacts.submit(JOB));
    let found = contacts.open();
    assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), ["/address/mail", "/calls/*/from", "customer", "note", "paid"]);

    let note = &found["note"];
    let is_text = |record: &Value| record["note"].is_string();
    let has = |text: &'static str| move |record: &Value| record["note"].as_str().is_some_and(|note| note.contains(text));
    for (told, (expected, people)) in [
        (&note["records"], count(&records, |_| true)),
        (&note["null"], count(&records, |record| record["note"].is_null())),
        (&note["number"]["values"], count(&records, |record| record["note"].is_number())),
        (&note["string"]["values"], count(&records, is_text)),
        (&note["string"]["holds"]["card"], count(&records, has("4111"))),
        (&note["string"]["is"]["email"], count(&records, |record| has("@")(record) && !has(" ")(record))),
        (&note["string"]["holds"]["email"], count(&records, |record| has("@")(record) && has(" ")(record))),
        (&note["string"]["holds"]["ipv4"], count(&records, has("192.0.2."))),
        (
            &note["string"]["length"]["33-64"],
            count(&records, |record| record["note"].as_str().is_some_and(|note| (33..65).contains(&note.len()))),
        ),
        (&found["/address/mail"]["absent"], count(&records, |record| record.get("address").is_none())),
        (&found["/address/mail"]["string"]["is"]["email"], count(&records, |record| record.get("address").is_some())),
        (&found["/calls/*/from"]["array"]["length"]["0"], count(&records, |record| record["calls"] == json!([]))),
        (&found["/calls/*/from"]["array"]["holds"]["phone"], count(&records, |record| record["calls"] != json!([]))),
    ] {
        assert!(people >= 10);
        assert_eq!(told, &json!(expected), "{note}");
    }
    // Four customers in one cell: neither it nor what would tell of it.
    let paid = &found["paid"];
    assert_eq!((&paid["records"], &paid["string"]["values"]), (&json!(3000), &json!("under 10")));
    assert_eq!((&paid["number"]["values"], &paid["number"]["is"]["card"]), (&json!("at least 10"), &json!("at least 10")));

    let table = text(&succeed(contacts.stage.sealroom("consumer").arg("table").arg(contacts.stage.path("found.ndjson"))).stdout);
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["FIELD", "TYPE", "VALUES", "LENGTH", "IS", "HOLDS"]);
    assert!(
        rows.contains(&vec!["paid", "number", "at", "least", "10", "9-16:", "at", "least", "10", "card:", "at", "least", "10"]),
        "{table}"
    );
    let receipt: Value = serde_json::from_str(&contacts.stage.read("out.receipt.json")).unwrap();
    let said = [contacts.stage.read("found.ndjson"), table, receipt.to_string(), text(&submitted.stdout), text(&submitted.stderr)];
    for value in [CANARY, "example.com", "4111", "192.0.2", "+49"] {
        assert!(!said.iter().any(|said| said.contains(value)), "{value}");
    }
}

#[test]
fn jobs_beyond_the_policy_are_refused_with_its_words_before_any_key() {
    let contacts = Contacts::sealed(&records()[..30]);
    let before = contacts.stage.kms_requests().len();
    for (fields, code, words) in [
        ("fields = [\"secret\"]", "job-not-allowed", "does not permit `discover` on this field"),
        ("fields = [\"address\"]", "job-not-allowed", "the policy does not name this field"),
        ("where = [{ field = \"secret\", op = \"exists\" }]", "job-invalid", "unknown key; allowed here: version, kind, fields"),
    ] {
        let said = refused(contacts.submit(&format!("{JOB}{fields}\n")).arg("--json"));
        assert!(said.contains(&format!("\"code\":\"{code}\"")) && said.contains(words), "{fields}: {said}");
    }
    assert_eq!(contacts.stage.kms_requests().len(), before);

    let policy = fs::read_to_string(&contacts.policy).unwrap();
    for (without, code, words) in [
        ("[release.discovery]\n", "job-not-allowed", "the policy releases no discovery: it has no [release.discovery]"),
        ("[people]\nfield = \"customer\"\nmin = 10\n", "policy-invalid", "release.discovery: discovery needs [people]"),
    ] {
        assert_eq!(policy.matches(without).count(), 1);
        let policy = contacts.stage.write("other.toml", policy.replace(without, ""));
        let job = contacts.stage.write("job.toml", JOB);
        let said = refused(contacts.stage.sealroom("operator").arg("plan").arg("--policy").arg(policy).arg("--job").arg(job));
        assert!(said.contains(&format!("[{code}]")) && said.contains(words), "{without}: {said}");
    }

    let table = |name: &str| refused(contacts.stage.sealroom("consumer").arg("table").arg(contacts.stage.path(name)));
    let said = table("in.ndjson");
    assert!(said.contains("line 1 is none of a discovery job's output [not-discovery]") && !said.contains(CANARY), "{said}");
    contacts.stage.write("empty", "\n\n");
    assert!(table("empty").contains("is empty [not-discovery]"));
}
