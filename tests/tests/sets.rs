//! Sets, end to end with the shipped programs: files sealed together are submitted together, and what is not exactly such a
//! set is refused by `submit`, which names the file, and by the enclave, which does not ask `submit`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealroom_shared::receipt::Receipt;
use sealroom_testkit::stage::payments::Payments;
use sealroom_testkit::stage::{RunningEnclave, Stage, refused, succeed};
use serde_json::Value;

/// The parts' files, in the order in which they are sealed: not the order of their names.
const PARTS: [&str; 3] = ["c.ndjson", "a.ndjson", "b.ndjson"];

/// Records sealed whole (`in.sealed`), and the same records as the three parts of a set in the folder `set`.
struct Split {
    payments: Payments,
    /// What `seal --json` said of the set.
    sealed: Value,
}

impl Split {
    fn new(count: u32) -> Self {
        Self::with_policy(count, |policy| policy)
    }

    fn with_policy(count: u32, change: impl Fn(String) -> String) -> Self {
        let payments = Payments::with_policy(Stage::new(), count, change);
        let records = payments.stage.read("in.ndjson");
        let lines: Vec<&str> = records.lines().collect();
        // The second part is the longest; no file ends in a line end, so that nothing may join the last record of one to the
        // first of the next.
        let (first, rest) = lines.split_at(lines.len() / 5);
        let (second, third) = rest.split_at(rest.len() * 2 / 3);
        for (name, lines) in PARTS.iter().zip([first, second, third]) {
            payments.stage.write(name, lines.join("\n"));
        }
        let sealed = seal(&payments, &PARTS, "set");
        Self { payments, sealed }
    }

    fn part(&self, name: &str) -> PathBuf {
        self.payments.stage.path("set").join(format!("{name}.sealed"))
    }

    fn parts(&self) -> [PathBuf; 3] {
        PARTS.map(|name| self.part(name))
    }

    fn submit(&self, enclave: &RunningEnclave, inputs: &[&Path]) -> Command {
        let mut command = self.to(&enclave.address);
        command.args(inputs);
        command
    }

    /// `sealroom submit` without its inputs.
    fn to(&self, address: &str) -> Command {
        let stage = &self.payments.stage;
        let mut command = stage.sealroom("operator");
        command.args(["submit", "--enclave", address]).arg("--policy").arg(&self.payments.policy).arg("--job").arg(stage.path("job.toml"));
        command.arg("--token-key").arg(stage.path("customer.token"));
        command.arg("--out").arg(stage.path("out.sealed")).arg("--receipt").arg(stage.path("out.receipt.json"));
        command
    }

    /// The rows and the receipt's statement of a job that has to succeed.
    fn done(&self, enclave: &RunningEnclave, inputs: &[&Path]) -> (String, Value) {
        succeed(&mut self.submit(enclave, inputs));
        succeed(&mut self.payments.open(enclave));
        let receipt = Receipt::parse(&fs::read(self.payments.stage.path("out.receipt.json")).unwrap()).unwrap();
        let rows = self.payments.stage.read("out.ndjson");
        for name in ["out.sealed", "out.receipt.json", "out.ndjson"] {
            fs::remove_file(self.payments.stage.path(name)).unwrap();
        }
        (rows, serde_json::from_slice(&receipt.statement).unwrap())
    }

    /// Asserts that `submit` refuses these inputs before it dials anybody, with a message that holds all of `said`.
    fn refused_here(&self, inputs: &[&Path], code: &str, said: &[&str]) {
        let error = self.payments.refused_as(code, self.to("unix:nobody").args(inputs));
        for word in said {
            assert!(error["message"].to_string().contains(word), "{word}: {error}");
        }
    }
}

/// Seals files of the stage as a set and returns what `--json` says.
fn seal(payments: &Payments, inputs: &[&str], output: &str) -> Value {
    let done = succeed(&mut sealing(payments, &payments.policy, inputs, output));
    serde_json::from_slice(&done.stdout).expect("JSON")
}

fn sealing(payments: &Payments, policy: &Path, inputs: &[&str], output: &str) -> Command {
    let mut command = payments.stage.sealroom("owner");
    command.args(["--json", "seal", "--key-arn", &payments.key_arn, "--dataset", "transactions-2026"]).arg("--policy").arg(policy);
    command.args(inputs.iter().map(|name| payments.stage.path(name))).arg("--out").arg(payments.stage.path(output));
    command
}

fn paths(paths: &[PathBuf]) -> Vec<&Path> {
    paths.iter().map(PathBuf::as_path).collect()
}

fn operators(payments: &Payments) -> Vec<Value> {
    let requests = payments.stage.kms_requests();
    requests.into_iter().filter(|request| request["principal"].to_string().contains("operator")).collect()
}

