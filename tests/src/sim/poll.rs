//! epoll with tokens of our own, which are never used twice, so that an event for a closed descriptor finds nobody.

use std::io;
use std::os::fd::{AsFd, AsRawFd as _, FromRawFd as _, OwnedFd};
use std::time::Duration;

use super::sys::checked;

/// Names what an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(pub u64);

/// What happened to the descriptor behind a token.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// Whose.
    pub token: Token,
    /// There is something to read, or to accept.
    pub readable: bool,
    /// The other side has gone.
    pub hung_up: bool,
}

/// What to wait for. A hang-up is always reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Bytes, connections or notifications.
    Readable,
    /// Only the hang-up.
    HangUp,
}

/// An epoll instance.
pub struct Poll {
    epoll: OwnedFd,
    next: u64,
}

impl Poll {
    /// An empty one.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers; the descriptor is new and ours.
        let epoll = unsafe { OwnedFd::from_raw_fd(checked(libc::epoll_create1(libc::EPOLL_CLOEXEC).into())? as i32) };
        Ok(Self { epoll, next: 0 })
    }

    /// Watches `fd` until it is closed, under a new token.
    pub fn watch(&mut self, fd: impl AsFd, interest: Interest) -> io::Result<Token> {
        let token = self.next;
        self.next += 1;
        let events = if interest == Interest::Readable { libc::EPOLLIN as u32 } else { 0 };
        let mut event = libc::epoll_event { events, u64: token };
        // SAFETY: the event outlives the call.
        checked(unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd.as_fd().as_raw_fd(), &raw mut event) }.into())?;
        Ok(Token(token))
    }

    /// Stops watching `fd`, which stays open elsewhere.
    pub fn forget(&self, fd: impl AsFd) {
        // SAFETY: a null event is allowed for this operation.
        unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), libc::EPOLL_CTL_DEL, fd.as_fd().as_raw_fd(), std::ptr::null_mut()) };
    }

    /// Waits for events, at most `timeout` where given. Interrupted waits give none.
    pub fn wait(&self, timeout: Option<Duration>) -> io::Result<Vec<Event>> {
        let mut raw = [libc::epoll_event { events: 0, u64: 0 }; 64];
        let timeout = timeout.map_or(-1, |timeout| timeout.as_millis().try_into().unwrap_or(i32::MAX));
        // SAFETY: pointer and length belong to one array.
        let count = unsafe { libc::epoll_wait(self.epoll.as_raw_fd(), raw.as_mut_ptr(), raw.len() as i32, timeout) };
        match checked(count.into()) {
            Ok(count) => Ok(raw.iter().take(count as usize).map(|event| Event::of(*event)).collect()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

impl Event {
    fn of(raw: libc::epoll_event) -> Self {
        let has = |flags: i32| raw.events & (flags as u32) != 0;
        Self { token: Token(raw.u64), readable: has(libc::EPOLLIN), hung_up: has(libc::EPOLLHUP | libc::EPOLLERR) }
    }
}
