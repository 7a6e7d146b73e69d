//! `sealroom rebind`: the data owner brings a sealed file under a new policy. The plaintext passes through memory only.

use std::path::PathBuf;

use sealroom_shared::{
    arn::KeyArn,
    binding,
    digest::Blake3Digest,
    message::{Header, MessageError, Opener, Sealer, Suite},
};

use crate::{
    commands::{overwrite, refuse_two_from_stdin, refuse_two_on_stdout},
    failure::{Failure, Result},
    kms::{AwsOptions, KmsKey},
    opening_key::OpeningKey,
    owner_policy::OwnerPolicy,
    pending_output::{Access, Output},
    progress::Progress,
    rebinding::{Rebinding, Terms},
    report::Report,
    sealed_file::SealedFile,
};

/// Bring a sealed file under a new policy
///
/// Opens the file with your own kms:Decrypt and seals it again, in one stream: under a new data key, with the same pairs in its
/// encryption context but for the policy's digest. The records are never written anywhere, and the new file is complete only
/// when the old one was whole. The old file stays sealed under the old policy: remove it where the old terms should end.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Rebind {
    /// The policy that the file is sealed under, byte for byte
    #[arg(long, value_name = "POLICY")]
    from: PathBuf,
    /// The policy whose terms are to hold
    #[arg(long, value_name = "POLICY")]
    to: PathBuf,
    /// KMS key to seal under: one of the new policy's `keys` [default: the one that the file is sealed under]
    #[arg(long, value_name = "ARN", value_parser = KeyArn::parse)]
    key_arn: Option<KeyArn>,
    /// New name of the data: one of the new policy's `datasets` [default: as it is]
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// The sealed input or token key; `-` is standard input
    #[arg(value_name = "SEALED")]
    input: PathBuf,
    /// Where the new sealed file goes; `-` is standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace a file that is already there, even the sealed file itself
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    aws: AwsOptions,
}

impl Rebind {
    /// Decides, opens, seals again.
    pub async fn run(self, json: bool) -> Result<Report> {
        refuse_two_on_stdout(json, &self.out)?;
        refuse_two_from_stdin([&self.from, &self.to, &self.input])?;
        let (from, to) = (OwnerPolicy::read(&self.from)?, OwnerPolicy::read(&self.to)?);
        let file = SealedFile::start(&self.input, None)?;
        let terms = Terms { from: &from, to: &to, key_arn: self.key_arn.as_ref(), dataset: self.dataset.as_deref() };
        let Rebinding { opening_keys, key_arn, context } = Rebinding::decide(file.header(), &terms)?;
        let mut output = Output::create(&self.out, Access::Usual, overwrite(self.force))?;

        let opener = self.unlock(file.header(), opening_keys).await?;
        let (data_key, wrapped) = KmsKey::new(&self.aws, key_arn).await?.generate_data_key(&context).await?;
        let pairs = context.clone();
        let sealer = Sealer::new(context, vec![wrapped], &data_key).map_err(failed)?;
        drop(data_key);

        let message_id = sealer.message_id().to_hex();
        let was_signed = file.header().suite() == Suite::Signed;
        let progress = Progress::bytes(json, file.length());
        let written = seal_again(file, opener, sealer, &mut output, &progress)?;
        drop(progress);
        output.publish()?;
        let signature = if was_signed { "; its author's signature was verified, and the new file has none" } else { "" };
        Ok(Report::note(
            serde_json::json!({
                "out": self.out,
                "message_id": message_id,
                "bytes": written.bytes,
                "digest": written.digest,
                "policy_digest": to.policy().digest(),
                "dataset": pairs.get(binding::DATASET),
                "set": pairs.get(binding::SET),
                "part": pairs.get(binding::PART),
                "domain": pairs.get(binding::DOMAIN),
            }),
            format!(
                "rebound {} to {} as {} ({} bytes){signature}; jobs under {} still take {}",
                self.input.display(),
                self.to.display(),
                self.out.display(),
                written.bytes,
                self.from.display(),
                self.input.display()
            ),
        ))
    }

    /// Opens the data key with the owner's own Decrypt: the first key that gives it.
    async fn unlock(&self, header: &Header, keys: Vec<KeyArn>) -> Result<Opener> {
        let mut refused = None;
        for arn in keys {
            let key = OpeningKey::Kms(Box::new(KmsKey::new(&self.aws, arn.clone()).await?), arn);
            match key.unlock(header).await {
                Ok((_, opener)) => return Ok(opener),
                Err(failure) => refused = refused.or(Some(failure)),
            }
        }
        Err(refused.unwrap_or_else(|| Failure::new("internal", "no key was tried")))
    }
}

/// Streams the plaintext of `file` through `sealer` into `output`. The new final frame is made only after the old message's end
/// was seen and its signature has verified: what reaches a pipe before that opens nowhere as a whole message.
fn seal_again(file: SealedFile<'_>, opener: Opener, mut sealer: Sealer, output: &mut Output, progress: &Progress) -> Result<Written> {
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
    file.open(opener, progress, |plaintext| {
        sealer.push(plaintext, &mut sealed).map_err(failed)?;
        write(&mut sealed)
    })?;
    sealer.finish(&mut sealed).map_err(failed)?;
    write(&mut sealed)?;
    Ok(Written { bytes, digest: Blake3Digest::finish(&hasher) })
}

/// What was written.
struct Written {
    bytes: u64,
    digest: Blake3Digest,
}

fn failed(error: MessageError) -> Failure {
    Failure::new("seal", format!("the file cannot be sealed again: {error}"))
}

const EXAMPLE: &str = "\
Examples:
  sealroom rebind --from policy.toml --to policy-2027.toml in.sealed --out in-2027.sealed
  sealroom rebind --from policy.toml --to policy-2027.toml customer.token --out customer-2027.token
  sealroom rebind --from policy.toml --to policy-2027.toml --dataset transactions-2027 \\
      --key-arn arn:aws:kms:eu-central-1:111122223333:key/ID in.sealed --out in-2027.sealed

Both AWS calls are yours: kms:Decrypt on the key that the file is sealed under, kms:GenerateDataKey
on the key that it is to be sealed under.
";
