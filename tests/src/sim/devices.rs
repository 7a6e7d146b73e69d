//! The paths that an enclave has and this machine has not: `/dev/nsm`, answered by the software NSM, the measured
//! configuration, and the entropy calls that only root may make.

use std::fs::File;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::SystemTime;

use crate::nsm::{REQUEST_MAX, RESPONSE_MAX, SoftwareNsm};

use super::memory::FileId;
use super::notification::{Answer, Call, Fault};
use super::sys::{checked, sealed_memory};
use super::{ENCLAVE_CID, filter};

/// What stands behind the mapped paths.
pub struct Devices {
    nsm: SoftwareNsm,
    nsm_device: Device,
    vsock_device: Device,
    config: Device,
}

/// A file in memory that the program gets for a path.
struct Device {
    file: OwnedFd,
    id: FileId,
}

/// Which path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mapped {
    Nsm,
    Vsock,
    Config,
}

impl Devices {
    /// The configuration is a copy of the bytes that were measured: a later change of the file changes nothing.
    pub fn new(nsm: SoftwareNsm, config: &[u8]) -> io::Result<Self> {
        Ok(Self {
            nsm,
            nsm_device: Device::new(c"nsm", &[])?,
            vsock_device: Device::new(c"vsock", &[])?,
            config: Device::new(c"enclave.toml", config)?,
        })
    }

    /// `open` and `openat`: `path` and `flags` are the numbers of the arguments.
    pub fn open(&self, call: &Call, path: usize, flags: usize) -> Result<Answer, Fault> {
        let Some(mapped) = mapped(call, path)? else { return Ok(Answer::Continue) };
        let flags = call.flags(flags);
        if mapped == Mapped::Config && flags & libc::O_ACCMODE != libc::O_RDONLY {
            return Err(Fault::Errno(libc::EROFS));
        }
        let file = match mapped {
            Mapped::Config => self.config.reopen(),
            Mapped::Nsm | Mapped::Vsock => self.device(mapped).file.try_clone(),
        };
        let file = file.map_err(|error| Fault::Errno(error.raw_os_error().unwrap_or(libc::EIO)))?;
        Ok(Answer::Descriptor { file, close_on_exec: flags & libc::O_CLOEXEC != 0 })
    }

    /// `stat`, `lstat` and `newfstatat`.
    pub fn stat(&self, call: &Call, path: usize, buffer: usize) -> Result<Answer, Fault> {
        let Some(mapped) = mapped(call, path)? else { return Ok(Answer::Continue) };
        // SAFETY: all zeroes are valid, and the structure outlives the call.
        let stat = unsafe {
            let mut stat = mem::zeroed::<libc::stat>();
            let result = libc::fstat(self.device(mapped).file.as_raw_fd(), &raw mut stat);
            checked(result.into()).map_err(|_| Fault::Errno(libc::EIO))?;
            stat.st_mode = mapped.mode();
            stat
        };
        call.write(call.arguments[buffer], bytes_of(&stat))?;
        Ok(Answer::Value(0))
    }

    /// `statx`.
    pub fn statx(&self, call: &Call) -> Result<Answer, Fault> {
        let Some(mapped) = mapped(call, 1)? else { return Ok(Answer::Continue) };
        // SAFETY: all zeroes are valid, the empty path is terminated, and the structure outlives the call.
        let statx = unsafe {
            let mut statx = mem::zeroed::<libc::statx>();
            let file = self.device(mapped).file.as_raw_fd();
            let result = libc::statx(file, c"".as_ptr(), libc::AT_EMPTY_PATH, call.arguments[3] as u32, &raw mut statx);
            checked(result.into()).map_err(|_| Fault::Errno(libc::EIO))?;
            statx.stx_mode = mapped.mode() as u16;
            statx
        };
        call.write(call.arguments[4], bytes_of(&statx))?;
        Ok(Answer::Value(0))
    }

    /// `access`, `faccessat` and `faccessat2`.
    pub fn access(&self, call: &Call, path: usize, mode: usize) -> Result<Answer, Fault> {
        match mapped(call, path)? {
            None => Ok(Answer::Continue),
            Some(Mapped::Config) if call.flags(mode) & libc::W_OK != 0 => Err(Fault::Errno(libc::EROFS)),
            Some(_) => Ok(Answer::Value(0)),
        }
    }

