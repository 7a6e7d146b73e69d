//! What tests of receipts share: running `sealroom verify`, what its verdict says, and receipts that the software NSM signs.
#![allow(dead_code, reason = "each test that includes this module uses its part of it")]

pub mod case;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use aws_nitro_enclaves_nsm_api::api::{Request, Response};
use sealroom_shared::digest::Sha384Digest;
use sealroom_shared::receipt::{Attested, NamedDigest, Receipt, Statement};
use sealroom_testkit::bins::bin;
use sealroom_testkit::nsm::{Measurements, Root, SoftwareNsm};
use sealroom_testkit::stage::text;
use serde_bytes::ByteBuf;
use serde_json::Value;

/// A software NSM with its own root, at a time of its own.
pub struct Nsm {
    nsm: SoftwareNsm,
    pub root_pem: String,
    now: SystemTime,
}

/// What one request asks to have attested.
#[derive(Default, Clone)]
pub struct About {
    pub public_key: Option<Vec<u8>>,
    pub user_data: Option<Vec<u8>>,
    pub nonce: Option<Vec<u8>>,
}

impl Nsm {
    /// Its certificates are made at this time: `seconds` since 1970.
    pub fn at(seconds: u64, debug: bool) -> Self {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let root = Root::new(now).unwrap();
        let root_pem = root.pem().to_owned();
        Self { nsm: SoftwareNsm::new(root, &image(), debug, now).unwrap(), root_pem, now }
    }

    /// A document for anything.
    pub fn attest(&mut self, about: &About) -> Vec<u8> {
        let field = |bytes: &Option<Vec<u8>>| bytes.clone().map(ByteBuf::from);
        let request =
            Request::Attestation { user_data: field(&about.user_data), nonce: field(&about.nonce), public_key: field(&about.public_key) };
        match self.nsm.process(request, self.now) {
            Response::Attestation { document } => document,
            other => unreachable!("{other:?}"),
        }
    }

    /// A receipt as an enclave makes it.
    pub fn receipt(&mut self, statement: &[u8]) -> Vec<u8> {
        let user_data = Some(sealroom_shared::receipt::user_data_of(statement).as_bytes().to_vec());
        let document = self.attest(&About { user_data, nonce: Some(vec![7; 32]), public_key: None });
        Receipt { statement: statement.to_vec(), document }.to_file()
    }
}

pub fn image() -> Measurements {
    Measurements::of(b"program", b"configuration")
}

/// A short statement of nothing in particular.
pub fn statement() -> Vec<u8> {
    let digest = Sha384Digest::of(b"");
    let statement = Statement {
        version: Statement::VERSION,
        enclave: "0.1.0".into(),
        policy: NamedDigest { name: "p".into(), digest },
        job: NamedDigest { name: "records".into(), digest },
        inputs: vec![],
        token_keys: vec![],
        outputs: vec![],
        kms_requests: vec![],
        attested: Attested { authorized: 1, finished: 2 },
        counts: None,
    };
    statement.to_canonical().unwrap()
}

/// A folder with a receipt, measurements and a root, and the command that verifies them.
pub struct Auditor {
    pub folder: tempfile::TempDir,
}

impl Auditor {
    pub fn new(receipt: &[u8], root_pem: &str) -> Self {
        let auditor = Self { folder: tempfile::tempdir().unwrap() };
        auditor.write("receipt.json", receipt);
        auditor.write("pcrs.json", image().to_json());
        auditor.write("root.pem", root_pem);
        auditor
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// `sealroom verify` with measurements and the root.
    pub fn verify(&self) -> Verdict {
        let path = |name: &str| self.folder.path().join(name);
        verdict(verify(&path("receipt.json"), &path("pcrs.json"), &path("root.pem")))
    }
}

/// The shipped command, without network, credentials or anything else in its environment.
pub fn verify(receipt: &Path, measurements: &Path, root: &Path) -> Command {
    let mut command = Command::new(bin("sealroom"));
    command.env_clear().arg("verify").arg(receipt).arg("--measurements").arg(measurements).arg("--danger-trust-anchor").arg(root);
    command
}

/// What `sealroom verify --json` says.
pub struct Verdict {
    pub code: Option<i32>,
    pub report: Value,
    pub error: Value,
}

/// Runs a command with `--json`.
pub fn verdict(mut command: Command) -> Verdict {
    let Output { status, stdout, stderr } = command.arg("--json").output().unwrap();
    let error = text(&stderr).lines().rev().find_map(|line| serde_json::from_str(line).ok()).unwrap_or(Value::Null);
    Verdict { code: status.code(), report: serde_json::from_slice(&stdout).unwrap_or(Value::Null), error }
}

impl Verdict {
    /// Names of the lines with this outcome.
    pub fn lines(&self, outcome: &str) -> Vec<String> {
        let checks = self.report["checks"].as_array().unwrap_or_else(|| panic!("{} {}", self.report, self.error));
        checks.iter().filter(|line| line["outcome"] == outcome).map(|line| line["check"].as_str().unwrap().to_owned()).collect()
    }

    /// The line's detail.
    pub fn detail(&self, check: &str) -> String {
        let checks = self.report["checks"].as_array().unwrap();
        let line = checks.iter().find(|line| line["check"] == check).unwrap_or_else(|| panic!("{check}: {}", self.report));
        line["detail"].as_str().unwrap().to_owned()
    }

    pub fn is_verified(&self) -> bool {
        assert_eq!(self.code == Some(0), self.report["verified"] == true, "{} {}", self.report, self.error);
        self.code == Some(0)
    }

    /// Refused, at this line and no other.
    #[track_caller]
    pub fn fails_at(&self, line: &str) {
        assert_eq!(self.lines("failed"), [line], "{} {}", self.report, self.error);
        assert_eq!((self.code, &self.report["verified"]), (Some(1), &Value::Bool(false)));
        assert_eq!(self.error["error"]["code"], "receipt", "{}", self.error);
        let message = self.error["error"]["message"].as_str().unwrap();
        assert!(message.contains(&format!("is refused: {line}: ")), "{message}");
        let failed = self.report["checks"].as_array().unwrap().iter().find(|check| check["outcome"] == "failed").unwrap();
        assert!(failed["mend"].is_string() && failed["mend"] == self.error["error"]["help"], "{failed} {}", self.error);
    }

    /// What a line that failed says to do.
    pub fn mend(&self) -> &str {
        self.error["error"]["help"].as_str().unwrap()
    }

    /// The command line cannot be meant.
    #[track_caller]
    pub fn is_usage(&self, words: &str) {
        assert_eq!(self.code, Some(2), "{} {}", self.report, self.error);
        let message = self.error["error"]["message"].as_str().unwrap();
        assert!(self.error["error"]["code"] == "usage" && message.contains(words), "{message}");
    }
}
