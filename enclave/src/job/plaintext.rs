//! A buffer of records. Wiped when dropped, in whatever way a job ends.

use zeroize::Zeroize;

/// Plaintext on its way through the enclave. Never logged, never cloned.
#[derive(Default)]
pub(super) struct Plaintext(pub(super) Vec<u8>);

impl Drop for Plaintext {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
