//! Running the `sealroom` command from outside, in a folder of its own. Shared by the tests of the command.

#![allow(dead_code, reason = "each file of tests uses a part of it")]

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

/// Runs to the end.
pub fn sealroom(folder: &Path, arguments: &[&str]) -> Output {
    command(folder).args(arguments).stdin(Stdio::null()).output().expect("runs")
}

/// The command in `folder`, with nothing of AWS's configuration from around the test.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealroom"));
    command.current_dir(folder).env_clear().env("HOME", folder).env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

/// An empty folder.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("folder")
}

/// What was printed.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// What was printed, as one JSON value.
pub fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| panic!("not one JSON value: {}", text(bytes)))
}

/// What is in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
