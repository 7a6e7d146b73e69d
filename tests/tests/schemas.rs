//! The JSON Schemas of policy and job against the readers that ship: the same keys in every table, the same word on a table of good
//! and bad documents, and every example of the tree. The schema's side is Python's `jsonschema`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealroom_shared::job::Job;
use sealroom_shared::policy::Policy;
use sealroom_shared::toml_reader::{DocumentError, Rule};
use sealroom_testkit::bins::{python, workspace};
use sealroom_testkit::stage::{succeed, text};

mod documents;

use documents::{AGGREGATE_JOB, Change, DISCOVER_JOB, FIELDS_POLICY, FILE_POLICY, JOB, OnlyReader, Verdict, jobs, policies};

const POLICY_SCHEMA: &str = "docs/policy.schema.json";
const JOB_SCHEMA: &str = "docs/job.schema.json";

/// A reader of documents.
type Reader = fn(&str) -> Result<(), DocumentError>;

fn read_policy(text: &str) -> Result<(), DocumentError> {
    Policy::parse_before_token_keys(text.as_bytes()).map(|_| ())
}

fn read_job(text: &str) -> Result<(), DocumentError> {
    Job::parse(text.as_bytes()).map(|_| ())
}

/// What the schema says of each document: none where it is valid.
fn by_schema(schema: &str, documents: &[String]) -> Vec<Option<String>> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(python("python"));
    command.arg(workspace().join("tests/python/document_schema.py")).arg(workspace().join(schema));
    for (index, document) in documents.iter().enumerate() {
        let path = folder.path().join(index.to_string());
        fs::write(&path, document).unwrap();
        command.arg(path);
    }
    let said = text(&succeed(&mut command).stdout);
    let said: Vec<_> = said.lines().map(|line| (line != "ok").then(|| line.to_owned())).collect();
    assert_eq!(said.len(), documents.len());
    said
}

fn agree(schema: &str, read: Reader, bases: &[&str], changes: &[Change]) {
    let mut documents: Vec<String> = bases.iter().map(|base| (*base).to_owned()).collect();
    let mut expected: Vec<(&str, Verdict)> = bases.iter().map(|_| ("the base", Verdict::Good)).collect();
    for change in changes {
        assert_eq!(change.base.matches(change.from).count(), 1, "{:?} stands once in its base", change.from);
        documents.push(change.base.replace(change.from, change.to));
        expected.push((change.to, change.verdict));
    }
    for ((document, (what, verdict)), said) in documents.iter().zip(expected).zip(by_schema(schema, &documents)) {
        let read = read(document);
        let (reader_good, schema_good) = match verdict {
            Verdict::Good => (true, true),
            Verdict::Bad => (false, false),
            Verdict::OnlyReader(OnlyReader(reason)) => {
                assert!(!reason.is_empty());
                (false, true)
            }
        };
        assert_eq!(read.is_ok(), reader_good, "{what}: the reader says {read:?}");
        assert_eq!(said.is_none(), schema_good, "{what}: the schema says {said:?}");
    }
}

#[test]
fn reader_and_schema_agree_on_policies() {
    agree(POLICY_SCHEMA, read_policy, &[FILE_POLICY, FIELDS_POLICY], policies::CHANGED);
}

#[test]
fn reader_and_schema_agree_on_jobs() {
    agree(JOB_SCHEMA, read_job, &[JOB, AGGREGATE_JOB, DISCOVER_JOB], jobs::CHANGED);
}

/// The keys that the reader takes where `line` of the document begins a table, as it names them to who writes another one.
fn keys_of(read: Reader, base: &str, (from, to): (&str, &str)) -> BTreeSet<String> {
    assert_eq!(base.matches(from).count(), 1, "{from:?} stands once");
    match read(&base.replace(from, to)) {
        Err(DocumentError { rule: Rule::UnknownKey(allowed), .. }) => {
            allowed.split(", ").filter(|key| !key.is_empty()).map(str::to_owned).collect()
        }
        other => panic!("{to}: {other:?}"),
    }
}

fn properties(schema: &serde_json::Value, names: &[&str]) -> BTreeSet<String> {
    let of =
        |name: &&str| schema["$defs"][*name]["properties"].as_object().unwrap_or_else(|| panic!("$defs/{name}")).keys().cloned().collect();
    names.iter().flat_map(|name| -> BTreeSet<String> { of(name) }).collect()
}

/// A key that the reader learns is missed here until the schema knows it too.
#[test]
fn every_table_has_the_same_keys_in_reader_and_schema() {
    let schema = |name: &str| -> serde_json::Value { serde_json::from_str(&fs::read_to_string(workspace().join(name)).unwrap()).unwrap() };
    let (policy, job) = (schema(POLICY_SCHEMA), schema(JOB_SCHEMA));
    for (names, change) in policies::TABLES {
        assert_eq!(properties(&policy, names), keys_of(read_policy, FILE_POLICY, *change), "{names:?}");
    }
    for (names, base, change) in jobs::TABLES {
        assert_eq!(properties(&job, names), keys_of(read_job, base, *change), "{names:?}");
    }
}

#[test]
fn every_example_of_the_tree_is_valid() {
    let (mut policies, mut jobs) = (Vec::new(), Vec::new());
    for folder in ["examples", "tests/bench"] {
        for path in toml_files(&workspace().join(folder)) {
            let text = filled_in(&fs::read_to_string(&path).unwrap());
            let of_a_policy = text.lines().any(|line| line.starts_with("datasets"));
            let of_a_job = text.lines().any(|line| line.starts_with("kind"));
            match (of_a_policy, of_a_job) {
                (true, false) => policies.push((path, text)),
                (false, true) => jobs.push((path, text)),
                _ => panic!("{}: neither a policy nor a job", path.display()),
            }
        }
    }
    assert!(policies.len() >= 3 && jobs.len() >= 3, "{} policies, {} jobs", policies.len(), jobs.len());
    for (schema, read, found) in [(POLICY_SCHEMA, read_policy as Reader, policies), (JOB_SCHEMA, read_job, jobs)] {
        let texts: Vec<String> = found.iter().map(|(_, text)| text.clone()).collect();
        for ((path, text), said) in found.iter().zip(by_schema(schema, &texts)) {
            assert_eq!(read(text), Ok(()), "{}", path.display());
            assert_eq!(said, None, "{}", path.display());
        }
    }
}

fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(toml_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
    found
}

/// An example with something in place of what `@…@` stands for.
fn filled_in(example: &str) -> String {
    let mut filled = String::new();
    for (index, piece) in example.split('@').enumerate() {
        filled.push_str(&match (index % 2, piece) {
            (0, text) => text.to_owned(),
            (_, "KEY_ARN") => documents::KEY.to_owned(),
            (_, arn) if arn.ends_with("KEY_ARN") => documents::READER.to_owned(),
            (_, pem) if pem.ends_with("PUBLIC_KEY") => documents::PUBLIC_KEY.to_owned(),
            (_, "CHECK") => documents::CHECK.to_owned(),
            (_, "RECIPIENT") => format!("kms_key = \"{}\"", documents::READER),
            (_, other) => panic!("@{other}@ stands for something new"),
        });
    }
    filled
}
