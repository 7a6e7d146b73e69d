//! Buffers that have served and serve again, so that the stream allocates nothing once it flows and its memory stays what
//! it is, whatever the input's size.

use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

/// Plaintext on its way through the enclave. Wiped when dropped, in whatever way a job ends; never logged, never cloned.
pub(super) type Plaintext = Zeroizing<Vec<u8>>;

/// Buffers of plaintext. Wiped when the job ends; one that serves again is overwritten, not wiped, in between.
#[derive(Default)]
pub(super) struct Pool(Mutex<Vec<Plaintext>>);

impl Pool {
    /// An empty buffer.
    pub(super) fn take(&self) -> Plaintext {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Gives a buffer back.
    pub(super) fn give(&self, mut buffer: Plaintext) {
        // One that a long record has grown would keep that size for good.
        if buffer.capacity() <= LARGEST {
            buffer.clear();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
        }
    }
}

/// Bytes of a buffer that is kept: a block and the frame that completed it.
const LARGEST: usize = 4 * sealroom_shared::limits::BLOCK_BYTES;
