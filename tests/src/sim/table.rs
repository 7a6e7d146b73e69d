//! The program's vsock sockets, by the identity of the open file. No descriptor of them is held here: what the program
//! closes is closed.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs;
use std::os::fd::OwnedFd;

use super::address::VsockAddress;
use super::memory::FileId;
use super::notification::Call;
use super::poll::Token;
use super::sys::UnixAddress;

/// All of them.
#[derive(Default)]
pub struct Table {
    sockets: HashMap<FileId, Socket>,
    /// Size at which the closed ones are swept out again.
    sweep_at: usize,
}

/// One socket.
pub struct Socket {
    /// The process that has it.
    pub process: u32,
    /// What it has become.
    pub state: State,
}

/// What a socket is.
pub enum State {
    /// Neither bound nor connected.
    Fresh,
    /// Bound to a port.
    Bound(VsockAddress),
    /// Listening.
    Listening(Listener),
    /// Connected.
    Connected {
        /// The program's end.
        local: VsockAddress,
        /// The other end.
        peer: VsockAddress,
    },
}

/// A listening socket: in truth a Unix listener on an abstract name, at which a doorbell is rung for each connection.
pub struct Listener {
    /// Where it is bound.
    pub address: VsockAddress,
    /// Where to ring.
    pub doorbell: UnixAddress,
    /// Connections that the program has not accepted yet.
    pub queue: VecDeque<Queued>,
    /// Calls of `accept` that wait for a connection.
    pub waiting: VecDeque<Call>,
}

/// A host's connection in the queue.
pub struct Queued {
    /// The host's own end, which the program will get.
    pub stream: OwnedFd,
    /// The connection that makes the listener readable; it hangs up when the listener is closed.
    #[expect(dead_code, reason = "held open until the connection is accepted")]
    pub bell: OwnedFd,
    /// Its hang-up's token.
    pub token: Token,
    /// The host's port, as it was told.
    pub peer_port: u32,
}

impl Table {
    /// The socket, if it is one of ours.
    pub fn get_mut(&mut self, id: FileId) -> Option<&mut Socket> {
        self.sockets.get_mut(&id)
    }

    /// Adds a socket. Now and then those that are closed are swept out.
    pub fn insert(&mut self, id: FileId, socket: Socket) {
        self.sockets.insert(id, socket);
        if self.sockets.len() > self.sweep_at.max(SWEEP_MIN) {
            self.sweep(id);
            self.sweep_at = self.sockets.len() * 2;
        }
    }

    /// Forgets a socket.
    pub fn remove(&mut self, id: FileId) -> Option<Socket> {
        self.sockets.remove(&id)
    }

    /// The listening socket at `port`.
    pub fn listener_at(&mut self, port: u32) -> Option<(FileId, &mut Listener)> {
        self.sockets.iter_mut().find_map(|(id, socket)| match &mut socket.state {
            State::Listening(listener) if listener.address.port == port => Some((*id, listener)),
            _ => None,
        })
    }

    /// The listening socket whose queue holds the connection behind `token`.
    pub fn listener_of(&self, token: Token) -> Option<FileId> {
        self.sockets.iter().find_map(|(id, socket)| match &socket.state {
            State::Listening(listener) if listener.queue.iter().any(|queued| queued.token == token) => Some(*id),
            _ => None,
        })
    }

    /// True if an open socket is bound to `port`. A closed one is forgotten on the way.
    pub fn is_bound(&mut self, port: u32) -> bool {
        let holder = self.sockets.iter().find_map(|(id, socket)| match &socket.state {
            State::Bound(address) | State::Listening(Listener { address, .. }) if address.port == port => Some((*id, socket.process)),
            _ => None,
        });
        let Some((id, process)) = holder else { return false };
        let open = open_sockets(process).contains(&id.inode());
        if !open {
            self.sockets.remove(&id);
        }
        open
    }

    /// Keeps `newest`, whose descriptor may be only about to be installed, and what is open in its process.
    fn sweep(&mut self, newest: FileId) {
        let processes: HashSet<u32> = self.sockets.values().map(|socket| socket.process).collect();
        let open: HashMap<u32, HashSet<u64>> = processes.into_iter().map(|process| (process, open_sockets(process))).collect();
        self.sockets.retain(|id, socket| *id == newest || open.get(&socket.process).is_some_and(|open| open.contains(&id.inode())));
    }
}

/// The inodes of the sockets that a process has open, as `/proc/PID/fd` shows them.
fn open_sockets(process: u32) -> HashSet<u64> {
    let Ok(entries) = fs::read_dir(format!("/proc/{process}/fd")) else { return HashSet::new() };
    let links = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    links.filter_map(|link| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()).collect()
}

const SWEEP_MIN: usize = 1024;

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn closed_sockets_are_swept_out_and_open_ones_stay() {
        let mut table = Table::default();
        let (held, _other) = UnixStream::pair().unwrap();
        let held = OwnedFd::from(held);
        let open = FileId::of(&held).unwrap();
        insert(&mut table, open);
        for _ in 0..3 * SWEEP_MIN {
            let (closed, _) = UnixStream::pair().unwrap();
            let id = FileId::of(&closed.into()).unwrap();
            insert(&mut table, id);
        }
        assert!(table.sockets.len() <= SWEEP_MIN + 1, "{}", table.sockets.len());
        assert!(table.get_mut(open).is_some());
    }

    fn insert(table: &mut Table, id: FileId) {
        table.insert(id, Socket { process: std::process::id(), state: State::Fresh });
    }
}
