//! Which process a stopped call is of, and duplicates of its descriptors. The socket calls need both.

use std::os::fd::{AsFd as _, OwnedFd};

use super::notification::{Call, Fault};
use super::sys;

/// The program's main process, whose threads make nearly all calls.
pub struct Process {
    /// Its id.
    pub id: u32,
    /// A descriptor for it.
    pub pidfd: OwnedFd,
}

impl Process {
    /// The process of the calling thread: nearly always the main one.
    pub fn of(&self, call: &Call) -> Result<u32, Fault> {
        if call.thread == self.id || std::path::Path::new(&format!("/proc/{}/task/{}", self.id, call.thread)).exists() {
            return Ok(self.id);
        }
        let status = std::fs::read_to_string(format!("/proc/{}/status", call.thread)).map_err(Fault::Unreadable)?;
        let group = status.lines().find_map(|line| line.strip_prefix("Tgid:")?.trim().parse().ok());
        group.ok_or(Fault::Errno(libc::ESRCH))
    }

    /// A duplicate of the call's first descriptor.
    pub fn duplicate(&self, call: &Call) -> Result<OwnedFd, Fault> {
        let process = self.of(call)?;
        let other;
        let pidfd = if process == self.id {
            self.pidfd.as_fd()
        } else {
            other = sys::pidfd(process).map_err(Fault::Unreadable)?;
            other.as_fd()
        };
        sys::duplicate_of(pidfd, call.descriptor(0)).map_err(|error| match error.raw_os_error() {
            Some(libc::EBADF | libc::EMFILE) => Fault::of(error),
            _ => Fault::Unreadable(error),
        })
    }
}
