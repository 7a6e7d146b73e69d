//! Streams between parent and enclave: vsock, or Unix sockets in Firecracker's convention. The only place that knows the
//! difference: everything else reads and writes a [`Stream`].

use std::{
    io,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
};

use sealroom_shared::{address::EnclaveAddress, limits::VSOCK_WRITE};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    time::timeout,
};
use tokio_vsock::{VMADDR_CID_ANY, VsockAddr, VsockListener, VsockStream};

use crate::{
    failure::{Failure, Result},
    limits,
};

/// Both directions of one connection.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// One connection, whatever carries it.
pub type Stream = Box<dyn Duplex>;

/// Connects to the enclave's job port.
pub async fn dial(address: &EnclaveAddress) -> Result<Stream> {
    let connected = timeout(limits::ENCLAVE_DEADLINE, async {
        match address {
            EnclaveAddress::Vsock { cid, port } => {
                VsockStream::connect(VsockAddr::new(*cid, *port)).await.map(|stream| Box::new(stream) as Stream)
            }
            EnclaveAddress::Unix(path) => dial_unix(path).await,
        }
    });
    let error = match connected.await {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(error)) => error,
        Err(_) => io::ErrorKind::TimedOut.into(),
    };
    Err(Failure::new("enclave-unreachable", format!("cannot connect to the enclave at {address}: {error}"))
        .help("is it running (`nitro-cli describe-enclaves`), and are this CID and port its own?"))
}

/// Firecracker's convention, host to enclave: connect, write `CONNECT PORT\n`, read `OK …\n`.
async fn dial_unix(path: &Path) -> io::Result<Stream> {
    let mut stream = UnixStream::connect(path).await?;
    stream.write_all(format!("CONNECT {JOBS_PORT}\n").as_bytes()).await?;
    let mut answer = Vec::new();
    // Byte by byte: what follows the line belongs to the job protocol.
    while !answer.ends_with(b"\n") {
        if answer.len() == 64 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer to CONNECT is not a line"));
        }
        answer.push(stream.read_u8().await?);
    }
    if !answer.starts_with(b"OK ") {
        return Err(io::Error::new(io::ErrorKind::ConnectionRefused, "nobody listens on the job port"));
    }
    Ok(Box::new(stream))
}

/// Where the enclave's connections to the parent arrive.
#[derive(Debug, Clone)]
pub enum Listening {
    /// vsock, from this CID alone.
    Vsock {
        /// The enclave's CID; other peers are dropped.
        enclave_cid: u32,
    },
    /// Unix sockets `PATH_PORT`.
    Unix {
        /// The path without `_PORT`.
        path: PathBuf,
    },
}

/// One listening port.
pub enum Listener {
    /// vsock, from one CID.
    Vsock(VsockListener, u32),
    /// A Unix socket, and what removes its file at the end.
    Unix(UnixListener, #[expect(dead_code, reason = "held for its Drop")] SocketFile),
}

/// Removes a Unix socket's file when its listener ends.
pub struct SocketFile {
    path: PathBuf,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Listening {
    /// Listens on `port`.
    pub async fn listen(&self, port: u32) -> Result<Listener> {
        match self {
            Self::Vsock { enclave_cid } => VsockListener::bind(VsockAddr::new(VMADDR_CID_ANY, port))
                .map(|listener| Listener::Vsock(listener, *enclave_cid))
                .map_err(|error| {
                    Failure::new("listen", format!("cannot listen on vsock port {port}: {error}"))
                        .help("is another proxy running, and is the vsock module loaded (`lsmod | grep vsock`)?")
                }),
            Self::Unix { path } => {
                let mut name = path.clone().into_os_string();
                name.push(format!("_{port}"));
                listen_unix(PathBuf::from(name)).await
            }
        }
    }
}

async fn listen_unix(path: PathBuf) -> Result<Listener> {
    let failed = |error: io::Error| Failure::new("listen", format!("cannot listen on {}: {error}", path.display()));
    if let Ok(found) = std::fs::symlink_metadata(&path) {
        if !found.file_type().is_socket() {
            return Err(failed(io::ErrorKind::AlreadyExists.into()).help("something that is not a socket has this name"));
        }
        if UnixStream::connect(&path).await.is_ok() {
            return Err(failed(io::ErrorKind::AddrInUse.into()).help("another proxy listens there: end it first"));
        }
        std::fs::remove_file(&path).map_err(failed)?;
    }
    let listener = UnixListener::bind(&path).map_err(failed)?;
    let file = SocketFile { path: path.clone() };
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(Listener::Unix(listener, file))
}

impl Listener {
    /// The next connection of the enclave.
    pub async fn accept(&mut self) -> io::Result<Stream> {
        match self {
            Self::Vsock(listener, enclave_cid) => loop {
                let (stream, peer) = listener.accept().await?;
                if peer.cid() == *enclave_cid {
                    return Ok(Box::new(stream));
                }
                eprintln!("proxy: dropped a connection from CID {}", peer.cid());
            },
            Self::Unix(listener, _) => Ok(Box::new(listener.accept().await?.0)),
        }
    }
}

/// Writes all of `bytes` in pieces that every vsock device takes.
pub async fn write_all(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    for piece in bytes.chunks(VSOCK_WRITE) {
        stream.write_all(piece).await?;
    }
    Ok(())
}

/// The job protocol's port behind a Unix socket, which names none itself.
const JOBS_PORT: u32 = 5000;
