//! `sealroom key-policy generate`: the key policy for a measured image, checked before it is printed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use sealroom_shared::{digest::Sha384Digest, measurements::Measurements};
use serde_json::{Value, json};

use crate::{
    commands::refuse_two_from_stdin,
    failure::{Failure, Result},
    key_policy::generate::{self as generator, GenerateError, Kind, RoleArn, Terms, TermsError},
    limits, origin,
    report::Report,
    source,
};

/// Write the key policy for a measured image: the enclave's role with its document, each other role with what it needs
///
/// The policy is linted and simulated before it is printed. An input key lets the owner seal and the image open; an output key
/// lets the image seal and the consumer open.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Generate {
    /// What the key is for
    #[arg(long)]
    kind: KindName,
    /// Measurements of the image, as nitro-cli printed them; `-` is standard input
    #[arg(long, value_name = "FILE")]
    measurements: PathBuf,
    /// Measurements of a further image, such as the one before, while both run; may be repeated
    #[arg(long, value_name = "FILE")]
    also: Vec<PathBuf>,
    /// Role whose credentials the parent hands to the enclave
    #[arg(long, value_name = "ARN", value_parser = RoleArn::parse)]
    enclave_role: RoleArn,
    /// Role of the data's owner, who seals (input key)
    #[arg(long, value_name = "ARN", value_parser = RoleArn::parse, required_if_eq("kind", "input"))]
    owner_role: Option<RoleArn>,
    /// Role of the consumer, who opens results (output key)
    #[arg(long, value_name = "ARN", value_parser = RoleArn::parse, required_if_eq("kind", "output"))]
    consumer_role: Option<RoleArn>,
    /// Role that administers the key and does not use it
    #[arg(long, value_name = "ARN", value_parser = RoleArn::parse)]
    admin_role: RoleArn,
    /// Hold the key to this policy (`sealroom policy digest`); may be repeated
    #[arg(long, value_name = "sha384:HEX")]
    policy_digest: Vec<Sha384Digest>,
    /// Demand PCR3 as well: the enclave's parent must run under this role
    #[arg(long, value_name = "ARN", value_parser = RoleArn::parse)]
    parent_role_pcr3: Option<RoleArn>,
    /// Demand PCR8 as well: the image must be signed with this certificate (PEM)
    #[arg(long, value_name = "CERT")]
    signer_pcr8: Option<PathBuf>,
    /// Let the owner decrypt without an enclave, as `sealroom rebind` needs (input key)
    #[arg(long)]
    owner_decrypts: bool,
    /// The key is a policy's second or later KMS recipient: allow the enclave's role Encrypt, which KMS cannot attest (output key)
    #[arg(long)]
    further_recipient: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum KindName {
    /// Wraps the data keys of inputs and token keys
    Input,
    /// Wraps the data keys of outputs
    Output,
}

impl Generate {
    /// Prints the policy, or nothing.
    pub fn run(self) -> Result<Report> {
        let files: Vec<&PathBuf> = [&self.measurements].into_iter().chain(&self.also).collect();
        refuse_two_from_stdin(files.iter().copied())?;
        let images = files.into_iter().map(|path| origin::read_measurements(path)).collect::<Result<Vec<Measurements>>>()?;
        let mut fixed = BTreeMap::new();
        if let Some(role) = &self.parent_role_pcr3 {
            fixed.insert(3, generator::parent_role_pcr3(role));
        }
        if let Some(path) = &self.signer_pcr8 {
            fixed.insert(8, pcr8(path)?);
        }
        let kind = self.kind()?;
        let count = images.len();
        let terms =
            Terms::new(kind, self.enclave_role, self.admin_role, images, self.policy_digest, fixed).map_err(|error| impossible(&error))?;
        let text = generator::generate(&terms).map_err(|error| withheld(&error))?;
        let policy: Value = serde_json::from_str(&text).map_err(|error| Failure::new("internal", error.to_string()))?;
        Ok(Report::answer(json!({ "images": count, "policy": policy }), text))
    }

    fn kind(&self) -> Result<Kind> {
        let other = |option: &str, kind: &str| Err(Failure::usage(format!("{option} is for an {kind} key")));
        match (self.kind, &self.owner_role, &self.consumer_role) {
            (KindName::Input, _, Some(_)) => other("--consumer-role", "output"),
            (KindName::Output, Some(_), _) => other("--owner-role", "input"),
            (KindName::Input, ..) if self.further_recipient => other("--further-recipient", "output"),
            (KindName::Output, ..) if self.owner_decrypts => other("--owner-decrypts", "input"),
            (KindName::Input, Some(owner), None) => Ok(Kind::Input { owner: owner.clone(), owner_decrypts: self.owner_decrypts }),
            (KindName::Output, None, Some(consumer)) => {
                Ok(Kind::Output { consumer: consumer.clone(), further_recipient: self.further_recipient })
            }
            (KindName::Input, None, None) => Err(Failure::usage("an input key needs --owner-role")),
            (KindName::Output, None, None) => Err(Failure::usage("an output key needs --consumer-role")),
        }
    }
}

fn pcr8(path: &Path) -> Result<sealroom_shared::attestation::Pcr> {
    let pem = source::read_small(path, limits::MEASUREMENTS)?;
    generator::signer_pcr8(&pem).map_err(|error| {
        Failure::new("certificate", format!("{}: {error}", path.display()))
            .help("pass the file that `nitro-cli build-enclave --signing-certificate` took")
    })
}

fn impossible(error: &TermsError) -> Failure {
    Failure::usage(error.to_string()).help(match error {
        TermsError::SameRole(..) => "make a role of its own for each part",
        TermsError::SameImage => "pass each image's measurements once",
        TermsError::Images => "take images that no longer run out of the policy",
        TermsError::OtherPcr(_) => "the measurements are of an image that was built or signed otherwise",
        TermsError::SameDigest => "pass each digest once",
    })
}

fn withheld(error: &GenerateError) -> Failure {
    match error {
        GenerateError::TooLarge(_) => Failure::new("too-large", error.to_string()).help("pass fewer --policy-digest or --also"),
        _ => Failure::new("internal", error.to_string()).help("this is a bug of sealroom: please report it; no policy was printed"),
    }
}

const EXAMPLE: &str = "\
Examples:
  sealroom key-policy generate --kind input --measurements pcrs.json \\
      --enclave-role arn:aws:iam::111122223333:role/operator \\
      --owner-role arn:aws:iam::111122223333:role/owner \\
      --admin-role arn:aws:iam::111122223333:role/admin > input-key.json
  aws kms create-key --policy file://input-key.json
  sealroom key-policy generate --kind output --measurements pcrs.json \\
      --enclave-role arn:aws:iam::111122223333:role/operator \\
      --consumer-role arn:aws:iam::111122223333:role/consumer \\
      --admin-role arn:aws:iam::111122223333:role/admin > output-key.json

Run `aws kms create-key` and `put-key-policy` as the administrator's role: KMS takes a policy only
from somebody whom it lets put the next one.
";
