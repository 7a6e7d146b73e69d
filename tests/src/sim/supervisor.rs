//! The loop: one thread that waits for stopped calls, clients and signals, and never blocks on any one of them.

use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::child::Child;
use super::devices::Devices;
use super::error::SimError;
use super::host::HostSide;
use super::notification::{Answer, Call, Fault, Notifications};
use super::poll::{Event, Interest, Poll, Token};
use super::sys;
use super::vsock::Vsock;

/// A running enclave.
pub struct Supervisor {
    child: Child,
    devices: Devices,
    vsock: Vsock,
    host: HostSide,
    notifications: Notifications,
    signals: OwnedFd,
    poll: Poll,
    tokens: Tokens,
    is_ready: bool,
    /// When a program that was asked to end is killed.
    kill_at: Option<Instant>,
}

/// The tokens of what is watched from start to end.
struct Tokens {
    notifications: Token,
    host: Token,
    signals: Token,
    child: Token,
}

impl Supervisor {
    /// Takes over the started program.
    pub fn new(
        child: Child,
        listener: OwnedFd,
        signals: OwnedFd,
        devices: Devices,
        host: HostSide,
        parent_cid: u32,
    ) -> Result<Self, SimError> {
        let notifications = Notifications::new(listener)?;
        let pidfd = child.pidfd.try_clone().map_err(SimError::System)?;
        let vsock = Vsock::new(child.id(), pidfd, parent_cid, host.path().to_owned());
        let mut poll = Poll::new().map_err(SimError::System)?;
        let tokens = Tokens {
            notifications: poll.watch(notifications.as_fd(), Interest::Readable).map_err(SimError::System)?,
            host: poll.watch(host.as_fd(), Interest::Readable).map_err(SimError::System)?,
            signals: poll.watch(&signals, Interest::Readable).map_err(SimError::System)?,
            child: poll.watch(&child.pidfd, Interest::Readable).map_err(SimError::System)?,
        };
        Ok(Self { child, devices, vsock, host, notifications, signals, poll, tokens, is_ready: false, kill_at: None })
    }

    /// Runs until the program has ended and gives the code to exit with.
    pub fn run(mut self) -> Result<u8, SimError> {
        loop {
            let events = self.poll.wait(self.timeout()).map_err(SimError::System)?;
            for event in events {
                if self.react(event)? == Next::Ended {
                    let status = self.child.wait().map_err(SimError::System)?;
                    return Ok(exit_code(status));
                }
            }
            self.vsock.retry(&self.notifications);
            if self.kill_at.is_some_and(|at| Instant::now() >= at) {
                self.child.signal(libc::SIGKILL);
                self.kill_at = Some(Instant::now() + END_DEADLINE);
            }
        }
    }

    fn react(&mut self, event: Event) -> Result<Next, SimError> {
        let Event { token, readable, hung_up } = event;
        if token == self.tokens.notifications {
            if readable && let Some(call) = self.notifications.receive()? {
                self.answer(&call)?;
            }
            // Nobody lives under the filter any more; waiting on would spin.
            return Ok(if hung_up { Next::Ended } else { Next::Wait });
        }
        if token == self.tokens.child {
            return Ok(Next::Ended);
        }
        if token == self.tokens.host {
            self.host.accept(&mut self.poll).map_err(SimError::System)?;
        } else if token == self.tokens.signals {
            self.end_child();
        } else if let Some(dialed) = self.host.advance(&self.poll, token) {
            self.vsock.arrive(dialed, &mut self.poll, &self.notifications);
        } else if hung_up {
            self.vsock.hung_up(token);
        }
        Ok(Next::Wait)
    }

    fn answer(&mut self, call: &Call) -> Result<(), SimError> {
        let answer = self.decide(call);
        let answer = match answer {
            Ok(answer) => answer,
            Err(Fault::Errno(errno)) => {
                self.notifications.errno(call.id, errno);
                return Ok(());
            }
            // A thread that has died meanwhile cannot be read either: then nobody waits for an answer.
            Err(Fault::Unreadable(_)) if !self.notifications.waits(call.id) => return Ok(()),
            Err(Fault::Unreadable(error)) => return Err(SimError::Unreadable(error)),
        };
        match answer {
            Answer::Continue => self.notifications.go_on(call.id),
            Answer::Value(value) => {
                let becomes_ready = call.number == libc::SYS_listen && !self.is_ready && self.vsock.is_listener(call);
                self.notifications.value(call.id, value);
                if becomes_ready {
                    self.is_ready = true;
                    say_ready();
                }
            }
            Answer::Descriptor { file, close_on_exec } => {
                if let Err(error) = self.notifications.descriptor(call.id, &file, close_on_exec) {
                    self.notifications.errno(call.id, error.raw_os_error().unwrap_or(libc::EIO));
                }
            }
            Answer::Later => {}
        }
        Ok(())
    }

    fn decide(&mut self, call: &Call) -> Result<Answer, Fault> {
        match call.number {
            libc::SYS_open => self.devices.open(call, 0, 1),
            libc::SYS_openat => self.devices.open(call, 1, 2),
            libc::SYS_stat | libc::SYS_lstat => self.devices.stat(call, 0, 1),
            libc::SYS_newfstatat => self.devices.stat(call, 1, 2),
            libc::SYS_statx => self.devices.statx(call),
            libc::SYS_access => self.devices.access(call, 0, 1),
            libc::SYS_faccessat | libc::SYS_faccessat2 => self.devices.access(call, 1, 2),
            libc::SYS_ioctl => self.devices.ioctl(call),
            libc::SYS_socket => self.vsock.socket(call),
            libc::SYS_bind => self.vsock.bind(call),
            libc::SYS_listen => self.vsock.listen(call),
            libc::SYS_accept | libc::SYS_accept4 => self.vsock.accept(call, &self.notifications),
            libc::SYS_connect => self.vsock.connect(call),
            libc::SYS_getsockname => self.vsock.name(call, false),
            libc::SYS_getpeername => self.vsock.name(call, true),
            _ => Ok(Answer::Continue),
        }
    }

    /// The signal is passed on; a program that is still there two seconds later is killed.
    fn end_child(&mut self) {
        while let Some(signal) = sys::next_signal(&self.signals) {
            self.child.signal(signal);
            self.kill_at.get_or_insert_with(|| Instant::now() + END_DEADLINE);
        }
    }

    fn timeout(&self) -> Option<Duration> {
        let kill = self.kill_at.map(|at| at.saturating_duration_since(Instant::now()) + Duration::from_millis(1));
        [self.vsock.retry_after(), kill].into_iter().flatten().min()
    }
}

#[derive(PartialEq, Eq)]
enum Next {
    Wait,
    Ended,
}

fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Nobody may be listening; that is no reason to end the enclave.
fn say_ready() {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "ready").and_then(|()| stdout.flush());
}

const END_DEADLINE: Duration = Duration::from_secs(2);
