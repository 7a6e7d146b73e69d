//! The scripts for a real EC2 instance, as far as this machine goes: with stand-ins for docker and nitro-cli on PATH, they
//! pass the right arguments, write what nitro-cli prints, and leave nothing half-written or half-started.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use sealroom_shared::measurements::Measurements;
use sealroom_testkit::bins::{bin, workspace};
use sealroom_testkit::stage::text;
use tempfile::TempDir;

const PCR: &str = "ab";

/// Commands of this name write their arguments to `calls` and then run `body`.
fn stand_in(folder: &Path, name: &str, body: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\necho \"{name} $*\" >>\"{}\"\n{body}\n", folder.join("calls").display())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn script(folder: &Path, name: &str, arguments: &[&str]) -> Output {
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    Command::new(workspace().join("scripts").join(name)).args(arguments).env("PATH", path).output().unwrap()
}

fn calls(folder: &Path) -> String {
    fs::read_to_string(folder.join("calls")).unwrap_or_default()
}

/// As nitro-cli prints: lines for people, then JSON; it writes the image where it is told.
fn building(pcr2: &str) -> String {
    let pcr = PCR.repeat(48);
    format!(
        r#"while [ $# -gt 0 ]; do [ "$1" = --output-file ] && echo eif >"$2"; shift; done
echo "Start building the Enclave Image..." >&2
echo "Using the locally available Docker image..."
echo '{{"Measurements": {{"HashAlgorithm": "Sha384 {{ ... }}", "PCR0": "{pcr}", "PCR1": "{pcr}", "PCR2": "{pcr2}"}}}}'"#
    )
}

#[test]
fn build_enclave_writes_the_image_and_its_measurements() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("image");
    stand_in(folder.path(), "docker", "");
    stand_in(folder.path(), "nitro-cli", &building(&PCR.repeat(48)));
    let output = script(folder.path(), "build-enclave.sh", &["--out", out.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let measurements = Measurements::from_nitro_cli(&fs::read_to_string(out.join("pcrs.json")).unwrap()).unwrap();
    assert_eq!(measurements.pcr(0).unwrap().hex(), PCR.repeat(48));
    assert!(out.join("sealroom.eif").is_file());
    let calls = calls(folder.path());
    assert!(calls.contains("docker build --file Dockerfile.enclave --build-arg CONFIG=enclave/enclave.toml"), "{calls}");
    assert!(calls.contains("nitro-cli build-enclave --docker-uri sealroom-enclave:latest"), "{calls}");
    assert!(!calls.contains("debug"), "{calls}");

    // An image whose measurements are not all there replaces nothing.
    stand_in(folder.path(), "nitro-cli", &building("short"));
    let before = fs::read_to_string(out.join("pcrs.json")).unwrap();
    let output = script(folder.path(), "build-enclave.sh", &["--out", out.to_str().unwrap()]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("PCR2"), "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(out.join("pcrs.json")).unwrap(), before);
    assert_eq!(fs::read_to_string(out.join("sealroom.eif")).unwrap(), "eif\n");
}

#[test]
fn run_enclave_runs_in_production_mode_and_ends_an_enclave_that_does_not_answer() {
    let folder = TempDir::new().unwrap();
    let eif = folder.path().join("sealroom.eif");
    fs::write(&eif, "eif").unwrap();
    fs::copy(bin("sealroom"), folder.path().join("sealroom")).unwrap();
    stand_in(
        folder.path(),
        "nitro-cli",
        r#"[ "$1" = run-enclave ] && echo '{"EnclaveName": "sealroom", "EnclaveID": "i-1-enc2", "EnclaveCID": 16}'"#,
    );
    // No vsock peer has this context id here, so nothing answers.
    let arguments = ["--eif", eif.to_str().unwrap(), "--cid", "4000000000", "--cpus", "2", "--memory", "600", "--wait", "0"];
    let output = script(folder.path(), "run-enclave.sh", &arguments);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("did not answer"), "{}", text(&output.stderr));
    let calls = calls(folder.path());
    assert!(calls.contains("nitro-cli run-enclave --eif-path") && calls.contains("--cpu-count 2 --memory 600"), "{calls}");
    assert!(calls.contains("nitro-cli terminate-enclave --enclave-id i-1-enc2"), "{calls}");
    assert!(!calls.contains("debug"), "{calls}");

    let output = script(folder.path(), "run-enclave.sh", &["--eif", "no-such.eif"]);
    assert!(text(&output.stderr).contains("build-enclave.sh"), "{}", text(&output.stderr));
    let output = script(folder.path(), "run-enclave.sh", &["--debug-mode"]);
    assert!(text(&output.stderr).contains("unknown option"), "{}", text(&output.stderr));
}
