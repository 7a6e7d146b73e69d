//! The embedded harness: mock KMS, enclave under nitro-sim and proxy, each the shipped binary in a process of its own,
//! all in one folder and gone with it. Used by the end-to-end tests; what it can't start fails the test.

pub mod payments;
mod process;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::bins::bin;
pub use process::Process;

/// The host name that keys of this stage answer under.
pub const KMS_HOST: &str = "kms.eu-central-1.amazonaws.com";

/// A folder with a mock KMS and one image's worth of configuration.
pub struct Stage {
    folder: tempfile::TempDir,
    kms: Process,
    kms_address: String,
}

/// An enclave under nitro-sim and the parent's proxy for it.
pub struct RunningEnclave {
    /// Where `submit` reaches it.
    pub address: String,
    /// The image's measurements, as nitro-cli prints them.
    pub measurements: PathBuf,
    /// The software NSM's root.
    pub nsm_root: PathBuf,
    /// The enclave's process tree; ends with this value.
    pub simulator: Process,
    /// The parent's proxy; ends with this value.
    pub proxy: Process,
}

/// What differs between two enclaves of one stage.
#[derive(Default)]
pub struct Variant<'a> {
    /// Zero PCRs, as `nitro-cli run-enclave --debug-mode`.
    pub debug: bool,
    /// Another program than the shipped one.
    pub program: Option<&'a Path>,
    /// Changes to the measured configuration's text.
    pub configuration: Option<&'a dyn Fn(String) -> String>,
    /// Another address that the relay connects to in place of KMS.
    pub relay_to: Option<&'a str>,
}

impl Stage {
    /// Starts a mock KMS in a new folder.
    #[must_use]
    pub fn new() -> Self {
        Self::with_kms_arguments(&[])
    }

    /// As [`Stage::new`], with further arguments for the mock KMS, such as faults.
    #[must_use]
    pub fn with_kms_arguments(arguments: &[&str]) -> Self {
        // Unix socket paths are short; so is this one.
        let folder = tempfile::Builder::new().prefix("sealroom").tempdir_in("/tmp").expect("a folder under /tmp");
        let (kms, kms_address) = start_kms(&folder.path().join("kms"), &folder.path().join("sim/nsm-root.pem"), arguments);
        Self { folder, kms, kms_address }
    }

    /// Ends the mock KMS and starts it again on its folder, with other arguments.
    pub fn restart_kms(&mut self, arguments: &[&str]) {
        self.kms.end();
        (self.kms, self.kms_address) = start_kms(&self.path("kms"), &self.path("sim/nsm-root.pem"), arguments);
    }

    /// A path in the stage's folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the stage's folder.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, contents).expect("a file in the stage's folder");
        path
    }

    /// Reads a text file of the stage's folder.
    #[must_use]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The mock KMS's requests, one JSON object each, in order.
    #[must_use]
    pub fn kms_requests(&self) -> Vec<serde_json::Value> {
        self.read("kms/requests.log").lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// Where the mock KMS listens.
    #[must_use]
    pub fn kms_address(&self) -> &str {
        &self.kms_address
    }

    /// Starts the enclave of a variant, with its proxy. One at a time: they share the sockets' folder.
    #[must_use]
    pub fn start_enclave(&self, variant: &Variant<'_>) -> RunningEnclave {
        let folder = self.path("sim");
        let shipped = include_str!("../../../enclave/enclave.toml");
        let (before, rest) = shipped.split_once("trust_anchors = \"\"\"").expect("the shipped configuration");
        let (_, after) = rest.split_once("\"\"\"").expect("the shipped configuration");
        let text = format!("{before}trust_anchors = \"\"\"\n{}\"\"\"{after}", self.read("kms/ca.pem"));
        let configuration = self.write("enclave.toml", variant.configuration.map_or(text.clone(), |change| change(text)));

        let shipped_program = bin("sealroom-enclave");
        let mut command = Command::new(bin("nitro-sim"));
        command.arg("--dir").arg(&folder).arg("--config").arg(configuration);
        if variant.debug {
            command.arg("--debug");
        }
        command.arg("--").arg(variant.program.unwrap_or(&shipped_program));
        let simulator = Process::start("nitro-sim", command);
        simulator.wait_for("ready");

        let relay_to = variant.relay_to.unwrap_or(&self.kms_address);
        let mut command = self.sealroom("operator");
        command.arg("proxy").arg("--unix").arg(folder.join("vsock.sock"));
        command.args(["--allow", &format!("{KMS_HOST}:443"), "--connect", &format!("{KMS_HOST}:443={relay_to}")]);
        let proxy = Process::start("proxy", command);
        proxy.wait_for("ready");
        RunningEnclave {
            address: format!("unix:{}", folder.join("vsock.sock").display()),
            measurements: folder.join("pcrs.json"),
            nsm_root: folder.join("nsm-root.pem"),
            simulator,
            proxy,
        }
    }

    /// The shipped `sealroom`, as somebody with this profile's credentials runs it.
    #[must_use]
    pub fn sealroom(&self, profile: &str) -> Command {
        let mut command = Command::new(bin("sealroom"));
        self.as_profile(&mut command, profile);
        command
    }

    /// AWS's own command line, against the mock KMS.
    #[must_use]
    pub fn aws(&self, profile: &str) -> Command {
        let mut command = Command::new(crate::bins::python("aws"));
        self.as_profile(&mut command, profile);
        command
    }

    /// A Python script of `tests/python`, against the mock KMS.
    #[must_use]
    pub fn python(&self, profile: &str, script: &str) -> Command {
        let mut command = Command::new(crate::bins::python("python"));
        self.as_profile(&mut command, profile);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(script));
        command
    }

    /// Creates a KMS key with this key policy and returns its ARN.
    #[must_use]
    pub fn create_key(&self, policy: &str) -> String {
        let output =
            succeed(self.aws("admin").args(["kms", "create-key", "--query", "KeyMetadata.Arn", "--output", "text", "--policy", policy]));
        text(&output.stdout).trim().to_owned()
    }

    /// Gives a key another key policy.
    pub fn put_key_policy(&self, arn: &str, policy: &str) {
        succeed(self.aws("admin").args(["kms", "put-key-policy", "--policy-name", "default", "--key-id", arn, "--policy", policy]));
    }

    fn as_profile(&self, command: &mut Command, profile: &str) {
        command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", self.folder.path())
            .env("AWS_SHARED_CREDENTIALS_FILE", self.path("kms/credentials"))
            .env("AWS_CONFIG_FILE", self.path("no-config"))
            .env("AWS_PROFILE", profile)
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_DEFAULT_REGION", "eu-central-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CA_BUNDLE", self.path("kms/ca.pem"))
            .env("AWS_ENDPOINT_URL_KMS", format!("https://{}", self.kms_address))
            .env("AWS_PAGER", "");
    }
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

fn start_kms(folder: &Path, nsm_root: &Path, arguments: &[&str]) -> (Process, String) {
    let mut command = Command::new(bin("sealroom-mock-kms"));
    command.arg("--dir").arg(folder).args(["--listen", "127.0.0.1:0"]).arg("--nsm-root").arg(nsm_root).args(arguments);
    let kms = Process::start("mock-kms", command);
    let address = kms.wait_for("listening ");
    kms.wait_for("ready");
    (kms, address)
}

/// Runs a command that has to succeed.
pub fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}\n{}{}", output.status, text(&output.stdout), text(&output.stderr));
    output
}

/// Runs a command that has to fail with exit code 1, and returns what it says on stderr.
pub fn refused(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert_eq!(output.status.code(), Some(1), "{command:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stderr)
}

/// Bytes as text.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
