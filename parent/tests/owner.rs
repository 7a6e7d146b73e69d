//! The data owner's commands from outside, as far as they go without KMS.

mod command;

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

use command::{command, folder, json, names, sealroom, text};

const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// A policy of a fresh consumer key, in `folder` as p.toml.
fn write_policy(folder: &Path, tokens: &str) {
    assert!(sealroom(folder, &["keygen", "--out", "analyst", "--force"]).status.success());
    let public = fs::read_to_string(folder.join("analyst.pub.pem")).expect("public key");
    let policy = format!(
        "version = 1\nname = \"cards\"\ndatasets = [\"cards-2026\"]\nkeys = [\"{ARN}\"]\n[input]\nformat = \"ndjson\"\nform = \"file\"\n\
         on_error = \"fail\"\n[fields.amount]\nkeep = true\n[fields.customer]\ntokenize = {{ domain = \"customer\" }}\n[fields.card]\n\
         tokenize = {{ domain = \"card\" }}\n{tokens}[release.records]\nmax_records = 10\n\
         [[recipients]]\nname = \"analyst\"\nrsa_public_key = \"\"\"\n{public}\"\"\"\n"
    );
    fs::write(folder.join("p.toml"), policy).expect("written");
}

/// Both domains with the check of 32 zero bytes, as the command itself prints it.
fn zero_checks(folder: &Path) -> String {
    fs::write(folder.join("zero.secret"), [0; 32]).expect("written");
    ["customer", "card"].map(|domain| format!("[tokens.{domain}]\ncheck = \"{}\"\n", check_of(folder, domain))).concat()
}

fn check_of(folder: &Path, domain: &str) -> String {
    let done = sealroom(folder, &["token-key", "check", "--domain", domain, "--secret-file", "zero.secret"]);
    assert_eq!(done.status.code(), Some(0));
    text(&done.stdout).trim().to_owned()
}

#[test]
fn policy_digest_is_the_sha384_of_the_file() {
    let folder = folder();
    let checks = zero_checks(folder.path());
    write_policy(folder.path(), &checks);
    let sum = Command::new("sha384sum").arg(folder.path().join("p.toml")).output().expect("sha384sum");
    let expected = format!("sha384:{}\n", text(&sum.stdout).split(' ').next().expect("digest"));
    assert_eq!(text(&sealroom(folder.path(), &["policy", "digest", "p.toml"]).stdout), expected);
    let checked = sealroom(folder.path(), &["--json", "policy", "check", "p.toml"]);
    assert_eq!(checked.status.code(), Some(0));
    let checked = json(&checked.stdout);
    assert_eq!((checked["name"].as_str(), checked["digest"].as_str()), (Some("cards"), Some(expected.trim())));
    assert_eq!(checked["recipients"], serde_json::json!(["analyst"]));
    assert_eq!((checked["format"].as_str(), checked["form"].as_str()), (Some("ndjson"), Some("file")));
}

#[test]
fn broken_policy_is_refused_with_its_line() {
    let folder = folder();
    let checks = zero_checks(folder.path());
    write_policy(folder.path(), &checks);
    let policy = fs::read_to_string(folder.path().join("p.toml")).expect("policy");
    fs::write(folder.path().join("p.toml"), policy.replace("datasets =", "datasetz =")).expect("written");
    for command in [&["policy", "check", "p.toml"][..], &["policy", "digest", "p.toml"]] {
        let done = sealroom(folder.path(), &[&["--json"], command].concat());
        assert_eq!(done.status.code(), Some(1));
        let error = json(&done.stderr);
        assert_eq!(error["error"]["code"], "policy-invalid");
        assert!(error["error"]["message"].as_str().expect("message").contains("p.toml: line "), "{error}");
    }
}

#[test]
fn what_the_policy_does_not_name_is_refused_before_kms_is_asked() {
    let folder = folder();
    let checks = zero_checks(folder.path());
    write_policy(folder.path(), &checks);
    fs::write(folder.path().join("in"), b"{}\n").expect("written");
    let other_key = ARN.replace("1234abcd", "00000000");
    for (key, dataset, code) in [(other_key.as_str(), "cards-2026", "key-not-allowed"), (ARN, "cards-2027", "dataset-not-allowed")] {
        let arguments = ["--json", "seal", "--policy", "p.toml", "--key-arn", key, "--dataset", dataset, "in", "--out", "sealed"];
        let done = sealroom(folder.path(), &arguments);
        assert_eq!(done.status.code(), Some(1));
        assert_eq!(json(&done.stderr)["error"]["code"], code);
    }
    assert!(!folder.path().join("sealed").exists());
}

