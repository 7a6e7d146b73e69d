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
    /// Of [`FaultKind::Slow`].
    delay: Duration,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// Any request: ThrottlingException.
    Throttle,
    /// Any request: the connection ends without an answer.
    Disconnect,
    /// Any request: ExpiredTokenException.
    Expire,
    /// Any request: the answer comes late.
    Slow,
    /// With a recipient: the plaintext instead of `CiphertextForRecipient`.
    Plaintext,
    /// With a recipient: the plaintext beside `CiphertextForRecipient`.
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

/// The name, and the fault. `expired-token` is the older name of `expire`.
const NAMES: [(&str, FaultKind); 13] = [
    ("throttle", FaultKind::Throttle),
    ("expire", FaultKind::Expire),
    ("expired-token", FaultKind::Expire),
    ("disconnect", FaultKind::Disconnect),
    ("slow", FaultKind::Slow),
    ("wrong-key-id", FaultKind::WrongKeyId),
    ("plaintext", FaultKind::Plaintext),
    ("plaintext-too", FaultKind::PlaintextToo),
    ("no-cfr", FaultKind::NoCfr),
    ("tampered-cms", FaultKind::TamperedCms),
    ("substituted-key", FaultKind::SubstitutedKey),
    ("short-key", FaultKind::ShortKey),
    ("together", FaultKind::Together),
];

impl FaultKind {
    /// Its name on the command line and in the log.
    pub(super) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, kind)| *kind == self).map_or("unnamed", |(name, _)| name)
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let names = NAMES.map(|(name, _)| name).join(", ");
        let known = NAMES.iter().find(|(known, _)| *known == name);
        let (_, kind) = known.ok_or_else(|| format!("unknown fault `{name}`; known are {names}"))?;
        let slow = *kind == FaultKind::Slow;
        let malformed = || {
            format!(
                "`{text}`: expected {}",
                if slow { "slow:DURATION or slow:DURATION:COUNT, such as slow:2s" } else { "NAME or NAME:COUNT" }
            )
        };
        let delay = if slow { parts.next().and_then(duration).ok_or_else(malformed)? } else { Duration::ZERO };
        let left = parts.next().map(str::parse).transpose().map_err(|_| malformed())?;
        if parts.next().is_some() {
            return Err(malformed());
        }
        if left == Some(0) || (*kind == FaultKind::Together && left.is_none()) {
            return Err(format!("`{text}`: it would never happen; give a COUNT of 1 at least"));
        }
        Ok(Self { kind: *kind, left, delay })
    }
}

/// `2s` or `500ms`.
fn duration(text: &str) -> Option<Duration> {
    match text.strip_suffix("ms") {
        Some(milliseconds) => Some(Duration::from_millis(milliseconds.parse().ok()?)),
        None => Some(Duration::from_secs(text.strip_suffix('s')?.parse().ok()?)),
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
        self.take(kind).is_some()
    }

    /// How long the answer to this request has to wait; counts it.
    pub(super) fn delay(&self) -> Option<Duration> {
        self.take(FaultKind::Slow)
    }

    fn take(&self, kind: FaultKind) -> Option<Duration> {
        let mut faults = self.to_come.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = faults.iter_mut().find(|fault| fault.kind == kind && fault.left != Some(0))?;
        fault.left = fault.left.map(|left| left - 1);
        Some(fault.delay)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_command_line_are_read() {
        let fault = |text: &str| Fault::from_str(text).unwrap();
        assert_eq!(fault("throttle:3"), Fault { kind: FaultKind::Throttle, left: Some(3), delay: Duration::ZERO });
        assert_eq!(fault("expire"), fault("expired-token"));
        assert_eq!(fault("slow:2s"), Fault { kind: FaultKind::Slow, left: None, delay: Duration::from_secs(2) });
        assert_eq!(fault("slow:500ms:1"), Fault { kind: FaultKind::Slow, left: Some(1), delay: Duration::from_millis(500) });
    }

    #[test]
    fn other_words_are_refused() {
        for text in [
            "",
            "throttl",
            "throttle:",
            "throttle:x",
            "throttle:-1",
            "throttle:1:1",
            "slow",
            "slow:",
            "slow:2",
            "slow:s",
            "slow:2s:x",
            "slow:2m",
            "throttle:0",
            "slow:2s:0",
            "together",
            "together:0",
        ] {
            assert!(Fault::from_str(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_count_is_used_up() {
        let faults = Faults::new(vec![Fault::from_str("throttle:2").unwrap(), Fault::from_str("slow:1ms:1").unwrap()]);
        assert_eq!([0; 3].map(|_| faults.happens(FaultKind::Throttle)), [true, true, false]);
        assert_eq!([0; 2].map(|_| faults.delay()), [Some(Duration::from_millis(1)), None]);
        assert!(!faults.happens(FaultKind::Disconnect));
    }
}
