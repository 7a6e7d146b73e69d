//! Entropy: the NSM's random bytes are mixed into the kernel's pool, and credited, before any key is made. An enclave
//! has no other source that the parent cannot influence.

use std::fs::File;
use std::os::fd::AsRawFd;

use zeroize::Zeroizing;

use crate::nsm::{Nsm, NsmError};

/// Why the kernel's pool could not be fed.
#[derive(Debug, thiserror::Error)]
pub enum EntropyError {
    /// The NSM gave no random bytes.
    #[error("the NSM gave no random bytes: {0}")]
    Nsm(#[from] NsmError),
    /// The kernel did not take them.
    #[error("the kernel did not take the NSM's random bytes: {0}")]
    Kernel(#[from] std::io::Error),
}

/// Mixes [`BYTES`] of the NSM's randomness into the kernel's pool.
///
/// # Errors
/// [`EntropyError`]: the enclave does not start.
pub fn mix_into_kernel(nsm: &dyn Nsm) -> Result<(), EntropyError> {
    let pool = File::options().write(true).open("/dev/random")?;
    let mut mixed = 0;
    while mixed < BYTES {
        let random = Zeroizing::new(nsm.random()?);
        let mut request = Zeroizing::new(RandPoolInfo { entropy_count: 0, buf_size: 0, buf: [0; MAX] });
        let length = random.len().min(MAX);
        for (to, from) in request.buf.iter_mut().zip(random.iter()) {
            *to = *from;
        }
        request.buf_size = i32::try_from(length).map_err(std::io::Error::other)?;
        request.entropy_count = i32::try_from(length.saturating_mul(8)).map_err(std::io::Error::other)?;
        // SAFETY: RNDADDENTROPY reads a `struct rand_pool_info` of two ints and `buf_size` bytes; `request` has that
        // layout (repr(C)), holds at least `buf_size` bytes and outlives the call.
        let result = unsafe { libc::ioctl(pool.as_raw_fd(), RNDADDENTROPY, std::ptr::from_ref(&*request)) };
        if result != 0 {
            return Err(std::io::Error::last_os_error().into());
        }
        mixed = mixed.saturating_add(length);
    }
    Ok(())
}

/// `struct rand_pool_info` of `linux/random.h`.
#[repr(C)]
struct RandPoolInfo {
    entropy_count: i32,
    buf_size: i32,
    buf: [u8; MAX],
}

impl zeroize::Zeroize for RandPoolInfo {
    fn zeroize(&mut self) {
        self.buf.zeroize();
    }
}

/// What one answer of the NSM may hold.
const MAX: usize = 256;
/// Twice what the kernel's generator is seeded with.
const BYTES: usize = 512;
#[expect(clippy::as_conversions, reason = "musl declares the request as a C int, glibc as an unsigned long; the number fits both")]
const RNDADDENTROPY: libc::Ioctl = 0x4008_5203_u32 as libc::Ioctl;
