//! The second step: the policy allows the job. Now, and only now, keys are asked for: first an input's, which proves
//! that the policy is its owner's, then token keys and the output's.

use sealroom_shared::attestation::Timestamp;
use sealroom_shared::authorize::Plan;
use sealroom_shared::job::Job;
use sealroom_shared::policy::Policy;
use sealroom_shared::wire::Refusal;
use tokio::io::{AsyncRead, AsyncWrite};

use super::inputs::Inputs;
use super::keyed::{Keyed, Material};
use super::output;
use super::sealed_fields::SealedManifest;
use super::token_keys::SealedTokenKeys;
use super::{Refused, Session};
use crate::enclave::Enclave;

/// A job that the policy allows, if the policy is the owner's.
pub struct Authorized(Decided);

/// All that [`Authorized`] holds.
pub(super) struct Decided {
    pub(super) policy: Policy,
    pub(super) job: Job,
    pub(super) plan: Plan,
    pub(super) nonce: [u8; 32],
    pub(super) sealed_token_keys: SealedTokenKeys,
    pub(super) manifest: Option<SealedManifest>,
    pub(super) at: Timestamp,
}

impl Authorized {
    pub(super) fn new(decided: Decided) -> Self {
        Self(decided)
    }

    /// Begins the inputs and has the job's first keys released, in the order that makes each ask safe.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn release<R, W>(self, enclave: &Enclave, session: &mut Session<R, W>) -> Result<Keyed, Refused>
    where
        R: AsyncRead + Unpin + Send,
        W: AsyncWrite + Unpin + Send,
    {
        let Decided { policy, job, plan, nonce, sealed_token_keys, manifest, at } = self.0;
        let mut inputs = Inputs::begin(&mut session.incoming, manifest, &plan, &policy, &enclave.kms).await?;
        let mut requests = vec![inputs.first_request().clone()];

        let tokens = sealed_token_keys.open(&policy, &enclave.kms).await?;
        requests.extend(tokens.requests);
        // A key that the policy's check value does not know is somebody else's.
        let rows = plan.processor(&tokens.keys).map_err(|_| Refusal::KeyNotAllowed)?;
        inputs.give_first(&rows.value_keys())?;

        let prepared = output::prepare(&policy, job.digest().to_string(), &enclave.kms).await?;
        requests.extend(prepared.requests);
        Ok(Keyed::new(Material {
            policy,
            job,
            nonce,
            at,
            inputs,
            token_statements: tokens.statements,
            requests,
            recipients: prepared.recipients,
            sealer: prepared.sealer,
            rows,
        }))
    }
}
