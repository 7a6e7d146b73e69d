//! The socket calls of the program, answered with Unix sockets that look like vsock.
//!
//! Errors are a choice where hardware could not be compared: nobody at a port of the parent ECONNRESET, another CID
//! ETIMEDOUT, a port taken EADDRINUSE.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::ENCLAVE_CID;
use super::address::VsockAddress;
use super::host::{Dialed, port_path};
use super::memory::FileId;
use super::notification::{Answer, Call, Fault, Notifications};
use super::poll::{Interest, Poll, Token};
use super::process::Process;
use super::sys::{self, UnixAddress};
use super::table::{Listener, Queued, Socket, State, Table};

/// The vsock of one enclave.
pub struct Vsock {
    table: Table,
    /// The program's main process, whose threads make nearly all calls.
    process: Process,
    parent_cid: u32,
    host_path: PathBuf,
    next_port: u32,
    pending: Vec<Pending>,
}

/// A `connect` for which the parent's backlog had no room.
struct Pending {
    call: Call,
    socket: OwnedFd,
    id: FileId,
    peer: VsockAddress,
    address: UnixAddress,
    deadline: Instant,
}

impl Vsock {
    /// For the process `id`; the parent's ports are at `host_path` with `_PORT` behind it.
    pub fn new(id: u32, pidfd: OwnedFd, parent_cid: u32, host_path: PathBuf) -> Self {
        Self { table: Table::default(), process: Process { id, pidfd }, parent_cid, host_path, next_port: FIRST_PORT, pending: Vec::new() }
    }

    /// `socket(AF_VSOCK, ..)`.
    pub fn socket(&mut self, call: &Call) -> Result<Answer, Fault> {
        let kind = call.flags(1);
        if kind & !(libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK) != libc::SOCK_STREAM {
            return Err(Fault::Errno(libc::ESOCKTNOSUPPORT));
        }
        let file = sys::stream_socket(libc::AF_UNIX, kind & libc::SOCK_NONBLOCK).map_err(Fault::of)?;
        let process = self.process.of(call)?;
        self.table.insert(FileId::of(&file).map_err(Fault::of)?, Socket { process, state: State::Fresh });
        Ok(Answer::Descriptor { file, close_on_exec: kind & libc::SOCK_CLOEXEC != 0 })
    }

    /// `bind`. The Unix socket stays unbound: nobody connects to it by a name of its own.
    pub fn bind(&mut self, call: &Call) -> Result<Answer, Fault> {
        let id = call.opened(call.descriptor(0))?.id;
        match self.table.get_mut(id) {
            None => return Ok(Answer::Continue),
            Some(Socket { state: State::Fresh, .. }) => {}
            Some(_) => return Err(Fault::Errno(libc::EINVAL)),
        }
        let mut address = VsockAddress::read(call)?;
        if address.port == libc::VMADDR_PORT_ANY {
            address.port = self.fresh_port();
        } else if self.table.is_bound(address.port) {
            return Err(Fault::Errno(libc::EADDRINUSE));
        }
        if let Some(socket) = self.table.get_mut(id) {
            socket.state = State::Bound(address);
        }
        Ok(Answer::Value(0))
    }

    /// `listen`.
    pub fn listen(&mut self, call: &Call) -> Result<Answer, Fault> {
        let id = call.opened(call.descriptor(0))?.id;
        let Some(socket) = self.table.get_mut(id) else { return Ok(Answer::Continue) };
        let file = self.process.duplicate(call)?;
        let backlog = call.flags(1).clamp(1, BACKLOG_MAX);
        match socket.state {
            State::Bound(address) => {
                let doorbell = sys::listen_unnamed(&file, backlog).map_err(Fault::of)?;
                socket.state = State::Listening(Listener { address, doorbell, queue: VecDeque::new(), waiting: VecDeque::new() });
            }
            State::Listening(_) => sys::listen(&file, backlog).map_err(Fault::of)?,
            State::Fresh | State::Connected { .. } => return Err(Fault::Errno(libc::EINVAL)),
        }
        Ok(Answer::Value(0))
    }

    /// True once the program listens somewhere at `listen`'s answer; asked after it to tell the world.
    pub fn is_listener(&mut self, call: &Call) -> bool {
        let socket = call.opened(call.descriptor(0)).ok().and_then(|opened| self.table.get_mut(opened.id));
        matches!(socket, Some(Socket { state: State::Listening(_), .. }))
    }

