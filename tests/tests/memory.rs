//! The enclave's memory does not depend on the input's size: 1 GiB goes through in under 64 MiB, with one KMS Decrypt.

use std::fs;
use std::process::{Command, Stdio};

use sealroom_testkit::bins::bin;
use sealroom_testkit::stage::payments::Payments;
use sealroom_testkit::stage::{RunningEnclave, Stage, succeed};

/// The most memory that the enclave's process ever had resident, in KiB.
fn peak(enclave: &RunningEnclave) -> u64 {
    let simulator = enclave.simulator.id();
    let children = fs::read_to_string(format!("/proc/{simulator}/task/{simulator}/children")).unwrap();
    let child = children.split_whitespace().next().expect("nitro-sim has one child, the enclave");
    let status = fs::read_to_string(format!("/proc/{child}/status")).unwrap();
    assert!(status.starts_with("Name:\tsealroom-enclav"), "{status}");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_gibibyte_goes_through_in_less_than_64_mebibytes() {
    let payments = Payments::with_policy(Stage::new(), 300, |policy| policy.replace("max_records = 1000000", "max_records = 100000000"));
    let enclave = payments.start_trusted_enclave();
    succeed(&mut payments.submit(&enclave));
    let small = peak(&enclave);
    fs::remove_file(payments.stage.path("out.sealed")).unwrap();
    fs::remove_file(payments.stage.path("out.receipt.json")).unwrap();

    // About 253 bytes a record.
    let mut records = Command::new(bin("make-transactions")).args(["--count", "4300000"]).stdout(Stdio::piped()).spawn().unwrap();
    let large = payments.seal_stream(records.stdout.take().unwrap(), "large.sealed");
    assert!(records.wait().unwrap().success());
    assert!(large >= 1 << 30, "{large} bytes");
    let before = payments.stage.kms_requests().len();
    succeed(&mut payments.submit_files(&enclave, "policy.toml", "job.toml", "large.sealed"));
    let decrypts = payments.stage.kms_requests().len() - before;
    assert_eq!(decrypts, 2, "one Decrypt for the sealed file, one for the token key");
    let peak = peak(&enclave);
    println!("enclave's peak resident memory: {small} KiB after 75 KB of input, {peak} KiB after {large} bytes");
    assert!(peak < 64 * 1024, "{peak} KiB");
}
