//! Dialing the parent's services over vsock. The enclave never opens a socket of any other kind.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use sealroom_shared::limits;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_vsock::{VsockAddr, VsockStream};

/// One service of the parent: its context id and port.
#[derive(Debug, Clone, Copy)]
pub struct ParentService {
    /// The parent's context id.
    pub cid: u32,
    /// The service's port.
    pub port: u32,
}

/// A connection whose single writes never exceed [`limits::VSOCK_WRITE`].
pub struct Connection(VsockStream);

impl ParentService {
    /// Connects, within five seconds.
    ///
    /// # Errors
    /// [`io::Error`], also for the deadline.
    pub async fn connect(self) -> io::Result<Connection> {
        let connect = VsockStream::connect(VsockAddr::new(self.cid, self.port));
        tokio::time::timeout(CONNECT, connect).await.map_err(io::Error::from)?.map(Connection)
    }
}

impl From<VsockStream> for Connection {
    fn from(stream: VsockStream) -> Self {
        Self(stream)
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let bytes = bytes.get(..limits::VSOCK_WRITE).unwrap_or(bytes);
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

const CONNECT: Duration = Duration::from_secs(5);
