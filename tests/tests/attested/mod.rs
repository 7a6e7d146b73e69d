//! Attestation documents for the tests of the command: the made vectors, those of others where they are, and documents that a
//! software NSM makes. Each is given to the shipped command.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use aws_nitro_enclaves_nsm_api::api::{Request, Response};
use sealroom_testkit::bins::bin;
use sealroom_testkit::nsm::{Measurements, Root, SoftwareNsm};
use sealroom_testkit::stage::text;
use serde::Deserialize;
use serde_bytes::ByteBuf;
use serde_json::Value;

#[derive(Deserialize)]
pub struct MadeSet {
    pub verify_at_unix: u64,
    pub expected_pcr0: String,
    pub expected_pcr1: String,
    pub expected_pcr2: String,
    pub cases: Vec<MadeCase>,
}

#[derive(Deserialize)]
pub struct MadeCase {
    pub id: String,
    pub file: PathBuf,
    pub expect_with_mock_root: String,
}

impl MadeSet {
    pub fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/attestation/mock-ca")
    }

    pub fn root() -> PathBuf {
        Self::folder().join("mock-root.pem")
    }

    pub fn read() -> Self {
        serde_json::from_slice(&fs::read(Self::folder().join("manifest.json")).unwrap()).unwrap()
    }

    /// Under the set's root, at its time.
    pub fn command(&self, document: &Path, flags: &[&str]) -> Command {
        let mut command = command(document, flags);
        command.arg("--danger-trust-anchor").arg(Self::root()).args(["--at", &self.verify_at_unix.to_string()]);
        command
    }

    pub fn verify(&self, document: &Path, flags: &[&str]) -> Output {
        self.command(document, flags).arg("--json").output().unwrap()
    }
}

#[derive(Deserialize)]
pub struct OthersCase {
    pub file: PathBuf,
    pub mode: Option<String>,
}

impl OthersCase {
    pub fn path(&self) -> PathBuf {
        others_folder().join(&self.file)
    }

    pub fn is_tpm(&self) -> bool {
        self.mode.as_deref() == Some("nitrotpm")
    }
}

fn others_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors")
}

pub fn others(manifest: &str) -> Option<Vec<OthersCase>> {
    let Ok(bytes) = fs::read(others_folder().join("attestation").join(manifest)) else {
        println!("the folder of others' vectors is not here: not checked");
        return None;
    };
    Some(serde_json::from_slice(&bytes).unwrap())
}

/// A document that a software NSM has just made, or made some time ago, in a folder with its root and its measurements.
pub struct Live {
    folder: tempfile::TempDir,
}

impl Live {
    /// Made so long ago.
    pub fn new(debug: bool, ago: Duration) -> Self {
        let made = SystemTime::now() - ago;
        Self::made(debug, made, made)
    }

    /// Of an NSM that booted at one time, made at another.
    pub fn made(debug: bool, booted: SystemTime, made: SystemTime) -> Self {
        let image = Measurements::of(b"program", b"configuration");
        let root = Root::new(booted).unwrap();
        let live = Self { folder: tempfile::tempdir().unwrap() };
        live.write("nsm-root.pem", root.pem());
        live.write("pcrs.json", &image.to_json());
        let mut nsm = SoftwareNsm::new(root, &image, debug, booted).unwrap();
        let nonce: Vec<u8> = (0..8).collect();
        let request =
            Request::Attestation { public_key: None, user_data: Some(ByteBuf::from(vec![0xda, 0x7a])), nonce: Some(ByteBuf::from(nonce)) };
        let Response::Attestation { document } = nsm.process(request, made) else { panic!("no document") };
        fs::write(live.document(), document).unwrap();
        live
    }

    pub fn document(&self) -> PathBuf {
        self.folder.path().join("document.cbor")
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub fn write(&self, name: &str, content: &str) {
        fs::write(self.folder.path().join(name), content).unwrap();
    }

    pub fn command(&self, flags: &[&str]) -> Command {
        let mut command = command(&self.document(), flags);
        command.args(["--danger-trust-anchor", &self.path("nsm-root.pem")]);
        command
    }

    pub fn verify(&self, flags: &[&str]) -> Output {
        self.command(flags).arg("--json").output().unwrap()
    }
}

fn command(document: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(bin("sealroom"));
    command.args(["attestation", "verify"]).arg(document).args(flags);
    command
}

pub fn verify(document: &Path, flags: &[&str]) -> Output {
    command(document, flags).arg("--json").output().unwrap()
}

pub fn show(document: &Path) -> Output {
    Command::new(bin("sealroom")).args(["attestation", "show", "--json"]).arg(document).output().unwrap()
}

pub fn from_stdin(mut command: Command, bytes: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    child.wait_with_output().unwrap()
}

pub fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{error}: {}", text(bytes)))
}

/// The nonce of every [`Live`] document.
pub const NONCE: &str = "0001020304050607";