    /// `accept` and `accept4`: the oldest connection in the queue, or wait for one.
    pub fn accept(&mut self, call: &Call, notifications: &Notifications) -> Result<Answer, Fault> {
        let id = call.opened(call.descriptor(0))?.id;
        let listener = match self.table.get_mut(id).map(|socket| &mut socket.state) {
            None => return Ok(Answer::Continue),
            Some(State::Listening(listener)) => listener,
            Some(_) => return Err(Fault::Errno(libc::EINVAL)),
        };
        let file = self.process.duplicate(call)?;
        if listener.queue.is_empty() {
            // A doorbell without a connection would keep the listener readable for ever.
            while sys::discard_connection(&file) {}
            if sys::is_nonblocking(&file).map_err(Fault::of)? {
                return Err(Fault::Errno(libc::EAGAIN));
            }
            listener.waiting.push_back(*call);
            return Ok(Answer::Later);
        }
        self.complete(id, &file, call, notifications)?;
        Ok(Answer::Later)
    }

    /// A host's connection to one of the program's ports. Nobody there: closed without `OK`, as Firecracker does.
    pub fn arrive(&mut self, dialed: Dialed, poll: &mut Poll, notifications: &Notifications) {
        let peer_port = self.fresh_port();
        let Some((id, listener)) = self.table.listener_at(dialed.port) else { return };
        let Ok(bell) = sys::stream_socket(libc::AF_UNIX, libc::SOCK_NONBLOCK) else { return };
        // Queued before the bell rings, in effect: both happen before the program's next call is looked at.
        match listener.doorbell.connect(&bell) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                self.table.remove(id);
                return;
            }
            // The program's own backlog is full: refused, as on vsock.
            Err(_) => return,
        }
        let Ok(token) = poll.watch(&bell, Interest::HangUp) else { return };
        // A client may have written and gone already: its connection is handed on all the same.
        let _ = sys::send(&dialed.stream, format!("OK {peer_port}\n").as_bytes());
        listener.queue.push_back(Queued { stream: dialed.stream, bell, token, peer_port });

        while let Some(Socket { state: State::Listening(listener), .. }) = self.table.get_mut(id) {
            if listener.queue.is_empty() {
                return;
            }
            let Some(call) = listener.waiting.pop_front() else { return };
            let Ok(file) = self.process.duplicate(&call) else { continue };
            match self.complete(id, &file, &call, notifications) {
                Ok(()) => {}
                Err(Fault::Errno(errno)) => notifications.errno(call.id, errno),
                Err(Fault::Unreadable(_)) => notifications.errno(call.id, libc::EIO),
            }
        }
    }

    /// A doorbell hung up before its connection was accepted: the listener is closed, and so are those in its queue.
    pub fn hung_up(&mut self, token: Token) {
        if let Some(id) = self.table.listener_of(token) {
            self.table.remove(id);
        }
    }

    /// `connect`.
    pub fn connect(&mut self, call: &Call) -> Result<Answer, Fault> {
        let id = call.opened(call.descriptor(0))?.id;
        match self.table.get_mut(id).map(|socket| &socket.state) {
            None => return Ok(Answer::Continue),
            Some(State::Fresh | State::Bound(_)) => {}
            Some(State::Connected { .. }) => return Err(Fault::Errno(libc::EISCONN)),
            Some(State::Listening(_)) => return Err(Fault::Errno(libc::EINVAL)),
        }
        let peer = VsockAddress::read(call)?;
        if peer.cid != self.parent_cid {
            return Err(Fault::Errno(libc::ETIMEDOUT));
        }
        let address = UnixAddress::of_path(&port_path(&self.host_path, peer.port)).ok_or(Fault::Errno(libc::ENAMETOOLONG))?;
        let socket = self.process.duplicate(call)?;
        match dial(&socket, &address) {
            Ok(()) => {
                self.connected(id, peer);
                Ok(Answer::Value(0))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let deadline = Instant::now() + CONNECT_DEADLINE;
                self.pending.push(Pending { call: *call, socket, id, peer, address, deadline });
                Ok(Answer::Later)
            }
            Err(error) => Err(Fault::Errno(connect_errno(&error))),
        }
    }

    /// Tries the waiting `connect`s again.
    pub fn retry(&mut self, notifications: &Notifications) {
        for pending in std::mem::take(&mut self.pending) {
            if !notifications.waits(pending.call.id) {
                continue;
            }
            match dial(&pending.socket, &pending.address) {
                Ok(()) => {
                    self.connected(pending.id, pending.peer);
                    notifications.value(pending.call.id, 0);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < pending.deadline => self.pending.push(pending),
                Err(error) => notifications.errno(pending.call.id, connect_errno(&error)),
            }
        }
    }

    /// How long to wait before [`Self::retry`]; for ever if nothing waits.
    pub fn retry_after(&self) -> Option<Duration> {
        (!self.pending.is_empty()).then_some(Duration::from_millis(1))
    }

    /// `getsockname` and `getpeername`. A Unix address would be taken for CID 0, port 0.
    pub fn name(&mut self, call: &Call, of_peer: bool) -> Result<Answer, Fault> {
        let id = call.opened(call.descriptor(0))?.id;
        let Some(socket) = self.table.get_mut(id) else { return Ok(Answer::Continue) };
        let address = match (&socket.state, of_peer) {
            (State::Connected { peer, .. }, true) => *peer,
            (_, true) => return Err(Fault::Errno(libc::ENOTCONN)),
            (State::Connected { local, .. }, false) => *local,
            (State::Bound(address) | State::Listening(Listener { address, .. }), false) => *address,
            (State::Fresh, false) => VsockAddress { cid: libc::VMADDR_CID_ANY, port: libc::VMADDR_PORT_ANY },
        };
        address.write(call)?;
        Ok(Answer::Value(0))
    }

    /// Hands the oldest connection of listener `id` to the waiting `call`, which it answers.
    fn complete(&mut self, id: FileId, file: &OwnedFd, call: &Call, notifications: &Notifications) -> Result<(), Fault> {
        let process = self.process.of(call)?;
        let Some(Socket { state: State::Listening(listener), .. }) = self.table.get_mut(id) else { return Ok(()) };
        let flags = if call.number == libc::SYS_accept4 { call.flags(3) } else { 0 };
        let Some(queued) = listener.queue.pop_front() else { return Ok(()) };
        let local = VsockAddress { cid: ENCLAVE_CID, port: listener.address.port };
        let peer = VsockAddress { cid: self.parent_cid, port: queued.peer_port };

        let handed = sys::set_nonblocking(&queued.stream, flags & libc::SOCK_NONBLOCK != 0)
            .map_err(Fault::of)
            .and_then(|_| if call.arguments[1] == 0 { Ok(()) } else { peer.write(call) })
            .and_then(|()| notifications.descriptor(call.id, &queued.stream, flags & libc::SOCK_CLOEXEC != 0).map_err(Fault::of));
        if let Err(fault) = handed {
            // The call is gone or has no descriptor left: the connection keeps its place, and its bell still rings.
            listener.queue.push_front(queued);
            return Err(fault);
        }
        sys::discard_connection(file);
        let accepted = FileId::of(&queued.stream).map_err(Fault::of)?;
        self.table.insert(accepted, Socket { process, state: State::Connected { local, peer } });
        Ok(())
    }

    fn connected(&mut self, id: FileId, peer: VsockAddress) {
        let port = self.fresh_port();
        if let Some(socket) = self.table.get_mut(id) {
            let local = match &socket.state {
                State::Bound(address) => VsockAddress { cid: ENCLAVE_CID, port: address.port },
                _ => VsockAddress { cid: ENCLAVE_CID, port },
            };
            socket.state = State::Connected { local, peer };
        }
    }

    fn fresh_port(&mut self) -> u32 {
        self.next_port = self.next_port.checked_add(1).unwrap_or(FIRST_PORT);
        self.next_port
    }
}

/// Connects without waiting, whatever the socket's own mode: an unconnected socket is nobody else's business.
fn dial(socket: &OwnedFd, address: &UnixAddress) -> io::Result<()> {
    let was = sys::set_nonblocking(socket, true)?;
    let connected = address.connect(socket);
    sys::set_nonblocking(socket, was)?;
    connected
}

fn connect_errno(error: &io::Error) -> i32 {
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::ECONNREFUSED) => libc::ECONNRESET,
        Some(libc::EAGAIN) => libc::ETIMEDOUT,
        other => other.unwrap_or(libc::EIO),
    }
}

/// Ports that nobody asked for by number start here, as Firecracker's do.
const FIRST_PORT: u32 = 1 << 30;
/// The kernel's own usual limit.
const BACKLOG_MAX: i32 = 4096;
/// vsock's own default for a connect.
const CONNECT_DEADLINE: Duration = Duration::from_secs(2);