    /// The four `ioctl` requests that the filter asks about.
    pub fn ioctl(&mut self, call: &Call) -> Result<Answer, Fault> {
        let opened = call.opened(call.descriptor(0))?;
        match call.arguments[1] as u32 {
            filter::NSM_REQUEST if opened.id == self.nsm_device.id => self.nsm_request(call),
            filter::LOCAL_CID if opened.id == self.vsock_device.id => {
                call.write(call.arguments[2], &ENCLAVE_CID.to_ne_bytes())?;
                Ok(Answer::Value(0))
            }
            filter::ADD_ENTROPY if opened.random => add_entropy(call),
            filter::RESEED if opened.random => Ok(Answer::Value(0)),
            _ => Ok(Answer::Continue),
        }
    }

    /// As the kernel's driver does it: two iovecs in, the answer truncated to the room there is, both iovecs out with
    /// the length of the answer.
    fn nsm_request(&mut self, call: &Call) -> Result<Answer, Fault> {
        let address = call.arguments[2];
        let mut words = [0; 32];
        call.read(address, &mut words)?;
        let [request_at, request_length, response_at, response_length] = message(&words);
        if request_length > REQUEST_MAX as u64 {
            return Err(Fault::Errno(libc::EMSGSIZE));
        }
        let mut request = vec![0; request_length as usize];
        call.read(request_at, &mut request)?;
        let mut response = self.nsm.answer(&request, SystemTime::now());
        response.truncate(RESPONSE_MAX.min(usize::try_from(response_length).unwrap_or(usize::MAX)));
        call.write(response_at, &response)?;
        call.write(address + 24, &(response.len() as u64).to_ne_bytes())?;
        Ok(Answer::Value(0))
    }

    fn device(&self, mapped: Mapped) -> &Device {
        match mapped {
            Mapped::Nsm => &self.nsm_device,
            Mapped::Vsock => &self.vsock_device,
            Mapped::Config => &self.config,
        }
    }
}

impl Device {
    fn new(name: &std::ffi::CStr, contents: &[u8]) -> io::Result<Self> {
        let file = sealed_memory(name, contents)?;
        let id = FileId::of(&file)?;
        Ok(Self { file, id })
    }

    /// Read-only, and with a position of its own.
    fn reopen(&self) -> io::Result<OwnedFd> {
        Ok(File::open(format!("/proc/self/fd/{}", self.file.as_raw_fd()))?.into())
    }
}

impl Mapped {
    fn mode(self) -> libc::mode_t {
        match self {
            Self::Nsm | Self::Vsock => libc::S_IFCHR | 0o600,
            Self::Config => libc::S_IFREG | 0o444,
        }
    }
}

fn mapped(call: &Call, path: usize) -> Result<Option<Mapped>, Fault> {
    let text = call.short_text::<LONGEST_PATH>(call.arguments[path])?;
    Ok(match text.as_deref() {
        Some(b"/dev/nsm") => Some(Mapped::Nsm),
        Some(b"/dev/vsock") => Some(Mapped::Vsock),
        Some(b"/etc/sealroom/enclave.toml") => Some(Mapped::Config),
        _ => None,
    })
}

/// Only root may credit entropy; inside an enclave the program is root. Checked as the kernel does, then dropped.
fn add_entropy(call: &Call) -> Result<Answer, Fault> {
    let mut header = [0; 8];
    call.read(call.arguments[2], &mut header)?;
    let [bits, length] = [0, 4].map(|at| i32::from_ne_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]));
    if bits < 0 || length < 0 {
        return Err(Fault::Errno(libc::EINVAL));
    }
    let mut pool = vec![0; (length as usize).min(REQUEST_MAX)];
    call.read(call.arguments[2] + 8, &mut pool)?;
    Ok(Answer::Value(0))
}

fn message(words: &[u8; 32]) -> [u64; 4] {
    let (words, _) = words.as_chunks::<8>();
    [0, 1, 2, 3].map(|index| u64::from_ne_bytes(words[index]))
}

/// The bytes of a structure that the kernel fills in.
fn bytes_of<T>(value: &T) -> &[u8] {
    // SAFETY: both structures came zeroed and the kernel wrote them: every byte, padding too, is initialised.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast(), size_of::<T>()) }
}

/// Longer than any mapped path.
const LONGEST_PATH: usize = 64;
