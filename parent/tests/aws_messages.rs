//! `sealroom open` on messages that AWS's own SDKs wrote.

mod command;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use command::{command, folder, json, text};
use serde_json::Value;

/// `../shared/vectors/esdk` of the workspace, where the folder of others' data is there.
fn aws_vectors() -> Option<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/esdk");
    match fs::read(folder.join("manifest.json")) {
        Ok(manifest) => Some((folder, json(&manifest))),
        Err(_) => {
            eprintln!("AWS's message vectors are not here: not run");
            None
        }
    }
}

#[test]
fn messages_of_aws_open_with_raw_keys_or_are_refused() {
    let Some((vectors, manifest)) = aws_vectors() else { return };
    let folder = folder();
    let keys = json(&fs::read(vectors.join("keys.json")).expect("keys"));
    let aes = Command::new("base64").arg("-d").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().and_then(|mut child| {
        child.stdin.take().expect("stdin").write_all(keys["aes-256"]["material"].as_str().expect("key").as_bytes())?;
        child.wait_with_output()
    });
    fs::write(folder.path().join("aes"), aes.expect("base64").stdout).expect("written");
    let rsa = keys["rsa-4096-private"]["material"].as_str().expect("key");
    fs::write(folder.path().join("rsa"), format!("-----BEGIN PRIVATE KEY-----\n{rsa}\n-----END PRIVATE KEY-----\n")).expect("written");

    let mut opened = 0;
    for vector in manifest["tests"].as_array().expect("tests") {
        let (flag, file) = match vector["master_key"]["key"].as_str() {
            Some("aes-256") => ("--raw-aes-key", "aes"),
            Some("rsa-4096-private") => ("--private-key", "rsa"),
            _ => continue,
        };
        let message = vectors.join(vector["ciphertext"].as_str().expect("path"));
        let namespace = vector["master_key"]["provider-id"].as_str().expect("namespace");
        let arguments = |out| {
            let message = message.to_str().expect("path").to_owned();
            ["--json", "open", flag, file, "--key-namespace", namespace, "--unverified-origin", &message, "--out", out, "--force"]
                .map(str::to_owned)
        };
        let done = command(folder.path()).args(arguments("out")).output().expect("runs");
        if vector["message_version"] == "v2" {
            assert_eq!(done.status.code(), Some(0), "{vector}");
            let plaintext = fs::read(vectors.join(vector["plaintext"].as_str().expect("path"))).expect("plaintext");
            assert!(fs::read(folder.path().join("out")).expect("opened") == plaintext, "{vector}");
            fs::remove_file(folder.path().join("out")).expect("removed");
            opened += 1;
            if vector["algorithm_suite"] == "0578" {
                let plain: Vec<String> = arguments("-").into_iter().skip(1).collect();
                let piped = command(folder.path()).args(plain).output().expect("runs");
                assert_eq!((piped.status.code(), piped.stdout.len()), (Some(1), 0));
                assert!(text(&piped.stderr).contains("[signed-to-pipe]"));
            }
        } else {
            assert_eq!(done.status.code(), Some(1), "{vector}");
            assert!(!folder.path().join("out").exists());
        }
    }
    assert!(opened >= 3, "{opened}");
}
