//! Stopped system calls: receiving one and answering it.

use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd, RawFd};

use libc::c_long;

use super::error::SimError;
use super::sys::checked;

/// A stopped call, waiting for its answer.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// The kernel's name for it.
    pub id: CallId,
    /// The thread that made it.
    pub thread: u32,
    /// Which system call.
    pub number: c_long,
    /// Its six arguments.
    pub arguments: [u64; 6],
}

/// Names a stopped call until it is answered or its thread dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallId(u64);

/// How a call goes on.
#[derive(Debug)]
pub enum Answer {
    /// As if nobody had looked.
    Continue,
    /// It returns this value.
    Value(i64),
    /// It returns a new descriptor for this open file.
    Descriptor {
        /// The open file.
        file: OwnedFd,
        /// The new descriptor closes on exec.
        close_on_exec: bool,
    },
    /// Somebody has kept the call and answers it later.
    Later,
}

/// Why a call fails, or cannot be answered at all.
#[derive(Debug)]
pub enum Fault {
    /// It returns this error number.
    Errno(i32),
    /// The program cannot be looked into. It must then end: to continue would reach the real machine.
    Unreadable(io::Error),
}

impl Fault {
    /// The program sees the supervisor's own error.
    pub fn of(error: io::Error) -> Self {
        Self::Errno(error.raw_os_error().unwrap_or(libc::EIO))
    }
}

impl Call {
    /// Argument `index` as a descriptor number.
    pub fn descriptor(&self, index: usize) -> RawFd {
        self.arguments[index] as RawFd
    }

    /// Argument `index` as an `int` of flags.
    pub fn flags(&self, index: usize) -> i32 {
        self.arguments[index] as i32
    }
}

/// The listener of a filter.
pub struct Notifications {
    listener: OwnedFd,
}

impl Notifications {
    /// Takes over the listener.
    pub fn new(listener: OwnedFd) -> Result<Self, SimError> {
        // SAFETY: all zeroes are valid, and the structure outlives the call.
        let sizes = unsafe {
            let mut sizes = mem::zeroed::<libc::seccomp_notif_sizes>();
            checked(libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_NOTIF_SIZES, 0, &raw mut sizes)).map_err(SimError::System)?;
            sizes
        };
        if usize::from(sizes.seccomp_notif) > size_of::<libc::seccomp_notif>()
            || usize::from(sizes.seccomp_notif_resp) > size_of::<libc::seccomp_notif_resp>()
        {
            return Err(SimError::KernelTooNew);
        }
        // Wakes the other side on the same CPU: two to three times faster; kernels before 6.6 lack it.
        // SAFETY: the argument is a plain value.
        unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP) };
        Ok(Self { listener })
    }

    /// For waiting. It hangs up when nobody lives under the filter any more.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// The next stopped call; none if its thread has died since.
    pub fn receive(&self) -> Result<Option<Call>, SimError> {
        // SAFETY: the kernel wants zeroes and fills in the structure, whose size was compared at the start.
        let (received, raw) = unsafe {
            let mut raw = mem::zeroed::<libc::seccomp_notif>();
            let received = libc::ioctl(self.listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut raw);
            (checked(received.into()), raw)
        };
        match received {
            Ok(_) => Ok(Some(Call { id: CallId(raw.id), thread: raw.pid, number: raw.data.nr.into(), arguments: raw.data.args })),
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR)) => Ok(None),
            Err(error) => Err(SimError::System(error)),
        }
    }

    /// True while the call still waits: what was read from the thread's memory was then its own.
    pub fn waits(&self, id: CallId) -> bool {
        // SAFETY: the id outlives the call.
        unsafe { libc::ioctl(self.listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw const id.0) == 0 }
    }

    /// Answers with a value. The thread may have died, which is no error.
    pub fn value(&self, id: CallId, value: i64) {
        self.send(libc::seccomp_notif_resp { id: id.0, val: value, error: 0, flags: 0 });
    }

    /// Answers with an error number.
    pub fn errno(&self, id: CallId, errno: i32) {
        self.send(libc::seccomp_notif_resp { id: id.0, val: 0, error: -errno, flags: 0 });
    }

    /// Lets the call go on as if nobody had looked.
    pub fn go_on(&self, id: CallId) {
        self.send(libc::seccomp_notif_resp { id: id.0, val: 0, error: 0, flags: libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32 });
    }

    /// Answers with a new descriptor for `file`, installed and returned in one step.
    pub fn descriptor(&self, id: CallId, file: &OwnedFd, close_on_exec: bool) -> io::Result<()> {
        let request = libc::seccomp_notif_addfd {
            id: id.0,
            flags: libc::SECCOMP_ADDFD_FLAG_SEND as u32,
            srcfd: file.as_raw_fd() as u32,
            newfd: 0,
            newfd_flags: if close_on_exec { libc::O_CLOEXEC as u32 } else { 0 },
        };
        loop {
            // SAFETY: the request outlives the call.
            let result = unsafe { libc::ioctl(self.listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ADDFD, &raw const request) };
            match checked(result.into()) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn send(&self, response: libc::seccomp_notif_resp) {
        // SAFETY: the response outlives the call. ENOENT means that the thread has died: nobody misses the answer.
        unsafe { libc::ioctl(self.listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw const response) };
    }
}

/// `SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP`.
const SYNC_WAKE_UP: u64 = 1;
