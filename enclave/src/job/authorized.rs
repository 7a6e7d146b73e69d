//! The second step: the policy allows the job. Now, and only now, keys are asked for: first an input's, which proves
//! that the policy is its owner's, then token keys and the output's.

use sealroom_shared::attestation::Timestamp;
use sealroom_shared::authorize::RecordsPlan;
use sealroom_shared::binding;
use sealroom_shared::job::Job;
use sealroom_shared::message::Header;
use sealroom_shared::policy::Policy;
use sealroom_shared::wire::{Kind, Refusal};
use tokio::io::{AsyncRead, AsyncWrite};

use super::input_header::{self, SealedKind, Unlocked};
use super::keyed::{Keyed, Material};
use super::output;
use super::session::Incoming;
use super::token_keys::SealedTokenKeys;
use super::{Refused, Session};
use crate::enclave::Enclave;

/// A job that the policy allows, if the policy is the owner's.
pub struct Authorized {
    policy: Policy,
    job: Job,
    plan: RecordsPlan,
    nonce: [u8; 32],
    sealed_token_keys: SealedTokenKeys,
    at: Timestamp,
}

impl Authorized {
    pub(super) fn new(
        policy: Policy,
        job: Job,
        plan: RecordsPlan,
        nonce: [u8; 32],
        sealed_token_keys: SealedTokenKeys,
        at: Timestamp,
    ) -> Self {
        Self { policy, job, plan, nonce, sealed_token_keys, at }
    }

    /// Reads the input's header and has every key of the job released.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn release<R, W>(self, enclave: &Enclave, session: &mut Session<R, W>) -> Result<Keyed, Refused>
    where
        R: AsyncRead + Unpin + Send,
        W: AsyncWrite + Unpin + Send,
    {
        let Self { policy, job, plan, nonce, sealed_token_keys, at } = self;
        let (header, received, used) = read_header(&mut session.incoming).await?;
        let unlocked = input_header::unlock(SealedKind::Input, header, &policy, &enclave.kms).await?;
        let (input, unlocked) = describe(unlocked, &policy)?;
        let mut requests = vec![unlocked.request];

        let tokens = sealed_token_keys.open(&policy, &enclave.kms).await?;
        requests.extend(tokens.requests);
        // A key that the policy's check value does not know is somebody else's.
        let rows = plan.processor(&tokens.keys).map_err(|_| Refusal::KeyNotAllowed)?;

        let prepared = output::prepare(&policy, job.digest().to_string(), &enclave.kms).await?;
        requests.extend(prepared.requests);
        Ok(Keyed::new(Material {
            policy,
            job,
            nonce,
            at,
            input,
            token_statements: tokens.statements,
            requests,
            recipients: prepared.recipients,
            opener: unlocked.opener,
            sealer: prepared.sealer,
            rows,
            received,
            used,
        }))
    }
}

/// What the parent sent of the input so far: its header, all bytes, and how many of them are the header's.
async fn read_header<R: AsyncRead + Unpin>(incoming: &mut Incoming<R>) -> Result<(Header, Vec<u8>, usize), Refused> {
    let mut received = Vec::new();
    loop {
        match incoming.frame().await? {
            (Kind::Data, payload) => received.extend_from_slice(payload),
            (Kind::InputEnd, _) => return Err(Refusal::InputCorrupt.into()),
            _ => return Err(Refusal::Protocol.into()),
        }
        if let Some((header, used)) = Header::parse(&received).map_err(input_header::of_message)? {
            return Ok((header, received, used));
        }
    }
}

/// The input as the receipt names it. Only now that the header is authentic does its context count.
fn describe(unlocked: Unlocked, policy: &Policy) -> Result<(InputStatement, Unlocked), Refusal> {
    let context = unlocked.header.context();
    let field = |key| context.get(key).ok_or(Refusal::InputCorrupt);
    let (dataset, set, part) = (field(binding::DATASET)?, field(binding::SET)?, field(binding::PART)?);
    if !policy.datasets().iter().any(|allowed| allowed == dataset) {
        return Err(Refusal::PolicyMismatch);
    }
    if set.len() != 32 || !set.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) || !is_part(part) {
        return Err(Refusal::InputCorrupt);
    }
    // The value of one sealed field is not a file.
    if context.get(binding::FIELD).is_some() {
        return Err(Refusal::InputCorrupt);
    }
    let statement = InputStatement {
        message_id: unlocked.header.message_id().to_hex(),
        dataset: dataset.to_owned(),
        set: set.to_owned(),
        part: part.to_owned(),
        key_arn: unlocked.key_arn.clone(),
    };
    Ok((statement, unlocked))
}

/// `i/n` with 1 ≤ i ≤ n, without leading zeros or signs.
fn is_part(text: &str) -> bool {
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| number.to_string() == text);
    let parts = text.split_once('/').map(|(part, parts)| (number(part), number(parts)));
    matches!(parts, Some((Some(part), Some(parts))) if 1 <= part && part <= parts)
}

/// An input in the receipt, but for its digest, which is known at its end.
pub(super) struct InputStatement {
    pub(super) message_id: String,
    pub(super) dataset: String,
    pub(super) set: String,
    pub(super) part: String,
    pub(super) key_arn: sealroom_shared::arn::KeyArn,
}

#[cfg(test)]
mod tests {
    use super::is_part;

    #[test]
    fn a_part_is_two_plain_numbers() {
        for good in ["1/1", "2/3", "10/10"] {
            assert!(is_part(good), "{good}");
        }
        for bad in ["", "1", "/", "0/1", "2/1", "01/1", "+1/1", "1/1/1", "1/", "a/b", "1/4294967296"] {
            assert!(!is_part(bad), "{bad}");
        }
    }
}
