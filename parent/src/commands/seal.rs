//! `sealroom seal`: the data owner seals records under a KMS key, with the policy's digest bound in.

use std::path::PathBuf;

use sealroom_shared::{
    arn::KeyArn,
    binding,
    digest::{Blake3Digest, hex},
    message::{MessageError, Sealer},
};
use zeroize::Zeroizing;

use crate::{
    commands::{overwrite, refuse_two_from_stdin, refuse_two_on_stdout},
    failure::{Failure, Result},
    kms::{AwsOptions, KmsKey},
    limits,
    owner_policy::OwnerPolicy,
    pending_output::{Access, Output},
    progress::Progress,
    record_check::{Found, RecordCheck},
    report::Report,
    source::Source,
};

/// Seal a file of records for jobs under a policy
///
/// The result is an AWS Encryption SDK message. Its data key comes from KMS under --key-arn, and every message carries the
/// digest of the policy: changing a byte of the policy makes another policy, under which the data is not opened.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Seal {
    /// The policy whose terms hold for the data
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// KMS key to seal under: one of the policy's `keys`
    #[arg(long, value_name = "ARN", value_parser = KeyArn::parse)]
    key_arn: KeyArn,
    /// Name of the data: one of the policy's `datasets`
    #[arg(long, value_name = "NAME")]
    dataset: String,
    /// The records; `-` is standard input
    #[arg(value_name = "RECORDS")]
    input: PathBuf,
    /// Where the sealed file goes; `-` is standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace a file that is already there
    #[arg(long)]
    force: bool,
    /// Seal without reading the records: a job finds the broken ones later
    #[arg(long)]
    no_check: bool,
    #[command(flatten)]
    aws: AwsOptions,
}

impl Seal {
    /// Streams the records into a sealed message.
    pub async fn run(self, json: bool) -> Result<Report> {
        refuse_two_on_stdout(json, &self.out)?;
        refuse_two_from_stdin([&self.policy, &self.input])?;
        let policy = OwnerPolicy::read(&self.policy)?;
        policy.allows_key(&self.key_arn)?;
        if !policy.policy().datasets().contains(&self.dataset) {
            return Err(Failure::new(
                "dataset-not-allowed",
                format!("{} does not list the dataset {:?}", self.policy.display(), self.dataset),
            )
            .help("name one of the policy's `datasets`"));
        }
        let mut source = Source::open(&self.input)?;
        let mut output = Output::create(&self.out, Access::Usual, overwrite(self.force))?;

        let set = random_set()?;
        let context = policy.context(binding::INPUT, &[(binding::DATASET, &self.dataset), (binding::SET, &set), (binding::PART, "1/1")])?;
        let kms = KmsKey::new(&self.aws, self.key_arn.clone()).await?;
        let (data_key, wrapped) = kms.generate_data_key(&context).await?;
        let sealer = Sealer::new(context, vec![wrapped], &data_key).map_err(failed)?;
        drop(data_key);

        let message_id = sealer.message_id().to_hex();
        let progress = Progress::bytes(json, source.length);
        let check = (!self.no_check).then(|| RecordCheck::new(policy.policy().on_error()));
        let sealed = seal(sealer, check, &mut source, &mut output, &progress)?;
        drop(progress);
        output.publish()?;
        let records = match sealed.found {
            None => "unchecked".to_owned(),
            Some(Found { records, skipped: 0 }) => format!("{records} records"),
            Some(Found { records, skipped }) => format!("{records} records; jobs will leave out {skipped} lines that are none"),
        };
        Ok(Report::note(
            serde_json::json!({
                "out": self.out,
                "message_id": message_id,
                "records": sealed.found.map(|found| found.records),
                "skipped": sealed.found.map(|found| found.skipped),
                "bytes": sealed.bytes,
                "digest": sealed.digest,
                "policy_digest": policy.policy().digest(),
                "dataset": self.dataset,
                "set": set,
                "part": "1/1",
            }),
            format!("sealed {} ({records}) into {} ({} bytes)", self.input.display(), self.out.display(), sealed.bytes),
        ))
    }
}

/// Streams `source` through `check` and `sealer` into `output`, header first.
fn seal(
    mut sealer: Sealer,
    mut check: Option<RecordCheck>,
    source: &mut Source,
    output: &mut Output,
    progress: &Progress,
) -> Result<Sealed> {
    let mut hasher = blake3::Hasher::new();
    let mut bytes = 0;
    let mut write = |sealed: &mut Vec<u8>| {
        hasher.update(sealed);
        bytes += sealed.len() as u64;
        output.write_all(sealed)?;
        sealed.clear();
        Ok::<(), Failure>(())
    };
    let mut sealed = sealer.header().to_vec();
    let mut chunk = Zeroizing::new(vec![0; limits::CHUNK]);
    loop {
        let count = source.read(&mut chunk)?;
        if count == 0 {
            break;
        }
        if let Some(check) = &mut check {
            check.push(&chunk[..count])?;
        }
        sealer.push(&chunk[..count], &mut sealed).map_err(failed)?;
        write(&mut sealed)?;
        progress.advance(count as u64);
    }
    let found = check.map(RecordCheck::finish).transpose()?;
    sealer.finish(&mut sealed).map_err(failed)?;
    write(&mut sealed)?;
    Ok(Sealed { found, bytes, digest: Blake3Digest::finish(&hasher) })
}

/// What was written.
struct Sealed {
    /// Unknown with `--no-check`.
    found: Option<Found>,
    bytes: u64,
    digest: Blake3Digest,
}

/// A random 128-bit id of a set of sealed files, in hex.
fn random_set() -> Result<String> {
    let mut id = [0; 16];
    aws_lc_rs::rand::fill(&mut id).map_err(|_| Failure::new("internal", "the random number generator failed"))?;
    Ok(hex(&id))
}

fn failed(error: MessageError) -> Failure {
    Failure::new("seal", format!("the records cannot be sealed: {error}"))
}

const EXAMPLE: &str = "\
Example:
  sealroom seal --policy policy.toml --dataset transactions-2026 \\
      --key-arn arn:aws:kms:eu-central-1:111122223333:key/ID \\
      in.ndjson --out in.sealed
";
