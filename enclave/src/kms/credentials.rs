//! AWS credentials: the instance role's, asked from the parent. The parent has them anyway, so this adds no trust;
//! what they may do with the owner's key is decided by the key policy, on attestation.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use serde::Deserialize;
use tokio::io::AsyncReadExt;
use zeroize::Zeroizing;

use crate::parent_service::ParentService;

/// Asks the parent for every KMS call: what it answered to one job, false or about to expire, counts for no other. The
/// proxy keeps them.
#[derive(Debug)]
pub(super) struct FromParent {
    service: ParentService,
}

/// One line of JSON, as `sealroom proxy` answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    /// Seconds since 1970; absent for keys without an end. When they have ended, KMS says so.
    #[serde(rename = "expires_at")]
    _expires_at: Option<u64>,
}

impl Answer {
    /// Whether each text can stand in a header: the SDK takes that for granted of a key id, and panics.
    fn is_plain(&self) -> bool {
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        plain(&self.access_key_id) && plain(&self.secret_access_key) && self.session_token.as_deref().is_none_or(plain)
    }
}

impl FromParent {
    pub(super) fn new(service: ParentService) -> Self {
        Self { service }
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
        parse(&answer)
    }
}

fn parse(answer: &[u8]) -> Result<Credentials, CredentialsError> {
    let answer = serde_json::from_slice(answer).ok().filter(Answer::is_plain);
    let answer = answer.ok_or_else(|| CredentialsError::invalid_configuration("not credentials"))?;
    Ok(Credentials::new(answer.access_key_id, answer.secret_access_key, answer.session_token, None, "parent"))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn answer(id: &str, secret: &str, token: &str) -> Result<Credentials, CredentialsError> {
        parse(format!(r#"{{"access_key_id":{id},"secret_access_key":{secret},"session_token":{token},"expires_at":null}}"#).as_bytes())
    }

    #[test]
    fn credentials_are_read() {
        let credentials = answer(r#""AKIA""#, r#""a/b+c=""#, "null").unwrap();
        assert_eq!((credentials.access_key_id(), credentials.secret_access_key(), credentials.session_token()), ("AKIA", "a/b+c=", None));
        assert_eq!(answer(r#""ASIA""#, r#""s""#, r#""IQoJ//w=""#).unwrap().session_token(), Some("IQoJ//w="));
    }

    #[test]
    fn text_that_no_header_holds_is_refused() {
        for bad in [r#""""#, r#""a\u000ab""#, r#""a\u0000""#, r#""\u007f""#, r#""a b""#, r#""\u00e9""#, "1", "[]"] {
            assert!(answer(bad, r#""s""#, "null").is_err(), "{bad}");
            assert!(answer(r#""AKIA""#, bad, "null").is_err(), "{bad}");
            assert!(answer(r#""AKIA""#, r#""s""#, bad).is_err(), "{bad}");
        }
        assert!(answer("null", r#""s""#, "null").is_err());
        assert!(parse(b"").is_err());
    }
}
