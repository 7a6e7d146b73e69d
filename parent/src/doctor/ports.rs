//! The proxy's ports on the parent, which the enclave dials. Whether somebody listens can be told; whether for this very
//! enclave (`sealroom proxy --enclave-cid`) cannot: a proxy drops the connections of everyone else.

use std::io::{self, ErrorKind};

use sealroom_shared::address::EnclaveAddress;
use tokio::{net::UnixStream, time::timeout};
use tokio_vsock::{VMADDR_CID_ANY, VsockAddr, VsockListener};

use super::STEP;
use crate::verdict::Verdict;

/// Whether somebody listens on relay and credentials port.
pub async fn check(verdict: &mut Verdict, enclave: Option<&EnclaveAddress>, relay: u32, credentials: u32) {
    for (name, port) in [("relay-port", relay), ("credentials-port", credentials)] {
        let Some(enclave) = enclave else {
            verdict.skip(name, "no --enclave was given, and no enclave was found");
            continue;
        };
        let (place, listening) = match enclave {
            EnclaveAddress::Unix(path) => {
                let place = format!("{}_{port}", path.display());
                let listening = is_connected(&place).await;
                (place, listening)
            }
            EnclaveAddress::Vsock { .. } => (format!("vsock port {port}"), is_taken(port)),
        };
        match listening {
            Ok(true) => verdict.check(name, true, format!("somebody listens on {place}; for which enclave cannot be told from here")),
            Ok(false) => verdict.refuse(name, format!("nobody listens on {place}"), START),
            Err(error) => verdict.refuse(
                name,
                format!("{place}: {error}"),
                "`sudo modprobe vmw_vsock_virtio_transport`; in a container, its seccomp profile must allow vsock",
            ),
        }
    }
}

/// A port that nobody has can be had, for the moment that it takes to ask.
fn is_taken(port: u32) -> io::Result<bool> {
    match VsockListener::bind(VsockAddr::new(VMADDR_CID_ANY, port)) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Ok(true),
        Err(error) => Err(error),
    }
}

async fn is_connected(path: &str) -> io::Result<bool> {
    match timeout(STEP, UnixStream::connect(path)).await {
        Ok(Ok(_)) => Ok(true),
        Ok(Err(error)) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(false),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(ErrorKind::TimedOut.into()),
    }
}

const START: &str =
    "start `sealroom proxy --enclave-cid CID --allow kms.REGION.amazonaws.com:443`, with the image's [ports], and keep it running";
