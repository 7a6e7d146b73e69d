//! A whole sealed message from anyone: the header's reader, and the opener behind it. The first byte says how the rest is
//! cut; whatever the cut, the outcome is the same.
#![no_main]

#[path = "../../tests/tests/by_ring/mod.rs"]
mod by_ring;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sealroom_shared::message::{DataKey, Header, MessageError};

const KEY: [u8; 32] = [7; 32];

/// Headers whose key is known, so that bytes reach their openers: an unsigned message's and a signed one's.
static HEADERS: LazyLock<[Header; 2]> = LazyLock::new(|| {
    [by_ring::UNSIGNED, by_ring::SIGNED].map(|suite| {
        let message = by_ring::Message {
            suite,
            message_id: [1; 32],
            context: vec![("a".into(), "b".into())],
            encrypted_data_keys: vec![[b"p".to_vec(), vec![], vec![0; 8]]],
            frame_length: 16,
            commitment: [0; 32],
            plaintext: vec![],
        };
        Header::parse(&by_ring::seal(&message, &KEY)).unwrap().unwrap().0
    })
});

fn opened(header: &Header, body: &[u8], piece: usize) -> (Vec<u8>, Result<(), MessageError>) {
    let mut plaintext = Vec::new();
    let mut opener = header.unlock(&DataKey::from_bytes(KEY)).unwrap();
    let outcome = body.chunks(piece).try_for_each(|piece| opener.push(piece, &mut plaintext)).and_then(|()| opener.finish());
    (plaintext, outcome)
}

fuzz_target!(|data: &[u8]| {
    let Some((cut, data)) = data.split_first() else { return };
    let piece = 1 + usize::from(*cut);
    let mut body = data;
    if let Ok(Some((header, used))) = Header::parse(data) {
        assert!(used <= sealroom_shared::limits::HEADER_BYTES);
        // Every beginning of a header asks for more; what follows one does not matter.
        let shorter = used - 1 - usize::from(*cut) % used;
        assert!(matches!(Header::parse(&data[..shorter]), Ok(None)));
        assert!(matches!(Header::parse(&data[..used]), Ok(Some((_, again))) if again == used));
        // Nobody commits to a key by chance.
        assert!(header.unlock(&DataKey::from_bytes([8; 32])).is_err());
        body = &data[used..];
    }
    for header in HEADERS.iter() {
        let whole = opened(header, body, body.len().max(1));
        assert!(whole == opened(header, body, piece));
    }
});
