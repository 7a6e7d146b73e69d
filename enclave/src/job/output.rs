//! The output's key and header: a data key wrapped for every recipient of the policy, and for nobody else.

use sealroom_shared::binding;
use sealroom_shared::message::raw_rsa;
use sealroom_shared::message::{DataKey, EncryptedDataKey, EncryptionContext, MessageError, Sealer};
use sealroom_shared::policy::{Policy, Recipient, RecipientKey};
use sealroom_shared::receipt::KmsRequest;
use sealroom_shared::wire::Refusal;

use crate::kms::Kms;

/// A sealer for the policy's recipients, and the KMS calls that it took.
pub(super) struct Prepared {
    pub(super) sealer: Sealer,
    pub(super) requests: Vec<KmsRequest>,
    pub(super) recipients: Vec<String>,
}

/// Makes the output's data key: by GenerateDataKey where a recipient is a KMS key, here otherwise.
pub(super) async fn prepare(policy: &Policy, job_digest: String, kms: &Kms) -> Result<Prepared, Refusal> {
    let context = context(policy, &job_digest).map_err(|_| Refusal::Internal)?;
    let mut requests = Vec::new();
    let mut data_key: Option<DataKey> = None;
    let mut generated: Option<(&str, Vec<u8>)> = None;
    if let Some((name, arn)) = policy.recipients().iter().find_map(kms_recipient) {
        let answer = kms.generate_data_key(arn, &context).await?;
        requests.push(answer.request);
        data_key = Some(answer.value.data_key);
        generated = Some((name, answer.value.ciphertext_blob));
    }
    let data_key = match data_key {
        Some(data_key) => data_key,
        None => DataKey::random().map_err(|_| Refusal::Internal)?,
    };
    let mut keys = Vec::new();
    for recipient in policy.recipients() {
        keys.push(match recipient.key() {
            RecipientKey::Kms(arn) => {
                let blob = match generated.take_if(|(name, _)| *name == recipient.name()) {
                    Some((_, blob)) => blob,
                    None => {
                        let answer = kms.encrypt(arn, &data_key, &context).await?;
                        requests.push(answer.request);
                        answer.value
                    }
                };
                EncryptedDataKey::aws_kms(arn, blob)
            }
            RecipientKey::Rsa { public_key_pem } => raw_rsa::PublicKey::from_pem(public_key_pem)
                .and_then(|key| key.wrap(raw_rsa::NAMESPACE, recipient.name(), &data_key))
                .map_err(|_| Refusal::Internal)?,
        });
    }
    let recipients = policy.recipients().iter().map(|recipient| recipient.name().to_owned()).collect();
    let sealer = Sealer::new(context, keys, &data_key).map_err(|_| Refusal::Internal)?;
    Ok(Prepared { sealer, requests, recipients })
}

fn kms_recipient(recipient: &Recipient) -> Option<(&str, &sealroom_shared::arn::KeyArn)> {
    match recipient.key() {
        RecipientKey::Kms(arn) => Some((recipient.name(), arn)),
        RecipientKey::Rsa { .. } => None,
    }
}

/// Never `sealroom:policy-sha384`: an output cannot come back as an input.
fn context(policy: &Policy, job_digest: &str) -> Result<EncryptionContext, MessageError> {
    let mut context = EncryptionContext::new();
    context.insert(binding::KIND, binding::OUTPUT)?;
    context.insert(binding::JOB, job_digest)?;
    context.insert(binding::SOURCE_POLICY, &policy.digest().to_string())?;
    Ok(context)
}
