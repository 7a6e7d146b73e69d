//! The other tools: how each is started. Their scripts are in `tests/bench`.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::Settings;
use super::sealed::{NAME, NAMESPACE};

/// A Python script of `tests/bench`.
pub fn python(settings: &Settings, script: &str) -> Command {
    let mut command = Command::new(settings.python.join("bin/python"));
    command.arg(settings.scripts.join(script));
    command
}

/// The AWS Encryption SDK for JavaScript.
pub fn javascript(settings: &Settings, key: &Path, sealed: &Path) -> Command {
    let mut command = Command::new("node");
    command.env("NODE_PATH", settings.node.join("node_modules")).arg(settings.scripts.join("stream.cjs")).arg(key).arg(sealed);
    command
}

/// The shipped command, opening to standard output.
pub fn sealroom_open(key: &Path, sealed: &Path) -> Command {
    let mut command = Command::new(sealroom_testkit::bins::bin("sealroom"));
    command.args(["open", "--unverified-origin", "--key-namespace", NAMESPACE, "--key-name", NAME, "--raw-aes-key"]).arg(key);
    command.arg(sealed).args(["--out", "-"]);
    command
}

/// Runs a program that prepares something.
pub fn prepare(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// BLAKE3 of what a program prints.
pub fn digest(mut command: Command) -> Result<blake3::Hash> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().with_context(|| format!("{command:?}"))?;
    let mut hasher = blake3::Hasher::new();
    let read = hasher.update_reader(child.stdout.take().context("its output")?).map(|_| ());
    let status = child.wait()?;
    read?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(hasher.finalize())
}
