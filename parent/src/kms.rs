//! The parent's own calls to KMS: `seal`, `rebind`, `token-key new` and `open --kms`. Credentials, profile, endpoint and CA bundle come
//! from where AWS's own tools take them. It answers with data keys, so only commands that hold them on purpose call it.

use std::{collections::HashMap, error::Error, path::PathBuf, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, timeout::TimeoutConfig};
use aws_sdk_kms::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use sealroom_shared::{
    arn::KeyArn,
    message::{DataKey, EncryptedDataKey, EncryptionContext},
};
use zeroize::Zeroizing;

use crate::{
    failure::{Failure, Result},
    limits, source,
};

pub mod denial;

/// How to reach AWS, as in AWS's own tools. Credentials come from the environment, the shared files or the instance.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "AWS")]
pub struct AwsOptions {
    /// Profile of the shared AWS configuration files [env: AWS_PROFILE]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Address of KMS instead of the Region's own [env: AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL]
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// PEM file of the certificate authorities to trust instead of the system's [env: AWS_CA_BUNDLE]
    #[arg(long, value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
}

impl AwsOptions {
    /// Reads AWS's configuration, for `region` where one is given.
    pub async fn load(&self, region: Option<&str>) -> Result<SdkConfig> {
        let tls = self.tls_context()?;
        let http = aws_smithy_http_client::Builder::new().tls_provider(TLS).tls_context(tls).build_https();
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http).timeout_config(timeouts);
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        Ok(loader.load().await)
    }

    /// Reads AWS's configuration for KMS in `region`; calls nothing yet.
    pub async fn client(&self, region: &str) -> Result<Client> {
        let shared = self.load(Some(region)).await?;
        let mut config = aws_sdk_kms::config::Builder::from(&shared);
        if let Some(url) = &self.endpoint_url {
            config = config.endpoint_url(url);
        }
        Ok(Client::from_conf(config.build()))
    }

    /// Single requests over TLS as [`Self::client`] makes it, for what is neither signed nor KMS's protocol.
    pub fn connector(&self) -> Result<Connector> {
        Ok(Connector::builder().tls_provider(TLS).tls_context(self.tls_context()?).build())
    }

    fn tls_context(&self) -> Result<TlsContext> {
        let bundle =
            self.ca_bundle.clone().or_else(|| std::env::var_os("AWS_CA_BUNDLE").filter(|name| !name.is_empty()).map(PathBuf::from));
        let trust = match bundle {
            None => TrustStore::default(),
            Some(path) => TrustStore::empty().with_pem_certificate(read_bundle(path)?),
        };
        TlsContext::builder().with_trust_store(trust).build().map_err(|error| Failure::new("tls", error.to_string()))
    }
}

/// KMS in one key's Region, for that key alone.
pub struct KmsKey {
    client: Client,
    arn: KeyArn,
}

impl KmsKey {
    /// Reads AWS's configuration; calls nothing yet. The Region is the ARN's: KMS knows the key nowhere else.
    pub async fn new(options: &AwsOptions, arn: KeyArn) -> Result<Self> {
        Ok(Self { client: options.client(arn.region()).await?, arn })
    }

    /// A new data key, and the same wrapped under the KMS key with `context` bound in.
    pub async fn generate_data_key(&self, context: &EncryptionContext) -> Result<(DataKey, EncryptedDataKey)> {
        let answer = self
            .client
            .generate_data_key()
            .key_id(self.arn.as_str())
            .number_of_bytes(32)
            .set_encryption_context(pairs(context))
            .send()
            .await
            .map_err(|error| self.failure("GenerateDataKey", &error))?;
        let data_key = self.believed("GenerateDataKey", answer.key_id, answer.plaintext)?;
        let wrapped = answer.ciphertext_blob.ok_or_else(|| self.untrusted("GenerateDataKey", "gave no encrypted data key"))?;
        Ok((data_key, EncryptedDataKey::aws_kms(&self.arn, wrapped.into_inner())))
    }

