//! Thin, owned wrappers of the system calls that the standard library lacks. The other modules of the supervisor call
//! them; none knows what the descriptors mean.

use std::ffi::CStr;
use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use libc::{c_int, c_long, c_void};

/// Turns the C convention into a result.
pub fn checked(result: c_long) -> io::Result<c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn owned(result: c_long) -> io::Result<OwnedFd> {
    let fd = checked(result)?;
    // SAFETY: the caller passes the result of a call that has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// A socket of `family` of type stream, close-on-exec.
pub fn stream_socket(family: c_int, flags: c_int) -> io::Result<OwnedFd> {
    // SAFETY: no pointers.
    owned(unsafe { libc::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC | flags, 0) }.into())
}

/// Tries to make a vsock socket and closes it: what matters is the error.
pub fn try_vsock() -> io::Result<()> {
    stream_socket(libc::AF_VSOCK, 0).map(drop)
}

/// A descriptor for the process `id`.
pub fn pidfd(id: u32) -> io::Result<OwnedFd> {
    // SAFETY: no pointers.
    owned(unsafe { libc::syscall(libc::SYS_pidfd_open, id, 0) })
}

/// Sends `signal`; a process that has ended takes none, which is no error here.
pub fn pidfd_signal(pidfd: &OwnedFd, signal: c_int) {
    // SAFETY: a null siginfo is allowed.
    unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, std::ptr::null::<c_void>(), 0) };
}

/// A duplicate of descriptor `fd` of the process behind `pidfd`: the same open file, flags and all.
pub fn duplicate_of(pidfd: BorrowedFd<'_>, fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: no pointers.
    owned(unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), fd, 0) })
}

/// A file in memory that holds `contents` and can no longer change.
pub fn sealed_memory(name: &CStr, contents: &[u8]) -> io::Result<OwnedFd> {
    // SAFETY: the name is terminated.
    let memory = owned(unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING) }.into())?;
    let mut file = std::fs::File::from(memory);
    io::Write::write_all(&mut file, contents)?;
    let seals = libc::F_SEAL_SEAL | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE;
    // SAFETY: no pointers.
    checked(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) }.into())?;
    Ok(file.into())
}

/// Blocks SIGTERM, SIGINT and SIGHUP for this thread and gives a descriptor that delivers them.
pub fn ending_signals() -> io::Result<OwnedFd> {
    // SAFETY: the set is initialised by sigemptyset before anything reads it, and outlives the calls.
    unsafe {
        let mut set = mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut set);
        for signal in ENDING {
            libc::sigaddset(&raw mut set, signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        owned(libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK).into())
    }
}

/// Undoes [`ending_signals`] and whatever a shell has set, in a child that is about to become another program.
pub fn default_signals() {
    // SAFETY: as above; runs between fork and exec and makes system calls only.
    unsafe {
        let mut set = mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut set);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut());
        for signal in ENDING {
            libc::signal(signal, libc::SIG_DFL);
        }
    }
}

const ENDING: [c_int; 3] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP];

/// The next signal of [`ending_signals`], if one has come.
pub fn next_signal(signals: &OwnedFd) -> Option<c_int> {
    // SAFETY: an all-zero structure is valid, and the kernel writes at most its size into it.
    unsafe {
        let mut info = mem::zeroed::<libc::signalfd_siginfo>();
        let size = size_of_val(&info);
        let read = libc::read(signals.as_raw_fd(), (&raw mut info).cast(), size);
        (usize::try_from(read) == Ok(size)).then_some(info.ssi_signo as c_int)
    }
}

/// Makes the open file non-blocking or blocking and says what it was.
pub fn set_nonblocking(fd: impl AsFd, nonblocking: bool) -> io::Result<bool> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: no pointers.
    let flags = checked(unsafe { libc::fcntl(fd, libc::F_GETFL) }.into())? as c_int;
    let was = flags & libc::O_NONBLOCK != 0;
    if was != nonblocking {
        // SAFETY: no pointers.
        checked(unsafe { libc::fcntl(fd, libc::F_SETFL, flags ^ libc::O_NONBLOCK) }.into())?;
    }
    Ok(was)
}

/// True if the open file is non-blocking.
pub fn is_nonblocking(fd: &OwnedFd) -> io::Result<bool> {
    // SAFETY: no pointers.
    let flags = checked(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) }.into())? as c_int;
    Ok(flags & libc::O_NONBLOCK != 0)
}

/// The address of a Unix socket: a path, or an abstract name with its leading zero byte.
#[derive(Clone)]
pub struct UnixAddress {
    raw: libc::sockaddr_un,
    length: libc::socklen_t,
}

impl UnixAddress {
    /// The address of `path`; none if it has more than 107 bytes.
    pub fn of_path(path: &Path) -> Option<Self> {
        let bytes = path.as_os_str().as_bytes();
        let mut address = Self::unnamed();
        if bytes.len() >= address.raw.sun_path.len() {
            return None;
        }
        for (slot, byte) in address.raw.sun_path.iter_mut().zip(bytes) {
            *slot = *byte as libc::c_char;
        }
        address.length += libc::socklen_t::try_from(bytes.len() + 1).ok()?;
        Some(address)
    }

