//! What the messages of the interop tests hold, and our own way to make one. Used by those tests.

use sealroom_shared::message::{EncryptionContext, Sealer};
use serde_json::{Value, json};

/// Bytes of which no four occur twice, so that no frame stands in for another.
pub fn plaintext(length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 3);
    while bytes.len() < length {
        let word = u32::try_from(bytes.len()).unwrap().wrapping_mul(0x9E37_79B1);
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// The last one's keys sort otherwise by UTF-16 units, and otherwise again by the rules of a language.
pub fn contexts() -> [Value; 3] {
    let mixed = json!({ "ключ": "значение", "Größe": "€ 5 🔑", "a": "", "z": "last", "Z": "first", "\u{FF5E}": "tilde", "🔑": "key" });
    [json!({}), json!({ "purpose": "interop" }), mixed]
}

pub fn encryption_context(pairs: &Value) -> EncryptionContext {
    let mut context = EncryptionContext::new();
    for (key, value) in pairs.as_object().unwrap() {
        context.insert(key, value.as_str().unwrap()).unwrap();
    }
    context
}

/// Our own message over `plaintext`, pushed in pieces that fit no frame.
pub fn sealed(mut sealer: Sealer, plaintext: &[u8]) -> Vec<u8> {
    let mut message = sealer.header().to_vec();
    for piece in plaintext.chunks(10_007) {
        sealer.push(piece, &mut message).unwrap();
    }
    sealer.finish(&mut message).unwrap();
    message
}
