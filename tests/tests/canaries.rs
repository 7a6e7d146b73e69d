//! Nothing of a record leaves but as the policy releases it. Marked values stand in every field of every record, and in the names of
//! some; then everything that a job leaves behind is searched for the mark, also in base64 and hex: every file, every line that a
//! program has said, receipts, the enclave's log. Jobs of rows and of aggregates, bad records, and refusals of every kind
//! that records can cause.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use sealroom_testkit::stage::payments::{key_policy_attested, key_policy_unattested};
use sealroom_testkit::stage::{RunningEnclave, Stage, Variant, text};

/// Stands in everything that must not leave.
const MARK: &str = "Kanarienvogel";
/// Begins every number that must not leave.
const NUMBER_MARK: &str = "7310518462";
/// Stands in what jobs may release.
const RELEASED: &str = "Freigabe";
const PEOPLE: usize = 40;

/// `note` and `/file` are not in the policy.
const POLICY: &str = r#"version = 1
name = "canaries"
datasets = ["canaries"]
keys = ["@KEY_ARN@"]
[input]
format = "ndjson"
on_error = "@ON_ERROR@"
[people]
field = "person"
min = 5
[fields.person]
tokenize = { domain = "person" }
count_distinct = true
[fields.card]
mask = { keep_last_max = 4 }
[fields.place]
truncate = { keep_first_max = 8 }
[fields.country]
keep = true
group = true
filter = { ops = ["eq"] }
[fields.city]
keep = true
group = true
[fields.amount]
sum = true
mean = true
min = true
quantile = true
histogram = { min_width = 100 }
clamp = { min = 0, max = 1000 }
filter = { ops = ["lt"] }
[fields.text]
sum = true
[tokens.person]
check = ""
[release]
counts = true
[release.records]
max_records = 1000
[release.aggregates]
max_groups = 10
[[recipients]]
name = "analyst"
rsa_public_key = """
@ANALYST_PUBLIC_KEY@"""
"#;

const ROWS: &str = r#"version = 1
kind = "records"
where = [{ field = "country", op = "eq", value = "Freigabe A" }]
[fields]
person = { op = "tokenize" }
card = { op = "mask", keep_last = 4 }
place = { op = "truncate", keep_first = 8 }
country = { op = "keep" }
"#;

const GROUPS: &str = r#"version = 1
kind = "aggregate"
group_by = [{ field = "country" }]
[measures]
n = { op = "count" }
people = { op = "count_distinct", field = "person" }
sum = { op = "sum", field = "amount" }
mean = { op = "mean", field = "amount" }
least = { op = "min", field = "amount" }
high = { op = "quantile", field = "amount", q = 0.9 }
bins = { op = "histogram", field = "amount", width = 1000 }
"#;

/// What the owner has: outside of the stage's folder, where only what is sealed may be.
struct Canaries {
    stage: Stage,
    owners: tempfile::TempDir,
    key_arn: String,
    /// All that programs have said.
    said: Vec<String>,
}

impl Canaries {
    fn new() -> Self {
        let stage = Stage::new();
        let key_arn = stage.create_key(&key_policy_unattested());
        let mut canaries = Self { stage, owners: tempfile::tempdir().unwrap(), key_arn, said: Vec::new() };
        let mut keygen = canaries.stage.sealroom("consumer");
        canaries.run(0, keygen.arg("keygen").arg("--out").arg(canaries.stage.path("analyst")));
        for on_error in ["fail", "skip"] {
            let policy = POLICY.replace("@KEY_ARN@", &canaries.key_arn).replace("@ON_ERROR@", on_error);
            let policy = policy.replace("@ANALYST_PUBLIC_KEY@", &canaries.stage.read("analyst.pub.pem"));
            canaries.stage.write(&format!("{on_error}.toml"), policy);
            let mut token = canaries.owner(on_error, &["token-key", "new", "--domain", "person"]);
            canaries.run(0, token.arg("--out").arg(canaries.stage.path(&format!("{on_error}.token"))));
        }
        canaries
    }

    fn owner(&self, policy: &str, arguments: &[&str]) -> Command {
        let mut command = self.stage.sealroom("owner");
        command.args(arguments).arg("--policy").arg(self.stage.path(&format!("{policy}.toml"))).args(["--key-arn", &self.key_arn]);
        command
    }

