//! Opens sealed values. One for each worker; no allocation per value once its buffers have grown.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::keys::{MissingKey, ValueKeys, ValuesOf};
use crate::limits;
use crate::message::{DataKey, Header, short};

/// Opens values of the wanted fields.
pub(crate) struct ValueOpener {
    keys: Arc<ValueKeys>,
    /// The data key used last, by wanted field: as a rule the next value's as well.
    latest: Vec<Option<Latest>>,
    message: Vec<u8>,
}

struct Latest {
    wrapping: Box<[u8]>,
    key: Arc<DataKey>,
}

/// Why a value was not opened.
pub(crate) enum NotOpened {
    /// Its data key has to be released first.
    KeyMissing,
    /// It is not a sealed message, or does not verify.
    Refused,
}

impl ValueOpener {
    /// An opener for `wanted` fields, with the data keys that the job has and will have.
    pub(crate) fn new(keys: Arc<ValueKeys>, wanted: usize) -> Self {
        Self { keys, latest: (0..wanted).map(|_| None).collect(), message: Vec::new() }
    }

    /// Appends the plaintext of `value`, a message in base64 that is the value of the wanted field `field` at `index`.
    pub(crate) fn open(
        &mut self,
        index: usize,
        field: &Arc<str>,
        value: &str,
        plaintext: &mut Zeroizing<Vec<u8>>,
    ) -> Result<(), NotOpened> {
        self.decode(value)?;
        let latest = self.latest.get_mut(index).ok_or(NotOpened::Refused)?;
        if let Some(latest) = latest
            && short::open(&self.message, &latest.wrapping, &latest.key, plaintext).map_err(|_| NotOpened::Refused)?
        {
            return Ok(());
        }
        let header = header(&self.message).ok_or(NotOpened::Refused)?;
        let of = ValuesOf { index, field: Arc::clone(field), wrapping: header.wrapping().into() };
        let key = self.keys.find(&of).ok_or(NotOpened::KeyMissing)?;
        let used = latest.insert(Latest { wrapping: of.wrapping, key });
        match short::open(&self.message, &used.wrapping, &used.key, plaintext) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(NotOpened::Refused),
        }
    }

    /// The data key that `value` needs, if it was not given yet. Values that are no messages need none; opening refuses
    /// them.
    pub(crate) fn missing(&mut self, index: usize, field: &Arc<str>, value: &str) -> Option<MissingKey> {
        self.decode(value).ok()?;
        let header = header(&self.message)?;
        let of = ValuesOf { index, field: Arc::clone(field), wrapping: header.wrapping().into() };
        (!self.keys.has(&of)).then_some(MissingKey { header, of })
    }

    fn decode(&mut self, value: &str) -> Result<(), NotOpened> {
        self.message.clear();
        STANDARD.decode_vec(value, &mut self.message).map_err(|_| NotOpened::Refused)
    }
}

/// The header of a value's message. One that is longer than those of values are is none: a job keeps each data key's.
fn header(message: &[u8]) -> Option<Header> {
    let (header, used) = Header::parse(message).ok()??;
    (used <= limits::VALUE_HEADER_BYTES).then_some(header)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::message::{EncryptedDataKey, EncryptionContext, Sealer};

    /// A message whose header has `more` bytes that mean nothing here, and the header's length.
    fn sealed(more: usize) -> (String, usize) {
        let wrapped = EncryptedDataKey { provider_id: "p".to_owned(), provider_info: vec![b'x'; more], ciphertext: vec![2; 40] };
        let sealer = Sealer::new(EncryptionContext::new(), vec![wrapped], &DataKey::from_bytes([7; 32])).unwrap();
        let (mut message, header) = (sealer.header().to_vec(), sealer.header().len());
        sealer.finish(&mut message).unwrap();
        (STANDARD.encode(message), header)
    }

    #[test]
    fn a_header_longer_than_any_values_is_refused_and_its_data_key_not_asked_for() {
        let most = limits::VALUE_HEADER_BYTES - sealed(0).1;
        let field: Arc<str> = "card".into();
        for (more, expected) in [(most, true), (most + 1, false)] {
            let keys = Arc::new(ValueKeys::default());
            let mut opener = ValueOpener::new(Arc::clone(&keys), 1);
            let (value, _) = sealed(more);
            let missing = opener.missing(0, &field, &value);
            assert_eq!(missing.is_some(), expected, "{more}");
            if let Some(missing) = missing {
                keys.give(missing.of, DataKey::from_bytes([7; 32])).unwrap();
            }
            assert_eq!(opener.open(0, &field, &value, &mut Zeroizing::default()).is_ok(), expected, "{more}");
        }
    }
}