#[test]
fn set_that_cannot_be_sealed_as_asked_is_refused_before_kms_is_asked() {
    let folder = folder();
    write_policy(folder.path(), &zero_checks(folder.path()));
    for name in ["a", "b", "x/a", "full/other", ".c"] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, b"{}\n").expect("written");
    }
    let before = names(folder.path());
    for (inputs, out, code, said) in [
        (&["a", "b"][..], "full", "exists", "full"),
        (&["a"], "full", "exists", "full"),
        (&["a", "b", "--force"], "full", "exists", "not replaced"),
        (&["a", "b"], "p.toml", "exists", "p.toml"),
        (&["a", "b"], ".", "exists", "not empty"),
        (&["a", "x/a"], "set", "usage", "a.sealed"),
        (&["a", "a"], "set", "usage", "a.sealed"),
        (&["a", "-"], "set", "usage", "standard input"),
        (&["-"], "set/", "usage", "standard input"),
        (&["a", ".c"], "set", "usage", "dot"),
        (&["a", "nobody"], "set", "file", "nobody"),
        (&["a", "x"], "set", "file", "x"),
        (&["a", "b"], "nowhere/set", "file", "nowhere"),
    ] {
        let seal = ["--json", "seal", "--policy", "p.toml", "--key-arn", ARN, "--dataset", "cards-2026", "--out", out];
        let done = sealroom(folder.path(), &[&seal[..], inputs].concat());
        let error = &json(&done.stderr)["error"];
        assert_eq!((done.status.code(), &error["code"]), (Some(if code == "usage" { 2 } else { 1 }), &code.into()), "{inputs:?}: {error}");
        assert!(error.to_string().contains(said), "{inputs:?}: {error}");
        assert_eq!(names(folder.path()), before, "{inputs:?}");
        assert_eq!(names(&folder.path().join("full")), ["other"]);
    }
}

#[test]
fn interrupted_seal_leaves_no_unfinished_folder() {
    let folder = folder();
    write_policy(folder.path(), &zero_checks(folder.path()));
    fs::write(folder.path().join("a"), b"{}\n").expect("written");
    fs::write(folder.path().join("b"), b"{}\n").expect("written");
    let before = names(folder.path());
    // A KMS that never answers: the command waits with its folder begun.
    let kms = TcpListener::bind("127.0.0.1:0").expect("bound");
    let mut seal = command(folder.path())
        .args(["seal", "--policy", "p.toml", "--key-arn", ARN, "--dataset", "cards-2026", "a", "b", "--out", "set"])
        .args(["--endpoint-url", &format!("https://{}", kms.local_addr().expect("an address"))])
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    let (_connection, _) = kms.accept().expect("connected");
    assert!(names(folder.path()).iter().any(|name| name.starts_with(".set.") && name.ends_with(".partial")));
    Command::new("kill").args(["-TERM", &seal.id().to_string()]).status().expect("kill");
    assert_eq!(seal.wait().expect("ended").code(), Some(143));
    assert_eq!(names(folder.path()), before);
}

#[test]
fn token_key_that_does_not_belong_to_the_policy_is_refused() {
    let folder = folder();
    let both = zero_checks(folder.path());
    fs::write(folder.path().join("one.secret"), [1; 32]).expect("written");
    fs::write(folder.path().join("short.secret"), [1; 31]).expect("written");
    let empty = "[tokens.customer]\ncheck = \"\"\n[tokens.card]\ncheck = \"\"\n";
    let secret = |name| Some(["--secret-file", name]);
    for (tokens, domain, secret, code) in [
        (both.as_str(), "customer", None, "other-secret"),
        (both.as_str(), "customer", secret("one.secret"), "other-secret"),
        (both.as_str(), "customer", secret("short.secret"), "secret"),
        (both.as_str(), "nobody", secret("one.secret"), "no-such-domain"),
        (empty, "customer", None, "empty-checks"),
    ] {
        write_policy(folder.path(), tokens);
        let policy = fs::read(folder.path().join("p.toml")).expect("policy");
        let mut arguments = vec!["--json", "token-key", "new", "--policy", "p.toml", "--domain", domain, "--key-arn", ARN, "--out", "t"];
        arguments.extend(secret.iter().flatten());
        let done = sealroom(folder.path(), &arguments);
        assert_eq!(done.status.code(), Some(1));
        assert_eq!(json(&done.stderr)["error"]["code"], code, "{domain}");
        assert_eq!(fs::read(folder.path().join("p.toml")).expect("policy"), policy);
        assert!(!folder.path().join("t").exists());
    }
}