#[test]
fn parts_are_sealed_each_under_its_own_data_key_and_place() {
    let split = Split::new(300);
    let parts = split.sealed["parts"].as_array().unwrap();
    let set = split.sealed["set"].as_str().unwrap();
    assert_eq!(set.len(), 32);
    let places: Vec<_> = parts.iter().map(|part| part["part"].as_str().unwrap()).collect();
    assert_eq!(places, ["1/3", "2/3", "3/3"]);
    let records: u64 = parts.iter().map(|part| part["records"].as_u64().unwrap()).sum();
    assert_eq!(records, 300);
    let mut ids: Vec<_> = parts.iter().map(|part| part["message_id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    let mut names: Vec<_> = fs::read_dir(split.payments.stage.path("set")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.ndjson.sealed", "b.ndjson.sealed", "c.ndjson.sealed"]);

    let requests = split.payments.stage.kms_requests();
    let context = |request: &Value, key: &str| request["encryption_context"][key].as_str().map(str::to_owned);
    let of_set: Vec<_> = requests.iter().filter(|request| context(request, "sealroom:set").as_deref() == Some(set)).collect();
    let asked: Vec<_> =
        of_set.iter().map(|request| (request["operation"].as_str().unwrap(), context(request, "sealroom:part").unwrap())).collect();
    assert_eq!(asked, ["1/3", "2/3", "3/3"].map(|place| ("GenerateDataKey", place.to_owned())));
}

#[test]
fn broken_record_is_named_with_its_file_and_leaves_no_set() {
    let split = Split::new(300);
    let stage = &split.payments.stage;
    stage.write("bad.ndjson", "{\"customer\":\"c\"}\nsecret words\n");
    let said = refused(&mut sealing(&split.payments, &split.payments.policy, &["a.ndjson", "bad.ndjson"], "other"));
    assert!(said.contains("bad.ndjson: line 2 is not a record") && !said.contains("secret words"), "{said}");
    let left: Vec<_> = fs::read_dir(stage.path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!left.iter().any(|name| name.contains("other")), "{left:?}");
}

/// One output, one receipt, one Decrypt a part; the same rows as the same records in one file, in the order of the parts.
#[test]
fn set_is_one_job_in_the_order_of_its_parts() {
    let split = Split::new(3000);
    let payments = &split.payments;
    let enclave = payments.start_trusted_enclave();
    let (expected, _) = split.done(&enclave, &[&payments.stage.path("in.sealed")]);
    assert!(expected.lines().count() > 100);

    let [first, second, third] = split.parts();
    let folder = payments.stage.path("set");
    for given in [vec![folder], vec![third, first, second]] {
        let before = operators(payments).len();
        let (rows, statement) = split.done(&enclave, &paths(&given));
        assert!(rows == expected, "the rows are not those of one file, in order");

        let inputs = statement["inputs"].as_array().unwrap();
        let sealed = split.sealed["parts"].as_array().unwrap();
        assert_eq!(inputs.len(), 3);
        for (input, part) in inputs.iter().zip(sealed) {
            for key in ["part", "message_id", "digest"] {
                assert_eq!(input[key], part[key], "{key}");
            }
            assert_eq!((&input["set"], &input["dataset"]), (&split.sealed["set"], &split.sealed["dataset"]));
        }
        assert_eq!(statement["outputs"].as_array().unwrap().len(), 1);

        let mut asked: Vec<_> = operators(payments)[before..]
            .iter()
            .map(|request| {
                let context = &request["encryption_context"];
                (request["operation"].as_str().unwrap().to_owned(), context["sealroom:part"].as_str().unwrap_or("token key").to_owned())
            })
            .collect();
        asked.sort();
        assert_eq!(asked, ["1/3", "2/3", "3/3", "token key"].map(|what| ("Decrypt".to_owned(), what.to_owned())));
        assert_eq!(statement["kms_requests"].as_array().unwrap().len(), 4);
    }
}

#[test]
fn set_of_one_is_a_file_as_before() {
    let split = Split::new(300);
    let enclave = split.payments.start_trusted_enclave();
    let (expected, statement) = split.done(&enclave, &[&split.payments.stage.path("in.sealed")]);
    assert_eq!(statement["inputs"][0]["part"], "1/1");
    let sealed = seal(&split.payments, &["in.ndjson"], "one/");
    assert_eq!(sealed["parts"][0]["part"], "1/1");
    let (rows, _) = split.done(&enclave, &[&split.payments.stage.path("one")]);
    assert_eq!(rows, expected);
}

