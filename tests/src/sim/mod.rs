//! `nitro-sim`: runs the unmodified enclave program on any Linux, with the software NSM behind `/dev/nsm` and Unix
//! sockets behind `AF_VSOCK`, by answering the program's system calls under seccomp user notification.
//!
//! The program under test neither knows nor cooperates; nothing of this is in it. It is a test tool and never a
//! security boundary: a program that wants out gets out. x86_64 Linux only.
//!
//! | module | does |
//! |---|---|
//! | `filter` | which system calls stop and ask |
//! | `child` | starts the program under that filter |
//! | `notification`, `memory` | one stopped call; what its arguments point at |
//! | `devices` | `/dev/nsm`, the entropy ioctls, the configuration file |
//! | `table`, `vsock`, `address`, `process` | the program's vsock sockets |
//! | `host` | the Unix socket that stands for the enclave's CID, in Firecracker's convention |
//! | `launch` | for tests: starts nitro-sim itself and talks to it |
//! | `supervisor`, `poll`, `sys` | the loop that ties them together, and its system calls |

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("nitro-sim knows the system calls of Linux on x86_64 only");

mod address;
mod child;
mod devices;
mod error;
mod filter;
mod host;
mod launch;
mod memory;
mod notification;
mod poll;
mod process;
mod supervisor;
mod sys;
mod table;
mod vsock;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use toml::de::DeTable;

use crate::nsm::{Measurements, Root, SoftwareNsm};

pub use self::error::SimError;
pub use self::launch::Enclave;

use self::child::Child;
use self::devices::Devices;
use self::host::HostSide;
use self::supervisor::Supervisor;

/// What to run and where.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder for `vsock.sock`, `nsm-root.pem` and `pcrs.json`; made if absent.
    pub folder: PathBuf,
    /// The file that the program finds at `/etc/sealroom/enclave.toml`.
    pub config: PathBuf,
    /// Run as a debug-mode enclave: PCR0 to PCR2 are zero in documents.
    pub debug: bool,
    /// Folder that keeps the root key; `folder` if absent.
    pub root_folder: Option<PathBuf>,
    /// The enclave program.
    pub program: PathBuf,
}

/// Runs the enclave until it ends and gives the code to exit with: its own, or 128 + signal.
///
/// To be called from the main thread: the enclave is killed when the calling thread ends.
pub fn run(settings: &Settings) -> Result<u8, SimError> {
    refuse_hostile_container()?;
    let program = read(&settings.program)?;
    let config = read(&settings.config)?;
    let parent_cid = parent_cid(&config);
    fs::create_dir_all(&settings.folder).map_err(|error| SimError::File(settings.folder.clone(), error))?;

    let now = SystemTime::now();
    let root = Root::kept_in(settings.root_folder.as_ref().unwrap_or(&settings.folder), now)?;
    let image = Measurements::of(&program, &config);
    write(&settings.folder.join("nsm-root.pem"), root.pem())?;
    write(&settings.folder.join("pcrs.json"), &image.to_json())?;
    let nsm = SoftwareNsm::new(root, &image, settings.debug, now)?;

    let signals = sys::ending_signals().map_err(SimError::System)?;
    let host = HostSide::listen(&settings.folder.join("vsock.sock"))?;
    let devices = Devices::new(nsm, &config).map_err(SimError::System)?;
    let (child, listener) = Child::start(&settings.program)?;
    Supervisor::new(child, listener, signals, devices, host, parent_cid)?.run()
}

/// The parent's CID as the configuration names it. A configuration that cannot be read is the program's to refuse.
fn parent_cid(config: &[u8]) -> u32 {
    let named = || {
        let table = DeTable::parse(std::str::from_utf8(config).ok()?).ok()?;
        let cid = table.get_ref().get("parent_cid")?.get_ref().as_integer()?;
        u32::from_str_radix(cid.as_str(), cid.radix()).ok()
    };
    named().unwrap_or(PARENT_CID)
}

/// A filter around us that refuses AF_VSOCK outranks ours: the program's call would fail without our being asked.
fn refuse_hostile_container() -> Result<(), SimError> {
    match sys::try_vsock() {
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => Err(SimError::VsockRefused),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, SimError> {
    fs::read(path).map_err(|error| SimError::File(path.to_owned(), error))
}

/// Whole or not at all: a reader that polls for the file never sees half of it.
fn write(path: &Path, text: &str) -> Result<(), SimError> {
    let draft = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&draft, text).and_then(|()| fs::rename(&draft, path)).map_err(|error| SimError::File(path.to_owned(), error))
}

/// The parent's CID on Nitro hardware.
const PARENT_CID: u32 = 3;
/// The CID that the program is told it has; AWS numbers enclaves from 16.
const ENCLAVE_CID: u32 = 16;
