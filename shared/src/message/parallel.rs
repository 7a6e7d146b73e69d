//! Opening many frames at once on several threads. The plaintext and every refusal are those of [`Opener::push`].

use std::num::NonZero;

use super::keys::{ContentKey, TAG_LENGTH};
use super::open::{FINAL, FrameAad, Part, REGULAR_PREFIX};
use super::{MessageError, MessageId, Opener};

impl Opener {
    /// As [`Opener::push`], with up to `threads` threads for the frames that lie whole in `bytes`. Worth its while from
    /// about 1 MiB on; starting the threads costs as much as opening 100 KiB.
    ///
    /// # Errors
    /// As [`Opener::push`].
    pub fn push_on(&mut self, threads: NonZero<usize>, bytes: &[u8], plaintext: &mut Vec<u8>) -> Result<(), MessageError> {
        let bytes = self.complete_pending(bytes, plaintext)?;
        let sealed_length = REGULAR_PREFIX.saturating_add(self.frame_length).saturating_add(TAG_LENGTH);
        let regular = |frame: &&[u8]| frame.first_chunk() != Some(&FINAL);
        let count = if self.part == Part::Frame { bytes.chunks_exact(sealed_length).take_while(regular).count() } else { 0 };
        if threads.get() == 1 || count < threads.get() {
            return self.push(bytes, plaintext);
        }
        let (frames, rest) = bytes.split_at_checked(sealed_length.saturating_mul(count)).ok_or(MessageError::Frame)?;
        if let Some(verifier) = &mut self.verifier {
            verifier.update(frames);
        }
        let start = plaintext.len();
        plaintext.resize(start.saturating_add(self.frame_length.saturating_mul(count)), 0);
        let opened = plaintext.get_mut(start..).ok_or(MessageError::Frame).and_then(|room| self.open_on(threads, frames, room));
        if opened.is_err() {
            // Nothing unauthenticated stays in the caller's buffer.
            plaintext.truncate(start);
        }
        opened?;
        self.next = u32::try_from(count).ok().and_then(|count| self.next.checked_add(count)).ok_or(MessageError::TooLong)?;
        self.push(rest, plaintext)
    }

    /// Opens whole regular frames into `room`, which is as long as their plaintext.
    fn open_on(&self, threads: NonZero<usize>, frames: &[u8], room: &mut [u8]) -> Result<(), MessageError> {
        let sealed_length = REGULAR_PREFIX.saturating_add(self.frame_length).saturating_add(TAG_LENGTH);
        let share = (frames.len() / sealed_length).div_ceil(threads.get());
        let first_of = |index: usize| u32::try_from(index.saturating_mul(share)).ok().and_then(|passed| self.next.checked_add(passed));
        let mut shares =
            frames.chunks(share.saturating_mul(sealed_length)).zip(room.chunks_mut(share.saturating_mul(self.frame_length))).enumerate();
        let last = shares.next_back();
        let open = |(index, (frames, room)): (usize, (&[u8], &mut [u8]))| {
            let first = first_of(index).ok_or(MessageError::TooLong)?;
            open_share(&self.key, &self.message_id, (sealed_length, self.frame_length), first, frames, room)
        };
        let open = &open;
        std::thread::scope(|scope| {
            let running: Vec<_> = shares.map(|share| scope.spawn(move || open(share))).collect();
            let here = last.map_or(Ok(()), open);
            // The first refusal in the message's order.
            running.into_iter().map(|thread| thread.join().map_err(|_| MessageError::Frame)?).find(Result::is_err).unwrap_or(here)
        })
    }
}

