//! `sealroom plan --sample` as it ships: the minimum, hidden groups, records that the enclave would refuse, and what it says to people.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use sealroom_shared::message::{DataKey, EncryptedDataKey, EncryptionContext, Sealer};
use sealroom_testkit::bins::{bin, workspace};
use sealroom_testkit::stage::{succeed, text};
use serde_json::{Value, json};

mod contacts;
mod planning;

use contacts::Contacts;
use planning::{error_of, plan, told};

/// A folder with a policy that needs no stage.
struct Files(tempfile::TempDir);

const POLICY: &str = r#"version = 1
name = "visits"
datasets = ["a"]
keys = ["arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
[input]
format = "csv"
on_error = "fail"
[people]
field = "person"
min = 3
[fields.ward]
keep = true
group = true
filter = { ops = ["eq"] }
[fields.days]
type = "number"
keep = true
sum = true
[release.records]
max_records = 6
[release.aggregates]
max_groups = 10
[[recipients]]
name = "reader"
kms_key = "arn:aws:kms:eu-central-1:111122223333:key/abcdabcd-12ab-34cd-56ef-1234567890ab"
"#;
const ROWS: &str = "version = 1\nkind = \"records\"\nwhere = [{ field = \"ward\", op = \"eq\", value = \"a,b\" }]\n[fields]\nward = { op = \"keep\" }\ndays = { op = \"keep\" }\n";
const GROUPS: &str = "version = 1\nkind = \"aggregate\"\ngroup_by = [{ field = \"ward\" }]\n[measures]\nn = { op = \"count\" }\ndays = { op = \"sum\", field = \"days\" }\n";
/// Three people on one ward, two on the other.
const VISITS: &str = "person,ward,days\n1,\"a,b\",5\n2,\"a,b\",7.25\n3,\"a,b\",1\n4,c,2\n5,c,3\n";

impl Files {
    fn new(job: &str, sample: &str) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        for (name, content) in [("policy.toml", POLICY), ("job.toml", job), ("sample.csv", sample)] {
            fs::write(files.0.path().join(name), content).unwrap();
        }
        files
    }

    fn plan(&self, arguments: &[&str]) -> Output {
        let path = |name: &str| self.0.path().join(name);
        let sample = path("sample.csv");
        plan(path("policy.toml"), path("job.toml"), &[&["--sample", sample.to_str().unwrap()], arguments].concat())
    }

    fn names(&self) -> BTreeSet<String> {
        fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

#[test]
fn rows_of_too_few_people_are_shown_only_where_the_minimum_is_ignored() {
    let few = VISITS.replace("3,\"a,b\",1\n", "");
    let files = Files::new(ROWS, &few);
    let output = files.plan(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!text(&output.stdout).contains("7.25"), "{}", text(&output.stdout));
    assert_eq!(told(&output)["allowed"], true, "the job is; these records are refused");
    let error = error_of(&text(&output.stderr));
    assert_eq!(error["code"], "sample-refused");
    assert!(error["message"].as_str().unwrap().contains("fewer people than the policy's minimum"), "{error}");
    assert!(error["help"].as_str().unwrap().contains("--ignore-minimum"), "{error}");

    let output = files.plan(&["--ignore-minimum"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let sample = told(&output)["sample"].clone();
    assert_eq!(sample["rows"], "ward,days\n\"a,b\",5\n\"a,b\",7.25\n");
    assert_eq!(sample["minimum_ignored"], true);

    let enough = Files::new(ROWS, VISITS).plan(&["--rows", "1"]);
    let sample = told(&enough)["sample"].clone();
    assert_eq!((&sample["rows"], &sample["released"], &sample["shown"]), (&json!("ward,days\n\"a,b\",5\n"), &json!(3), &json!(1)));
}

#[test]
fn groups_are_hidden_as_in_the_enclave() {
    let files = Files::new(GROUPS, VISITS);
    let sample = |arguments: &[&str]| told(&files.plan(arguments))["sample"]["rows"].clone();
    // The small group is hidden, and the other beside it, from which the total would give it away.
    assert_eq!(sample(&[]), "ward,n,days\n");
    assert_eq!(sample(&["--ignore-minimum"]), "ward,n,days\n\"a,b\",3,13.25\nc,2,5\n");
    let told = told(&files.plan(&[]));
    let releases = &told["releases"];
    assert_eq!((&releases["kind"], &releases["min_people"], &releases["people_field"]), (&json!("groups"), &json!(3), &json!("person")));
    assert_eq!(releases["measures"][1]["field"], "days");
    assert_eq!(told["token_domains"], json!([]));
}

#[test]
fn records_that_the_enclave_would_refuse_are_named_by_line() {
    for (sample, code, says) in [
        (
            VISITS.replace("7.25", "seven"),
            "sample-refused",
            "sample.csv: line 3: the enclave would refuse these records: a value that the policy calls a number is none",
        ),
        (VISITS.replace("\n2,", "\n\n\n2,").replace("7.25", "seven"), "sample-refused", "sample.csv: line 5: "),
        (
            VISITS.replace("ward,days", "ward,stay"),
            "sample-refused",
            "sample.csv: the enclave would refuse these records: the header row lacks \"days\", which the job reads",
        ),
        (String::new(), "sample-refused", "the enclave would refuse these records: "),
        (format!("{VISITS}{}", "6,\"a,b\",1\n".repeat(4)), "sample-refused", "more records than the policy allows"),
    ] {
        let files = Files::new(ROWS, &sample);
        let output = files.plan(&["--ignore-minimum"]);
        assert_eq!(output.status.code(), Some(1), "{sample}");
        let error = error_of(&text(&output.stderr));
        assert_eq!(error["code"], code, "{error}");
        assert!(error["message"].as_str().unwrap().contains(says), "{says}: {error}");
        assert_eq!(told(&output)["sample"].get("rows"), None);
        assert_eq!(files.names(), BTreeSet::from(["job.toml", "policy.toml", "sample.csv"].map(str::to_owned)), "nothing is written");
    }
}

#[test]
fn a_sealed_file_is_no_sample() {
    let files = Files::new(ROWS, "");
    let wrapped = EncryptedDataKey { provider_id: "aws-kms".to_owned(), provider_info: b"arn".to_vec(), ciphertext: vec![7; 184] };
    let mut sealer = Sealer::new(EncryptionContext::new(), vec![wrapped], &DataKey::random().unwrap()).unwrap();
    let mut message = sealer.header().to_vec();
    sealer.push(&vec![b'x'; 100_000], &mut message).unwrap();
    // Short, and longer than a sample may be.
    for length in [message.len(), 20_000_000] {
        message.resize(length, 0);
        fs::write(files.0.path().join("sample.csv"), &message).unwrap();
        let output = files.plan(&[]);
        assert_eq!(output.status.code(), Some(1));
        let error = error_of(&text(&output.stderr));
        assert_eq!(error["code"], "sample-sealed", "{error}");
        assert!(error["message"].as_str().unwrap().contains("sample.csv is a sealed file; --sample takes records in the clear"), "{error}");
    }
}

#[test]
fn a_refused_job_is_told_with_what_to_ask_for() {
    let files = Files::new(ROWS, VISITS);
    let path = |name: &str| files.0.path().join(name);
    let plan = |policy: &str, job: &str| {
        let mut command = Command::new(bin("sealroom"));
        command.args(["plan", "--at", "2026-07-01T00:00:00Z", "--policy"]).arg(path(policy)).arg("--job").arg(path(job));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        (text(&output.stdout), text(&output.stderr))
    };
    let policy = |name: &str, line: &str| {
        fs::write(path(name), POLICY.replace("[input]", &format!("{line}\n[input]"))).unwrap();
    };
    policy("listed.toml", &format!("jobs = [\"sha384:{}\"]", "0".repeat(96)));
    let digest = told(&files.plan(&[]))["job"]["digest"].as_str().unwrap().to_owned();
    let (said, refused) = plan("listed.toml", "job.toml");
    assert!(said.starts_with("NOT ALLOWED ") && said.ends_with("at 2026-07-01T00:00:00Z\n") && said.lines().count() == 1, "{said:?}");
    assert!(refused.contains("a policy whose `jobs` lists this job file") && refused.contains(&digest), "{refused}");

    policy("expired.toml", "not_after = 2026-01-02T00:00:00Z");
    let (_, refused) = plan("expired.toml", "job.toml");
    assert!(refused.contains("help: ask the data's owner for data sealed under a policy that is in force"), "{refused}");

    fs::write(path("keep.toml"), ROWS.replace("days = { op = \"keep\" }", "days = { op = \"redact\" }")).unwrap();
    let (said, refused) = plan("policy.toml", "keep.toml");
    assert!(said.contains("Z\npolicy      Field \"days\" may leave as it is"), "{said}");
    assert!(refused.contains("help: ask for less"), "{refused}");

    for (given, needed) in [(("job.toml", "policy.toml"), "a policy"), (("policy.toml", "policy.toml"), "a job file")] {
        let (_, refused) = plan(given.0, given.1);
        assert!(refused.contains(&format!("{needed} is needed: are --policy and --job the wrong way round?")), "{refused}");
    }
}

#[test]
fn documents_and_times_that_cannot_be_read_are_refused() {
    let files = Files::new(&ROWS.replace("\"eq\"", "\"like\""), VISITS);
    let error = error_of(&text(&files.plan(&[]).stderr));
    assert_eq!(error["code"], "job-invalid");
    assert!(error["message"].as_str().unwrap().contains("job.toml: line 3: where[0].op"), "{error}");

    let files = Files::new(ROWS, VISITS);
    for (arguments, exit) in [
        (["--at", "2026-07-01T00:00:00+02:00"].as_slice(), 0),
        (&["--at", "2026-07-01"], 2),
        (&["--at", "yesterday"], 2),
        (&["--rows", "-1"], 2),
        (&["--token-key", "x"], 2),
        (&["--job", "other.toml"], 2),
    ] {
        assert_eq!(files.plan(arguments).status.code(), Some(exit), "{arguments:?}");
    }
    assert_eq!(told(&files.plan(&["--at", "2026-07-01T00:00:00+02:00"]))["at"], "2026-06-30T22:00:00Z");
    fs::write(files.0.path().join("policy.toml"), POLICY.replace("min = 3", "min = 0")).unwrap();
    assert_eq!(error_of(&text(&files.plan(&[]).stderr))["code"], "policy-invalid");
}

/// What [`Contacts::row`] expects of the enclave, where values come sealed, is what a sample shows, where they stand in the clear.
#[test]
fn values_of_sealed_fields_are_given_in_the_clear() {
    let files = Files::new(contacts::JOB, "");
    let policy = contacts::POLICY
        .replace("@KEY_ARN@", "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")
        .replace("@WAREHOUSE_KEY_ARN@", "arn:aws:kms:eu-central-1:111122223333:key/abcdabcd-12ab-34cd-56ef-1234567890ab")
        .replace("@ANALYST_PUBLIC_KEY@", include_str!("../../shared/src/policy/tests/rsa-2048.pem"))
        .replace("check = \"\"", &format!("check = \"{}\"", "0".repeat(64)));
    fs::write(files.0.path().join("policy.toml"), policy).unwrap();
    let record = |n: u32| {
        json!({ "customer": format!("c{}", n % 40), "card": format!("4{n:015}"), "zip": if n.is_multiple_of(7) { Value::Null } else { json!("10115") },
            "country": if n.is_multiple_of(2) { "DE" } else { "FR" }, "amount": n * 25, "note": "a \"note\"\nof é" })
    };
    let records: Vec<Value> = (0..60).map(record).collect();
    // However a value is spelled, sealing leaves its text; what is not sealed stays as it is.
    let sample = contacts::ndjson(&records).replace("\"DE\"", "\"\\u0044E\"").replace("}\n", " }\n\n");
    fs::write(files.0.path().join("sample.csv"), sample).unwrap();
    let output = files.plan(&["--rows", "100"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let told = told(&output);
    let rows = told["sample"]["rows"].as_str().unwrap();
    assert!(rows.contains("\"country\":\"DE\""), "{rows}");
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected: Vec<&Value> = records.iter().filter(|record| record["country"] == "DE").collect();
    assert_eq!(rows.len(), expected.len());
    for (mut row, record) in rows.into_iter().zip(expected) {
        let token = row.as_object_mut().unwrap().remove("customer").unwrap();
        assert!(token.as_str().unwrap().starts_with("tok_"));
        assert_eq!(row, Contacts::row(record));
    }
    let calls = told["kms_calls"].as_array().unwrap().iter();
    let calls: Vec<(&str, &str)> = calls.map(|call| (call["operation"].as_str().unwrap(), call["purpose"].as_str().unwrap())).collect();
    assert_eq!(calls, [("Decrypt", "manifest"), ("Decrypt", "token key"), ("GenerateDataKey", "output"), ("Decrypt", "sealed values")]);
    assert_eq!(told["manifest"], true);

    // What cannot be sealed is no sample either.
    fs::write(files.0.path().join("sample.csv"), "\n{\"customer\":\"a\",\"card\":4111}\n").unwrap();
    let output = files.plan(&[]);
    assert_eq!(output.status.code(), Some(1));
    let error = error_of(&text(&output.stderr));
    assert!(error["message"].as_str().unwrap().contains("line 2: the value of the field \"card\" is a number"), "{error}");
}

/// For people: the same, in words.
#[test]
fn the_text_says_what_is_read_released_and_called() {
    let files = Files::new(ROWS, VISITS);
    let path = |name: &str| files.0.path().join(name);
    let mut command = Command::new(bin("sealroom"));
    command.args(["plan", "--policy"]).arg(path("policy.toml")).arg("--job").arg(path("job.toml")).arg("--sample").arg(path("sample.csv"));
    let said = text(&succeed(&mut command).stdout);
    for line in [
        "ALLOWED     ",
        "reads       \"ward\", \"person\", \"days\"\n",
        "where       \"ward\" eq\n",
        "releases    rows, at most 6 of them; nothing unless they speak of 3 different people at least, told apart by \"person\"\n",
        "  column    \"days\" of field \"days\": the value as it is\n",
        "opened by   \"reader\", with kms:Decrypt on arn:aws:kms:eu-central-1:111122223333:key/abcd",
        "KMS call    GenerateDataKey for the output (\"reader\"), one for each job, with an attestation document, on arn:aws:kms:",
        ": 5 records read, 3 rows released\n",
        "\nward,days\n\"a,b\",5\n\"a,b\",7.25\n\"a,b\",1\n",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!said.contains("throwaway"), "the job writes no token: {said}");
}

/// What ignores the minimum and makes keys of its own is for samples in the clear alone.
#[test]
fn the_enclave_has_no_use_for_samples() {
    fn sources(folder: &std::path::Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { sources(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    sources(&workspace().join("enclave/src"), &mut found);
    assert!(found.len() > 20);
    for path in found {
        assert!(!fs::read_to_string(&path).unwrap().to_lowercase().contains("sample"), "{}", path.display());
    }
}
