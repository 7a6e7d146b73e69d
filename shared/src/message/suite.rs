//! Algorithm suites of the AWS Encryption SDK. Two are accepted, both committing; the others are known by number so
//! that they can be refused by name.

use super::MessageError;

/// An accepted algorithm suite: AES-256-GCM with HKDF-SHA-512 and key commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// 0x0478.
    Unsigned,
    /// 0x0578: 0x0478 with an ECDSA P-384 signature over the whole message.
    Signed,
}

impl Suite {
    /// The suite of a number from a header.
    pub(super) fn parse(id: u16) -> Result<Self, MessageError> {
        match id {
            0x0478 => Ok(Self::Unsigned),
            0x0578 => Ok(Self::Signed),
            0x0014 | 0x0046 | 0x0078 | 0x0114 | 0x0146 | 0x0178 | 0x0214 | 0x0346 | 0x0378 => Err(MessageError::NonCommittingSuite(id)),
            _ => Err(MessageError::UnknownSuite(id)),
        }
    }

    /// The suite's number, as in the header.
    #[must_use]
    pub fn id(self) -> u16 {
        match self {
            Self::Unsigned => 0x0478,
            Self::Signed => 0x0578,
        }
    }
}
