//! AWS credentials: the instance role's, asked from the parent. The parent has them anyway, so this adds no trust;
//! what they may do with the owner's key is decided by the key policy, on attestation.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_smithy_async::time::TimeSource;
use serde::Deserialize;
use tokio::io::AsyncReadExt;
use zeroize::Zeroizing;

use crate::clock::AttestedClock;
use crate::parent_service::ParentService;

/// Asks the parent each time the SDK finds its credentials about to expire.
#[derive(Debug)]
pub(super) struct FromParent {
    service: ParentService,
    clock: Arc<AttestedClock>,
}

/// One line of JSON, as `sealroom proxy` answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    /// Seconds since 1970; absent for keys without an end.
    expires_at: Option<u64>,
}

impl FromParent {
    pub(super) fn new(service: ParentService, clock: Arc<AttestedClock>) -> Self {
        Self { service, clock }
    }

    async fn ask(&self) -> Result<Credentials, CredentialsError> {
        let read = async {
            let mut answer = Zeroizing::new(Vec::new());
            let mut connection = self.service.connect().await?.take(ANSWER_BYTES);
            connection.read_to_end(&mut answer).await?;
            Ok::<_, std::io::Error>(answer)
        };
        let answer = tokio::time::timeout(DEADLINE, read).await;
        let answer = answer.map_err(CredentialsError::provider_error)?.map_err(CredentialsError::provider_error)?;
        let answer: Answer = serde_json::from_slice(&answer).map_err(|_| CredentialsError::invalid_configuration("not credentials"))?;
        let now = TimeSource::now(&*self.clock);
        let expiry = answer.expires_at.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
        let expiry: SystemTime = expiry.unwrap_or(now + WITHOUT_END);
        Ok(Credentials::new(answer.access_key_id, answer.secret_access_key, answer.session_token, Some(expiry), "parent"))
    }
}

impl ProvideCredentials for FromParent {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.ask())
    }
}

/// A session token is a few KiB.
const ANSWER_BYTES: u64 = 32 * 1024;
/// The parent may have to ask its own metadata service first.
const DEADLINE: Duration = Duration::from_secs(10);
/// Keys without an end are asked for again after this long.
const WITHOUT_END: Duration = Duration::from_secs(15 * 60);
