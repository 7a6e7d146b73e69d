//! One sealed value: a whole short message, opened under the data key of an earlier one with the same wrapping. The input
//! tells what its author, who has the data key, writes, and how others change it. Accepted is what a reader of any message
//! accepts, and nothing that others have changed.
#![no_main]

#[path = "../../tests/tests/by_ring/mod.rs"]
mod by_ring;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sealroom_shared::message::{DataKey, Header, short};

const KEY: [u8; 32] = [7; 32];
const MESSAGE_ID: [u8; 32] = [1; 32];
/// Version, suite and message id.
const BEFORE_WRAPPING: usize = 35;

/// Earlier messages, one of them signed, and their wrappings.
static EARLIER: LazyLock<[(Vec<u8>, Vec<u8>); 3]> = LazyLock::new(|| {
    [(by_ring::UNSIGNED, "card"), (by_ring::UNSIGNED, "zip"), (by_ring::SIGNED, "card")].map(|(suite, field)| {
        let message = by_ring::seal(
            &by_ring::Message {
                suite,
                message_id: MESSAGE_ID,
                context: vec![("sealroom:field".into(), field.into())],
                encrypted_data_keys: vec![[b"aws-kms".to_vec(), b"arn".to_vec(), vec![0; 8]]],
                frame_length: 4096,
                commitment: [0; 32],
                plaintext: b"4111111111111111".to_vec(),
            },
            &KEY,
        );
        let wrapping = Header::parse(&message).unwrap().unwrap().0.wrapping().to_vec();
        (message, wrapping)
    })
});

fuzz_target!(|data: &[u8]| {
    let [which, suite_high, suite_low, framed, lengths @ .., known] = data else { return };
    let Some((lengths, changes)) = lengths.split_first_chunk::<5>() else { return };
    let (earlier, wrapping) = &EARLIER[usize::from(which % 8) % EARLIER.len()];
    let (_, known) = &EARLIER[usize::from(*known) % EARLIER.len()];
    let [frame_length @ .., length] = lengths;
    let author = Author {
        suite: [*suite_high, *suite_low],
        wrapping,
        framed: *framed,
        frame_length: u32::from_be_bytes(*frame_length),
        plaintext: &[*which; 255][..usize::from(*length)],
    };
    let sealed = if which & 8 == 0 { author.message() } else { earlier.clone() };
    let mut message = sealed.clone();
    changes.chunks_exact(4).for_each(|change| alter(&mut message, change));

    let mut out = b"before".to_vec();
    let outcome = short::open(&message, known, &DataKey::from_bytes(KEY), &mut out);
    let opened = out.strip_prefix(b"before").expect("what was there");
    assert!(outcome == Ok(true) || opened.is_empty());
    assert_eq!(outcome == Ok(false), !message.get(BEFORE_WRAPPING..).is_some_and(|rest| rest.starts_with(known)));
    let by_any = any_reader(&message).filter(|(wrapping, _)| wrapping == known).map(|(_, plaintext)| plaintext);
    assert_eq!((outcome == Ok(true)).then_some(opened), by_any.as_deref(), "{outcome:?}");
    if outcome == Ok(true) {
        assert!(message == sealed, "something that was never sealed came out");
        assert_eq!(by_ring::open(&message, &KEY).plaintext, opened);
    }
    let (mut out, other) = (Vec::new(), DataKey::from_bytes([8; 32]));
    assert!(short::open(&message, known, &other, &mut out) != Ok(true) && out.is_empty());
});

/// A message's wrapping and plaintext, if the reader of messages of any kind accepts it.
fn any_reader(message: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (header, used) = Header::parse(message).ok()??;
    let mut opener = header.unlock(&DataKey::from_bytes(KEY)).ok()?;
    let mut plaintext = Vec::new();
    opener.push(&message[used..], &mut plaintext).and_then(|()| opener.finish()).ok()?;
    Some((header.wrapping().to_vec(), plaintext))
}

/// What an author who has the data key writes, sound or not; with the header's commitment and every tag right.
struct Author<'a> {
    suite: [u8; 2],
    wrapping: &'a [u8],
    framed: u8,
    frame_length: u32,
    plaintext: &'a [u8],
}

impl Author<'_> {
    fn message(&self) -> Vec<u8> {
        let key = by_ring::derive(&KEY, &MESSAGE_ID, &[&self.suite, b"DERIVEKEY"]);
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
        let seal = |iv: [u8; 12], aad: &[u8], plaintext: &[u8]| {
            let mut sealed = plaintext.to_vec();
            key.seal_in_place_append_tag(Nonce::assume_unique_for_key(iv), Aad::from(aad), &mut sealed).unwrap();
            sealed
        };
        let mut out = [&[2][..], &self.suite, &MESSAGE_ID, self.wrapping, &[self.framed], &self.frame_length.to_be_bytes()].concat();
        out.extend(by_ring::derive(&KEY, &MESSAGE_ID, &[b"COMMITKEY"]));
        out.extend(seal([0; 12], &out, b""));
        let frame_length = usize::try_from(self.frame_length.max(1)).unwrap();
        let last = self.plaintext.len() / frame_length;
        for (sequence, place) in (1_u32..).zip(0..=last) {
            let frame = self.plaintext.chunks(frame_length).nth(place).unwrap_or_default();
            let (label, length) = if place == last { ("Final Frame", frame.len()) } else { ("Frame", frame_length) };
            let label = format!("AWSKMSEncryptionClient {label}");
            let iv: [u8; 12] = [&[0; 8][..], &sequence.to_be_bytes()].concat().try_into().unwrap();
            if place == last {
                out.extend([0xff; 4]);
            }
            out.extend(sequence.to_be_bytes());
            out.extend(iv);
            if place == last {
                out.extend(u32::try_from(length).unwrap().to_be_bytes());
            }
            let aad = [&MESSAGE_ID, label.as_bytes(), &sequence.to_be_bytes(), &(length as u64).to_be_bytes()].concat();
            out.extend(seal(iv, &aad, frame));
        }
        out
    }
}

fn alter(message: &mut Vec<u8>, change: &[u8]) {
    let [what, high, low, byte] = change else { return };
    let at = usize::from(u16::from_be_bytes([*high, *low])) % (message.len() + 1);
    match what % 4 {
        0 => message.truncate(at),
        1 => message.insert(at, *byte),
        2 if at < message.len() => drop(message.remove(at)),
        _ if at < message.len() => message[at] ^= byte,
        _ => message.push(*byte),
    }
}
