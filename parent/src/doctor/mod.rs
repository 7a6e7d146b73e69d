//! What breaks on the first day with an enclave, looked at in order: the instance, the enclave, the proxy, KMS, credentials,
//! clock, key policies. `commands::doctor` calls [`examine`]; one file a check. Each check adds its lines to a
//! [`Verdict`], is over within seconds, and runs even where earlier ones failed; what it could not look at it says.
//! It changes nothing on the machine or in AWS, asks for no data key, and never prints a secret.

mod allocator;
mod clock;
mod credentials;
mod devices;
mod enclave;
mod endpoint;
mod huge_pages;
mod image;
mod key_policy;
mod kms;
mod machine;
mod nitro_cli;
mod pcr;
mod ports;

use std::time::Duration;

use aws_config::SdkConfig;
use sealroom_shared::{address::EnclaveAddress, arn::KeyArn, measurements::Measurements};

pub use self::{endpoint::is_region, machine::Machine};
use crate::{failure::Failure, kms::AwsOptions, verdict::Verdict};

/// What is to be looked at.
pub struct Subject {
    /// The machine's own files.
    pub machine: Machine,
    /// Where the enclave should answer.
    pub enclave: Option<EnclaveAddress>,
    /// The image's published measurements.
    pub measurements: Option<Measurements>,
    /// Keys that should release to the image.
    pub keys: Vec<KeyArn>,
    /// A Region whose KMS is needed, beside those of the keys.
    pub region: Option<String>,
    /// The proxy's port for TLS to KMS.
    pub relay_port: u32,
    /// The proxy's port for credentials.
    pub credentials_port: u32,
    /// How to reach AWS: as the proxy is told.
    pub aws: AwsOptions,
}

/// Makes every check, in order.
pub async fn examine(subject: &Subject) -> Verdict {
    let mut verdict = Verdict::default();
    let instance = subject.machine.instance(subject.enclave.as_ref());

    let described = nitro_cli::check(&mut verdict, instance).await;
    let memory = allocator::check(&mut verdict, instance).await;
    huge_pages::check(&mut verdict, instance, memory);
    devices::check(&mut verdict, instance);
    let found = enclave::check(&mut verdict, described, subject.enclave.as_ref());
    image::check(&mut verdict, found.enclave.as_ref(), subject.measurements.as_ref());
    enclave::check_answer(&mut verdict, found.address.as_ref()).await;
    ports::check(&mut verdict, found.address.as_ref(), subject.relay_port, subject.credentials_port).await;

    let aws = Aws::load(subject).await;
    let answering = kms::check(&mut verdict, &aws, subject).await;
    let has_credentials = credentials::check(&mut verdict, &aws, subject, answering.first()).await;
    for key in &subject.keys {
        if !answering.iter().any(|region| region == key.region()) {
            key_policy::skip(&mut verdict, key, "KMS of its Region does not answer");
        } else if !has_credentials {
            key_policy::skip(&mut verdict, key, "there are no credentials to ask with");
        } else {
            key_policy::check(&mut verdict, &subject.aws, key, subject.measurements.as_ref(), found.enclave.as_ref()).await;
        }
    }
    if subject.keys.is_empty() {
        verdict.skip(key_policy::NAME, "no --key was given");
    }
    verdict
}

/// AWS's configuration, or why it cannot be read; and the Regions that matter.
struct Aws {
    config: Result<SdkConfig, Failure>,
    regions: Vec<String>,
}

impl Aws {
    async fn load(subject: &Subject) -> Self {
        let config = subject.aws.load(subject.region.as_deref()).await;
        let mut regions: Vec<String> = subject.keys.iter().map(|key| key.region().to_owned()).collect();
        regions.extend(subject.region.clone());
        if regions.is_empty() {
            // What AWS's own tools would ask.
            let usual = config.as_ref().ok().and_then(|config| config.region());
            regions.extend(usual.map(ToString::to_string).filter(|region| is_region(region)));
        }
        regions.sort();
        regions.dedup();
        Self { config, regions }
    }
}

/// A step that waits for the machine, the enclave or the network is given up after this: all of them answer within a second.
const STEP: Duration = Duration::from_secs(5);

/// Finding credentials, or a signed call with its retries.
const CALL: Duration = Duration::from_secs(10);
