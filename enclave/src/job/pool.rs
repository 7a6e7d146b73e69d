//! Buffers that have served and serve again, so that the stream allocates nothing once it flows and its memory stays what
//! it is, whatever the input's size.

use std::sync::{Mutex, PoisonError};

use sealroom_shared::limits;
use zeroize::Zeroizing;

/// Plaintext on its way through the enclave. Wiped when dropped, in whatever way a job ends; never logged, never cloned.
pub(super) type Plaintext = Zeroizing<Vec<u8>>;

/// Buffers of plaintext. Wiped when the job ends; one that serves again is overwritten, not wiped, in between.
#[derive(Default)]
pub(super) struct Pool(Mutex<Vec<Plaintext>>);

/// Buffers of ciphertext, between the connection and the pipeline, both ways.
#[derive(Default)]
pub struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Pool {
    /// An empty buffer.
    pub(super) fn take(&self) -> Plaintext {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(|| Plaintext::new(Vec::with_capacity(USUAL)))
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

impl Buffers {
    /// A buffer of any content, to be overwritten.
    pub fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_else(|| Vec::with_capacity(USUAL))
    }

    /// Gives a buffer back.
    pub fn give(&self, buffer: Vec<u8>) {
        if buffer.capacity() <= LARGEST {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
        }
    }
}

/// Bytes that a buffer begins with: a block, and what crossed its end or completed it.
const USUAL: usize = limits::BLOCK_BYTES + 2 * limits::WIRE_PAYLOAD;

/// Bytes of the largest buffer that is kept.
const LARGEST: usize = 4 * limits::BLOCK_BYTES;
