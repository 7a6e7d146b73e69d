//! Faults on purpose: a KMS, or someone between it and the client, that misbehaves.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

/// One fault, for every matching request or the next few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    kind: FaultKind,
    /// Requests left; `None` for always.
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
}

/// The name, and the fault.
const NAMES: [(&str, FaultKind); 10] = [
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
pub(super) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self(Mutex::new(faults))
    }

    /// True where this fault happens now; counts it. Ask once per request, where the request matches.
    pub(super) fn happens(&self, kind: FaultKind) -> bool {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(fault) = faults.iter_mut().find(|fault| fault.kind == kind && fault.left != Some(0)) else {
            return false;
        };
        fault.left = fault.left.map(|left| left - 1);
        true
    }
}
