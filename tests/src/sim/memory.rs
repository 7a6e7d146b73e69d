//! What a stopped call's arguments point at, and what its descriptors are.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt as _};

use super::notification::{Call, Fault};

/// The identity of an open file. A descriptor's number alone breaks on dup, close and fork.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The identity of one of our own descriptors.
    pub fn of(fd: &OwnedFd) -> io::Result<Self> {
        let metadata = File::from(fd.try_clone()?).metadata()?;
        Ok(Self::from_metadata(&metadata))
    }

    fn from_metadata(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }

    /// The inode number, as `/proc/PID/fd` shows it.
    pub fn inode(self) -> u64 {
        self.inode
    }
}

/// What a descriptor of the program is.
#[derive(Debug, Clone, Copy)]
pub struct Opened {
    /// Which file.
    pub id: FileId,
    /// It is `/dev/random` or `/dev/urandom`.
    pub random: bool,
}

impl Call {
    /// What descriptor `fd` of the calling thread is; EBADF if it is not open.
    pub fn opened(&self, fd: i32) -> Result<Opened, Fault> {
        let metadata = match std::fs::metadata(format!("/proc/{}/fd/{fd}", self.thread)) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Fault::Errno(libc::EBADF)),
            Err(error) => return Err(Fault::Unreadable(error)),
        };
        let random = metadata.file_type().is_char_device() && [RANDOM, URANDOM].contains(&metadata.rdev());
        Ok(Opened { id: FileId::from_metadata(&metadata), random })
    }

    /// Fills `buffer` from the program's memory at `address`.
    pub fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Fault> {
        let remote = libc::iovec { iov_base: address as *mut _, iov_len: buffer.len() };
        let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        // SAFETY: the kernel writes into `buffer` at most; the remote range is another process's.
        let count = unsafe { libc::process_vm_readv(self.thread as i32, &raw const local, 1, &raw const remote, 1, 0) };
        match moved(count, buffer.len()) {
            Err(Refused::Forbidden) => self.memory(false)?.read_exact_at(buffer, address).map_err(|error| through_file(&error)),
            other => other.map_err(Refused::into_fault),
        }
    }

    /// Writes `bytes` into the program's memory at `address`.
    pub fn write(&self, address: u64, bytes: &[u8]) -> Result<(), Fault> {
        let remote = libc::iovec { iov_base: address as *mut _, iov_len: bytes.len() };
        let local = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        // SAFETY: the kernel reads from `bytes` at most; the remote range is another process's.
        let count = unsafe { libc::process_vm_writev(self.thread as i32, &raw const local, 1, &raw const remote, 1, 0) };
        match moved(count, bytes.len()) {
            Err(Refused::Forbidden) => self.memory(true)?.write_all_at(bytes, address).map_err(|error| through_file(&error)),
            other => other.map_err(Refused::into_fault),
        }
    }

    /// The terminated text at `address`, if it is shorter than `N` bytes: longer ones name nothing that concerns us.
    pub fn short_text<const N: usize>(&self, address: u64) -> Result<Option<Vec<u8>>, Fault> {
        let mut text = Vec::with_capacity(N);
        while text.len() < N {
            // Never across a page: the next one may not exist, and the text may end before it.
            let at = address.wrapping_add(text.len() as u64);
            let to_page_end = (PAGE - at % PAGE) as usize;
            let mut part = vec![0; to_page_end.min(N - text.len())];
            self.read(at, &mut part)?;
            if let Some(end) = part.iter().position(|byte| *byte == 0) {
                text.extend(part.drain(..end));
                return Ok(Some(text));
            }
            text.append(&mut part);
        }
        Ok(None)
    }

    /// The slower way for containers that refuse process_vm_readv but not this.
    fn memory(&self, write: bool) -> Result<File, Fault> {
        let path = format!("/proc/{}/mem", self.thread);
        File::options().read(!write).write(write).open(path).map_err(Fault::Unreadable)
    }
}

/// Why the direct way failed.
enum Refused {
    /// The program's pointer is bad.
    Address,
    /// We may not: perhaps the file in /proc may be used.
    Forbidden,
    /// Something else.
    Other(io::Error),
}

impl Refused {
    fn into_fault(self) -> Fault {
        match self {
            Self::Address => Fault::Errno(libc::EFAULT),
            Self::Forbidden => Fault::Unreadable(io::Error::from_raw_os_error(libc::EPERM)),
            Self::Other(error) => Fault::Unreadable(error),
        }
    }
}

fn moved(count: isize, wanted: usize) -> Result<(), Refused> {
    if usize::try_from(count) == Ok(wanted) {
        return Ok(());
    }
    if count >= 0 {
        return Err(Refused::Address);
    }
    let error = io::Error::last_os_error();
    Err(match error.raw_os_error() {
        Some(libc::EFAULT) => Refused::Address,
        Some(libc::EPERM | libc::ENOSYS) => Refused::Forbidden,
        _ => Refused::Other(error),
    })
}

/// A bad pointer shows as EIO here.
fn through_file(error: &io::Error) -> Fault {
    match error.raw_os_error() {
        Some(libc::EIO) => Fault::Errno(libc::EFAULT),
        _ if error.kind() == io::ErrorKind::UnexpectedEof => Fault::Errno(libc::EFAULT),
        errno => Fault::Unreadable(io::Error::from_raw_os_error(errno.unwrap_or(libc::EIO))),
    }
}

const PAGE: u64 = 4096;
const RANDOM: u64 = libc::makedev(1, 8);
const URANDOM: u64 = libc::makedev(1, 9);
