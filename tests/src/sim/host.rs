//! The host's side of the enclave's CID: one Unix socket in Firecracker's convention. A client connects, writes
//! `CONNECT port\n`, reads `OK n\n`, and from then on holds the program's own connection.
//!
//! The client's descriptor itself goes to the program: there is no proxy and no copy. So not one byte behind the line
//! may be read here.

use std::collections::HashMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use super::error::SimError;
use super::poll::{Interest, Poll, Token};
use super::sys;

/// The listening socket and the clients whose line is not complete yet.
pub struct HostSide {
    listener: UnixListener,
    path: PathBuf,
    dialing: HashMap<Token, Dial>,
}

/// A client that has named its port.
pub struct Dialed {
    /// Its end of the connection.
    pub stream: OwnedFd,
    /// The port it wants.
    pub port: u32,
}

struct Dial {
    stream: OwnedFd,
    line: Vec<u8>,
}

impl HostSide {
    /// Listens at `path`. A stale socket is removed, one that answers is another supervisor's.
    pub fn listen(path: &Path) -> Result<Self, SimError> {
        let at_path = |error| SimError::File(path.to_owned(), error);
        if port_path(path, u32::from(u16::MAX)).as_os_str().len() > PATH_MAX {
            return Err(SimError::PathTooLong(path.to_owned()));
        }
        if UnixStream::connect(path).is_ok() {
            return Err(SimError::Running(path.to_owned()));
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(at_path(error)),
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(at_path)?;
        listener.set_nonblocking(true).map_err(SimError::System)?;
        Ok(Self { listener, path: path.to_owned(), dialing: HashMap::new() })
    }

    /// For waiting: readable when a client has come.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// The socket's path, from which the paths of the parent's own ports are made.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the clients that have come. Each is watched until its line is complete.
    pub fn accept(&mut self, poll: &mut Poll) -> io::Result<()> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => OwnedFd::from(stream),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if matches!(error.raw_os_error(), Some(libc::ECONNABORTED | libc::EINTR)) => continue,
                Err(error) => return Err(error),
            };
            let token = poll.watch(&stream, Interest::Readable)?;
            self.dialing.insert(token, Dial { stream, line: Vec::new() });
        }
    }

    /// Reads on where `token` is a client's. Gives the client once its line is complete; closes it where it is wrong.
    pub fn advance(&mut self, poll: &Poll, token: Token) -> Option<Dialed> {
        let step = self.dialing.get_mut(&token)?.read_line();
        match step {
            Step::More => None,
            Step::Wrong => {
                self.dialing.remove(&token);
                None
            }
            Step::Port(port) => {
                let Dial { stream, .. } = self.dialing.remove(&token)?;
                // It lives on in the program, where its events are no business of ours.
                poll.forget(&stream);
                Some(Dialed { stream, port })
            }
        }
    }
}

impl Drop for HostSide {
    fn drop(&mut self) {
        // Nothing is left to be done about a failure; a stale socket is removed at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

/// Where the parent listens for the enclave's connections to `port`.
pub fn port_path(path: &Path, port: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!("_{port}"));
    name.into()
}

enum Step {
    More,
    Wrong,
    Port(u32),
}

impl Dial {
    /// Looks first and then takes no more than the line. A piece without its end is taken, so that the socket does not
    /// stay readable while nothing new has come.
    fn read_line(&mut self) -> Step {
        loop {
            let mut buffer = [0; LINE_MAX];
            let room = LINE_MAX - self.line.len();
            if room == 0 {
                return Step::Wrong;
            }
            let seen = match sys::receive(&self.stream, &mut buffer[..room], libc::MSG_PEEK) {
                Ok(0) => return Step::Wrong,
                Ok(seen) => seen,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Step::More,
                Err(_) => return Step::Wrong,
            };
            let end = buffer[..seen].iter().position(|byte| *byte == b'\n');
            let wanted = end.map_or(seen, |end| end + 1);
            match sys::receive(&self.stream, &mut buffer[..wanted], 0) {
                Ok(taken) if taken == wanted => self.line.extend(&buffer[..wanted]),
                _ => return Step::Wrong,
            }
            if end.is_some() {
                return port_of(&self.line).map_or(Step::Wrong, Step::Port);
            }
        }
    }
}

fn port_of(line: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(line).ok()?;
    text.strip_prefix("CONNECT ")?.strip_suffix('\n')?.parse().ok()
}

/// `CONNECT `, ten digits and the line's end fit easily.
const LINE_MAX: usize = 32;
/// `sun_path` less its final zero.
const PATH_MAX: usize = 107;

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn line_names_its_port() {
        assert_eq!(port_of(b"CONNECT 5000\n"), Some(5000));
        assert_eq!(port_of(b"CONNECT 4294967295\n"), Some(u32::MAX));
    }

    #[test]
    fn other_lines_name_none() {
        for line in [&b"CONNECT 4294967296\n"[..], b"CONNECT -1\n", b"CONNECT\n", b"connect 5\n", b"CONNECT 5", b"CONNECT 5 \n", b"\n"] {
            assert_eq!(port_of(line), None);
        }
    }

    #[test]
    fn line_in_pieces_is_read_and_what_follows_it_is_left() {
        let (mut client, server) = UnixStream::pair().unwrap();
        let mut dial = Dial { stream: server.into(), line: Vec::new() };
        client.write_all(b"CONN").unwrap();
        assert!(matches!(dial.read_line(), Step::More));
        client.write_all(b"ECT 5000\nrecord").unwrap();
        assert!(matches!(dial.read_line(), Step::Port(5000)));
        let mut rest = [0; 16];
        assert_eq!(sys::receive(&dial.stream, &mut rest, 0).unwrap(), 6);
        assert_eq!(&rest[..6], b"record");
    }

    #[test]
    fn endless_line_is_wrong() {
        let (mut client, server) = UnixStream::pair().unwrap();
        let mut dial = Dial { stream: server.into(), line: Vec::new() };
        client.write_all(&[b'9'; 64]).unwrap();
        assert!(matches!(dial.read_line(), Step::Wrong));
    }

    #[test]
    fn stale_socket_is_replaced_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vsock.sock");
        drop(UnixListener::bind(&path).unwrap());
        let live = HostSide::listen(&path).unwrap();
        assert!(matches!(HostSide::listen(&path), Err(SimError::Running(_))));
        drop(live);
        assert!(!path.exists());
    }

    #[test]
    fn path_without_room_for_a_port_is_refused() {
        let path = PathBuf::from(format!("/x/{}", "x".repeat(100)));
        assert!(matches!(HostSide::listen(&path), Err(SimError::PathTooLong(_))));
    }
}