    /// The data key inside `wrapped`, which must have been wrapped under this key with exactly `context`.
    pub async fn decrypt(&self, wrapped: &EncryptedDataKey, context: &EncryptionContext) -> Result<DataKey> {
        let answer = self
            .client
            .decrypt()
            .key_id(self.arn.as_str())
            .ciphertext_blob(Blob::new(wrapped.ciphertext.clone()))
            .set_encryption_context(pairs(context))
            .send()
            .await
            .map_err(|error| self.failure("Decrypt", &error))?;
        self.believed("Decrypt", answer.key_id, answer.plaintext)
    }

    fn believed(&self, operation: &str, key_id: Option<String>, plaintext: Option<Blob>) -> Result<DataKey> {
        if key_id.as_deref() != Some(self.arn.as_str()) {
            return Err(self.untrusted(operation, "answered for another key"));
        }
        let plaintext = Zeroizing::new(plaintext.map(Blob::into_inner).unwrap_or_default());
        DataKey::from_slice(&plaintext).ok_or_else(|| self.untrusted(operation, "did not give a 32-byte data key"))
    }

    fn untrusted(&self, operation: &str, what: &str) -> Failure {
        Failure::new("kms-untrusted", format!("KMS {operation} on {} {what}", self.arn))
            .help("check --endpoint-url: what answered does not behave as KMS")
    }

    fn failure<E>(&self, operation: &str, error: &SdkError<E>) -> Failure
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error.as_service_error() {
            Some(refusal) => {
                let code = refusal.code().unwrap_or("an error without a code");
                let message = refusal.message().map(|message| format!(": {message}")).unwrap_or_default();
                let failure = Failure::new("kms-denied", format!("KMS {operation} on {} answered {code}{message}", self.arn));
                match denial::mend(operation, code, refusal.message()) {
                    Some(mend) => failure.help(mend),
                    None => failure,
                }
            }
            None => Failure::new("kms-unavailable", format!("KMS {operation} on {} failed: {}", self.arn, causes(error)))
                .help("`sealroom doctor --key ARN` looks at name, connection, TLS, credentials and clock, with the same options"),
        }
    }
}

/// An error with everything that caused it, in one line.
pub fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    // The SDK lists the sources of credentials in lines.
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn pairs(context: &EncryptionContext) -> Option<HashMap<String, String>> {
    let pairs: HashMap<String, String> = context.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    (!pairs.is_empty()).then_some(pairs)
}

/// The bundle's PEM text, once every certificate in it is known to be one: the SDK would panic where it is not.
fn read_bundle(path: PathBuf) -> Result<Vec<u8>> {
    let bytes = source::read_small(&path, limits::CA_BUNDLE)?;
    let broken = || Failure::new("ca-bundle", format!("{} is not a PEM file of certificates", path.display()));
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|_| broken())?;
        webpki::anchor_from_trusted_cert(&certificate).map_err(|_| broken())?;
        count += 1;
    }
    if count == 0 {
        return Err(broken());
    }
    Ok(bytes.to_vec())
}

const TLS: Provider = Provider::Rustls(CryptoMode::AwsLc);
const CONNECT: Duration = Duration::from_secs(5);
const ATTEMPT: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_one_line() {
        let error = std::io::Error::other("none found. Attempted:\n  Environment: not set\n  Profile: not there");
        assert_eq!(causes(&error), "none found. Attempted: Environment: not set Profile: not there");
    }

    #[test]
    fn bundle_without_certificates_is_refused() {
        let folder = tempfile::tempdir().expect("folder");
        for content in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n"] {
            let path = folder.path().join("bundle.pem");
            std::fs::write(&path, content).expect("written");
            assert_eq!(read_bundle(path).expect_err("refused").code(), "ca-bundle", "{content:?}");
        }
    }
}
