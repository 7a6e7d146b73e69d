//! A short message that is whole in memory, under a data key that an earlier message with the same wrapping has shown:
//! single sealed values come in millions, and reading each one's context and encrypted data keys again would cost more
//! than opening it.

use super::bytes::{Reader, Short};
use super::header::{BEFORE_WRAPPING, FRAMED};
use super::{DataKey, Header, MessageError, MessageId, Opener, SIGNATURE_PUBLIC_KEY, Suite};
use crate::limits;

/// Opens the whole message `bytes` under the data key that belongs to `wrapping` ([`Header::wrapping`]) and appends its
/// plaintext. False where the message has another wrapping: its data key is another one too.
///
/// # Errors
/// [`MessageError`]; nothing stays appended then.
pub fn open(bytes: &[u8], wrapping: &[u8], data_key: &DataKey, plaintext: &mut Vec<u8>) -> Result<bool, MessageError> {
    // Lengths inside the wrapping say where it ends, so the same bytes end at the same place.
    if !bytes.get(BEFORE_WRAPPING..).is_some_and(|rest| rest.starts_with(wrapping)) {
        return Ok(false);
    }
    let (mut opener, used) = match unlock(bytes, wrapping, data_key) {
        Ok(unlocked) => unlocked?,
        Err(Short) => return Err(MessageError::Truncated),
    };
    let before = plaintext.len();
    let opened = opener.push(bytes.get(used..).unwrap_or_default(), plaintext).and_then(|()| opener.finish());
    if opened.is_err() {
        plaintext.truncate(before);
    }
    opened.map(|()| true)
}

/// The opener of the message's frames, and where they begin.
fn unlock(bytes: &[u8], wrapping: &[u8], data_key: &DataKey) -> Result<Result<(Opener, usize), MessageError>, Short> {
    let mut reader = Reader::new(bytes);
    if let Err(error) = super::of_version(reader.u8()?) {
        return Ok(Err(error));
    }
    let suite = match Suite::parse(reader.u16()?) {
        Ok(Suite::Unsigned) if !names_signer(wrapping)? => Suite::Unsigned,
        // The header's reader looks at suite and context together.
        Ok(_) => return Ok(by_header(bytes, data_key)),
        Err(error) => return Ok(Err(error)),
    };
    let message_id = MessageId(reader.array()?);
    reader.take(wrapping.len())?;
    if reader.u8()? != FRAMED {
        return Ok(Err(MessageError::Unframed));
    }
    let frame_length = reader.u32()?;
    if frame_length == 0 || frame_length > limits::FRAME_LENGTH_MAX {
        return Ok(Err(MessageError::FrameLength(frame_length)));
    }
    let commitment = reader.array()?;
    let authenticated = bytes.len().saturating_sub(reader.remaining());
    let tag = reader.array()?;
    let used = bytes.len().saturating_sub(reader.remaining());
    let opener = data_key.committed(suite, &message_id, &commitment).and_then(|key| {
        key.verify_header(bytes.get(..authenticated).unwrap_or_default(), tag)?;
        Opener::unsigned(key, message_id, frame_length)
    });
    Ok(opener.map(|opener| (opener, used)))
}

/// Whether the context has the key of a signature. An unsigned message with one is not its signer's.
fn names_signer(wrapping: &[u8]) -> Result<bool, Short> {
    let mut context = Reader::new(Reader::new(wrapping).field()?);
    let pairs = if context.remaining() == 0 { 0 } else { context.u16()? };
    for _ in 0..pairs {
        let (key, _value) = (context.field()?, context.field()?);
        if key == SIGNATURE_PUBLIC_KEY.as_bytes() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn by_header(bytes: &[u8], data_key: &DataKey) -> Result<(Opener, usize), MessageError> {
    let (header, used) = Header::parse(bytes)?.ok_or(MessageError::Truncated)?;
    Ok((header.unlock(data_key)?, used))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::message::{EncryptedDataKey, EncryptionContext, Sealer};

    fn sealed(field: &str, key: &DataKey, plaintext: &[u8], frame_length: u32) -> Vec<u8> {
        sealed_with(("sealroom:field", field), key, plaintext, frame_length)
    }

    fn sealed_with((name, value): (&str, &str), key: &DataKey, plaintext: &[u8], frame_length: u32) -> Vec<u8> {
        let mut pairs = EncryptionContext::new();
        pairs.insert(name, value).unwrap();
        let wrapped = EncryptedDataKey { provider_id: "aws-kms".to_owned(), provider_info: b"arn".to_vec(), ciphertext: vec![7; 184] };
        let mut sealer = Sealer::with_frame_length(pairs, vec![wrapped], key, frame_length).unwrap();
        let mut message = sealer.header().to_vec();
        sealer.push(plaintext, &mut message).unwrap();
        sealer.finish(&mut message).unwrap();
        message
    }

    fn wrapping(message: &[u8]) -> Vec<u8> {
        Header::parse(message).unwrap().unwrap().0.wrapping().to_vec()
    }

    #[test]
    fn messages_of_one_wrapping_open_under_its_data_key() {
        let key = DataKey::random().unwrap();
        let first = sealed("card", &key, b"4111", 4096);
        for (plaintext, frame_length) in [(&b""[..], 4096), (b"x", 4096), (b"12345678", 3), (b"123456789", 3)] {
            let mut out = b"before".to_vec();
            assert_eq!(open(&sealed("card", &key, plaintext, frame_length), &wrapping(&first), &key, &mut out), Ok(true));
            assert_eq!(out, [b"before", plaintext].concat());
        }
    }

    #[test]
    fn another_wrapping_is_left_to_its_own_key() {
        let key = DataKey::random().unwrap();
        let wrapped = wrapping(&sealed("card", &key, b"4111", 4096));
        for other in [&b""[..], &[2], &sealed("zip", &key, b"4111", 4096)] {
            let mut out = Vec::new();
            assert_eq!(open(other, &wrapped, &key, &mut out), Ok(false));
            assert!(out.is_empty());
        }
    }

    /// Else whoever has the data key could write in the name of whoever signs.
    #[test]
    fn an_unsigned_message_whose_context_has_a_signatures_key_is_refused_as_everywhere() {
        let key = DataKey::random().unwrap();
        let message = sealed_with((SIGNATURE_PUBLIC_KEY, &"A".repeat(132)), &key, b"4111", 4096);
        let header = Header::parse(&message).unwrap().unwrap().0;
        assert_eq!(header.unlock(&key).err(), Some(MessageError::Signature));
        let mut out = Vec::new();
        assert_eq!(open(&message, header.wrapping(), &key, &mut out), Err(MessageError::Signature));
        assert!(out.is_empty());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let key = DataKey::random().unwrap();
        let message = sealed("card", &key, b"4111111111111111", 5);
        let wrapped = wrapping(&message);
        let refused = |message: &[u8]| {
            let mut out = Vec::new();
            let opened = open(message, &wrapped, &key, &mut out);
            assert!(out.is_empty() && opened != Ok(true), "{opened:?}");
        };
        for bit in 0..message.len() * 8 {
            let mut other = message.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            refused(&other);
        }
        (0..message.len()).for_each(|length| refused(&message[..length]));
        refused(&[&message[..], b"x"].concat());
        let mut out = Vec::new();
        assert_eq!(open(&message, &wrapped, &DataKey::random().unwrap(), &mut out), Err(MessageError::Commitment));
    }
}
