//! `sealroom open`: the consumer opens an output, and learns whether it came from the expected image.

use std::path::{Path, PathBuf};

use sealroom_shared::{
    arn::KeyArn,
    binding,
    message::{Opener, Suite},
};

use crate::{
    commands::{overwrite, refuse_two_on_stdout},
    failure::{Failure, Result},
    kms::{AwsOptions, KmsKey},
    opening_key::{Keyring, OpeningKey},
    origin::{self, VerifiedReceipt},
    padding::PaddingTrimmer,
    pending_output::{Access, Output},
    progress::Progress,
    reading::Seen,
    report::Report,
    sealed_file::{self, SealedFile},
};

/// Open an enclave's output with a recipient's key, after checking which image it came from
///
/// With --receipt the file is read twice: its digest has to be the receipt's, and what is then opened has to be, piece by piece,
/// what had that digest. A signed message (suite 0x0578) is read through and its signature verified before anything is written.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Open {
    /// The sealed output; `-` is standard input
    #[arg(value_name = "SEALED")]
    input: PathBuf,
    /// Where the records go (mode 0600); `-` is standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace a file that is already there
    #[arg(long)]
    force: bool,
    /// Leave the blank lines that round an output's size up
    #[arg(long)]
    keep_padding: bool,
    #[command(flatten)]
    key: KeyChoice,
    #[command(flatten)]
    origin: OriginChoice,
    #[command(flatten)]
    aws: AwsOptions,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Key")]
struct KeyChoice {
    /// RSA private key: PKCS#8 PEM, as `sealroom keygen` writes it
    #[arg(long, value_name = "PEM", required_unless_present_any = ["kms", "raw_aes_key"], conflicts_with_all = ["kms", "raw_aes_key"])]
    private_key: Option<PathBuf>,
    /// Ask KMS, with --key-arn
    #[arg(long, requires = "key_arn", conflicts_with = "raw_aes_key")]
    kms: bool,
    /// The KMS key that the output is sealed to
    #[arg(long, value_name = "ARN", requires = "kms", value_parser = KeyArn::parse)]
    key_arn: Option<KeyArn>,
    /// AES wrapping key: a file of 32 raw bytes
    #[arg(long, value_name = "FILE")]
    raw_aes_key: Option<PathBuf>,
    /// Namespace of the raw key [default: sealroom]
    #[arg(long, value_name = "NS", conflicts_with = "kms")]
    key_namespace: Option<String>,
    /// Name of the raw key, which is the recipient's in the policy [default: try every one of the namespace]
    #[arg(long, value_name = "NAME", conflicts_with = "kms")]
    key_name: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Origin")]
struct OriginChoice {
    /// The job's receipt
    #[arg(long, value_name = "FILE", requires = "measurements", required_unless_present = "unverified_origin")]
    receipt: Option<PathBuf>,
    /// PCRs of the expected image, as `nitro-cli build-enclave` prints them
    #[arg(long, value_name = "FILE", requires = "receipt")]
    measurements: Option<PathBuf>,
    /// Believe receipts under this root certificate instead of the AWS Nitro root: whoever holds its key can forge any receipt
    #[arg(long, value_name = "PEM", requires = "receipt")]
    danger_trust_anchor: Option<PathBuf>,
    /// Open without knowing which image made the output, or whether any enclave did
    #[arg(long, conflicts_with = "receipt")]
    unverified_origin: bool,
}

impl Open {
    /// Checks the origin, then opens.
    pub async fn run(self, json: bool) -> Result<Report> {
        refuse_two_on_stdout(json, &self.out)?;
        let receipt = self.origin.verify()?;
        if receipt.is_none() {
            eprintln!("warning: UNVERIFIED ORIGIN: nothing shows that an enclave made this output; anyone who knows the public key can");
        }
        let key = self.key.read(&self.aws).await?;
        let mut seen = receipt.as_ref().map(|_| Seen::of(&self.input)).transpose()?;
        let expected = match (&receipt, &seen) {
            (Some(receipt), Some(seen)) => Some(receipt.output(seen.digest())?),
            _ => None,
        };
        let mut file = SealedFile::start(&self.input, seen.as_ref())?;
        let is_signed = file.header().suite() == Suite::Signed;
        if is_signed {
            self.refuse_signed_pipes(&file)?;
            if seen.is_none() {
                seen = Some(Seen::of(&self.input)?);
            }
            file = SealedFile::start(&self.input, seen.as_ref())?;
        }
        let (data_key, mut opener) = key.unlock(file.header()).await?;
        if let Some(expected) = &expected {
            expected.compare(&file.header().message_id().to_hex(), file.header().context())?;
        }
        let mut output = Output::create(&self.out, Access::Private, overwrite(self.force))?;
        let progress = Progress::bytes(json, file.length().map(|length| if is_signed { 2 * length } else { length }));
        if is_signed {
            // The signature is at the end, and nothing is written before it has verified.
            file.open(opener, &progress, |_| Ok(()))?;
            file = SealedFile::start(&self.input, seen.as_ref())?;
            opener = file.header().unlock(&data_key).map_err(sealed_file::refused)?;
        }
        drop(data_key);
        let is_output = file.header().context().get(binding::KIND) == Some(binding::OUTPUT);
        let trimmer = PaddingTrimmer::new(is_output && !self.keep_padding);
        let bytes = write_plaintext(file, opener, trimmer, &mut output, &progress)?;
        output.publish()?;
        drop(progress);
        Ok(self.report(receipt.as_ref(), bytes))
    }