    /// Runs a command that has to end with this code, and keeps what it says.
    fn run(&mut self, code: i32, command: &mut Command) -> String {
        let output = command.output().unwrap();
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{command:?}: {said}");
        self.said.push(said.clone());
        said
    }

    /// Seals records under a policy; what the owner is told is kept as well.
    fn seal(&mut self, policy: &str, records: &str, name: &str) {
        let plaintext = self.owners.path().join("in.ndjson");
        fs::write(&plaintext, records).unwrap();
        let mut command = self.owner(policy, &["seal", "--dataset", "canaries"]);
        let sealed = self.stage.path(name);
        let output = command.arg(&plaintext).arg("--out").arg(&sealed).output().unwrap();
        self.said.push(format!("{}{}", text(&output.stdout), text(&output.stderr)));
        // An owner is told of records that cannot be read, and may insist.
        if !output.status.success() {
            self.run(0, command.arg("--no-check"));
        }
    }

    /// Submits a job. What is released is opened, and stays where it is.
    fn submit(&mut self, enclave: &RunningEnclave, policy: &str, input: &str, job: &str, released: bool) -> String {
        let number = self.said.len();
        let path = |what: &str| self.stage.path(&format!("{number}.{what}"));
        let stage = &self.stage;
        let mut command = stage.sealroom("operator");
        command.args(["submit", "--json", "--enclave", &enclave.address]).arg("--policy").arg(stage.path(&format!("{policy}.toml")));
        command.arg("--job").arg(stage.write(&format!("{number}.job.toml"), job)).arg(stage.path(input));
        if job.contains("tokenize") {
            command.arg("--token-key").arg(stage.path(&format!("{policy}.token")));
        }
        command.arg("--out").arg(path("sealed")).arg("--receipt").arg(path("receipt.json"));
        let mut open = stage.sealroom("consumer");
        open.arg("open").arg("--private-key").arg(stage.path("analyst.key.pem")).arg("--receipt").arg(path("receipt.json"));
        open.arg("--measurements").arg(&enclave.measurements).arg("--danger-trust-anchor").arg(&enclave.nsm_root);
        let rows = path("rows.ndjson");
        open.arg(path("sealed")).arg("--out").arg(&rows);
        if !released {
            let said = self.run(1, &mut command);
            assert!(said.contains("\"code\":\"refused-by-data\""), "{said}");
            return String::new();
        }
        self.run(0, &mut command);
        self.run(0, &mut open);
        fs::read_to_string(rows).unwrap()
    }
}

/// One person's record. The last person is alone in a country whose name is a secret.
fn record(number: usize) -> String {
    let secret = |field: &str| format!("{MARK} {field} {number:04}");
    let country = if number + 1 == PEOPLE { secret("country") } else { format!("{RELEASED} {}", ["A", "B"][number % 2]) };
    format!(
        "{{\"person\":\"{}\",\"card\":\"{}\",\"place\":\"{RELEASED}{}\",\"country\":\"{country}\",\"city\":\"{}\",\"amount\":{NUMBER_MARK}{number:04}.25,\
         \"text\":\"{}\",\"note\":\"{}\",\"file\":{{\"{MARK} key {number}\":[\"{}\",{NUMBER_MARK}{number:04}]}}}}\n",
        secret("person"),
        secret("card"),
        secret("place"),
        secret("city"),
        secret("text"),
        secret("note"),
        secret("nested"),
    )
}

/// What no job can read, each with a mark where it is bad.
fn bad_records() -> Vec<String> {
    let good = record(2);
    vec![
        format!("{MARK} is no JSON at all\n"),
        good.replace("\"note\"", "\"text\""),
        good.replace("\"amount\":", "\"amount\":00"),
        good.replace(&format!("\"{MARK} card 0002\""), &format!("{{\"{MARK}\":1}}")),
        good.replace(&format!("\"{MARK} person 0002\""), &format!("[\"{MARK}\"]")),
        good.trim_end().trim_end_matches('}').to_owned() + "\n",
    ]
}

