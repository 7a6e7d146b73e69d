//! For tests: an enclave under `nitro-sim`, from outside, as a host sees it.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Settings;
use super::host::port_path;

/// A running `nitro-sim`. It is ended on drop, and the enclave with it.
pub struct Enclave {
    process: Child,
    /// None once a thread of its own reads it.
    stdout: Option<BufReader<ChildStdout>>,
    folder: PathBuf,
}

impl Enclave {
    /// Starts `nitro_sim` (the binary) with `settings` and waits until the enclave listens.
    ///
    /// Fails if it ends before that; what it wrote to stderr is on the test's own stderr.
    pub fn start(nitro_sim: &Path, settings: &Settings) -> io::Result<Self> {
        let mut enclave = Self::spawn(nitro_sim, settings)?;
        match enclave.wait_for("ready")? {
            true => {
                enclave.drain();
                Ok(enclave)
            }
            false => Err(io::Error::other(format!("nitro-sim ended before its enclave listened: {}", enclave.process.wait()?))),
        }
    }

    /// Starts it and does not wait.
    pub fn spawn(nitro_sim: &Path, settings: &Settings) -> io::Result<Self> {
        let mut command = Command::new(nitro_sim);
        command.arg("--dir").arg(&settings.folder).arg("--config").arg(&settings.config);
        if settings.debug {
            command.arg("--debug");
        }
        if let Some(folder) = &settings.root_folder {
            command.arg("--nsm-root-dir").arg(folder);
        }
        let mut process = command.arg("--").arg(&settings.program).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { process, stdout: Some(BufReader::new(stdout)), folder: settings.folder.clone() })
    }

    /// Reads standard output up to the line `wanted`; false at its end. After [`Self::start`] there is nothing to read.
    pub fn wait_for(&mut self, wanted: &str) -> io::Result<bool> {
        let Some(stdout) = &mut self.stdout else { return Ok(false) };
        let mut line = String::new();
        while stdout.read_line(&mut line)? > 0 {
            if line.trim_end() == wanted {
                return Ok(true);
            }
            line.clear();
        }
        Ok(false)
    }

    /// A full pipe would stop the enclave: what it still says goes to the test's own stderr.
    fn drain(&mut self) {
        if let Some(mut stdout) = self.stdout.take() {
            thread::spawn(move || io::copy(&mut stdout, &mut io::stderr()));
        }
    }

    /// Connects to a port of the enclave. A port without a listener is UnexpectedEof.
    pub fn connect(&self, port: u32) -> io::Result<UnixStream> {
        let mut stream = UnixStream::connect(self.socket())?;
        stream.write_all(format!("CONNECT {port}\n").as_bytes())?;
        let mut line = Vec::new();
        // Byte by byte: what follows the line belongs to the caller.
        while line.last() != Some(&b'\n') {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            line.extend(byte);
        }
        if line.starts_with(b"OK ") { Ok(stream) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// Listens as the parent at `port`, for the enclave to connect.
    pub fn parent_port(&self, port: u32) -> io::Result<UnixListener> {
        UnixListener::bind(port_path(&self.socket(), port))
    }

    /// `vsock.sock`, the enclave's address in `unix:PATH` form.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join("vsock.sock")
    }

    /// The trust anchor in PEM.
    pub fn root_pem(&self) -> io::Result<String> {
        fs::read_to_string(self.folder.join("nsm-root.pem"))
    }

    /// `pcrs.json`.
    pub fn measurements(&self) -> io::Result<String> {
        fs::read_to_string(self.folder.join("pcrs.json"))
    }

    /// The process id of `nitro-sim`, to send it a signal.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.process.wait()
    }
}

impl Drop for Enclave {
    /// Asks it to end, so that it can collect its enclave; one that does not is killed, and the enclave with it.
    fn drop(&mut self) {
        if let (Ok(None), Ok(id)) = (self.process.try_wait(), libc::pid_t::try_from(self.process.id())) {
            // SAFETY: no pointers; the process is ours and not yet waited for, so the number is still its own.
            unsafe { libc::kill(id, libc::SIGTERM) };
        }
        let deadline = Instant::now() + END_DEADLINE;
        while matches!(self.process.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(2));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const END_DEADLINE: Duration = Duration::from_secs(5);
