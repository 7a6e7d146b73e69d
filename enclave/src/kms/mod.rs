//! KMS: the three calls that the enclave makes, each believed only as DESIGN's promise P4 says: over TLS that ends
//! here, from the key that was asked, and (Decrypt, GenerateDataKey) only as `CiphertextForRecipient`.

mod connector;
mod credentials;
mod failure;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{BehaviorVersion, IdentityCache, Region, SharedCredentialsProvider, StalledStreamProtectionConfig};
use aws_sdk_kms::operation::RequestId;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, KeyEncryptionMechanism, RecipientInfo};
use aws_sdk_kms::{Client, Config};
use aws_smithy_async::time::SharedTimeSource;
use sealroom_shared::arn::KeyArn;
use sealroom_shared::limits;
use sealroom_shared::message::{DataKey, EncryptionContext};
use sealroom_shared::receipt::KmsRequest;

use crate::clock::AttestedClock;
use crate::config::Config as Measured;
use crate::nsm::{About, Nsm};
use crate::parent_service::ParentService;
use crate::recipient::RecipientKey;

use connector::Connector;
use credentials::FromParent;
pub use failure::KmsError;

/// KMS as this enclave reaches it: through the parent's relay, with the parent's credentials, trusting neither.
pub struct Kms {
    clients: BTreeMap<String, Client>,
    nsm: Arc<dyn Nsm>,
    clock: Arc<AttestedClock>,
    recipient: Arc<RecipientKey>,
}

/// A believed answer, with what identifies the call in CloudTrail.
pub struct Answer<T> {
    /// What was asked for.
    pub value: T,
    /// For the receipt.
    pub request: KmsRequest,
}

/// A new data key, in both its forms.
pub struct GeneratedKey {
    /// To seal with.
    pub data_key: DataKey,
    /// Wrapped under the KMS key.
    pub ciphertext_blob: Vec<u8>,
}

