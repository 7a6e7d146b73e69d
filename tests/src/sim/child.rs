//! Starts the program under the filter and holds on to it. It ends with the supervisor's thread, whatever ends that.

use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use libc::{c_int, c_long, sock_filter, sock_fprog};

use super::error::SimError;
use super::{filter, sys};

/// The running program.
pub struct Child {
    process: std::process::Child,
    /// Readable when the process has ended.
    pub pidfd: OwnedFd,
}

impl Child {
    /// Starts `program` without arguments and with an empty environment: an enclave has neither. Gives the listener at
    /// which its stopped system calls arrive, too.
    pub fn start(program: &Path) -> Result<(Self, OwnedFd), SimError> {
        let (ours, theirs) = UnixDatagram::pair().map_err(SimError::System)?;
        ours.set_nonblocking(true).map_err(SimError::System)?;
        let filter = filter::program();
        let supervisor = std::process::id();
        let mut command = Command::new(absolute(program)?);
        command.env_clear().stdin(Stdio::null());
        // SAFETY: between fork and exec the closure makes system calls only; it neither allocates nor locks.
        unsafe {
            command.pre_exec(move || enter(&filter, supervisor, theirs.as_raw_fd()));
        }
        let spawned = command.spawn();
        drop(command);
        let message = receive(&ours);
        let process = match (spawned, &message) {
            (Ok(process), _) => process,
            (Err(error), Ok(Message::Refused)) => return Err(SimError::Filter(error)),
            (Err(error), _) => return Err(SimError::Start(program.to_owned(), error)),
        };
        let Message::Listener(listener) = message.map_err(SimError::System)? else {
            return Err(SimError::System(io::ErrorKind::InvalidData.into()));
        };
        let pidfd = sys::pidfd(process.id()).map_err(SimError::System)?;
        Ok((Self { process, pidfd }, listener))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends it a signal. One that has ended already takes none.
    pub fn signal(&self, signal: c_int) {
        sys::pidfd_signal(&self.pidfd, signal);
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.process.wait()
    }
}

impl Drop for Child {
    /// An error of the supervisor leaves no enclave behind.
    fn drop(&mut self) {
        self.signal(libc::SIGKILL);
        let _ = self.process.wait();
    }
}

/// A bare file name would be looked up along PATH, of which the program's environment has none.
fn absolute(program: &Path) -> Result<PathBuf, SimError> {
    std::path::absolute(program).map_err(|error| SimError::Start(program.to_owned(), error))
}

/// In the child, between fork and exec: die with the supervisor, install the filter, hand its listener over.
fn enter(filter: &[sock_filter], supervisor: u32, socket: RawFd) -> io::Result<()> {
    // SAFETY: plain system calls on integers; `program` outlives the call that reads it.
    unsafe {
        check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL).into())?;
        // The supervisor may have ended before the line above.
        if u32::try_from(libc::getppid()).ok() != Some(supervisor) {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        sys::default_signals();
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0).into())?;
        let program = sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
        let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
        match check(libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program)) {
            Ok(listener) => {
                let sent = sys::send_fd(socket, listener as RawFd);
                libc::close(listener as RawFd);
                sent
            }
            Err(error) => {
                libc::send(socket, [0_u8].as_ptr().cast(), 1, libc::MSG_NOSIGNAL);
                Err(error)
            }
        }
    }
}

fn check(result: c_long) -> io::Result<c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// What the child said before it became the program.
enum Message {
    Listener(OwnedFd),
    Refused,
}

fn receive(socket: &UnixDatagram) -> io::Result<Message> {
    match sys::receive_fd(socket.as_raw_fd())? {
        // SAFETY: the kernel has just installed this descriptor for us and nobody else knows it.
        Some(fd) => Ok(Message::Listener(unsafe { OwnedFd::from_raw_fd(fd) })),
        None => Ok(Message::Refused),
    }
}
