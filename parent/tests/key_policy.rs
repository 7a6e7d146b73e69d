//! `sealroom key-policy` from outside: what it prints, how it exits, what it refuses. The rules themselves are tested beside
//! the evaluator, what KMS makes of the policies in the test kit.

mod command;

use std::{fs, path::Path, process::Output};

use command::{folder, json, sealroom, text};
use serde_json::Value;

const ROLES: &str = "arn:aws:iam::111122223333:role";

fn measurements(folder: &Path, name: &str, digits: [&str; 3]) {
    let [first, second, third] = digits.map(|digit| digit.repeat(96));
    fs::write(folder.join(name), format!(r#"{{"Measurements":{{"PCR0":"{first}","PCR1":"{second}","PCR2":"{third}"}}}}"#))
        .expect("written");
}

/// `key-policy generate` for an input key; `changes` replaces whole options.
fn generate(folder: &Path, changes: &[(&str, &str)], further: &[&str]) -> Output {
    let (enclave, owner, admin) = (format!("{ROLES}/operator"), format!("{ROLES}/owner"), format!("{ROLES}/admin"));
    let mut options = vec![
        ("--kind", "input"),
        ("--measurements", "pcrs.json"),
        ("--enclave-role", enclave.as_str()),
        ("--owner-role", owner.as_str()),
        ("--admin-role", admin.as_str()),
    ];
    for (option, value) in changes {
        options.retain(|(name, _)| name != option);
        if !value.is_empty() {
            options.push((option, value));
        }
    }
    let options = options.iter().flat_map(|(option, value)| [*option, *value]);
    let arguments: Vec<&str> = ["key-policy", "generate"].into_iter().chain(options).chain(further.iter().copied()).collect();
    sealroom(folder, &arguments)
}

fn sids(policy: &Value) -> Vec<String> {
    let statements = policy["Statement"].as_array().expect("statements");
    statements.iter().map(|statement| statement["Sid"].as_str().expect("a Sid").to_owned()).collect()
}

#[test]
fn a_generated_policy_lints_clean_and_is_simulated() {
    let folder = folder();
    let path = folder.path();
    measurements(path, "pcrs.json", ["a", "b", "c"]);
    measurements(path, "old.json", ["d", "e", "f"]);
    let done = generate(path, &[], &["--also", "old.json"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let expected = [
        "Administer",
        "OwnerSeals",
        "EnclaveImage1Opens",
        "EnclaveImage2Opens",
        "DenyOtherPCR0",
        "DenyOtherPCR1",
        "DenyOtherPCR2",
        "DenyMovingTheKey",
    ];
    assert_eq!(sids(&json(&done.stdout)), expected);
    fs::write(path.join("policy.json"), &done.stdout).expect("written");

    let lint = sealroom(path, &["key-policy", "lint", "policy.json"]);
    assert_eq!((lint.status.code(), text(&lint.stdout)), (Some(0), "policy.json: clean\n".to_owned()));
    let simulate = sealroom(path, &["key-policy", "simulate", "policy.json", "--measurements", "pcrs.json"]);
    let table = text(&simulate.stdout);
    let of_the_enclave = table.split(&format!("{ROLES}/operator\n")).nth(1).expect("the enclave's block");
    assert!(
        of_the_enclave.contains("kms:Decrypt                         denied 5       allowed 3      denied 5       denied 5\n"),
        "{table}"
    );
}

#[test]
fn pcr3_and_pcr8_are_demanded_besides() {
    let folder = folder();
    measurements(folder.path(), "pcrs.json", ["a", "b", "c"]);
    let pem = include_str!("../../shared/src/attestation/aws-nitro-root-g1.pem");
    fs::write(folder.path().join("signer.pem"), pem).expect("written");
    let role = format!("{ROLES}/operator");
    let done = generate(folder.path(), &[], &["--parent-role-pcr3", &role, "--signer-pcr8", "signer.pem"]);
    let policy = json(&done.stdout);
    let open = policy["Statement"].as_array().expect("statements").iter().find(|statement| statement["Sid"] == "EnclaveImage1Opens");
    let pcrs = &open.expect("the Allow")["Condition"]["StringEqualsIgnoreCase"];
    assert_eq!(pcrs.as_object().expect("PCRs").len(), 5);
    // hashlib.sha384(bytes(48) + hashlib.sha384(der).digest()), and without the inner digest for the role's ARN.
    assert_eq!(
        pcrs["kms:RecipientAttestation:PCR8"],
        "df3a0511a411c6a5628d91a189a052d281dec8153ffecde6bdc1a059825c32e4bfb7fc95b367564a64812a8795af8f8a"
    );
    assert_eq!(
        pcrs["kms:RecipientAttestation:PCR3"],
        "1218621ebab3a7fec530dc4e2870ea39b6c641e1d9cc4cf7a46ace31bbdd764685ee01a6d3072de351c20d12e6b1834d"
    );
    assert!(sids(&policy).contains(&"DenyOtherPCR8".to_owned()));
}

#[test]
fn what_cannot_be_meant_prints_no_policy() {
    let folder = folder();
    let path = folder.path();
    measurements(path, "pcrs.json", ["a", "b", "c"]);
    measurements(path, "debug.json", ["0", "0", "0"]);
    measurements(path, "half.json", ["a", "0", "c"]);
    fs::write(path.join("no.pem"), "no certificate").expect("written");
    let owner = format!("{ROLES}/owner");
    let (user, wild) = ("arn:aws:iam::111122223333:user/operator", format!("{ROLES}/*"));
    let consumer = ["--consumer-role", owner.as_str()];
    /// Options changed, arguments added, exit code, words.
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], i32, &'a str);
    let cases: [Case<'_>; 15] = [
        (&[("--measurements", "debug.json")], &[], 1, "debug mode"),
        (&[("--measurements", "half.json")], &[], 1, "PCR1 is zero"),
        (&[("--measurements", "absent.json")], &[], 1, "absent.json"),
        (&[], &["--also", "debug.json"], 1, "debug mode"),
        (&[], &["--signer-pcr8", "no.pem"], 1, "no.pem: expected one PEM block CERTIFICATE"),
        (&[], &["--also", "pcrs.json"], 2, "the same image"),
        (&[("--enclave-role", &owner)], &[], 2, "the same role"),
        (&[("--admin-role", &owner)], &[], 2, "the same role"),
        (&[("--enclave-role", user)], &[], 2, "not the ARN of a role"),
        (&[("--enclave-role", &wild)], &[], 2, "without wildcards"),
        (&[("--owner-role", "")], &[], 2, "--owner-role"),
        (&[], &consumer, 2, "--consumer-role is for an output key"),
        (&[], &["--further-recipient"], 2, "--further-recipient is for an output key"),
        (
            &[("--kind", "output"), ("--owner-role", "")],
            &[&consumer[..], &["--owner-decrypts"]].concat(),
            2,
            "--owner-decrypts is for an input key",
        ),
        (&[], &["--policy-digest", "sha384:00"], 2, "not a digest"),
    ];
    for (changes, further, code, said) in cases {
        let done = generate(path, changes, further);
        let words = text(&done.stderr);
        assert_eq!(done.status.code(), Some(code), "{changes:?} {further:?}: {words}");
        assert!(words.contains(said), "{said}: {words}");
        assert!(done.stdout.is_empty(), "{changes:?} {further:?}");
    }
}

const TRAP: &str = r#"{
  "Statement": [
    {"Sid": "All", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"},
    {"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:role/a"}, "Action": "kms:Decrypt", "Resource": "*"}
  ]
}"#;

#[test]
fn findings_are_said_in_three_forms_and_exit_1() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("my policy.json"), TRAP).expect("written");
    let lint = |arguments: &[&str]| sealroom(path, &[&["key-policy", "lint", "my policy.json"], arguments].concat());

    let done = lint(&[]);
    assert_eq!(done.status.code(), Some(1));
    let said = text(&done.stdout);
    assert!(
        said.starts_with("my policy.json:3: error[root-everything] statement 1 (All): kms:* for arn:aws:iam::111122223333:root\n"),
        "{said}"
    );
    assert!(
        said.contains("my policy.json:4: error[not-principal] statement 2: ")
            && said.contains("\n  attack: ")
            && said.contains("\n  mend:   ")
    );
    assert!(text(&done.stderr).contains("3 errors [key-policy-trap]"), "{}", text(&done.stderr));

    let done = lint(&["--json"]);
    assert_eq!(done.status.code(), Some(1));
    let found = json(&done.stdout);
    assert_eq!(
        (&found["clean"], &found["findings"][1]["id"], &found["findings"][1]["line"]),
        (&false.into(), &"not-principal".into(), &4.into())
    );
    assert_eq!(json(&done.stderr)["error"]["code"], "key-policy-trap");

    assert_eq!(lint(&["--sarif", "--json"]).status.code(), Some(2));
    let done = lint(&["--sarif"]);
    assert_eq!(done.status.code(), Some(1));
    is_sarif(&json(&done.stdout), &["root-everything", "not-principal", "no-attestation"]);
}

