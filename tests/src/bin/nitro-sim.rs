//! `nitro-sim`: runs the unmodified enclave program without enclave hardware. See `sealroom_testkit::sim`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use sealroom_testkit::sim::{self, Settings};

/// Run the unmodified enclave program on this machine, without enclave hardware.
///
/// /dev/nsm is answered by a software NSM with a root of its own, vsock by Unix sockets in Firecracker's convention:
/// connect DIR/vsock.sock and write `CONNECT 5000\n` to reach the enclave's port 5000; listen at DIR/vsock.sock_8000 to
/// be the parent's port 8000. For tests only: nothing here protects anything.
///
/// In DIR: vsock.sock, nsm-root.pem (the trust anchor), pcrs.json (as `nitro-cli build-enclave` prints it) and
/// nsm-root.key, which stays, so that another start there has the same trust anchor. Prints `ready` once the enclave
/// listens. Exits with the enclave's code, or 128 + signal. Linux on x86_64 only; not under Docker's default seccomp
/// profile, which refuses AF_VSOCK.
#[derive(Parser)]
#[command(name = "nitro-sim", version, after_help = EXAMPLE)]
struct Arguments {
    /// Folder for the sockets and files; keep its path short (a socket's path has at most 107 bytes)
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The configuration, which the program finds at /etc/sealroom/enclave.toml; measured
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Run as a debug-mode enclave: PCR0 to PCR2 are zero in its documents
    #[arg(long)]
    debug: bool,
    /// Folder that keeps the root key [default: DIR]; two enclaves may share one
    #[arg(long, value_name = "OTHER")]
    nsm_root_dir: Option<PathBuf>,
    /// The enclave program; measured. It gets no arguments and no environment
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: PathBuf,
}

const EXAMPLE: &str = "Example:
  nitro-sim --dir sim --config enclave.toml -- target/x86_64-unknown-linux-musl/release/sealroom-enclave";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = Settings {
        folder: arguments.dir,
        config: arguments.config,
        debug: arguments.debug,
        root_folder: arguments.nsm_root_dir,
        program: arguments.program,
    };
    match sim::run(&settings) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("nitro-sim: {error}");
            ExitCode::FAILURE
        }
    }
}
