//! The order of checks on a sealed message that claims to be the owner's: parse with bounds → kind and policy digest →
//! provider and key ARN → Decrypt with that ARN and the whole context → the same KeyId → 32 bytes → commitment → header
//! tag. Nothing in the header is believed before the last of them.

use sealroom_shared::arn::KeyArn;
use sealroom_shared::binding;
use sealroom_shared::message::{AWS_KMS, DataKey, EncryptedDataKey, EncryptionContext, Header, MessageError, Opener};
use sealroom_shared::policy::Policy;
use sealroom_shared::receipt::KmsRequest;
use sealroom_shared::wire::Refusal;
use zeroize::Zeroizing;

use crate::kms::{Kms, KmsError};

/// What the owner sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SealedKind {
    /// A file, or a single value.
    Input,
    /// What records with sealed fields must be.
    Manifest,
    /// The key of a token domain.
    TokenKey,
}

/// A message whose header is proven to be its author's, under this policy and a key of this policy.
pub(super) struct Unlocked {
    pub(super) header: Header,
    pub(super) opener: Opener,
    pub(super) data_key: DataKey,
    pub(super) key_arn: KeyArn,
    pub(super) request: KmsRequest,
}

/// Goes through all checks, in order.
pub(super) async fn unlock(kind: SealedKind, header: Header, policy: &Policy, kms: &Kms) -> Result<Unlocked, Refusal> {
    bound_to_policy(kind, header.context(), policy)?;
    let mut refusal = Refusal::KeyNotAllowed;
    let mut released = None;
    for (arn, key) in candidates(&header, policy) {
        match kms.decrypt(arn, &key.ciphertext, header.context()).await {
            Ok(answer) => {
                released = Some((arn.clone(), answer));
                break;
            }
            // Only this lets the next key be tried: the message may be sealed for another of the owner's keys too.
            Err(KmsError::Denied) => refusal = Refusal::KeyDenied,
            Err(error) => return Err(error.into()),
        }
    }
    let (key_arn, answer) = released.ok_or(refusal)?;
    let opener = header.unlock(&answer.value).map_err(of_message)?;
    Ok(Unlocked { key_arn, opener, request: answer.request, data_key: answer.value, header })
}

impl Unlocked {
    /// The owner's name of the dataset, which the policy must list.
    pub(super) fn dataset(&self, policy: &Policy) -> Result<&str, Refusal> {
        let dataset = self.header.context().get(binding::DATASET).ok_or(Refusal::InputCorrupt)?;
        if policy.datasets().iter().any(|allowed| allowed == dataset) { Ok(dataset) } else { Err(Refusal::PolicyMismatch) }
    }

    /// The content of a short message, of which `frames` is all that follows the header.
    pub(super) fn open_whole(mut self, frames: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let mut content = Zeroizing::new(Vec::with_capacity(frames.len()));
        self.opener.push(frames, &mut content).map_err(of_message)?;
        self.opener.finish().map_err(of_message)?;
        Ok(content)
    }
}

fn bound_to_policy(kind: SealedKind, context: &EncryptionContext, policy: &Policy) -> Result<(), Refusal> {
    let digest = context.get(binding::POLICY).ok_or(Refusal::PolicyAbsent)?;
    let expected = match kind {
        SealedKind::Input => binding::INPUT,
        SealedKind::Manifest => binding::MANIFEST,
        SealedKind::TokenKey => binding::TOKEN_KEY,
    };
    if context.get(binding::KIND) != Some(expected) {
        return Err(Refusal::InputCorrupt);
    }
    if digest != policy.digest().to_string() {
        return Err(Refusal::PolicyMismatch);
    }
    Ok(())
}

/// The encrypted data keys that name one of the policy's keys, byte for byte.
fn candidates<'a>(header: &'a Header, policy: &'a Policy) -> impl Iterator<Item = (&'a KeyArn, &'a EncryptedDataKey)> {
    header
        .encrypted_data_keys()
        .iter()
        .filter(|key| key.provider_id == AWS_KMS)
        .filter_map(|key| policy.keys().iter().find(|arn| arn.as_str().as_bytes() == key.provider_info.as_slice()).map(|arn| (arn, key)))
}

/// A data key that the message does not commit to means that the answer or the message was swapped.
pub(super) fn of_message(error: MessageError) -> Refusal {
    match error {
        MessageError::HeaderTooLarge => Refusal::TooLarge,
        MessageError::Random => Refusal::Internal,
        _ => Refusal::InputCorrupt,
    }
}
