//! `sealroom doctor`: what breaks on the first day, and the mend for each.

use std::path::PathBuf;

use sealroom_shared::{address::EnclaveAddress, arn::KeyArn};

use crate::{
    doctor::{self, Machine, Subject},
    failure::{Failure, Result},
    kms::AwsOptions,
    origin,
    report::Report,
    verdict::{Outcome, Verdict},
};

/// Look at instance, enclave, proxy, KMS, credentials, clock and key policies, and say how to mend what is wrong
///
/// Changes nothing and asks for no data key. What cannot be looked at from here is said to be not checked: with a `unix:`
/// address that is the instance, and without the right to kms:GetKeyPolicy the key policy, which its administrator can have
/// checked anywhere, with --key and --measurements alone.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Doctor {
    /// Where the enclave should answer: vsock://CID:PORT or unix:PATH; without it, the one that nitro-cli describes
    #[arg(long, value_name = "ADDRESS")]
    enclave: Option<EnclaveAddress>,
    /// The image's measurements, as its builder published them
    #[arg(long, value_name = "FILE")]
    measurements: Option<PathBuf>,
    /// A KMS key that should release data keys to the image (repeatable)
    #[arg(long = "key", value_name = "ARN", value_parser = KeyArn::parse)]
    keys: Vec<KeyArn>,
    /// A Region whose KMS is needed, beside those of the keys [env: AWS_REGION]
    #[arg(long, value_name = "REGION", value_parser = region)]
    region: Option<String>,
    /// Port of the proxy's relay
    #[arg(long, value_name = "PORT", default_value_t = 8000)]
    relay_port: u32,
    /// Port of the proxy's credentials service
    #[arg(long, value_name = "PORT", default_value_t = 8001)]
    credentials_port: u32,
    /// Where the machine's files begin: for tests
    #[arg(long, value_name = "DIR", default_value = "/", hide = true)]
    root: PathBuf,
    #[command(flatten)]
    aws: AwsOptions,
}

impl Doctor {
    /// Makes every check; any that failed makes the command fail.
    pub async fn run(self) -> Result<Report> {
        let measurements = self.measurements.as_deref().map(origin::read_measurements).transpose()?;
        let subject = Subject {
            machine: Machine::new(self.root),
            enclave: self.enclave,
            measurements,
            keys: self.keys,
            region: self.region,
            relay_port: self.relay_port,
            credentials_port: self.credentials_port,
            aws: self.aws,
        };
        Ok(report(&doctor::examine(&subject).await))
    }
}

/// `healthy` where nothing failed. Unlike a receipt's, this verdict proves nothing to anybody, so that it is not `verified`.
fn report(verdict: &Verdict) -> Report {
    let failed: Vec<&str> = verdict.lines().iter().filter(|line| line.outcome == Outcome::Failed).map(|line| line.check.as_str()).collect();
    let json = serde_json::json!({ "healthy": verdict.is_good(), "checks": verdict.to_json() });
    let report = Report::answer(json, verdict.to_text());
    if verdict.is_good() {
        return report;
    }
    if failed.is_empty() {
        let failure = Failure::new("nothing-checked", "there was nothing to check");
        return report.but(failure.help("run it on the parent instance, or name an --enclave, a --key or a --region"));
    }
    let message = format!("{} of {} checks failed: {}", failed.len(), verdict.lines().len(), failed.join(", "));
    report.but(Failure::new("doctor", message).help("mend the first one first; docs/doctor.md says more of each"))
}

fn region(text: &str) -> std::result::Result<String, &'static str> {
    if doctor::is_region(text) { Ok(text.to_owned()) } else { Err("not the name of a Region, such as eu-central-1") }
}

const EXAMPLE: &str = "\
Examples:
  sealroom doctor --enclave vsock://16:5000 --measurements pcrs.json \\
      --key arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
  sealroom doctor --profile key-admin --measurements pcrs.json \\
      --key arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab

Exit codes: 0 nothing failed, 1 something did, 2 usage. docs/doctor.md says more of each check.
";