/// The members that the schema of SARIF 2.1.0 requires, and those by which a code host finds the line.
fn is_sarif(log: &Value, ids: &[&str]) {
    assert_eq!(log["version"], "2.1.0");
    let [run] = log["runs"].as_array().expect("runs").as_slice() else { panic!("{log}") };
    let driver = &run["tool"]["driver"];
    assert!(driver["name"].is_string());
    let rules = driver["rules"].as_array().expect("rules");
    for rule in rules {
        assert!(rule["id"].is_string() && rule["shortDescription"]["text"].is_string() && rule["help"]["text"].is_string(), "{rule}");
    }
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.iter().map(|result| result["ruleId"].as_str().expect("an id")).collect::<Vec<_>>(), ids);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("an index");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().expect("a level")));
        assert!(result["message"]["text"].is_string());
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20policy.json");
        assert!(place["region"]["startLine"].as_u64().is_some_and(|line| line >= 1));
    }
}

#[test]
fn notes_alone_exit_0() {
    let folder = folder();
    measurements(folder.path(), "pcrs.json", ["a", "b", "c"]);
    let done = generate(folder.path(), &[], &["--owner-decrypts"]);
    fs::write(folder.path().join("policy.json"), &done.stdout).expect("written");
    let done = sealroom(folder.path(), &["key-policy", "lint", "policy.json"]);
    assert_eq!(done.status.code(), Some(0));
    assert!(text(&done.stdout).contains("note[exempt-from-deny]"), "{}", text(&done.stdout));
    assert!(text(&done.stdout).ends_with("policy.json: clean, but for 1 note\n"), "{}", text(&done.stdout));
}

