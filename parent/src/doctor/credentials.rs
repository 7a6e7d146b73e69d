//! AWS credentials, found as `sealroom proxy` finds them where it runs as the same user with the same options: that there
//! are some, where they come from, how long they hold, and that KMS takes them. It never prints a secret: of the access
//! key's id the last four characters, as AWS's own tools do, of the rest nothing.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::{Credentials, provider::ProvideCredentials};
use aws_sdk_kms::error::ProvideErrorMetadata;
use tokio::time::timeout;

use super::{Aws, CALL, Subject};
use crate::{
    kms::{causes, denial},
    limits,
    verdict::Verdict,
};

/// Both lines; KMS is asked in `region`, where one answers. True where there are credentials to ask with.
pub async fn check(verdict: &mut Verdict, aws: &Aws, subject: &Subject, region: Option<&String>) -> bool {
    let config = match &aws.config {
        Ok(config) => config,
        Err(failure) => {
            verdict.refuse(FOUND, failure.message(), "correct the AWS options");
            verdict.skip(TAKEN, "AWS's configuration cannot be read");
            return false;
        }
    };
    if !found(verdict, config).await {
        verdict.skip(TAKEN, "there are no credentials that could be taken");
        return false;
    }
    match region {
        Some(region) => taken(verdict, subject, region).await,
        None => verdict.skip(TAKEN, "no KMS answers, or no Region is known"),
    }
    true
}

/// Whether there are credentials that have not expired.
async fn found(verdict: &mut Verdict, config: &SdkConfig) -> bool {
    let Some(provider) = config.credentials_provider() else {
        verdict.refuse(FOUND, "AWS's configuration names no source of credentials", SOURCES);
        return false;
    };
    let credentials = match timeout(CALL, provider.provide_credentials()).await {
        Ok(Ok(credentials)) => credentials,
        Ok(Err(error)) => {
            verdict.refuse(FOUND, format!("none found: {}", causes(&error)), SOURCES);
            return false;
        }
        Err(_) => {
            verdict.refuse(FOUND, format!("none found within {} s", CALL.as_secs()), SOURCES);
            return false;
        }
    };
    let whose = format!("from {}, access key ****{}", source(&credentials), last_four(credentials.access_key_id()));
    let left = credentials.expiry().map(|end| end.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO));
    match left {
        Some(Duration::ZERO) => {
            verdict.refuse(FOUND, format!("{whose}: they have expired"), RENEW);
            return false;
        }
        Some(left) if left < limits::CREDENTIALS_FRESH => {
            verdict.check(FOUND, true, format!("{whose}: they expire in {} s; the proxy asks for new ones", left.as_secs()));
        }
        Some(left) => verdict.check(FOUND, true, format!("{whose}: they hold for {} minutes", left.as_secs() / 60)),
        None => verdict.check(FOUND, true, format!("{whose}: they do not expire")),
    }
    true
}

/// Whether KMS takes the signature: an answer that only denies the call has taken it.
async fn taken(verdict: &mut Verdict, subject: &Subject, region: &str) {
    let client = match subject.aws.client(region).await {
        Ok(client) => client,
        Err(failure) => return verdict.refuse(TAKEN, failure.message(), "correct the AWS options"),
    };
    let error = match timeout(CALL, client.list_aliases().limit(1).send()).await {
        Ok(Ok(_)) => return verdict.check(TAKEN, true, format!("KMS in {region} takes them")),
        Ok(Err(error)) => error,
        Err(_) => return verdict.skip(TAKEN, format!("KMS in {region} did not answer within {} s", CALL.as_secs())),
    };
    let Some(refusal) = error.as_service_error() else {
        return verdict.skip(TAKEN, format!("KMS in {region} was not asked: {}", causes(&error)));
    };
    match refusal.code().unwrap_or_default() {
        code if denial::is_of_credentials(code) => {
            verdict.refuse(
                TAKEN,
                format!("KMS in {region} refuses them: {code}"),
                denial::mend("ListAliases", code, None).unwrap_or(RENEW),
            );
        }
        "AccessDeniedException" => {
            verdict.check(TAKEN, true, format!("KMS in {region} takes them (they may not list aliases, which nothing needs)"));
        }
        code => verdict.skip(TAKEN, format!("KMS in {region} answered {code}")),
    }
}

/// The kind of source. The SDK says it in the value's debug form alone, which leaves the secrets out.
fn source(credentials: &Credentials) -> String {
    let printed = format!("{credentials:?}");
    let name = printed.split_once("provider_name: \"").and_then(|(_, rest)| rest.split_once('"'));
    name.map_or("an unnamed source", |(name, _)| name).to_owned()
}

fn last_four(access_key_id: &str) -> String {
    let count = access_key_id.chars().count();
    if count < 16 { String::new() } else { access_key_id.chars().skip(count - 4).collect() }
}

const FOUND: &str = "credentials";
const TAKEN: &str = "credentials-taken";

const SOURCES: &str = "give the instance a role, or set AWS_PROFILE or --profile for the user that runs `sealroom proxy`; in a container, the \
                       instance's metadata service must be in reach (hop limit 2)";
const RENEW: &str = "renew them (`aws sso login`, or the command that made them), or give the instance a role, which AWS renews";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_is_named_and_no_secret() {
        let credentials = Credentials::new("AKIDEXAMPLE12345678", "SECRET", Some("TOKEN".to_owned()), None, "Imds");
        assert_eq!(source(&credentials), "Imds");
        assert_eq!(last_four(credentials.access_key_id()), "5678");
        assert_eq!(last_four("short"), "");
    }
}
