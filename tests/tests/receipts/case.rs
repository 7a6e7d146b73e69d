//! The files around one receipt of a real job, each under its flag; and events of CloudTrail made from the mock KMS's log.
#![allow(dead_code, reason = "each test that includes this module uses its part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealroom_testkit::bins::{python, workspace};
use sealroom_testkit::stage::{RunningEnclave, Stage, succeed};
use serde_json::{Value, json};

use super::{Verdict, verdict, verify};

/// What an auditor has: a receipt and the files around it, each under its flag.
pub struct Case {
    folder: PathBuf,
    pub receipt: PathBuf,
    pub measurements: PathBuf,
    pub root: PathBuf,
    pub files: Vec<(&'static str, PathBuf)>,
}

impl Case {
    pub fn new(stage: &Stage, enclave: &RunningEnclave, receipt: &str, files: &[(&'static str, &str)]) -> Self {
        Self {
            folder: stage.path(""),
            receipt: stage.path(receipt),
            measurements: enclave.measurements.clone(),
            root: enclave.nsm_root.clone(),
            files: files.iter().map(|(flag, name)| (*flag, stage.path(name))).collect(),
        }
    }

    pub fn alone(&self) -> Command {
        verify(&self.receipt, &self.measurements, &self.root)
    }

    /// With every file.
    pub fn whole(&self) -> Command {
        let mut command = self.alone();
        for (flag, path) in &self.files {
            command.arg(flag).arg(path);
        }
        command
    }

    /// With every file, one of which was changed.
    pub fn altered(&self, path: &Path, change: impl Fn(&mut Vec<u8>)) -> Verdict {
        let mut bytes = fs::read(path).unwrap();
        change(&mut bytes);
        let altered = self.folder.join("altered");
        fs::write(&altered, bytes).unwrap();
        let receipt = if path == self.receipt { &altered } else { &self.receipt };
        let mut command = verify(receipt, &self.measurements, &self.root);
        for (flag, file) in &self.files {
            command.arg(flag).arg(if file == path { &altered } else { file });
        }
        verdict(command)
    }

    pub fn fits_the_schema(&self) {
        let mut command = Command::new(python("python"));
        command.arg(workspace().join("tests/python/receipt_schema.py")).arg(workspace().join("docs/receipt.schema.json"));
        succeed(command.arg(&self.receipt));
    }
}

pub fn with(mut command: Command, arguments: &[&dyn AsRef<std::ffi::OsStr>]) -> Verdict {
    command.args(arguments.iter().map(|argument| argument.as_ref()));
    verdict(command)
}

pub fn flip(place: usize) -> impl Fn(&mut Vec<u8>) {
    move |bytes| bytes[place] ^= 1 << (place % 8)
}

/// One event as CloudTrail writes it, from what the mock KMS has logged.
pub fn event(logged: &Value, index: usize) -> Value {
    let base64 = |hex: &Value| {
        let digits = hex.as_str().unwrap();
        let bytes: Vec<u8> = (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)
    };
    let mut event = json!({
        "eventVersion": "1.08", "eventSource": "kms.amazonaws.com", "eventName": logged["operation"], "eventTime": logged["time"],
        "userIdentity": { "type": "AssumedRole", "arn": logged["principal"] }, "eventID": format!("event-{index}"),
        "requestID": logged["request_id"], "resources": [{ "ARN": logged["key_arn"], "type": "AWS::KMS::Key" }],
        "requestParameters": { "keyId": logged["key_arn"] }, "responseElements": null, "additionalEventData": null,
    });
    if logged["outcome"] != "ok" {
        event["errorCode"] = json!("AccessDenied");
    }
    if logged["attested"] == true {
        let mut recipient = json!({ "attestationDocumentModuleId": logged["module_id"] });
        recipient["attestationDocumentEnclaveImageDigest"] = json!(base64(&logged["pcrs"]["0"]));
        for index in ["1", "2", "3", "4"] {
            recipient[format!("attestationDocumentEnclavePCR{index}")] = json!(base64(&logged["pcrs"][index]));
        }
        recipient["attestationDocumentEnclavePCR8"] = json!("A".repeat(64));
        event["additionalEventData"] = json!({ "recipient": recipient });
    }
    event
}
