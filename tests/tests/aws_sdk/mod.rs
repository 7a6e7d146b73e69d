//! AWS's own Encryption SDKs, told what to do with files of a stage. Used by the interop tests. Each runs many tasks in
//! one process: each start costs a second.
#![allow(dead_code, reason = "each test that includes this module uses its part of it")]

pub mod contents;
pub mod reader;

use std::path::Path;
use std::process::Command;

use sealroom_testkit::bins::node_modules;
use sealroom_testkit::stage::{Stage, succeed};
use serde_json::{Value, json};

/// One of AWS's SDKs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sdk {
    Python,
    JavaScript,
}

pub const SDKS: [Sdk; 2] = [Sdk::Python, Sdk::JavaScript];

impl Sdk {
    /// Has the SDK seal and open, in one process.
    pub fn run(self, stage: &Stage, profile: &str, tasks: &[Value]) {
        succeed(&mut self.batch(stage, profile, tasks));
    }

    /// The command that does it.
    pub fn batch(self, stage: &Stage, profile: &str, tasks: &[Value]) -> Command {
        let tasks = stage.write(&format!("tasks-{self:?}.json"), serde_json::to_vec(tasks).unwrap());
        let mut command = match self {
            Self::Python => stage.python(profile, "esdk.py"),
            Self::JavaScript => node(stage, profile, "esdk.mjs"),
        };
        command.arg("batch").arg(tasks);
        command
    }
}

/// As [`Sdk::run`], with the SDK for Python: where either would do.
pub fn run(stage: &Stage, profile: &str, tasks: &[Value]) {
    Sdk::Python.run(stage, profile, tasks);
}

/// A script of `tests/node`, against the mock KMS: what the command is told of AWS is what this SDK reads as well, but for
/// the certificate authority.
fn node(stage: &Stage, profile: &str, script: &str) -> Command {
    let mut command = Command::new("node");
    command.env_clear();
    command.envs(stage.sealroom(profile).get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("NODE_EXTRA_CA_CERTS", stage.path("kms/ca.pem")).env("NODE_PATH", node_modules());
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("node").join(script));
    command
}

/// The task of sealing a file of the stage; `context` is a JSON object of texts.
pub fn sealing(stage: &Stage, keyring: &str, input: &str, output: &str, suite: &str, frame_length: usize, context: &Value) -> Value {
    json!({
        "direction": "seal", "keyring": keyring, "input": stage.path(input), "output": stage.path(output),
        "suite": suite, "frame_length": frame_length, "context": context,
    })
}

/// The task of opening a file of the stage.
pub fn opening(stage: &Stage, keyring: &str, input: &str, output: &str) -> Value {
    json!({ "direction": "open", "keyring": keyring, "input": stage.path(input), "output": stage.path(output) })
}