#[test]
fn submit_names_what_is_missing_repeated_or_foreign() {
    let split = Split::new(300);
    let [first, second, third] = &split.parts();
    split.refused_here(&[first, third], "input-set", &["2/3 is not there"]);
    split.refused_here(&[second], "input-set", &["a.ndjson.sealed", "1/3, 3/3 are not there"]);
    split.refused_here(&[first, second, third, second], "input-set", &["a.ndjson.sealed", "both part 2/3"]);

    let again = seal(&split.payments, &PARTS, "again");
    assert_ne!(again["set"], split.sealed["set"]);
    let foreign = &split.payments.stage.path("again").join("b.ndjson.sealed");
    split.refused_here(&[first, second, foreign], "input-set", &["again/b.ndjson.sealed", "another set"]);
    split.refused_here(&[&split.payments.stage.path("in.sealed"), first], "input-set", &["another set"]);

    let policy = split.payments.stage.write("other.toml", format!("{}\n", split.payments.stage.read("policy.toml")));
    succeed(&mut sealing(&split.payments, &policy, &PARTS, "other"));
    let elsewhere = &split.payments.stage.path("other").join("b.ndjson.sealed");
    split.refused_here(&[first, second, elsewhere], "policy-mismatch", &["other/b.ndjson.sealed", "another policy"]);

    let folder = split.payments.stage.path("set");
    fs::write(folder.join("README"), "x").unwrap();
    split.refused_here(&[&folder], "foreign-file", &["README"]);
    fs::remove_file(folder.join("README")).unwrap();
    fs::remove_file(second).unwrap();
    split.refused_here(&[&folder], "input-set", &["2/3 is not there"]);
    assert!(operators(&split.payments).is_empty(), "nobody was asked for anything");
}

/// Promise P5, for sets: a parent whose `submit` looks at nothing.
#[test]
fn the_enclave_refuses_what_is_not_one_whole_set() {
    let split = Split::new(3000);
    let payments = &split.payments;
    let stage = &payments.stage;
    let enclave = payments.start_trusted_enclave();
    let [first, second, third] = &split.parts();
    seal(payments, &PARTS, "again");
    let foreign = &stage.path("again").join("b.ndjson.sealed");
    let policy = stage.write("other.toml", format!("{}\n", stage.read("policy.toml")));
    succeed(&mut sealing(payments, &policy, &PARTS, "other"));
    let elsewhere = &stage.path("other").join("b.ndjson.sealed");
    let token = &stage.path("customer.token");

    let bytes = fs::read(second).unwrap();
    let mut flipped = bytes.clone();
    flipped[bytes.len() - 100] ^= 1;
    let flipped = &stage.write("flipped", flipped);
    let cut = &stage.write("cut", &bytes[..bytes.len() - 1]);
    let joined = &stage.write("joined", [fs::read(first).unwrap(), bytes].concat());
    let empty = &stage.write("empty", b"");

    let cases: [(&str, &str, &[&PathBuf]); 15] = [
        ("the first part missing", "input-set", &[second, third]),
        ("a part in the middle missing", "input-set", &[first, third]),
        ("the last part missing", "input-set", &[first, second]),
        ("one part alone", "input-set", &[second]),
        ("a part repeated at once", "input-set", &[first, first, second, third]),
        ("a part repeated at the end", "input-set", &[first, second, third, first]),
        ("a part in the place of another", "input-set", &[first, second, second]),
        ("a part of another set in place of its like", "input-set", &[first, second, foreign]),
        ("a part of another set as well", "input-set", &[first, second, third, foreign]),
        ("a part under another policy", "policy-mismatch", &[first, second, elsewhere]),
        ("a token key as a part", "input-corrupt", &[first, second, token]),
        ("a part altered", "input-corrupt", &[first, flipped, third]),
        ("a part cut off", "input-corrupt", &[first, cut, third]),
        ("two parts in one input", "input-corrupt", &[joined, third]),
        ("nothing as a part", "input-corrupt", &[first, second, third, empty]),
    ];
    for (what, code, inputs) in cases {
        println!("{what}");
        let inputs: Vec<&Path> = inputs.iter().map(|path| path.as_path()).collect();
        payments.refused_as(code, split.submit(&enclave, &inputs).arg("--no-check"));
    }
    let (rows, _) = split.done(&enclave, &[&stage.path("set")]);
    assert!(rows.lines().count() > 100, "the next honest job works");
}

#[test]
fn parts_may_be_missing_where_the_owner_says_so_and_never_come_twice() {
    let split = Split::with_policy(3000, |policy| policy.replace("on_error = \"fail\"", "on_error = \"fail\"\nwhole = false"));
    let payments = &split.payments;
    let enclave = payments.start_trusted_enclave();
    let (all, _) = split.done(&enclave, &[&payments.stage.path("set")]);
    let [first, second, third] = &split.parts();
    let (rows, statement) = split.done(&enclave, &[third, first]);
    let inputs: Vec<_> = statement["inputs"].as_array().unwrap().iter().map(|input| input["part"].as_str().unwrap()).collect();
    assert_eq!(inputs, ["1/3", "3/3"]);
    // What is left out is one run of rows in the middle.
    let (all, rows): (Vec<_>, Vec<_>) = (all.lines().collect(), rows.lines().collect());
    let same = all.iter().zip(&rows).take_while(|(one, other)| one == other).count();
    assert!(0 < same && same < rows.len() && rows.len() < all.len());
    assert_eq!(rows[same..], all[all.len() - (rows.len() - same)..]);

    split.refused_here(&[first, second, first], "input-set", &["both part 1/3"]);
    payments.refused_as("input-set", split.submit(&enclave, &[first, second, first]).arg("--no-check"));
}