impl Kms {
    /// One client for each Region of the measured configuration.
    ///
    /// # Errors
    /// Where a trust anchor is not usable.
    pub fn new(
        config: &Measured,
        nsm: Arc<dyn Nsm>,
        clock: Arc<AttestedClock>,
        recipient: Arc<RecipientKey>,
    ) -> Result<Self, rustls::Error> {
        let service = |port| ParentService { cid: config.parent_cid, port };
        let connector = Connector::new(service(config.ports.kms), config, Arc::clone(&clock))?;
        let credentials = SharedCredentialsProvider::new(FromParent::new(service(config.ports.credentials)));
        let deadline = Duration::from_secs(config.limits.kms_seconds);
        let clients = config.hosts.keys().map(|region| {
            let sdk = Config::builder()
                .behavior_version(BehaviorVersion::v2026_01_12())
                .region(Region::new(region.clone()))
                .use_fips(config.fips)
                .credentials_provider(credentials.clone())
                // Kept, what a parent answered once would fail every later job.
                .identity_cache(IdentityCache::no_cache())
                .time_source(SharedTimeSource::new(SharedClock(Arc::clone(&clock))))
                .http_client(connector.clone())
                .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS).with_max_backoff(Duration::from_secs(2)))
                .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(deadline / 3).operation_timeout(deadline).build())
                // Answers are read whole, with a bound and a deadline, by the connector.
                .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
                .build();
            (region.clone(), Client::from_conf(sdk))
        });
        Ok(Self { clients: clients.collect(), nsm, clock, recipient })
    }

    /// Asks the key `arn` to open a wrapped data key, bound to the whole `context`.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn decrypt(&self, arn: &KeyArn, ciphertext_blob: &[u8], context: &EncryptionContext) -> Result<Answer<DataKey>, KmsError> {
        let call = self.client(arn)?.decrypt().key_id(arn.as_str()).ciphertext_blob(Blob::new(ciphertext_blob));
        let call = call.set_encryption_context(Some(pairs(context))).recipient(self.recipient_info().await?);
        let answer = call.send().await.map_err(KmsError::from_sdk)?;
        let request = request("Decrypt", arn, answer.request_id());
        let value = self.believe(arn, answer.key_id(), answer.plaintext(), answer.ciphertext_for_recipient())?;
        Ok(Answer { value, request })
    }

    /// Asks the key `arn` for a new data key, bound to the whole `context`.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn generate_data_key(&self, arn: &KeyArn, context: &EncryptionContext) -> Result<Answer<GeneratedKey>, KmsError> {
        let call = self.client(arn)?.generate_data_key().key_id(arn.as_str()).key_spec(DataKeySpec::Aes256);
        let call = call.set_encryption_context(Some(pairs(context))).recipient(self.recipient_info().await?);
        let answer = call.send().await.map_err(KmsError::from_sdk)?;
        let request = request("GenerateDataKey", arn, answer.request_id());
        let data_key = self.believe(arn, answer.key_id(), answer.plaintext(), answer.ciphertext_for_recipient())?;
        let ciphertext_blob = wrapped(answer.ciphertext_blob())?;
        Ok(Answer { value: GeneratedKey { data_key, ciphertext_blob }, request })
    }

    /// Asks the key `arn` to wrap a data key, bound to the whole `context`. KMS has no attestation for Encrypt: the
    /// data key is safe because TLS to KMS ends here, and useful to the key's readers only.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn encrypt(&self, arn: &KeyArn, data_key: &DataKey, context: &EncryptionContext) -> Result<Answer<Vec<u8>>, KmsError> {
        let client = self.client(arn)?;
        self.attest(&About::Time).await?;
        let call = client.encrypt().key_id(arn.as_str()).plaintext(Blob::new(data_key.as_bytes().as_slice()));
        let answer = call.set_encryption_context(Some(pairs(context))).send().await.map_err(KmsError::from_sdk)?;
        if answer.key_id() != Some(arn.as_str()) {
            return Err(KmsError::Untrusted);
        }
        Ok(Answer { request: request("Encrypt", arn, answer.request_id()), value: wrapped(answer.ciphertext_blob())? })
    }

    /// A host name comes from the table of Regions in the measured configuration, never from the ARN's text.
    fn client(&self, arn: &KeyArn) -> Result<&Client, KmsError> {
        self.clients.get(arn.region()).ok_or(KmsError::Region)
    }

    async fn recipient_info(&self) -> Result<RecipientInfo, KmsError> {
        let document = self.attest(&About::Recipient { public_key: self.recipient.public_key() }).await?;
        Ok(RecipientInfo::builder()
            .key_encryption_algorithm(KeyEncryptionMechanism::RsaesOaepSha256)
            .attestation_document(Blob::new(document))
            .build())
    }

    /// A fresh document, whose signed time becomes the time of the call.
    async fn attest(&self, about: &About<'_>) -> Result<Vec<u8>, KmsError> {
        let document = tokio::task::block_in_place(|| self.nsm.attest(about)).map_err(|_| KmsError::Clock)?;
        self.clock.observe(document.timestamp);
        Ok(document.bytes)
    }

    fn believe(
        &self,
        arn: &KeyArn,
        key_id: Option<&str>,
        plaintext: Option<&Blob>,
        for_recipient: Option<&Blob>,
    ) -> Result<DataKey, KmsError> {
        let plaintext_is_absent = plaintext.is_none_or(|plaintext| plaintext.as_ref().is_empty());
        match for_recipient {
            Some(envelope) if plaintext_is_absent && key_id == Some(arn.as_str()) => {
                self.recipient.open_data_key(envelope.as_ref()).map_err(|_| KmsError::Untrusted)
            }
            _ => Err(KmsError::Untrusted),
        }
    }
}

#[derive(Debug)]
struct SharedClock(Arc<AttestedClock>);

impl aws_smithy_async::time::TimeSource for SharedClock {
    fn now(&self) -> std::time::SystemTime {
        aws_smithy_async::time::TimeSource::now(&*self.0)
    }
}

fn pairs(context: &EncryptionContext) -> std::collections::HashMap<String, String> {
    context.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn wrapped(blob: Option<&Blob>) -> Result<Vec<u8>, KmsError> {
    blob.map(|blob| blob.as_ref().to_vec())
        .filter(|blob| !blob.is_empty() && blob.len() <= limits::CIPHERTEXT_BLOB)
        .ok_or(KmsError::Untrusted)
}

fn request(operation: &str, arn: &KeyArn, request_id: Option<&str>) -> KmsRequest {
    let request_id = request_id.unwrap_or_default().chars().take(128).collect();
    KmsRequest { operation: operation.to_owned(), key_arn: arn.clone(), request_id }
}

/// One try and two more: the SDK needs a second one to correct a skewed clock.
const ATTEMPTS: u32 = 3;
