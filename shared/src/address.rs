//! Where an enclave listens, as the operator writes it: `vsock://CID:PORT` or `unix:PATH`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// An enclave's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnclaveAddress {
    /// `vsock://CID:PORT`: a real enclave.
    Vsock {
        /// The enclave's context id, as `nitro-cli describe-enclaves` shows it.
        cid: u32,
        /// The port of the job protocol.
        port: u32,
    },
    /// `unix:PATH`: a Unix socket in Firecracker's convention: connect, write `CONNECT PORT\n`, read `OK …\n`.
    Unix(PathBuf),
}

/// The text is not an enclave's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an enclave address: expected `vsock://CID:PORT` (such as vsock://16:5000) or `unix:PATH`")]
pub struct AddressFormat;

impl FromStr for EnclaveAddress {
    type Err = AddressFormat;

    fn from_str(text: &str) -> Result<Self, AddressFormat> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err(AddressFormat) } else { Ok(Self::Unix(PathBuf::from(path))) };
        }
        let (cid, port) = text.strip_prefix("vsock://").and_then(|rest| rest.split_once(':')).ok_or(AddressFormat)?;
        let number = |text: &str| {
            (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(())?;
            text.parse::<u32>().ok()
        };
        let (cid, port) = (number(cid).ok_or(AddressFormat)?, number(port).ok_or(AddressFormat)?);
        Ok(Self::Vsock { cid, port })
    }
}

impl fmt::Display for EnclaveAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vsock { cid, port } => write!(out, "vsock://{cid}:{port}"),
            Self::Unix(path) => write!(out, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        assert_eq!("vsock://16:5000".parse(), Ok(EnclaveAddress::Vsock { cid: 16, port: 5000 }));
        assert_eq!("unix:dir/vsock.sock".parse(), Ok(EnclaveAddress::Unix(PathBuf::from("dir/vsock.sock"))));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "unix:", "vsock://", "vsock://16", "vsock://16:", "vsock://x:5000", "vsock://16:+5", "tcp://1:2", "16:5000"] {
            assert_eq!(text.parse::<EnclaveAddress>(), Err(AddressFormat), "{text}");
        }
    }
}