#[test]
fn no_value_is_found_anywhere_but_where_it_is_released() {
    let mut canaries = Canaries::new();
    let good: String = (0..PEOPLE).map(record).collect();
    canaries.seal("fail", &good, "good");
    canaries.seal("skip", &(good.clone() + &bad_records().concat()), "skipping");
    let enclave = canaries.stage.start_enclave(&Variant::default());
    canaries.stage.put_key_policy(&canaries.key_arn, &key_policy_attested(&fs::read_to_string(&enclave.measurements).unwrap()));

    for (number, bad) in bad_records().iter().enumerate() {
        let name = format!("bad {number}");
        canaries.seal("fail", &(good.clone() + bad), &name);
        canaries.submit(&enclave, "fail", &name, ROWS, false);
    }
    // Of the bad records one is bad in a field that is not read for the groups.
    for (policy, input, n) in [("fail", "good", 20), ("skip", "skipping", 21)] {
        let rows = canaries.submit(&enclave, policy, input, ROWS, true);
        assert_eq!(rows.lines().count(), PEOPLE / 2, "{rows}");
        assert!(rows.contains(&format!("\"place\":\"{RELEASED}\",\"country\":\"{RELEASED} A\"")), "{rows}");
        let groups = canaries.submit(&enclave, policy, input, GROUPS, true);
        // With the one person's country one more hides.
        let shown = format!("{{\"country\":\"{RELEASED} A\",\"n\":{n},\"people\":20,\"sum\":{n}000,\"mean\":1000,\"least\":1000,");
        assert!(groups.starts_with(&shown) && groups.lines().count() == 1, "{groups}");
    }
    // Too few people, too many groups, values that cannot be measured, and a record that is none.
    let all = "version = 1\nkind = \"aggregate\"\n";
    canaries.submit(&enclave, "fail", "good", &ROWS.replace("Freigabe A", "none"), false);
    canaries.submit(
        &enclave,
        "fail",
        "good",
        &format!("{all}group_by = [{{ field = \"city\" }}]\n[measures]\nn = {{ op = \"count\" }}\n"),
        false,
    );
    canaries.submit(&enclave, "fail", "good", &format!("{all}[measures]\nn = {{ op = \"sum\", field = \"text\" }}\n"), false);

    let Canaries { stage, owners, mut said, .. } = canaries;
    let log = enclave.proxy.spoken();
    assert!(log.contains("job-finished") && log.contains("job-refused"), "the enclave's log is what is searched: {log}");
    said.extend([log, enclave.simulator.spoken()]);
    let forms = forms();
    for said in &said {
        assert_eq!(found(said.as_bytes(), &forms), BTreeSet::new(), "{said}");
    }
    let mut searched = Vec::new();
    search(&stage.path(""), &mut searched);
    for path in &searched {
        assert_eq!(found(&fs::read(path).unwrap(), &forms), BTreeSet::new(), "{}", path.display());
    }
    for name in ["rows.ndjson", "receipt.json", "sealed", "requests.log"] {
        assert!(searched.iter().any(|path| path.to_string_lossy().ends_with(name)), "no {name} among {searched:?}");
    }
    // Whoever searches does find.
    let plaintext = fs::read(owners.path().join("in.ndjson")).unwrap();
    assert_eq!(found(&plaintext, &forms).len(), 2);
    for shift in 0..3 {
        let shifted = [&b"xxx"[..shift], &plaintext].concat();
        for written in [STANDARD.encode(&shifted), URL_SAFE.encode(&shifted), hex(&shifted), hex(&shifted).to_uppercase()] {
            assert!(found(written.as_bytes(), &forms).len() >= 2, "{shift}");
        }
    }
}

/// Both marks in plain, in hex of both cases, and in base64 as it stands at each place of a longer text.
fn forms() -> Vec<String> {
    let mut forms = Vec::new();
    for mark in [MARK, NUMBER_MARK] {
        forms.extend([mark.to_owned(), hex(mark.as_bytes()), hex(mark.as_bytes()).to_uppercase()]);
        for shift in 0..3 {
            let encoded = STANDARD.encode([&b"xxx"[..shift], mark.as_bytes()].concat());
            // Characters that the neighbours have a part in are left out; letters and digits are the same in both alphabets.
            let whole = (shift + mark.len()) / 3 * 4;
            forms.push(encoded[(shift * 8).div_ceil(6)..whole].to_owned());
        }
    }
    forms
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn found<'f>(bytes: &[u8], forms: &'f [String]) -> BTreeSet<&'f str> {
    let text = String::from_utf8_lossy(bytes);
    forms.iter().map(String::as_str).filter(|form| text.contains(form)).collect()
}

/// Every file in a folder, however deep; sockets are none.
fn search(folder: &Path, searched: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            search(&entry.path(), searched);
        } else if kind.is_file() {
            searched.push(entry.path());
        }
    }
}
