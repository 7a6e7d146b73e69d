//! The first step: policy, job and token keys as the operator sent them, parsed and nothing more.

use sealroom_shared::authorize::{self, Breach};
use sealroom_shared::job::Job;
use sealroom_shared::limits;
use sealroom_shared::policy::{Policy, UnixMillis};
use sealroom_shared::wire::{self, Hello, Kind, Refusal};
use tokio::io::{AsyncRead, AsyncWrite};

use super::authorized::Decided;
use super::sealed_fields::SealedManifest;
use super::token_keys::SealedTokenKeys;
use super::{Authorized, Refused, Session};
use crate::enclave::Enclave;
use crate::nsm::About;

/// A job that somebody asks for.
pub struct Requested {
    policy: Policy,
    job: Job,
    nonce: [u8; 32],
    token_messages: Vec<Vec<u8>>,
    manifest: Option<SealedManifest>,
}

impl Requested {
    /// Reads everything up to the first input.
    ///
    /// # Errors
    /// `protocol`, `too-large`, `timeout`, `policy-invalid`, `job-invalid`.
    pub async fn read<R, W>(session: &mut Session<R, W>) -> Result<Self, Refused>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let Session { incoming, outgoing } = session;
        let nonce = match incoming.frame().await? {
            (Kind::Hello, payload) => Hello::parse(payload)?.nonce,
            _ => return Err(Refusal::Protocol.into()),
        };
        outgoing.frame(Kind::Hello, &wire::enclave_hello()).await?;

        let (mut policy, mut job, mut token_messages) = (Vec::new(), Vec::new(), Vec::new());
        let (mut manifest, mut latest) = (Vec::new(), Kind::Hello);
        loop {
            let (kind, payload) = incoming.frame().await?;
            match (latest, kind) {
                (Kind::Hello | Kind::Policy, Kind::Policy) => append(&mut policy, payload, limits::POLICY_BYTES)?,
                (Kind::Policy | Kind::Job, Kind::Job) => append(&mut job, payload, limits::JOB_BYTES)?,
                (Kind::Job | Kind::TokenKey, Kind::TokenKey) => {
                    if token_messages.len() >= limits::TOKEN_KEYS {
                        return Err(Refusal::TooLarge.into());
                    }
                    token_messages.push(payload.to_vec());
                }
                (Kind::Job | Kind::TokenKey | Kind::Manifest, Kind::Manifest) => {
                    append(&mut manifest, payload, limits::MANIFEST_MESSAGE_BYTES)?;
                }
                (Kind::Job | Kind::TokenKey | Kind::Manifest, Kind::Input) => break,
                _ => return Err(Refusal::Protocol.into()),
            }
            latest = kind;
        }
        let policy = Policy::parse(&policy)
            .map_err(|error| Refused::with_note(Refusal::PolicyInvalid, error.line, without_line(error.line, &error)))?;
        let job =
            Job::parse(&job).map_err(|error| Refused::with_note(Refusal::JobInvalid, error.line, without_line(error.line, &error)))?;
        let manifest = Some(manifest).filter(|manifest| !manifest.is_empty()).map(SealedManifest);
        Ok(Self { policy, job, nonce, token_messages, manifest })
    }

    /// Decides by the policy, at attested time. No key has been asked for.
    ///
    /// # Errors
    /// `clock`, `policy-expired`, `job-not-allowed`.
    pub fn authorize(self, enclave: &Enclave) -> Result<Authorized, Refused> {
        let document = tokio::task::block_in_place(|| enclave.nsm.attest(&About::Time)).map_err(|_| Refusal::Clock)?;
        enclave.clock.observe(document.timestamp);
        let now = UnixMillis(document.timestamp.as_millis());
        let plan = authorize::job(&self.policy, &self.job, now).map_err(|error| {
            let refusal = if matches!(error.breach, Breach::Validity(_)) { Refusal::PolicyExpired } else { Refusal::JobNotAllowed };
            Refused::with_note(refusal, error.line, without_line(error.line, &error))
        })?;
        let token_keys = SealedTokenKeys::choose(self.token_messages, plan.token_domains())?;
        Ok(Authorized::new(Decided {
            policy: self.policy,
            job: self.job,
            plan,
            nonce: self.nonce,
            sealed_token_keys: token_keys,
            manifest: self.manifest,
            at: document.timestamp,
        }))
    }
}

/// The error's text; its line travels beside it.
fn without_line(line: u32, error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    text.strip_prefix(&format!("line {line}: ")).map(str::to_owned).unwrap_or(text)
}

fn append(document: &mut Vec<u8>, piece: &[u8], limit: usize) -> Result<(), Refused> {
    if document.len().saturating_add(piece.len()) > limit {
        return Err(Refusal::TooLarge.into());
    }
    document.extend_from_slice(piece);
    Ok(())
}
