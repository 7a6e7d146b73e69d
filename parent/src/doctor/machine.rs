//! The machine that `doctor` runs on: its files under a root folder (tests give another one) and its programs. Reads and
//! runs; writes nothing.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
    process::Stdio,
};

use sealroom_shared::address::EnclaveAddress;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
    time::timeout,
};

use super::STEP;

/// Files of the machine.
pub struct Machine {
    root: PathBuf,
}

/// The machine where it is, or should be, an enclave's parent; else why its checks make no sense.
pub type Instance<'a> = Result<&'a Machine, &'static str>;

impl Machine {
    /// The machine whose files begin at `root`.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Whether this machine should be able to run enclaves: where an enclave's vsock address is given, and on EC2.
    pub fn instance(&self, enclave: Option<&EnclaveAddress>) -> Instance<'_> {
        match enclave {
            Some(EnclaveAddress::Unix(_)) => Err("--enclave is a Unix socket: an enclave without an instance of its own"),
            Some(EnclaveAddress::Vsock { .. }) => Ok(self),
            None if self.is_ec2() || self.path("/dev/nitro_enclaves").exists() => Ok(self),
            None => Err("this machine is not an EC2 instance: run `sealroom doctor` on the enclave's parent"),
        }
    }

    /// Where a file of the machine lies.
    pub fn path(&self, absolute: &str) -> PathBuf {
        self.root.join(absolute.trim_start_matches('/'))
    }

    /// A small text file, at most [`FILE`] bytes of it.
    pub fn read(&self, absolute: &str) -> io::Result<String> {
        let mut text = String::new();
        File::open(self.path(absolute))?.take(FILE).read_to_string(&mut text)?;
        Ok(text)
    }

    fn is_ec2(&self) -> bool {
        self.read("/sys/devices/virtual/dmi/id/sys_vendor").is_ok_and(|vendor| vendor.trim() == "Amazon EC2")
    }
}

/// What a program said.
pub struct Said {
    /// It exited with 0.
    pub well: bool,
    /// Standard output.
    pub stdout: String,
    /// The last line of standard error, for a message.
    pub complaint: String,
}

/// Why a program said nothing.
#[derive(Debug, thiserror::Error)]
pub enum NotRun {
    /// No such program.
    #[error("not found on PATH")]
    Missing,
    /// It did not end in time.
    #[error("did not end within {} s", STEP.as_secs())]
    Late,
    /// It could not be started or read.
    #[error(transparent)]
    Io(io::Error),
}

/// Runs a program of PATH, without input and within [`STEP`].
pub async fn run(program: &str, arguments: &[&str]) -> Result<Said, NotRun> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => NotRun::Missing,
        _ => NotRun::Io(error),
    })?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let ended = async { tokio::try_join!(read(stdout), read(stderr), child.wait()) };
    let (stdout, stderr, status) = timeout(STEP, ended).await.map_err(|_| NotRun::Late)?.map_err(NotRun::Io)?;
    let complaint = stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned();
    Ok(Said { well: status.success(), stdout, complaint })
}

async fn read(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<String> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(OUTPUT).read_to_end(&mut bytes).await?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Bytes of one of the machine's own files: those that are read have a few lines.
const FILE: u64 = 64 * 1024;

/// Bytes of a program's output: `describe-enclaves` takes about 1 KiB for each of at most four enclaves.
const OUTPUT: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn program_that_does_not_end_is_given_up() {
        assert!(matches!(run("sleep", &["1000"]).await, Err(NotRun::Late)));
    }

    #[tokio::test]
    async fn program_that_fails_says_why() {
        let said = run("sh", &["-c", "echo out; echo one >&2; echo two >&2; exit 3"]).await.expect("it runs");
        assert_eq!((said.well, said.stdout.as_str(), said.complaint.as_str()), (false, "out\n", "two"));
        assert!(matches!(run("no-such-program-anywhere", &[]).await, Err(NotRun::Missing)));
    }

    #[test]
    fn only_an_instance_or_an_address_on_vsock_asks_for_an_instance() {
        let folder = tempfile::tempdir().expect("folder");
        let machine = Machine::new(folder.path().to_owned());
        let address = |text: &str| Some(text.parse().expect("an address"));
        let asked = |enclave: Option<EnclaveAddress>| machine.instance(enclave.as_ref()).is_ok();
        assert!(!asked(None) && !asked(address("unix:sock")) && asked(address("vsock://16:5000")));
        std::fs::create_dir_all(folder.path().join("sys/devices/virtual/dmi/id")).expect("folder");
        for (vendor, is_instance) in [("QEMU\n", false), ("Amazon EC2\n", true)] {
            std::fs::write(folder.path().join("sys/devices/virtual/dmi/id/sys_vendor"), vendor).expect("written");
            assert_eq!(asked(None), is_instance, "{vendor}");
        }
    }
}
