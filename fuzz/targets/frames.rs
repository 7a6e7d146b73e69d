//! Frames that are sealed rightly and put together wrongly. The input is a list of frames: kind, sequence number, length.
//! The opener takes exactly 1, 2, 3 … of the frame length and one shorter final frame, and whatever came out before a
//! refusal is what was sealed.
#![no_main]

#[path = "../../tests/tests/by_ring/mod.rs"]
mod by_ring;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sealroom_shared::message::{DataKey, Header};

const KEY: [u8; 32] = [7; 32];
const MESSAGE_ID: [u8; 32] = [1; 32];

static CONTENT_KEY: LazyLock<LessSafeKey> = LazyLock::new(|| {
    let key = by_ring::derive(&KEY, &MESSAGE_ID, &[&by_ring::UNSIGNED.to_be_bytes(), b"DERIVEKEY"]);
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap())
});

fuzz_target!(|data: &[u8]| {
    let [frame_length, cut, list @ ..] = data else { return };
    let frame_length = 1 + usize::from(*frame_length % 40);
    let message = by_ring::seal(
        &by_ring::Message {
            suite: by_ring::UNSIGNED,
            message_id: MESSAGE_ID,
            context: vec![],
            encrypted_data_keys: vec![[b"p".to_vec(), vec![], vec![]]],
            frame_length,
            commitment: [0; 32],
            plaintext: vec![],
        },
        &KEY,
    );
    let (header, _) = Header::parse(&message).unwrap().unwrap();
    let mut opener = header.unlock(&DataKey::from_bytes(KEY)).unwrap();

    let (mut body, mut sealed, mut sound, mut ended) = (Vec::new(), Vec::new(), true, false);
    for (place, frame) in (1_u32..).zip(list.chunks_exact(3).take(64)) {
        let is_final = frame[0] & 1 == 1;
        // Mostly the number that belongs here.
        let sequence = if frame[0] & 0x0e == 0 { u32::from(frame[1]) } else { place };
        let length = if frame[0] & 0x30 == 0 { usize::from(frame[2] % 50) } else { frame_length };
        let plaintext = vec![frame[1]; length];
        body.extend(by_key(is_final, sequence, &plaintext));
        let fits = if is_final { length <= frame_length } else { length == frame_length };
        sound &= !ended && fits && sequence == place;
        if sound {
            sealed.extend(plaintext);
        }
        ended |= is_final;
    }
    let mut plaintext = Vec::new();
    let piece = 1 + usize::from(*cut);
    let outcome = body.chunks(piece).try_for_each(|piece| opener.push(piece, &mut plaintext)).and_then(|()| opener.finish());
    assert_eq!(outcome.is_ok(), sound && ended, "{outcome:?}");
    assert!(sealed.starts_with(&plaintext), "something that was never sealed came out");
    if outcome.is_ok() {
        assert_eq!(plaintext, sealed);
    }
});

fn by_key(is_final: bool, sequence: u32, plaintext: &[u8]) -> Vec<u8> {
    let label: &[u8] = if is_final { b"AWSKMSEncryptionClient Final Frame" } else { b"AWSKMSEncryptionClient Frame" };
    let aad = [&MESSAGE_ID, label, &sequence.to_be_bytes(), &(plaintext.len() as u64).to_be_bytes()].concat();
    let iv: [u8; 12] = [&[0; 8][..], &sequence.to_be_bytes()].concat().try_into().unwrap();
    let mut out = if is_final { vec![0xff; 4] } else { vec![] };
    out.extend(sequence.to_be_bytes());
    out.extend(iv);
    if is_final {
        out.extend((plaintext.len() as u32).to_be_bytes());
    }
    let mut frame = plaintext.to_vec();
    CONTENT_KEY.seal_in_place_append_tag(Nonce::assume_unique_for_key(iv), Aad::from(aad), &mut frame).unwrap();
    out.extend(frame);
    out
}
