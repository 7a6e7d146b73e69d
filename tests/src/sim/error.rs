//! Why `nitro-sim` cannot run the program, with what to do about it.

use std::io;
use std::path::PathBuf;

use crate::nsm::ChainError;

/// Why the enclave could not be run.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// A file or folder could not be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, #[source] io::Error),
    /// The root or the chain could not be made.
    #[error("software NSM: {0}")]
    Nsm(#[from] ChainError),
    /// The path of a Unix socket is limited by the kernel.
    #[error("{0} is too long: with `_PORT` behind it a socket's path has at most 107 bytes; use a shorter --dir")]
    PathTooLong(PathBuf),
    /// Another supervisor answers there.
    #[error("another nitro-sim is running at {0}: use another --dir, or end it first")]
    Running(PathBuf),
    /// The container's profile refuses AF_VSOCK before we are asked.
    #[error(
        "this container's seccomp profile refuses AF_VSOCK, as Docker's default profile does, and its refusal outranks \
         nitro-sim: run the container with `--security-opt seccomp=unconfined` or a profile that allows it"
    )]
    VsockRefused,
    /// Installing the filter failed.
    #[error("cannot install the seccomp filter: {}", filter_help(.0))]
    Filter(io::Error),
    /// The program could not be started.
    #[error("cannot start {0}: {1}")]
    Start(PathBuf, #[source] io::Error),
    /// The kernel's notification structures are larger than those known here.
    #[error("this kernel's seccomp notification is larger than nitro-sim knows")]
    KernelTooNew,
    /// The program's memory or descriptors cannot be read.
    #[error(
        "cannot look into the enclave program ({0}); it was ended. It must be readable by this user (`chmod +r`), and \
         ptrace must be allowed (kernel.yama.ptrace_scope below 2; containers: CAP_SYS_PTRACE or a wider seccomp profile)"
    )]
    Unreadable(io::Error),
    /// Another system call of the supervisor failed.
    #[error("system call failed: {0}")]
    System(#[source] io::Error),
}

fn filter_help(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EBUSY) => {
            "a supervisor is already in the filter chain (a nested nitro-sim, or the container runtime's); run outside of it".into()
        }
        Some(libc::EPERM | libc::EACCES) => {
            format!("{error}; the container's seccomp profile refuses it: use `--security-opt seccomp=unconfined`")
        }
        Some(libc::ENOSYS | libc::EINVAL) => format!("{error}; a Linux kernel of 5.19 or later with seccomp user notification is needed"),
        _ => error.to_string(),
    }
}
