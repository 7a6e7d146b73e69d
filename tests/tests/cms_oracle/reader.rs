//! The enclave's own source of its envelope reader, compiled here once more: its fields are not public, and here they are
//! compared. The fuzz target compiles it as well.

#[path = "../../../enclave/src/cms/ber.rs"]
mod ber;
#[path = "../../../enclave/src/cms/enveloped.rs"]
mod enveloped;

use super::oracle::Fields;

pub fn read(envelope: &[u8]) -> Option<Fields> {
    let read = enveloped::EnvelopedData::parse(envelope)?;
    Some(Fields { encrypted_key: read.encrypted_key.to_vec(), iv: read.iv.to_vec(), content: read.encrypted_content })
}
