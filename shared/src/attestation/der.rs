//! A strict reader of DER elements: single-byte tags, definite and minimal lengths below 64 KiB. Called by `certificate`
//! only. Never guesses: anything else is an error.

use super::AttestationError;

/// Reads elements one after the other from a slice.
#[derive(Clone, Copy)]
pub(super) struct DerReader<'a> {
    rest: &'a [u8],
}

impl<'a> DerReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The content of the next element, which must have `tag`.
    pub(super) fn element(&mut self, tag: u8) -> Result<&'a [u8], AttestationError> {
        let (found, content, rest) = split(self.rest).ok_or(AttestationError::Certificate)?;
        if found != tag {
            return Err(AttestationError::Certificate);
        }
        self.rest = rest;
        Ok(content)
    }

    /// The content of the next element if it has `tag`.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, AttestationError> {
        if self.rest.first() == Some(&tag) { self.element(tag).map(Some) } else { Ok(None) }
    }

    /// The next element with its tag and length: what a signature covers.
    pub(super) fn whole(self, tag: u8) -> Result<&'a [u8], AttestationError> {
        let mut after = self;
        after.element(tag)?;
        let length = self.rest.len() - after.rest.len();
        self.rest.get(..length).ok_or(AttestationError::Certificate)
    }

    /// The elements inside the next one, which must have `tag`.
    pub(super) fn inside(&mut self, tag: u8) -> Result<Self, AttestationError> {
        self.element(tag).map(Self::new)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Nothing may follow.
    pub(super) fn end(self) -> Result<(), AttestationError> {
        if self.is_empty() { Ok(()) } else { Err(AttestationError::Certificate) }
    }
}

/// Tag, content and what follows.
fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    // Tags of several bytes do not occur in certificates.
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => {
            let (&length, rest) = rest.split_first()?;
            (usize::from(length), rest)
        }
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    let shortest = match first {
        0x81 => 0x80,
        0x82 => 0x100,
        _ => 0,
    };
    if length < shortest {
        return None;
    }
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;

/// Tag of an explicit, constructed context-specific element.
pub(super) const fn explicit(number: u8) -> u8 {
    0xa0 | number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_are_not_minimal_are_refused() {
        for bytes in
            [&[0x04, 0x81, 0x01, 0xff][..], &[0x04, 0x82, 0x00, 0x01, 0xff], &[0x04, 0x80, 0x00, 0x00], &[0x04, 0x84, 0, 0, 0, 1, 0]]
        {
            assert_eq!(DerReader::new(bytes).element(OCTET_STRING), Err(AttestationError::Certificate));
        }
    }

    #[test]
    fn lengths_beyond_the_end_are_refused() {
        for bytes in [&[][..], &[0x04], &[0x04, 0x02, 0x00], &[0x04, 0x81], &[0x04, 0x82, 0xff], &[0x04, 0x82, 0xff, 0xff, 0x00]] {
            assert_eq!(DerReader::new(bytes).element(OCTET_STRING), Err(AttestationError::Certificate));
        }
    }

    #[test]
    fn tags_of_several_bytes_are_refused() {
        assert_eq!(DerReader::new(&[0x1f, 0x81, 0x01, 0x00]).element(0x1f), Err(AttestationError::Certificate));
    }

    #[test]
    fn elements_are_read_in_order() {
        let mut reader = DerReader::new(&[0x02, 0x01, 0x05, 0x04, 0x00]);
        assert_eq!(reader.optional(OCTET_STRING), Ok(None));
        assert_eq!(reader.element(INTEGER), Ok(&[0x05][..]));
        assert_eq!(reader.element(OCTET_STRING), Ok(&[][..]));
        assert_eq!(reader.end(), Ok(()));
    }
}