    /// A signed message is read twice, and what is written of it cannot be taken back: it wants files on both sides.
    fn refuse_signed_pipes(&self, file: &SealedFile<'_>) -> Result<()> {
        if self.out == Path::new("-") {
            return Err(Failure::new("signed-to-pipe", "a signed message is not written to a pipe: its signature is at its end")
                .help("name a file with --out"));
        }
        if file.length().is_none() {
            return Err(Failure::new(
                "signed-from-pipe",
                "a signed message is not read from a pipe: its signature is verified before it is opened",
            )
            .help("write it to a file first, and name that"));
        }
        Ok(())
    }

    fn report(&self, receipt: Option<&VerifiedReceipt>, bytes: u64) -> Report {
        let origin = match receipt {
            None => serde_json::json!({ "verified": false }),
            Some(receipt) => serde_json::json!({
                "verified": true,
                "danger_trust_anchor": self.origin.danger_trust_anchor.is_some(),
                "signed_at_ms": receipt.signed_at(),
                "policy": receipt.statement().policy,
                "job": receipt.statement().job,
            }),
        };
        let said = match (receipt, &self.origin.danger_trust_anchor) {
            (None, _) => "origin NOT verified".to_owned(),
            (Some(_), Some(root)) => format!("receipt and image verified under {}, NOT under the AWS Nitro root", root.display()),
            (Some(_), None) => "receipt and image verified under the AWS Nitro root".to_owned(),
        };
        Report::note(
            serde_json::json!({ "out": self.out, "bytes": bytes, "origin": origin }),
            format!("opened {} ({bytes} bytes): {said}", self.input.display()),
        )
    }
}

impl KeyChoice {
    async fn read(&self, aws: &AwsOptions) -> Result<OpeningKey> {
        let keyring = Keyring::new(self.key_namespace.clone(), self.key_name.clone());
        match (&self.private_key, &self.raw_aes_key, &self.key_arn) {
            (Some(path), None, None) => OpeningKey::rsa(path, keyring),
            (None, Some(path), None) => OpeningKey::aes(path, keyring),
            (None, None, Some(arn)) => Ok(OpeningKey::Kms(Box::new(KmsKey::new(aws, arn.clone()).await?), arn.clone())),
            _ => Err(Failure::usage("exactly one of --private-key, --kms with --key-arn, and --raw-aes-key is needed")),
        }
    }
}

impl OriginChoice {
    /// The verified receipt; `None` where the word was given to go without.
    fn verify(&self) -> Result<Option<VerifiedReceipt>> {
        match (&self.receipt, &self.measurements) {
            (Some(receipt), Some(measurements)) => {
                let measurements = origin::read_measurements(measurements)?;
                let anchor = origin::trust_anchor(self.danger_trust_anchor.as_deref())?;
                VerifiedReceipt::verify(receipt, &measurements, &anchor).map(Some)
            }
            (None, None) if self.unverified_origin => Ok(None),
            _ => Err(Failure::usage("either --receipt with --measurements or --unverified-origin is needed")),
        }
    }
}

/// Opens everything into `output`; the number of bytes written.
fn write_plaintext(
    file: SealedFile<'_>,
    opener: Opener,
    mut trimmer: PaddingTrimmer,
    output: &mut Output,
    progress: &Progress,
) -> Result<u64> {
    let mut written = 0;
    file.open(opener, progress, |plaintext| {
        for piece in trimmer.take(plaintext) {
            output.write_all(&piece)?;
            written += piece.len() as u64;
        }
        Ok(())
    })?;
    let end = trimmer.finish();
    output.write_all(&end)?;
    Ok(written + end.len() as u64)
}

const EXAMPLE: &str = "\
Examples:
  sealroom open --private-key analyst.key.pem \\
      --receipt out.receipt.json --measurements pcrs.json out.sealed --out out.ndjson
  sealroom open --kms --key-arn arn:aws:kms:eu-central-1:111122223333:key/ID \\
      --receipt out.receipt.json --measurements pcrs.json out.sealed --out -
";
