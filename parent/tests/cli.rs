//! The `sealroom` command from outside: usage, exit codes, JSON, files, the proxy. What needs KMS or an enclave is tested
//! end to end in the test kit.

mod command;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    process::{Command, Stdio},
};

use command::{command, folder, json, names, sealroom, text};

const KEY_ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555";

#[test]
fn help_has_an_example_and_exits_0() {
    let folder = folder();
    for command in [
        &["keygen"][..],
        &["policy", "check"],
        &["policy", "digest"],
        &["token-key", "new"],
        &["token-key", "check"],
        &["seal"],
        &["proxy"],
        &["ping"],
        &["submit"],
        &["open"],
    ] {
        let done = sealroom(folder.path(), &[command, &["--help"]].concat());
        assert_eq!(done.status.code(), Some(0), "{command:?}");
        assert!(text(&done.stdout).contains("Example"), "{command:?}");
    }
    assert_eq!(sealroom(folder.path(), &["--version"]).status.code(), Some(0));
}

#[test]
fn proxy_help_names_what_can_stand_in_for_the_relay() {
    assert!(text(&sealroom(folder().path(), &["proxy", "--help"]).stdout).contains("vsock-proxy"));
}

#[test]
fn usage_errors_exit_2_and_are_json_where_asked_for() {
    let folder = folder();
    for arguments in [
        &["nonsense"][..],
        &[],
        &["keygen"],
        &["keygen", "--out", "a", "--nonsense"],
        &["proxy", "--allow", "kms.example.com:443"],
        &["proxy", "--enclave-cid", "16", "--unix", "x"],
        &["proxy", "--enclave-cid", "2"],
        &["proxy", "--unix", "x", "--allow", "no-port"],
        &["proxy", "--unix", "x", "--allow", "a.example:1", "--allow", "a.example:2"],
        &["submit", "--enclave", "tcp://1:2", "--policy", "p", "--job", "j", "in", "--out", "o", "--receipt", "r"],
        &["submit", "--enclave", "unix:x", "--policy", "p", "--job", "j", "--out", "o", "--receipt", "r"],
        &["submit", "--enclave", "unix:x", "--policy", "p", "--job", "-", "-", "--out", "o", "--receipt", "r"],
        &["submit", "--enclave", "unix:x", "--policy", "p", "--job", "j", "in", "--out", "o", "--receipt", "./o", "--force"],
        &["submit", "--enclave", "unix:x", "--policy", "p", "--job", "j", "-", "-", "--out", "o", "--receipt", "r"],
        &["seal", "--policy", "-", "--key-arn", KEY_ARN, "--dataset", "d", "-", "--out", "o"],
        &["seal", "--policy", "p", "--key-arn", KEY_ARN, "--dataset", "d", "--out", "o"],
        &["seal", "--policy", "p", "--key-arn", KEY_ARN, "--dataset", "d", "a", "b", "--out", "-"],
        &["seal", "--policy", "p", "--key-arn", KEY_ARN, "--dataset", "d", "-", "-", "--out", "o/"],
        &["open", "--private-key", "k", "in", "--out", "o"],
        &["open", "--unverified-origin", "in", "--out", "o"],
        &["open", "--private-key", "k", "--raw-aes-key", "k", "--unverified-origin", "in", "--out", "o"],
        &["open", "--private-key", "k", "--receipt", "r", "in", "--out", "o"],
        &["open", "--private-key", "k", "--receipt", "r", "--measurements", "m", "--unverified-origin", "in", "--out", "o"],
        &["open", "--kms", "--unverified-origin", "in", "--out", "o"],
        &["open", "--kms", "--key-arn", "alias/x", "--unverified-origin", "in", "--out", "o"],
    ] {
        let plain = sealroom(folder.path(), arguments);
        assert_eq!((plain.status.code(), plain.stdout.len()), (Some(2), 0), "{arguments:?}");
        let done = sealroom(folder.path(), &[&["--json"], arguments].concat());
        assert_eq!(done.status.code(), Some(2), "{arguments:?}");
        let error = &json(&done.stderr)["error"];
        assert_eq!(error["code"], "usage", "{arguments:?}");
        assert!(!error["message"].as_str().expect("message").is_empty());
    }
    assert!(names(folder.path()).is_empty());
}

#[test]
fn json_and_an_output_on_stdout_do_not_mix() {
    let done = sealroom(folder().path(), &["--json", "open", "--private-key", "k", "--unverified-origin", "in", "--out", "-"]);
    assert_eq!(done.status.code(), Some(2));
    assert_eq!(json(&done.stderr)["error"]["code"], "usage");
}

#[test]
fn failures_exit_1_and_say_what_to_do() {
    let folder = folder();
    fs::write(folder.path().join("junk"), b"junk").expect("written");
    sealroom(folder.path(), &["keygen", "--out", "k"]);
    let done = sealroom(folder.path(), &["--json", "open", "--private-key", "k.key.pem", "--unverified-origin", "junk", "--out", "o"]);
    assert_eq!(done.status.code(), Some(1));
    let stderr = text(&done.stderr);
    let error = json(stderr.lines().last().expect("line").as_bytes());
    assert_eq!(error["error"]["code"], "not-a-message");
    assert!(error["error"]["help"].is_string());
    assert!(stderr.contains("UNVERIFIED"));
    assert!(!folder.path().join("o").exists());
}

