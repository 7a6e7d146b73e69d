//! The enclave's reader of `CiphertextForRecipient`: what it accepts, RustCrypto reads too and finds the same in it.
#![no_main]

#[path = "../../tests/tests/cms_oracle/oracle.rs"]
mod oracle;
#[path = "../../tests/tests/cms_oracle/reader.rs"]
mod reader;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(fields) = reader::read(data) {
        oracle::compare(data, &fields);
    }
});
