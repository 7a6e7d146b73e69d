//! A place to run `sim-probe` under `nitro-sim`, and how to ask it.
#![allow(dead_code, reason = "each test that includes this module uses its part of it")]

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealroom_testkit::sim::{Enclave, Settings};
use tempfile::TempDir;

pub const NITRO_SIM: &str = env!("CARGO_BIN_EXE_nitro-sim");
const PROBE: &str = env!("CARGO_BIN_EXE_sim-probe");

/// A folder of its own, with a short path: a socket's path has at most 107 bytes.
pub struct Lab {
    pub settings: Settings,
    folder: TempDir,
}

impl Lab {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("ns").tempdir_in("/tmp").unwrap();
        let settings = Settings {
            folder: folder.path().to_owned(),
            config: folder.path().join("enclave.toml"),
            debug: false,
            root_folder: None,
            program: PathBuf::from(PROBE),
        };
        let lab = Self { settings, folder };
        lab.configure("version = 1\nparent_cid = 3\n");
        lab
    }

    pub fn configure(&self, text: &str) {
        std::fs::write(&self.settings.config, text).unwrap();
    }

    pub fn start(&self) -> Enclave {
        Enclave::start(Path::new(NITRO_SIM), &self.settings).unwrap()
    }

    /// The probe with a byte behind it, which changes nothing but its measurement.
    pub fn altered_program(&self) -> PathBuf {
        let mut program = std::fs::read(PROBE).unwrap();
        program.push(0);
        self.write_program("probe", &program)
    }

    pub fn write_program(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::metadata(PROBE).unwrap().permissions()).unwrap();
        path
    }

    /// `nitro-sim` with this lab's settings, to be run as it is.
    pub fn command(&self) -> Command {
        let settings = &self.settings;
        let mut command = Command::new(NITRO_SIM);
        command.arg("--dir").arg(&settings.folder).arg("--config").arg(&settings.config).arg("--").arg(&settings.program);
        command
    }
}

/// What `nitro-sim` says when it refuses to start.
pub fn refusal(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    String::from_utf8(output.stderr).unwrap()
}

pub fn ask(enclave: &Enclave, request: &str) -> String {
    let answer = ask_until_end(enclave, request);
    assert_ne!(answer, "", "no answer to {request}");
    answer
}

pub fn ask_until_end(enclave: &Enclave, request: &str) -> String {
    let mut stream = enclave.connect(5000).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
