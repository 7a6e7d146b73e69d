//! A refusal with its note, on its way to the parent.

use sealroom_shared::wire::{Refusal, RefusalNote, WireError};

/// Why a job ends without a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What the parent is told.
    pub refusal: Refusal,
    /// Where in the operator's own policy or job, for refusals from before any key.
    pub note: Option<RefusalNote>,
}

impl Refused {
    /// A refusal that speaks of the operator's own policy or job.
    #[must_use]
    pub fn with_note(refusal: Refusal, line: u32, rule: String) -> Self {
        Self { refusal, note: Some(RefusalNote { line, rule }) }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, note: None }
    }
}

impl From<WireError> for Refused {
    fn from(error: WireError) -> Self {
        match error {
            WireError::TooLong => Refusal::TooLarge.into(),
            WireError::Io(_) | WireError::Closed | WireError::UnknownKind | WireError::Unexpected | WireError::Version => {
                Refusal::Protocol.into()
            }
        }
    }
}
