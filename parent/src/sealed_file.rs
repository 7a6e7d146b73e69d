//! A sealed file from its header to its end, streamed. `commands::open` and `commands::rebind` use it. Plaintext goes to the
//! caller as frames verify: nothing made from it may be published before [`SealedFile::open`] has returned.

use std::path::Path;

use sealroom_shared::{
    limits as shared_limits,
    message::{Header, MessageError, Opener},
};
use zeroize::Zeroizing;

use crate::{
    failure::{Failure, Result},
    limits,
    progress::Progress,
    reading::{Reading, Seen},
};

/// A sealed file whose header was read. Nothing in the header is believed before [`Header::unlock`].
pub struct SealedFile<'a> {
    reading: Reading<'a>,
    header: Header,
    /// What was read of the frames behind the header.
    rest: Vec<u8>,
}

impl<'a> SealedFile<'a> {
    /// Reads the header; every byte of the file has to be as it was `seen`.
    pub fn start(path: &Path, seen: Option<&'a Seen>) -> Result<Self> {
        let mut reading = Reading::start(path, seen)?;
        let name = reading.name().to_owned();
        let refused = |error: MessageError| {
            let message = match error {
                MessageError::NotAMessage => format!("{name} is no sealed file: it does not begin as one"),
                error => format!("{name} is not a sealed message that is accepted: {error}"),
            };
            Failure::new("not-a-message", message)
                .help("give a file that `sealroom seal`, `sealroom submit` or an AWS Encryption SDK wrote, whole")
        };
        let mut read = Vec::new();
        loop {
            let piece = reading.next()?;
            read.extend_from_slice(piece);
            let at_end = piece.is_empty();
            match Header::parse(&read).map_err(refused)? {
                Some((header, used)) => {
                    let rest = read.split_off(used);
                    return Ok(Self { reading, header, rest });
                }
                None if at_end => return Err(refused(MessageError::Truncated)),
                None => {}
            }
        }
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Bytes of the whole file, where that is known.
    pub fn length(&self) -> Option<u64> {
        self.reading.length()
    }

    /// Gives the plaintext of every frame to `take`, in order; returns once the end was seen, the signature verified (suite
    /// 0x0578) and nothing follows. The plaintext is wiped behind.
    pub fn open(mut self, mut opener: Opener, progress: &Progress, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        // Room for what one piece can complete, so that no reallocation leaves a copy behind.
        let mut plaintext = Zeroizing::new(Vec::with_capacity(limits::SEEN_PIECE + shared_limits::FRAME_LENGTH_MAX as usize + 64));
        let mut step = |piece: &[u8]| {
            opener.push(piece, &mut plaintext).map_err(refused)?;
            take(&plaintext)?;
            plaintext.clear();
            progress.advance(piece.len() as u64);
            Ok::<(), Failure>(())
        };
        step(&self.rest)?;
        loop {
            match self.reading.next()? {
                [] => break,
                piece => step(piece)?,
            }
        }
        opener.finish().map_err(refused)
    }
}

/// A sealed file that does not open.
pub fn refused(error: MessageError) -> Failure {
    Failure::new("altered", format!("the message is refused: {error}")).help("the file was altered or cut off: fetch it again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_in_the_clear_are_no_sealed_file() {
        let folder = tempfile::tempdir().expect("a folder");
        for (bytes, says) in [
            (&b"{\"amount\":1}\n"[..], "bad is no sealed file: it does not begin as one"),
            (&[1, 0x80], "only version 2 commits to its key"),
            (&[2, 5], "cut off"),
            (b"", "cut off"),
        ] {
            let path = folder.path().join("bad");
            std::fs::write(&path, bytes).expect("written");
            let refused = SealedFile::start(&path, None).err().expect("refused");
            assert_eq!(refused.code(), "not-a-message");
            assert!(refused.message().contains(says), "{says}: {}", refused.message());
        }
    }
}
