//! Faults on purpose: a KMS, or someone between it and the client, that misbehaves.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Barrier;
use tokio::time::timeout;

/// One fault, for every matching request or the next few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    kind: FaultKind,
    /// Requests left; `None` for always. For [`FaultKind::Together`] how many answer together.
    left: Option<u32>,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// Any request: ThrottlingException.
    Throttle,
    /// Any request: the connection ends without an answer.
    Disconnect,
    /// Any request: ExpiredTokenException.
    ExpiredToken,
    /// With a recipient: `Plaintext` instead of `CiphertextForRecipient`.
    Plaintext,
    /// With a recipient: `Plaintext` beside `CiphertextForRecipient`.
    PlaintextToo,
    /// With a recipient: neither.
    NoCfr,
    /// With a recipient: one bit of the encrypted content key is flipped.
    TamperedCms,
    /// With a recipient: a well-formed answer that holds another key of the same length.
    SubstitutedKey,
    /// With a recipient: the last byte of the plaintext is missing (a data key of 31 bytes).
    ShortKey,
    /// Requests with a key: the answer names another key.
    WrongKeyId,
    /// Decrypt of a single field's data key: no answer before so many of them wait.
    Together,
}

/// The name, and the fault.
const NAMES: [(&str, FaultKind); 11] = [
    ("throttle", FaultKind::Throttle),
    ("disconnect", FaultKind::Disconnect),
    ("expired-token", FaultKind::ExpiredToken),
    ("plaintext", FaultKind::Plaintext),
    ("plaintext-too", FaultKind::PlaintextToo),
    ("no-cfr", FaultKind::NoCfr),
    ("tampered-cms", FaultKind::TamperedCms),
    ("substituted-key", FaultKind::SubstitutedKey),
    ("short-key", FaultKind::ShortKey),
    ("wrong-key-id", FaultKind::WrongKeyId),
    ("together", FaultKind::Together),
];

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, count) = text.split_once(':').map_or((text, None), |(name, count)| (name, Some(count)));
        let known = NAMES.iter().find(|(known, _)| *known == name);
        let names = NAMES.map(|(name, _)| name).join(", ");
        let (_, kind) = known.ok_or_else(|| format!("unknown fault `{name}`; known are {names}"))?;
        let left = count.map(str::parse).transpose().map_err(|_| format!("`{text}`: expected NAME or NAME:COUNT"))?;
        Ok(Self { kind: *kind, left })
    }
}

/// The faults still to happen.
pub(super) struct Faults {
    to_come: Mutex<Vec<Fault>>,
    together: Option<Barrier>,
}

impl Faults {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        let together = faults.iter().find(|fault| fault.kind == FaultKind::Together).and_then(|fault| fault.left);
        Self { together: together.map(|count| Barrier::new(count as usize)), to_come: Mutex::new(faults) }
    }

    /// True where this fault happens now; counts it. Ask once per request, where the request matches.
    pub(super) fn happens(&self, kind: FaultKind) -> bool {
        let mut faults = self.to_come.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(fault) = faults.iter_mut().find(|fault| fault.kind == kind && fault.left != Some(0)) else {
            return false;
        };
        fault.left = fault.left.map(|left| left - 1);
        true
    }

    /// Waits for the others of [`FaultKind::Together`], if that was asked for. False where they do not come.
    pub(super) async fn all_are_here(&self) -> bool {
        match &self.together {
            Some(others) => timeout(PATIENCE, others.wait()).await.is_ok(),
            None => true,
        }
    }
}

/// Far longer than requests that are sent at once stay apart; shorter than the enclave's own patience.
const PATIENCE: Duration = Duration::from_secs(8);
