//! Opening the frames of a message in memory, against `open_in_place` of the same cryptography on the same frames.

use anyhow::{Result, ensure};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sealroom_shared::message::{DataKey, EncryptionContext};

use super::Settings;
use super::clock::{Contest, own};
use super::report::{Judged, Row, Target, rate};
use super::sealed;
use super::work::FRAME;

/// One message at a time stays within the caches that the reference's frames stay in as well.
pub fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let plaintext: Vec<u8> = (0..FRAMES * FRAME as usize).map(|place| (place * 31 % 251) as u8).collect();
    let data_key = DataKey::random()?;
    let message = sealed::message(EncryptionContext::new(), &data_key, FRAME, &plaintext)?;

    // The reference: each frame under one key, with an additional authenticated data of the format's length.
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32])?);
    let aad = [0u8; 72];
    let nonce = |number: usize| {
        Nonce::assume_unique_for_key(std::array::from_fn(|place| if place < 8 { 0 } else { (number >> (8 * (11 - place))) as u8 }))
    };
    let mut frames: Vec<Vec<u8>> = Vec::new();
    for (number, frame) in plaintext.chunks(FRAME as usize).enumerate() {
        let mut frame = frame.to_vec();
        key.seal_in_place_append_tag(nonce(number), Aad::from(aad), &mut frame)?;
        frames.push(frame);
    }
    let turns = if settings.quick { 128 } else { 512 };
    let bytes = (turns * plaintext.len()) as f64;

    let mut opened = Vec::with_capacity(message.len());
    let mut scratch = frames.clone();
    let mut contest = Contest::default();
    let ours = contest.enter(|| {
        let ((), spent) = own(|| {
            for _ in 0..turns {
                let (mut opener, used) = sealed::opener(&message, &data_key)?;
                opened.clear();
                opener.push(&message[used..], &mut opened)?;
                opener.finish()?;
            }
            Ok(())
        })?;
        ensure!(opened == plaintext, "the message does not open to what was sealed");
        Ok(spent)
    });
    // It destroys what it opens: the copy that brings the ciphertext back is not part of the reference.
    let reference = contest.enter(|| {
        let mut spent = super::clock::Spent { wall: 0.0, cpu: 0.0 };
        for _ in 0..turns {
            for (frame, sealed) in scratch.iter_mut().zip(&frames) {
                frame.copy_from_slice(sealed);
            }
            let ((), once) = own(|| {
                for (number, frame) in scratch.iter_mut().enumerate() {
                    key.open_in_place(nonce(number), Aad::from(aad), frame)?;
                }
                Ok(())
            })?;
            spent = super::clock::Spent { wall: spent.wall + once.wall, cpu: spent.cpu + once.cpu };
        }
        ensure!(scratch.iter().zip(plaintext.chunks(FRAME as usize)).all(|(frame, plain)| frame.starts_with(plain)), "not what was sealed");
        Ok(spent)
    });
    let outcome = contest.hold(settings.rounds)?;
    Ok(vec![Row::speed(
        "opening frames of 64 KiB, one core",
        rate(bytes, outcome.median(ours).cpu),
        format!("aws-lc-rs open_in_place, {}", rate(bytes, outcome.median(reference).cpu)),
        outcome.ratio(ours, reference),
        Judged::Wall,
        Target::AtLeast(0.8),
    )])
}

/// Frames of one message: 1 MiB in all.
const FRAMES: usize = 16;
