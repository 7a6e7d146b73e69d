//! A strict reader of the BER that KMS sends: definite and indefinite lengths, single-byte tags, nothing else. It
//! borrows, never allocates, and goes only as deep as its caller asks.

/// Elements of one constructed value, or of the whole input.
pub(super) struct Elements<'a, 'b> {
    rest: &'b mut &'a [u8],
    /// Within an indefinite length: ended by two zero octets instead of the slice's end.
    indefinite: bool,
}

impl<'a, 'b> Elements<'a, 'b> {
    /// The elements of `rest`, up to its end.
    pub(super) fn new(rest: &'b mut &'a [u8]) -> Self {
        Self { rest, indefinite: false }
    }

    /// The tag of the next element; `None` at the end.
    pub(super) fn peek(&self) -> Option<u8> {
        match *self.rest {
            [] => None,
            [0, 0, ..] if self.indefinite => None,
            [tag, ..] => Some(*tag),
        }
    }

    /// The content of a primitive element of this tag.
    pub(super) fn primitive(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.tag(tag)?;
        let Length::Definite(length) = self.length()? else { return None };
        let (content, rest) = self.rest.split_at_checked(length)?;
        *self.rest = rest;
        Some(content)
    }

    /// What `read` makes of a constructed element of this tag. It must use up the element.
    pub(super) fn constructed<T>(&mut self, tag: u8, read: impl FnOnce(&mut Elements<'a, '_>) -> Option<T>) -> Option<T> {
        self.tag(tag)?;
        match self.length()? {
            Length::Definite(length) => {
                let (mut content, rest) = self.rest.split_at_checked(length)?;
                *self.rest = rest;
                let value = read(&mut Elements::new(&mut content))?;
                content.is_empty().then_some(value)
            }
            Length::Indefinite => {
                let value = read(&mut Elements { rest: self.rest, indefinite: true })?;
                *self.rest = self.rest.strip_prefix(&[0, 0])?;
                Some(value)
            }
        }
    }

    fn tag(&mut self, tag: u8) -> Option<()> {
        *self.rest = self.rest.strip_prefix(&[tag])?;
        Some(())
    }

    /// X.690, 8.1.3. At most four length octets; the reserved 0xFF is refused.
    fn length(&mut self) -> Option<Length> {
        let (first, rest) = self.rest.split_first()?;
        *self.rest = rest;
        match first {
            0..=0x7f => Some(Length::Definite(usize::from(*first))),
            0x80 => Some(Length::Indefinite),
            0x81..=0x84 => {
                let (octets, rest) = self.rest.split_at_checked(usize::from(first & 0x7f))?;
                *self.rest = rest;
                let length = octets.iter().fold(0_u64, |length, octet| (length << 8) | u64::from(*octet));
                usize::try_from(length).ok().map(Length::Definite)
            }
            _ => None,
        }
    }
}

enum Length {
    Definite(usize),
    Indefinite,
}
