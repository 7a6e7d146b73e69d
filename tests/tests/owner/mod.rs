//! The owner of sealed payments, who may open them and has a second policy: the stage of the tests of `sealroom rebind`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use sealroom_shared::message::Header;
use sealroom_testkit::stage::payments::{Payments, key_policy};
use sealroom_testkit::stage::{Stage, succeed, text};
use serde_json::Value;

/// The owner's own Decrypt, which rebinding needs.
pub const OWNER_DECRYPTS: &str = r#"{"Sid":"OwnerRebinds","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/owner"},"Action":"kms:Decrypt","Resource":"*"}"#;

/// The owner of sealed payments, who may open them, and has a second policy: other bytes, the same terms.
pub struct Owner {
    pub payments: Payments,
    /// The second policy's file.
    pub to: PathBuf,
}

impl Owner {
    pub fn new(records: u32) -> Self {
        let payments = Payments::sealed(Stage::new(), records);
        payments.stage.put_key_policy(&payments.key_arn, &key_policy(OWNER_DECRYPTS));
        let text = fs::read_to_string(&payments.policy).unwrap();
        let to = payments.stage.write("policy-2.toml", format!("# the second one\n{text}"));
        Self { payments, to }
    }

    pub fn stage(&self) -> &Stage {
        &self.payments.stage
    }

    /// Another policy: the first one with `change` made to its text.
    pub fn policy(&self, name: &str, change: impl Fn(String) -> String) -> PathBuf {
        let text = fs::read_to_string(&self.payments.policy).unwrap();
        let changed = change(text.clone());
        assert_ne!(changed, text, "{name}: nothing changed");
        self.stage().write(name, changed)
    }

    /// `sealroom rebind` from the first policy to the second, without files.
    pub fn command(&self) -> Command {
        self.between(&self.payments.policy, &self.to)
    }

    pub fn between(&self, from: &PathBuf, to: &PathBuf) -> Command {
        let mut command = self.stage().sealroom("owner");
        command.arg("rebind").arg("--from").arg(from).arg("--to").arg(to);
        command
    }

    /// Rebinds a file of the stage and returns the report.
    pub fn rebind(&self, input: &str, output: &str) -> Value {
        let output = succeed(self.command().arg("--json").arg(self.stage().path(input)).arg("--out").arg(self.stage().path(output))).stdout;
        serde_json::from_slice(&output).unwrap()
    }

    /// The plaintext of a sealed file, with the owner's own Decrypt.
    pub fn plaintext(&self, sealed: &str) -> Vec<u8> {
        let mut command = self.stage().sealroom("owner");
        command.args(["open", "--kms", "--key-arn", &self.payments.key_arn, "--unverified-origin"]);
        succeed(command.arg(self.stage().path(sealed)).args(["--out", "-"])).stdout
    }

    pub fn header(&self, sealed: &str) -> Header {
        Header::parse(&fs::read(self.stage().path(sealed)).unwrap()).unwrap().unwrap().0
    }

    pub fn digest(&self, policy: &PathBuf) -> String {
        text(&succeed(self.stage().sealroom("owner").args(["policy", "digest"]).arg(policy)).stdout).trim().to_owned()
    }

    /// Calls that the owner has made to KMS.
    pub fn calls(&self) -> Vec<String> {
        let requests = self.stage().kms_requests();
        let owners = requests.iter().filter(|request| request["principal"].to_string().contains("owner"));
        owners.map(|request| request["operation"].as_str().unwrap().to_owned()).collect()
    }

    /// Runs a command that has to fail with this code after these calls to KMS, and leave nothing behind.
    pub fn refuses(&self, what: &str, code: &str, calls: &[&str], command: &mut Command) {
        let before = self.calls().len();
        let output = command.arg("--out").arg(self.stage().path("out")).arg("--json").output().unwrap();
        let said: Value = serde_json::from_slice(&output.stderr).unwrap_or_else(|_| panic!("{what}: {output:?}"));
        assert_eq!(said["error"]["code"], code, "{what}: {said}");
        assert!(said["error"]["help"].is_string() || code == "usage", "{what}: no help: {said}");
        assert_eq!(output.status.code(), Some(if code == "usage" { 2 } else { 1 }), "{what}");
        assert_eq!(self.calls()[before..], *calls, "{what}: calls to KMS");
        let mut left = fs::read_dir(self.stage().path("")).unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
        assert_eq!(left.find(|name| name.starts_with("out") || name.ends_with(".partial")), None, "{what}");
    }
}
