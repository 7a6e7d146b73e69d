//! `sealroom plan` as it ships, against the enclave itself: it refuses with the enclave's own words, a sample's output is what the
//! enclave releases for the same records but for tokens, and the KMS calls that it tells are those that are made.

use std::collections::{BTreeMap, BTreeSet};

use sealroom_testkit::stage::payments::{JOB, Payments, key_policy};
use sealroom_testkit::stage::{RunningEnclave, Stage, refused, succeed, text};
use serde_json::{Value, json};

mod planning;

use planning::{error_of, plan, told};

/// Changes of the example's job, or of its policy, and what the policy says of the field.
const BREACHES: &[(&str, &str, &str)] = &[
    ("op = \"mask\", keep_last = 4", "op = \"keep\"", "masked but for at most its last 4 characters"),
    ("op = \"mask\", keep_last = 4", "op = \"mask\", keep_last = 5", "masked but for at most its last 4 characters"),
    ("op = \"mask\", keep_last = 4", "op = \"check\", pattern = \"luhn\"", "masked but for at most its last 4 characters"),
    ("keep_first = 2", "keep_first = 4", "cut to at most its first 3 characters"),
    ("amount   = { op = \"keep\" }", "email = { op = \"tokenize\" }", "The policy names \"amount\", \"card_number\""),
    ("amount   = { op = \"keep\" }", "again = { from = \"card_number\", op = \"mask\" }", "masked but for at most its last 4 characters"),
    ("field = \"country\", op = \"eq\"", "field = \"country\", op = \"ne\"", "equals a value or is one of some values"),
    ("field = \"country\", op = \"eq\"", "field = \"amount\", op = \"eq\"", "Field \"amount\" may leave as it is."),
    ("[fields] ", "[measures]\nn = { op = \"count\" }\n#", ""),
];

/// What is refused is refused with the same words, before any key is asked for; what is allowed releases what plan showed, by the KMS
/// calls that it told.
#[test]
fn plan_says_what_the_enclave_then_does() {
    let stage = Stage::new();
    let reader = |operation: &str| {
        let statement =
            r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/operator"},"Action":"OPERATION","Resource":"*"}"#;
        key_policy(&statement.replace("OPERATION", operation))
    };
    let keys = [stage.create_key(&reader("kms:GenerateDataKey")), stage.create_key(&reader("kms:Encrypt"))];
    let payments = Payments::with_policy(stage, 400, |policy| {
        let recipient = |(name, arn): (&str, &String)| format!("\n[[recipients]]\nname = \"{name}\"\nkms_key = \"{arn}\"\n");
        policy + &["warehouse", "auditor"].into_iter().zip(&keys).map(recipient).collect::<String>()
    });
    let enclave = payments.start_trusted_enclave();
    refuses_with_the_enclaves_own_words(&payments, &enclave);
    shows_what_the_enclave_releases(&payments, &enclave, &keys);
}

fn refuses_with_the_enclaves_own_words(payments: &Payments, enclave: &RunningEnclave) {
    let policy = payments.stage.read("policy.toml");
    let mut cases: Vec<(String, String, &str)> = Vec::new();
    for (from, to, says) in BREACHES {
        assert_eq!(JOB.matches(from).count(), 1, "{from}");
        let mut job = JOB.replace(from, to);
        if to.starts_with("[measures]") {
            job = job.lines().take_while(|line| !line.starts_with("customer")).map(|line| format!("{line}\n")).collect();
            job = job.replace("\"records\"", "\"aggregate\"");
        }
        cases.push((policy.clone(), job, says));
    }
    let job_listed = format!("jobs = [\"sha384:{}\"]\n[input]", "0".repeat(96));
    for (from, to) in [
        ("not_after  = 2036-01-01T00:00:00Z", "not_after  = 2026-01-02T00:00:00Z"),
        ("not_before = 2026-01-01T00:00:00Z", "not_before = 2035-12-31T00:00:00Z"),
        ("[input]", &job_listed),
        ("[release.records]\nmax_records = 1000000\n", ""),
        (
            "[people]                                 # needed for a job's `where`: fewer than `min` people are not released\nfield = \"customer\"\nmin = 10\n",
            "",
        ),
    ] {
        assert_eq!(policy.matches(from).count(), 1, "{from}");
        cases.push((policy.replace(from, to), JOB.to_owned(), ""));
    }
    for (policy, job, says) in cases {
        payments.stage.write("other.toml", &policy);
        payments.stage.write("job.toml", &job);
        let output = plan(payments.stage.path("other.toml"), payments.stage.path("job.toml"), &[]);
        assert_eq!(output.status.code(), Some(1), "{job}");
        let (planned, refusal) = (error_of(&text(&output.stderr)), told(&output)["refusal"].clone());

        let mut submit = payments.submit_files(enclave, "other.toml", "job.toml", "in.sealed");
        let submitted = error_of(&refused(submit.args(["--json", "--no-check"])));
        assert_eq!(planned["code"], submitted["code"], "{submitted}");
        let rule = |error: &Value, before: &str| {
            let message = error["message"].as_str().unwrap();
            let (_, rule) = message.strip_prefix(before).unwrap_or_else(|| panic!("{message}")).split_once(": ").unwrap();
            rule.to_owned()
        };
        let (by_plan, by_enclave) =
            (rule(&planned, "the enclave would refuse the job: "), rule(&submitted, "the enclave refused the job: "));
        assert_eq!(by_plan, by_enclave, "{job}");
        assert!(by_enclave.ends_with(refusal["rule"].as_str().unwrap()), "{refusal}");
        assert!(refusal["policy_says"].as_str().unwrap_or_default().contains(says), "{refusal}");
        assert_eq!(told(&output)["allowed"], false);
    }
    let calls = payments.stage.kms_requests();
    assert!(!calls.iter().any(|call| call["principal"].to_string().contains("operator")), "a refused job asks for no key: {calls:?}");
}

