//! AWS's own Encryption SDK, told what to do with files of a stage. Used by the interop tests. It runs many tasks in one
//! process: each start costs a second.

use sealroom_testkit::stage::{Stage, succeed};
use serde_json::{Value, json};

/// Has AWS's SDK seal and open, in one process.
pub fn run(stage: &Stage, profile: &str, tasks: &[Value]) {
    stage.write("tasks.json", serde_json::to_vec(tasks).unwrap());
    succeed(stage.python(profile, "esdk.py").arg("batch").arg(stage.path("tasks.json")));
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
