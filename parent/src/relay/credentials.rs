//! Hands the instance's AWS credentials to the enclave: one JSON object a connection, then close. The enclave signs with
//! them; they give it nothing that the parent does not have. They must never be printed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::{Credentials, provider::ProvideCredentials, provider::SharedCredentialsProvider};
use tokio::{io::AsyncWriteExt, sync::Mutex, time::timeout};

use crate::{
    limits,
    transport::{self, Stream},
};

/// Credentials as aws-config finds them, kept until they are about to expire.
pub struct CredentialsService {
    provider: SharedCredentialsProvider,
    kept: Mutex<Option<Credentials>>,
}

impl CredentialsService {
    /// Resolves nothing yet.
    pub fn new(provider: SharedCredentialsProvider) -> Self {
        Self { provider, kept: Mutex::new(None) }
    }

    /// Answers one connection: `{"access_key_id","secret_access_key","session_token"|null,"expires_at": seconds|null}`.
    /// Where none can be had the connection closes without a byte, and standard error says why.
    pub async fn answer(&self, mut stream: Stream) {
        let answered = timeout(limits::CREDENTIALS_DEADLINE, async {
            let credentials = match self.current(SystemTime::now()).await {
                Ok(credentials) => credentials,
                Err(error) => return eprintln!("credentials: none found: {}", crate::kms::causes(&error)),
            };
            let answer = to_json(&credentials);
            if let Err(error) = transport::write_all(&mut stream, answer.as_bytes()).await {
                return eprintln!("credentials: cannot answer: {error}");
            }
            let _ = stream.shutdown().await;
        });
        if answered.await.is_err() {
            eprintln!("credentials: timed out");
        }
    }

    async fn current(&self, now: SystemTime) -> Result<Credentials, aws_credential_types::provider::error::CredentialsError> {
        let mut kept = self.kept.lock().await;
        // Without an expiry they cost little to resolve and may have been changed by the operator.
        let fresh = |found: &&Credentials| found.expiry().is_some_and(|end| end > now + limits::CREDENTIALS_FRESH);
        if let Some(credentials) = kept.as_ref().filter(fresh) {
            return Ok(credentials.clone());
        }
        let credentials = self.provider.provide_credentials().await?;
        *kept = Some(credentials.clone());
        Ok(credentials)
    }
}

fn to_json(credentials: &Credentials) -> String {
    let expires_at = credentials.expiry().map(|end| end.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs());
    serde_json::json!({
        "access_key_id": credentials.access_key_id(),
        "secret_access_key": credentials.secret_access_key(),
        "session_token": credentials.session_token(),
        "expires_at": expires_at,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    };

    use aws_credential_types::provider::{error::CredentialsError, future};
    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt, duplex};

    use super::*;

    /// Gives numbered credentials that live for `life`.
    #[derive(Debug)]
    struct Numbered {
        asked: Arc<AtomicU64>,
        life: Option<Duration>,
    }

    impl ProvideCredentials for Numbered {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let number = self.asked.fetch_add(1, Relaxed);
            let expiry = self.life.map(|life| SystemTime::now() + life);
            let token = self.life.map(|_| "token".to_owned());
            future::ProvideCredentials::ready(Ok(Credentials::new(format!("ID{number}"), "secret", token, expiry, "test")))
        }
    }

    #[derive(Debug)]
    struct Nothing;

    impl ProvideCredentials for Nothing {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("nowhere")))
        }
    }

    async fn ask(service: &CredentialsService) -> Vec<u8> {
        let (mut enclave, near) = duplex(10_000);
        service.answer(Box::new(near)).await;
        let mut answer = Vec::new();
        enclave.read_to_end(&mut answer).await.expect("answer");
        answer
    }

    fn service(life: Option<Duration>) -> (CredentialsService, Arc<AtomicU64>) {
        let asked = Arc::new(AtomicU64::new(0));
        let provider = Numbered { asked: Arc::clone(&asked), life };
        (CredentialsService::new(SharedCredentialsProvider::new(provider)), asked)
    }

    #[tokio::test]
    async fn one_object_a_connection_kept_while_fresh() {
        let (service, asked) = service(Some(Duration::from_secs(3600)));
        let first: Value = serde_json::from_slice(&ask(&service).await).expect("JSON");
        assert_eq!(first["access_key_id"], "ID0");
        assert_eq!(first["secret_access_key"], "secret");
        assert_eq!(first["session_token"], "token");
        assert!(first["expires_at"].as_u64().expect("seconds") > 1_700_000_000);
        assert_eq!(serde_json::from_slice::<Value>(&ask(&service).await).expect("JSON"), first);
        assert_eq!(asked.load(Relaxed), 1);
    }

    #[tokio::test]
    async fn credentials_near_their_end_are_resolved_again() {
        let (service, asked) = service(Some(Duration::from_secs(60)));
        ask(&service).await;
        ask(&service).await;
        assert_eq!(asked.load(Relaxed), 2);
    }

    #[tokio::test]
    async fn absent_token_and_expiry_are_null() {
        let (service, _) = service(None);
        let answer: Value = serde_json::from_slice(&ask(&service).await).expect("JSON");
        let expected = json!({"access_key_id": "ID0", "secret_access_key": "secret", "session_token": null, "expires_at": null});
        assert_eq!(answer, expected);
    }

    #[tokio::test]
    async fn without_credentials_the_connection_closes_without_a_byte() {
        assert!(ask(&CredentialsService::new(SharedCredentialsProvider::new(Nothing))).await.is_empty());
    }
}
