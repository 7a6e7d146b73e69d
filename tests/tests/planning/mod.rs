//! `sealroom plan` as the tests run it.

use std::path::PathBuf;
use std::process::{Command, Output};

use sealroom_testkit::bins::bin;
use sealroom_testkit::stage::text;
use serde_json::Value;

/// `sealroom plan --json`; no credentials, no network, nothing of the stage but its files.
pub fn plan(policy: PathBuf, job: PathBuf, arguments: &[&str]) -> Output {
    let mut command = Command::new(bin("sealroom"));
    command.env_clear().args(["plan", "--json", "--policy"]).arg(policy).arg("--job").arg(job).args(arguments);
    command.output().unwrap()
}

/// Its result.
pub fn told(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)))
}

/// The failure among what was said on standard error.
pub fn error_of(stderr: &str) -> Value {
    let error: Value =
        stderr.lines().rev().find_map(|line| serde_json::from_str(line).ok()).unwrap_or_else(|| panic!("no error: {stderr}"));
    error["error"].clone()
}