#[test]
fn keygen_writes_a_pair_once() {
    let folder = folder();
    let done = sealroom(folder.path(), &["--json", "keygen", "--out", "analyst"]);
    assert_eq!(done.status.code(), Some(0));
    assert_eq!(json(&done.stdout)["private_key"], "analyst.key.pem");
    let private = fs::read_to_string(folder.path().join("analyst.key.pem")).expect("private key");
    let public = fs::read_to_string(folder.path().join("analyst.pub.pem")).expect("public key");
    assert!(private.starts_with("-----BEGIN PRIVATE KEY-----\n") && public.starts_with("-----BEGIN PUBLIC KEY-----\n"));
    let mode = fs::metadata(folder.path().join("analyst.key.pem")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let again = sealroom(folder.path(), &["--json", "keygen", "--out", "analyst"]);
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(json(&again.stderr)["error"]["code"], "exists");
    assert_eq!(fs::read_to_string(folder.path().join("analyst.key.pem")).expect("private key"), private);

    assert_eq!(sealroom(folder.path(), &["keygen", "--out", "analyst", "--force"]).status.code(), Some(0));
    assert_ne!(fs::read_to_string(folder.path().join("analyst.key.pem")).expect("private key"), private);
    assert_eq!(names(folder.path()), ["analyst.key.pem", "analyst.pub.pem"]);
}

#[test]
fn keygen_writes_both_files_or_none() {
    let folder = folder();
    fs::write(folder.path().join("analyst.pub.pem"), b"mine").expect("written");
    assert_eq!(sealroom(folder.path(), &["keygen", "--out", "analyst"]).status.code(), Some(1));
    assert_eq!(names(folder.path()), ["analyst.pub.pem"]);
}

#[test]
fn submit_without_an_enclave_writes_nothing() {
    let folder = folder();
    for name in ["p", "j", "in"] {
        fs::write(folder.path().join(name), b"x").expect("written");
    }
    let arguments = ["--json", "submit", "--enclave", "unix:nobody", "--policy", "p", "--job", "j", "in", "--out", "o", "--receipt", "r"];
    // What is looked into is refused before anybody is dialed; unseen, the files would be for the enclave to judge.
    for (unseen, code) in [(None, "policy-invalid"), (Some("--no-check"), "enclave-unreachable")] {
        let done = sealroom(folder.path(), &[&arguments[..], unseen.as_slice()].concat());
        assert_eq!(done.status.code(), Some(1));
        assert_eq!(json(&done.stderr)["error"]["code"], code);
    }
    assert_eq!(names(folder.path()), ["in", "j", "p"]);
}

#[test]
fn proxy_says_ready_serves_and_ends_cleanly() {
    let folder = folder();
    let mut proxy = command(folder.path())
        .args(["proxy", "--unix", "vsock.sock", "--allow", "kms.eu-central-1.amazonaws.com:443"])
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut line = String::new();
    BufReader::new(proxy.stdout.take().expect("stdout")).read_line(&mut line).expect("line");
    assert_eq!(line, "ready\n");
    assert_eq!(names(folder.path()), ["vsock.sock_8000", "vsock.sock_8001", "vsock.sock_8002"]);
    let mode = fs::metadata(folder.path().join("vsock.sock_8001")).expect("socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let mut answer = Vec::new();
    UnixStream::connect(folder.path().join("vsock.sock_8001")).expect("connected").read_to_end(&mut answer).expect("answer");
    assert_eq!(
        json(&answer),
        serde_json::json!({"access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret", "session_token": null, "expires_at": null})
    );
    let mut relay = UnixStream::connect(folder.path().join("vsock.sock_8000")).expect("connected");
    relay.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("sent");
    answer.clear();
    // Closed, or reset because of what was not read.
    let _ = relay.read_to_end(&mut answer);
    assert!(answer.is_empty());

    let second = sealroom(folder.path(), &["--json", "proxy", "--unix", "vsock.sock"]);
    assert_eq!(second.status.code(), Some(1));
    assert_eq!(json(&second.stderr)["error"]["code"], "listen");

    let ended = Command::new("kill").args(["-TERM", &proxy.id().to_string()]).status().expect("kill");
    assert!(ended.success());
    let mut said = String::new();
    proxy.stderr.take().expect("stderr").read_to_string(&mut said).expect("stderr");
    assert_eq!(proxy.wait().expect("ended").code(), Some(0));
    assert!(said.contains("relay: refused a connection: not a TLS handshake") && !said.contains("secret"), "{said}");
    assert!(names(folder.path()).is_empty());
}

#[test]
fn interrupted_command_leaves_no_unfinished_file() {
    let folder = folder();
    sealroom(folder.path(), &["keygen", "--out", "k"]);
    for name in ["p", "j", "in"] {
        fs::write(folder.path().join(name), b"x").expect("written");
    }
    // An enclave that never answers: the command waits with its outputs begun.
    let enclave = std::os::unix::net::UnixListener::bind(folder.path().join("e")).expect("bound");
    let mut submit = command(folder.path())
        .args(["submit", "--enclave", "unix:e", "--policy", "p", "--job", "j", "in", "--out", "o", "--receipt", "r", "--no-check"])
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    let (_connection, _) = enclave.accept().expect("connected");
    assert!(names(folder.path()).iter().any(|name| name.ends_with(".partial")));
    Command::new("kill").args(["-TERM", &submit.id().to_string()]).status().expect("kill");
    assert_eq!(submit.wait().expect("ended").code(), Some(143));
    assert_eq!(names(folder.path()), ["e", "in", "j", "k.key.pem", "k.pub.pem", "p"]);
}
