//! The seccomp filter: which of the program's system calls stop and ask the supervisor. Called once, at start.

use libc::{c_long, sock_filter};

/// The filter program.
///
/// Calls that are not named here run at native speed: send, recv, epoll, shutdown, fcntl, close and all the rest.
#[must_use]
pub fn program() -> Vec<sock_filter> {
    let mut filter = Filter::default();
    filter.load(ARCH);
    filter.unless(AUDIT_ARCH_X86_64, errno(libc::ENOSYS));
    filter.load(NUMBER);
    filter.at_least(X32_BIT, errno(libc::ENOSYS));
    for number in ASKED {
        filter.when(narrow(number), ASK);
    }
    for (number, code) in REFUSED {
        filter.when(narrow(number), errno(code));
    }
    for (number, argument, values, action) in BY_ARGUMENT {
        filter.by_argument(narrow(number), argument, values, action);
    }
    filter.end(ALLOW);
    filter.instructions
}

/// Always asked about. The C libraries differ (gnu opens with `openat`, musl with `open`), so every form is here.
const ASKED: [c_long; 16] = [
    libc::SYS_open,
    libc::SYS_openat,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_access,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
];

/// Refused without asking: io_uring would go around the filter, and `reboot` is what a program does that believes it
/// is the first in its own machine.
const REFUSED: [(c_long, i32); 2] = [(libc::SYS_io_uring_setup, libc::ENOSYS), (libc::SYS_reboot, libc::EPERM)];

/// Decided by the low 32 bits of one argument: system call, argument's number, its values, what then.
///
/// `PR_SET_DUMPABLE` succeeds without being done: a program that is not dumpable cannot be read by an unprivileged
/// supervisor. Socket options of vsock succeed: Unix sockets have no such buffers.
const BY_ARGUMENT: [(c_long, u32, &[u32], u32); 4] = [
    (libc::SYS_ioctl, 1, &[NSM_REQUEST, ADD_ENTROPY, RESEED, LOCAL_CID], ASK),
    (libc::SYS_socket, 0, &[AF_VSOCK], ASK),
    (libc::SYS_prctl, 0, &[PR_SET_DUMPABLE], errno(0)),
    (libc::SYS_setsockopt, 1, &[AF_VSOCK], errno(0)),
];

/// `ioctl` of the NSM driver: magic 0x0A, number 0, two iovecs in and out.
pub const NSM_REQUEST: u32 = 0xc020_0a00;
/// `RNDADDENTROPY`.
pub const ADD_ENTROPY: u32 = 0x4008_5203;
/// `RNDRESEEDCRNG`.
pub const RESEED: u32 = 0x5207;
/// `IOCTL_VM_SOCKETS_GET_LOCAL_CID`.
pub const LOCAL_CID: u32 = 0x7b9;
const AF_VSOCK: u32 = 40;
const PR_SET_DUMPABLE: u32 = 4;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const ASK: u32 = libc::SECCOMP_RET_USER_NOTIF;
const AUDIT_ARCH_X86_64: u32 = 0xc000_003e;
/// System calls of the x32 interface carry this bit; they would be other numbers for the same calls.
const X32_BIT: u32 = 0x4000_0000;
/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGUMENTS: u32 = 16;

/// A classic BPF program being written.
#[derive(Default)]
struct Filter {
    instructions: Vec<sock_filter>,
}

impl Filter {
    fn load(&mut self, offset: u32) {
        self.push(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, offset);
    }

    fn end(&mut self, action: u32) {
        self.push(libc::BPF_RET | libc::BPF_K, 0, 0, action);
    }

    fn when(&mut self, value: u32, action: u32) {
        self.push(EQUAL, 0, 1, value);
        self.end(action);
    }

    fn unless(&mut self, value: u32, action: u32) {
        self.push(EQUAL, 1, 0, value);
        self.end(action);
    }

    fn at_least(&mut self, value: u32, action: u32) {
        self.push(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 0, 1, value);
        self.end(action);
    }

    fn by_argument(&mut self, number: u32, argument: u32, values: &[u32], action: u32) {
        // One load, two instructions a value and the final allow are skipped for other calls.
        let skipped = u8::try_from(2 + 2 * values.len()).unwrap_or(u8::MAX);
        self.push(EQUAL, 0, skipped, number);
        self.load(ARGUMENTS + 8 * argument);
        for value in values {
            self.when(*value, action);
        }
        self.end(ALLOW);
    }

    fn push(&mut self, code: u32, jt: u8, jf: u8, k: u32) {
        self.instructions.push(sock_filter { code: code as u16, jt, jf, k });
    }
}

const EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;

const fn errno(code: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | (code as u32)
}

const fn narrow(number: c_long) -> u32 {
    number as u32
}