    /// The address without a name. Binding to it makes the kernel choose an abstract one.
    fn unnamed() -> Self {
        // SAFETY: all zeroes are a valid sockaddr_un.
        let mut raw = unsafe { mem::zeroed::<libc::sockaddr_un>() };
        raw.sun_family = libc::AF_UNIX as libc::sa_family_t;
        Self { raw, length: size_of::<libc::sa_family_t>() as libc::socklen_t }
    }

    /// Connects `socket` to it.
    pub fn connect(&self, socket: &OwnedFd) -> io::Result<()> {
        // SAFETY: pointer and length belong to one structure that outlives the call.
        checked(unsafe { libc::connect(socket.as_raw_fd(), (&raw const self.raw).cast(), self.length) }.into()).map(drop)
    }
}

/// Makes `socket` listen on an abstract name of the kernel's choice, and gives that name.
pub fn listen_unnamed(socket: &OwnedFd, backlog: c_int) -> io::Result<UnixAddress> {
    let mut address = UnixAddress::unnamed();
    let fd = socket.as_raw_fd();
    // SAFETY: pointers and lengths belong to one structure that outlives the calls.
    unsafe {
        checked(libc::bind(fd, (&raw const address.raw).cast(), address.length).into())?;
        address.length = size_of_val(&address.raw) as libc::socklen_t;
        checked(libc::getsockname(fd, (&raw mut address.raw).cast(), &raw mut address.length).into())?;
    }
    listen(socket, backlog)?;
    Ok(address)
}

/// `listen`, which also changes the backlog of a socket that listens already.
pub fn listen(socket: &OwnedFd, backlog: c_int) -> io::Result<()> {
    // SAFETY: no pointers.
    checked(unsafe { libc::listen(socket.as_raw_fd(), backlog) }.into()).map(drop)
}

/// Takes one connection off a listener without waiting and closes it. False if there was none.
pub fn discard_connection(listener: &OwnedFd) -> bool {
    // SAFETY: null address and length are allowed. The listener is non-blocking for this one call.
    let Ok(was) = set_nonblocking(listener, true) else { return false };
    let taken =
        owned(unsafe { libc::accept4(listener.as_raw_fd(), std::ptr::null_mut(), std::ptr::null_mut(), libc::SOCK_CLOEXEC) }.into());
    let _ = set_nonblocking(listener, was);
    taken.is_ok()
}

/// Receives into `buffer` without waiting; `flags` may say MSG_PEEK.
pub fn receive(socket: &OwnedFd, buffer: &mut [u8], flags: c_int) -> io::Result<usize> {
    // SAFETY: pointer and length belong to one buffer.
    let count = unsafe { libc::recv(socket.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), flags | libc::MSG_DONTWAIT) };
    Ok(checked(count as c_long)? as usize)
}

/// Sends `bytes` without waiting and without SIGPIPE.
pub fn send(socket: &OwnedFd, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: pointer and length belong to one buffer.
    let count = unsafe { libc::send(socket.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) };
    Ok(checked(count as c_long)? as usize)
}

/// Room for one control message with one descriptor.
#[repr(C, align(8))]
struct Control([u8; CONTROL_LENGTH]);
// SAFETY: a pure computation.
const CONTROL_LENGTH: usize = unsafe { libc::CMSG_SPACE(size_of::<RawFd>() as u32) } as usize;

/// Sends one byte and descriptor `fd` over a Unix socket. Makes no allocation: it runs between fork and exec.
pub fn send_fd(socket: RawFd, fd: RawFd) -> io::Result<()> {
    let mut byte = 0_u8;
    let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let mut control = Control([0; CONTROL_LENGTH]);
    // SAFETY: the header points at locals that outlive the call, and `control` has room for the one message written.
    unsafe {
        let message = message(&mut part, &mut control);
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(size_of::<RawFd>() as u32) as _;
        libc::CMSG_DATA(header).cast::<RawFd>().write_unaligned(fd);
        checked(libc::sendmsg(socket, &raw const message, libc::MSG_NOSIGNAL) as c_long).map(drop)
    }
}

/// Receives what [`send_fd`] sent, or a plain byte without a descriptor.
pub fn receive_fd(socket: RawFd) -> io::Result<Option<RawFd>> {
    let mut byte = 0_u8;
    let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let mut control = Control([0; CONTROL_LENGTH]);
    // SAFETY: as in `send_fd`; the kernel has filled in the header that CMSG_FIRSTHDR finds.
    unsafe {
        let mut message = message(&mut part, &mut control);
        checked(libc::recvmsg(socket, &raw mut message, libc::MSG_CMSG_CLOEXEC) as c_long)?;
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        if header.is_null() || (*header).cmsg_type != libc::SCM_RIGHTS {
            return Ok(None);
        }
        Ok(Some(libc::CMSG_DATA(header).cast::<RawFd>().read_unaligned()))
    }
}

fn message(part: &mut libc::iovec, control: &mut Control) -> libc::msghdr {
    // SAFETY: all zeroes are a valid msghdr.
    let mut message = unsafe { mem::zeroed::<libc::msghdr>() };
    message.msg_iov = part;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = CONTROL_LENGTH as _;
    message
}