#[test]
fn files_that_are_no_policies_are_refused() {
    let folder = folder();
    let path = folder.path();
    measurements(path, "pcrs.json", ["a", "b", "c"]);
    for (content, said) in
        [("", "not strict JSON"), ("{}", "at least one statement"), (r#"{"Statement":[],"Statement":[]}"#, "occurs twice")]
    {
        fs::write(path.join("policy.json"), content).expect("written");
        for arguments in [&["lint", "policy.json"][..], &["simulate", "policy.json", "--measurements", "pcrs.json"]] {
            let done = sealroom(path, &[&["key-policy"], arguments].concat());
            assert_eq!(done.status.code(), Some(1), "{arguments:?} {content}");
            assert!(text(&done.stderr).contains(said), "{}", text(&done.stderr));
        }
    }
    fs::write(path.join("policy.json"), TRAP).expect("written");
    let simulate =
        |further: &[&str]| sealroom(path, &[&["key-policy", "simulate", "policy.json", "--measurements", "pcrs.json"], further].concat());
    let done = simulate(&[]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("`NotPrincipal` is not supported") && text(&done.stderr).contains("key-policy lint"));
    for further in
        [&["--principal", "intern"][..], &["--encryption-context", "x"], &["--encryption-context", "a=1", "--encryption-context", "a=2"]]
    {
        assert_eq!(simulate(further).status.code(), if further.len() > 2 { Some(1) } else { Some(2) }, "{further:?}");
    }
}

#[test]
fn strangers_get_through_the_account_s_default_policy() {
    let folder = folder();
    let path = folder.path();
    measurements(path, "pcrs.json", ["a", "b", "c"]);
    let default = TRAP.lines().take(3).collect::<Vec<_>>().join("\n");
    fs::write(path.join("policy.json"), format!("{}]}}", default.trim_end_matches(','))).expect("written");
    let intern = "arn:aws:iam::111122223333:user/intern";
    let done = sealroom(path, &["--json", "key-policy", "simulate", "policy.json", "--measurements", "pcrs.json", "--principal", intern]);
    let simulated = json(&done.stdout);
    let people = simulated["principals"].as_array().expect("people");
    let outcome = |who: &str| {
        let person = people.iter().find(|person| person["who"] == who).unwrap_or_else(|| panic!("{simulated}"));
        person["operations"][0]["cases"][0]["outcome"].as_str().expect("an outcome").to_owned()
    };
    assert_eq!(outcome("given"), "allowed");
    assert_eq!(outcome("stranger-of-the-account"), "allowed");
    assert_eq!(outcome("stranger-of-another-account"), "denied");
}
