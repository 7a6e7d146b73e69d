//! vsock addresses, as the program passes them and wants them back.

use super::notification::{Call, Fault};

/// CID and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VsockAddress {
    /// The machine.
    pub cid: u32,
    /// The port.
    pub port: u32,
}

impl VsockAddress {
    /// The `sockaddr_vm` that arguments 1 and 2 give.
    pub fn read(call: &Call) -> Result<Self, Fault> {
        if call.flags(2) < ADDRESS_LENGTH as i32 {
            return Err(Fault::Errno(libc::EINVAL));
        }
        let mut raw = [0; ADDRESS_LENGTH];
        call.read(call.arguments[1], &mut raw)?;
        let (words, _) = raw.as_chunks::<4>();
        if u16::from_ne_bytes([raw[0], raw[1]]) != libc::AF_VSOCK as u16 {
            return Err(Fault::Errno(libc::EAFNOSUPPORT));
        }
        Ok(Self { port: u32::from_ne_bytes(words[1]), cid: u32::from_ne_bytes(words[2]) })
    }

    /// Writes a `sockaddr_vm` to where arguments 1 and 2 point, as much as there is room for, and its whole length.
    pub fn write(self, call: &Call) -> Result<(), Fault> {
        let mut length = [0; 4];
        call.read(call.arguments[2], &mut length)?;
        let room = usize::try_from(i32::from_ne_bytes(length)).map_err(|_| Fault::Errno(libc::EINVAL))?;
        let mut raw = [0; ADDRESS_LENGTH];
        raw[..2].copy_from_slice(&(libc::AF_VSOCK as u16).to_ne_bytes());
        raw[4..8].copy_from_slice(&self.port.to_ne_bytes());
        raw[8..12].copy_from_slice(&self.cid.to_ne_bytes());
        call.write(call.arguments[1], &raw[..room.min(ADDRESS_LENGTH)])?;
        call.write(call.arguments[2], &(ADDRESS_LENGTH as u32).to_ne_bytes())
    }
}

/// `struct sockaddr_vm`: family, reserved, port, CID, padding.
const ADDRESS_LENGTH: usize = 16;