/// Opens frames that follow each other, the first of which is number `first`.
fn open_share(
    key: &ContentKey,
    message_id: &MessageId,
    (sealed_length, frame_length): (usize, usize),
    first: u32,
    frames: &[u8],
    room: &mut [u8],
) -> Result<(), MessageError> {
    for ((frame, room), number) in frames.chunks(sealed_length).zip(room.chunks_mut(frame_length)).zip(first..) {
        if frame.first_chunk() != Some(&number.to_be_bytes()) {
            return Err(MessageError::Frame);
        }
        let iv = frame.get(4..).and_then(|rest| rest.first_chunk()).ok_or(MessageError::Frame)?;
        let sealed = frame.get(REGULAR_PREFIX..).and_then(|sealed| sealed.split_at_checked(frame_length));
        let (ciphertext, tag) = sealed.ok_or(MessageError::Frame)?;
        let aad = FrameAad::new(message_id, false, number, frame_length)?;
        key.open(*iv, aad.bytes(), ciphertext, tag, room)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::message::{DataKey, EncryptedDataKey, EncryptionContext, Header, Sealer};

    fn sealed(frame_length: u32, length: usize) -> (Vec<u8>, DataKey, Vec<u8>) {
        let key = DataKey::random().unwrap();
        let wrapped = EncryptedDataKey { provider_id: "p".to_owned(), provider_info: vec![1], ciphertext: vec![2; 40] };
        let mut sealer = Sealer::with_frame_length(EncryptionContext::new(), vec![wrapped], &key, frame_length).unwrap();
        let plaintext: Vec<u8> = (0..length).map(|index| u8::try_from(index % 251).unwrap()).collect();
        let mut message = sealer.header().to_vec();
        sealer.push(&plaintext, &mut message).unwrap();
        sealer.finish(&mut message).unwrap();
        (message, key, plaintext)
    }

    /// Opens with pieces of `piece` bytes; what was handed out before a refusal comes back with it.
    fn open(message: &[u8], key: &DataKey, threads: usize, piece: usize) -> (Vec<u8>, Result<(), MessageError>) {
        let (header, used) = Header::parse(message).unwrap().unwrap();
        let mut opener = header.unlock(key).unwrap();
        let mut plaintext = Vec::new();
        for bytes in message[used..].chunks(piece) {
            let opened = opener.push_on(NonZero::new(threads).unwrap(), bytes, &mut plaintext);
            if opened.is_err() {
                return (plaintext, opened);
            }
        }
        (plaintext, opener.finish())
    }

    #[test]
    fn every_number_of_threads_and_every_piece_gives_the_same_plaintext() {
        for (frame_length, length) in [(10, 0), (10, 9), (10, 10), (10, 1000), (10, 1001), (1, 77), (4096, 50_000)] {
            let (message, key, plaintext) = sealed(frame_length, length);
            for threads in [1, 2, 3, 8] {
                for piece in [1, 7, 41, 42, 43, 420, 5000, message.len()] {
                    assert_eq!(
                        open(&message, &key, threads, piece),
                        (plaintext.clone(), Ok(())),
                        "{frame_length} {length} {threads} {piece}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_message_that_was_altered_anywhere_is_refused_as_by_one_thread() {
        let (message, key, plaintext) = sealed(10, 200);
        let (_, used) = Header::parse(&message).unwrap().unwrap();
        for at in used..message.len() {
            let mut other = message.clone();
            other[at] ^= 0x10;
            let (opened, refused) = open(&other, &key, 3, other.len());
            let (_, expected) = open(&other, &key, 1, other.len());
            assert!(refused.is_err() && expected.is_err(), "{at}");
            assert!(plaintext.starts_with(&opened), "only authentic plaintext is handed out");
        }
        let frame = 42;
        let mut swapped = message.clone();
        let (first, second) = swapped[used..used + 2 * frame].split_at_mut(frame);
        first.swap_with_slice(second);
        assert_eq!(open(&swapped, &key, 2, swapped.len()).1, Err(MessageError::Frame));
        let mut repeated = message.clone();
        repeated.splice(used..used, message[used..used + frame].to_vec());
        assert_eq!(open(&repeated, &key, 2, repeated.len()).1, Err(MessageError::Frame));
        assert_eq!(open(&message[..message.len() - 1], &key, 2, 1000).1, Err(MessageError::Truncated));
    }
}
