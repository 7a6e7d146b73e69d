//! Refusals: the closed list of what an enclave may say when it does not do a job.

use std::fmt;

use serde::Serialize;

use super::WireError;

/// The one code that the parent learns. Everything that depends on data is [`Refusal::RefusedByData`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// As many jobs run as the enclave takes at once.
    Busy,
    /// The connection did not keep to the protocol.
    Protocol,
    /// Something sent is over its limit.
    TooLarge,
    /// A deadline passed.
    Timeout,
    /// The input was sealed without a policy.
    PolicyAbsent,
    /// The input was sealed under another policy than the one submitted.
    PolicyMismatch,
    /// The policy cannot be read.
    PolicyInvalid,
    /// The attested time is outside the policy's.
    PolicyExpired,
    /// The job cannot be read.
    JobInvalid,
    /// The policy does not allow the job.
    JobNotAllowed,
    /// The input's key is not one of the policy's.
    KeyNotAllowed,
    /// KMS denied a key.
    KeyDenied,
    /// KMS could not be reached, or gave no answer in time.
    KmsUnavailable,
    /// What answered is not KMS, or its answer is not one that can be believed.
    KmsUntrusted,
    /// A sealed message does not verify: altered, cut off, repeated, or not of an accepted form.
    InputCorrupt,
    /// The records, under the policy's terms.
    RefusedByData,
    /// The attested time cannot be had.
    Clock,
    /// A fault of the enclave's own.
    Internal,
    /// The inputs are not what the owner sealed together: a part is missing, repeated or of another set.
    InputSet,
}

/// Where in the *operator's own* policy or job a refusal arose. Only with refusals from before any key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusalNote {
    /// Line of the policy or job file, from 1; 0 where it is about no line.
    pub line: u32,
    /// What was asked for, and which rule refuses it.
    pub rule: String,
}

impl Refusal {
    /// All refusals with their code on the wire and their name.
    pub const ALL: [(Self, u8, &'static str); 19] = [
        (Self::Busy, 1, "busy"),
        (Self::Protocol, 2, "protocol"),
        (Self::TooLarge, 3, "too-large"),
        (Self::Timeout, 4, "timeout"),
        (Self::PolicyAbsent, 5, "policy-absent"),
        (Self::PolicyMismatch, 6, "policy-mismatch"),
        (Self::PolicyInvalid, 7, "policy-invalid"),
        (Self::PolicyExpired, 8, "policy-expired"),
        (Self::JobInvalid, 9, "job-invalid"),
        (Self::JobNotAllowed, 10, "job-not-allowed"),
        (Self::KeyNotAllowed, 11, "key-not-allowed"),
        (Self::KeyDenied, 12, "key-denied"),
        (Self::KmsUnavailable, 13, "kms-unavailable"),
        (Self::KmsUntrusted, 14, "kms-untrusted"),
        (Self::InputCorrupt, 15, "input-corrupt"),
        (Self::RefusedByData, 16, "refused-by-data"),
        (Self::Clock, 17, "clock"),
        (Self::Internal, 18, "internal"),
        (Self::InputSet, 19, "input-set"),
    ];

    /// The refusal's name, such as `policy-mismatch`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(refusal, ..)| *refusal == self).map_or("internal", |(.., name)| name)
    }

    /// Whether a note may go with it: it speaks of the operator's own policy or job and arises before any key.
    #[must_use]
    pub fn takes_note(self) -> bool {
        matches!(self, Self::PolicyInvalid | Self::PolicyExpired | Self::JobInvalid | Self::JobNotAllowed)
    }

    /// The payload of a `Refusal` frame. A note is left out where [`Refusal::takes_note`] is false.
    #[must_use]
    pub fn encode(self, note: Option<&RefusalNote>) -> Vec<u8> {
        let code = Self::ALL.iter().find(|(refusal, ..)| *refusal == self).map_or(18, |(_, code, _)| *code);
        let mut payload = vec![code];
        if let Some(note) = note.filter(|_| self.takes_note()) {
            payload.extend_from_slice(&note.line.to_be_bytes());
            payload.extend(
                note.rule
                    .chars()
                    .scan(0, |length, character| {
                        *length += character.len_utf8();
                        (*length <= RULE_BYTES).then_some(character)
                    })
                    .collect::<String>()
                    .into_bytes(),
            );
        }
        payload
    }

    /// Reads the payload of a `Refusal` frame.
    ///
    /// # Errors
    /// [`WireError::Unexpected`].
    pub fn parse(payload: &[u8]) -> Result<(Self, Option<RefusalNote>), WireError> {
        let (code, rest) = payload.split_first().ok_or(WireError::Unexpected)?;
        let refusal = Self::ALL.iter().find(|(_, known, _)| known == code).map(|(refusal, ..)| *refusal).ok_or(WireError::Unexpected)?;
        if rest.is_empty() {
            return Ok((refusal, None));
        }
        let (line, rule) = rest.split_first_chunk().ok_or(WireError::Unexpected)?;
        let rule = std::str::from_utf8(rule).map_err(|_| WireError::Unexpected)?;
        if rule.len() > RULE_BYTES || !refusal.takes_note() {
            return Err(WireError::Unexpected);
        }
        Ok((refusal, Some(RefusalNote { line: u32::from_be_bytes(*line), rule: rule.to_owned() })))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Bytes of a note's text: a sentence or two.
const RULE_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_refusal_has_its_own_code_and_name() {
        for (refusal, code, name) in Refusal::ALL {
            assert_eq!(Refusal::parse(&refusal.encode(None)).unwrap(), (refusal, None));
            assert_eq!(Refusal::ALL.iter().filter(|entry| entry.1 == code || entry.2 == name).count(), 1);
            assert_eq!(refusal.to_string(), name);
        }
    }

    #[test]
    fn a_note_never_goes_with_a_refusal_from_after_the_keys() {
        let note = RefusalNote { line: 3, rule: "é".repeat(2000) };
        let (refusal, cut) = Refusal::parse(&Refusal::JobNotAllowed.encode(Some(&note))).unwrap();
        assert_eq!(refusal, Refusal::JobNotAllowed);
        assert_eq!(cut.unwrap().rule, "é".repeat(512));
        for refusal in [Refusal::RefusedByData, Refusal::InputCorrupt, Refusal::KeyDenied, Refusal::Internal] {
            assert_eq!(refusal.encode(Some(&note)).len(), 1);
        }
        assert!(Refusal::parse(&[16, 0, 0, 0, 1, b'x']).is_err());
        assert!(Refusal::parse(&[]).is_err());
        assert!(Refusal::parse(&[99]).is_err());
    }
}