/// A row without its token, and the token.
fn without_token(line: &str) -> (Value, String) {
    let mut row: Value = serde_json::from_str(line).unwrap();
    let token = row.as_object_mut().unwrap().remove("customer").unwrap();
    (row, token.as_str().unwrap().to_owned())
}

/// Both are the same rows in the same order; tokens are equal where the others are, and none of the sample's is a real one.
fn same_but_for_tokens(sample: &str, released: &str) {
    assert_eq!(sample.lines().count(), released.lines().count());
    assert!(sample.lines().count() > 10);
    let mut tokens: BTreeMap<String, String> = BTreeMap::new();
    for (sample, released) in sample.lines().zip(released.lines()) {
        let ((sample, throwaway), (released, real)) = (without_token(sample), without_token(released));
        assert_eq!(sample, released);
        assert_ne!(throwaway.get(..12), real.get(..12), "another key");
        assert_eq!(throwaway.len(), real.len());
        assert_eq!(*tokens.entry(throwaway).or_insert_with(|| real.clone()), real);
    }
    assert_eq!(tokens.values().collect::<BTreeSet<_>>().len(), tokens.len());
}

fn shows_what_the_enclave_releases(payments: &Payments, enclave: &RunningEnclave, [first, second]: &[String; 2]) {
    payments.stage.write("job.toml", JOB);
    let path = |name: &str| payments.stage.path(name);
    let sample = path("in.ndjson");
    let output = plan(path("policy.toml"), path("job.toml"), &["--rows", "1000", "--sample", sample.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let told = told(&output);

    succeed(&mut payments.submit(enclave));
    succeed(&mut payments.open(enclave));
    same_but_for_tokens(told["sample"]["rows"].as_str().unwrap(), &payments.stage.read("out.ndjson"));
    assert!(told["sample"]["tokens"].as_str().unwrap().contains("the real ones differ"));
    assert_eq!((&told["sample"]["read"], &told["sample"]["minimum_ignored"]), (&json!(400), &json!(false)));

    let requests = payments.stage.kms_requests();
    let made: Vec<&Value> = requests.iter().filter(|request| request["principal"].to_string().contains("operator")).collect();
    let planned = told["kms_calls"].as_array().unwrap();
    let operations = |calls: &[&Value]| calls.iter().map(|call| call["operation"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(operations(&planned.iter().collect::<Vec<_>>()), operations(&made));
    assert_eq!(operations(&made), ["Decrypt", "Decrypt", "GenerateDataKey", "Encrypt"]);
    let keys: Vec<&Value> = planned.iter().map(|call| &call["keys"]).collect();
    assert_eq!(keys, [&json!([payments.key_arn]), &json!([payments.key_arn]), &json!([first]), &json!([second])]);
    let attested: Vec<&Value> = planned.iter().map(|call| &call["attested"]).collect();
    assert_eq!(attested, [true, true, true, false]);
    assert_eq!(told["token_domains"], json!(["customer"]));
    assert_eq!(told["recipients"][0], json!({ "name": "analyst", "key": "rsa" }));
    assert_eq!(told["recipients"][1], json!({ "name": "warehouse", "key": "kms", "key_arn": first }));
    let read: Vec<&str> = told["reads"].as_array().unwrap().iter().map(|read| read["field"].as_str().unwrap()).collect();
    assert_eq!(read.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(["amount", "card_number", "country", "customer", "date", "zip"]));
}
