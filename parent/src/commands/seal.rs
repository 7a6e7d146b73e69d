//! `sealroom seal`: the data owner seals records under a KMS key, with the policy's digest bound in. Several files become the
//! parts of one set, each a message of its own with a data key of its own.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

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
    pending_output::{Access, Output, PendingFolder},
    progress::Progress,
    record_check::{Found, RecordCheck},
    report::Report,
    sealed_set::names,
    source::Source,
};

mod fields;

/// Seal records for jobs under a policy
///
/// The result is an AWS Encryption SDK message. Its data key comes from KMS under --key-arn, and every message carries the
/// digest of the policy: changing a byte of the policy makes another policy, under which the data is not opened.
///
/// Several files are sealed as the parts of one set, in the order given: a job takes all of them or, where the policy has
/// `input.whole = false`, some. --out is then a new or empty folder, which appears when every part is in it; each part has
/// the name of its file and `.sealed`. One file is sealed as a set of one, into a folder too where --out is one or ends in `/`.
///
/// With --fields, under a policy with `input.form = "fields"`, the records stay readable but for the values of these fields,
/// each of which becomes a sealed message in its place. A sealed manifest appears beside them: a job that needs all records,
/// in the owner's order, takes it with `sealroom submit --manifest`.
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
    /// The records; several files are the parts of one set; `-` is standard input, alone
    #[arg(value_name = "RECORDS", required = true)]
    inputs: Vec<PathBuf>,
    /// Where the sealed file goes, `-` is standard output; for a set a new or empty folder
    #[arg(long, value_name = "FILE|DIR")]
    out: PathBuf,
    /// Replace a file that is already there; a folder is never replaced
    #[arg(long)]
    force: bool,
    /// Seal without reading the records: a job finds the broken ones later
    #[arg(long)]
    no_check: bool,
    #[command(flatten)]
    by_field: fields::FieldOptions,
    #[command(flatten)]
    aws: AwsOptions,
}

impl Seal {
    /// Streams the records into sealed messages.
    pub async fn run(self, json: bool) -> Result<Report> {
        refuse_two_on_stdout(json, &self.out)?;
        refuse_two_from_stdin([&self.policy].into_iter().chain(&self.inputs))?;
        if self.inputs.len() > 1 && self.out == Path::new("-") {
            return Err(Failure::usage("a set is not written to standard output").help("name a new or empty folder with --out"));
        }
        let policy = OwnerPolicy::read(&self.policy)?;
        policy.allows_key(&self.key_arn)?;
        if !policy.policy().datasets().contains(&self.dataset) {
            return Err(Failure::new(
                "dataset-not-allowed",
                format!("{} does not list the dataset {:?}", self.policy.display(), self.dataset),
            )
            .help("name one of the policy's `datasets`"));
        }
        fields::refuse_other_form(&self, &policy)?;
        if !self.by_field.fields.is_empty() {
            return fields::run(&self, json, &policy).await;
        }
        match self.inputs.as_slice() {
            [input] if !is_folder(&self.out) => self.file(json, &policy, input).await,
            _ => self.folder(json, &policy).await,
        }
    }

    /// One file, or standard input, into one file.
    async fn file(&self, json: bool, policy: &OwnerPolicy, input: &Path) -> Result<Report> {
        let mut source = Source::open(input)?;
        let mut output = Output::create(&self.out, Access::Usual, overwrite(self.force))?;
        let set = self.set(policy, 1).await?;
        let progress = Progress::bytes(json, source.length);
        let part = set.seal(1, &mut source, &progress, |bytes| output.write_all(bytes)).await?;
        drop(progress);
        output.publish()?;
        let mut report = part.to_json();
        report["out"] = serde_json::json!(self.out);
        let said = format!("sealed {} ({}) into {} ({} bytes)", input.display(), counted(part.found), self.out.display(), part.bytes);
        Ok(Report::note(set.described(report), said))
    }

    /// Every file into the folder of the set.
    async fn folder(&self, json: bool, policy: &OwnerPolicy) -> Result<Report> {
        let names = names::of_parts(&self.inputs)?;
        let lengths = self.inputs.iter().map(|input| Source::length_of(input)).collect::<Result<Vec<_>>>()?;
        let output = PendingFolder::create(&self.out)?;
        let set = self.set(policy, names.len()).await?;
        let progress = Progress::bytes(json, lengths.into_iter().sum());
        let mut parts = Vec::with_capacity(names.len());
        for (index, (input, name)) in self.inputs.iter().zip(&names).enumerate() {
            let mut source = Source::open(input)?;
            let mut file = output.file(name)?;
            let target = self.out.join(name);
            let write = |bytes: &[u8]| file.write_all(bytes).map_err(|error| Failure::file("write", &target, &error));
            parts.push((input, target.clone(), set.seal(index + 1, &mut source, &progress, write).await?));
        }
        drop(progress);
        output.publish()?;

        let bytes: u64 = parts.iter().map(|(.., part)| part.bytes).sum();
        let found = parts.iter().map(|(.., part)| part.found).sum();
        let described = parts.iter().map(|(input, target, part)| {
            let mut part = part.to_json();
            part["input"] = serde_json::json!(input);
            part["out"] = serde_json::json!(target);
            part
        });
        let report = serde_json::json!({ "out": self.out, "bytes": bytes, "parts": described.collect::<Vec<_>>() });
        let said = format!("sealed a set of {} ({}) into {} ({bytes} bytes)", plural(names.len()), counted(found), self.out.display());
        Ok(Report::note(set.described(report), said))
    }

    async fn set<'a>(&'a self, policy: &'a OwnerPolicy, parts: usize) -> Result<Set<'a>> {
        let kms = KmsKey::new(&self.aws, self.key_arn.clone()).await?;
        Ok(Set { policy, dataset: &self.dataset, id: random_set()?, parts, kms, check: !self.no_check })
    }
}

/// Whether `--out` means a folder, as it is or as it is written.
fn is_folder(out: &Path) -> bool {
    out != Path::new("-") && out.is_dir() || out.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// What is sealed together: the parts of a set share all of it.
struct Set<'a> {
    policy: &'a OwnerPolicy,
    dataset: &'a str,
    id: String,
    parts: usize,
    kms: KmsKey,
    /// Whether the records are read.
    check: bool,
}

impl Set<'_> {
    /// Streams `source` into a sealed message, header first, under a data key of its own. `part` is counted from 1.
    async fn seal(
        &self,
        part: usize,
        source: &mut Source,
        progress: &Progress,
        mut write: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<Part> {
        let place = format!("{part}/{}", self.parts);
        let pairs = [(binding::DATASET, self.dataset), (binding::SET, &self.id), (binding::PART, &place)];
        let context = self.policy.context(binding::INPUT, &pairs)?;
        let (data_key, wrapped) = self.kms.generate_data_key(&context).await?;
        let mut sealer = Sealer::new(context, vec![wrapped], &data_key).map_err(failed)?;
        drop(data_key);

        let message_id = sealer.message_id().to_hex();
        let policy = self.policy.policy();
        let mut check = self.check.then(|| RecordCheck::new(source.name(), policy.input(), policy.fields()));
        let mut hasher = blake3::Hasher::new();
        let mut bytes = 0;
        let mut flush = |sealed: &mut Vec<u8>| {
            hasher.update(sealed);
            bytes += sealed.len() as u64;
            write(sealed)?;
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
            flush(&mut sealed)?;
            progress.advance(count as u64);
        }
        let found = check.map(RecordCheck::finish).transpose()?;
        sealer.finish(&mut sealed).map_err(failed)?;
        flush(&mut sealed)?;
        Ok(Part { place, message_id, found, bytes, digest: Blake3Digest::finish(&hasher) })
    }

    /// `report` with what holds for every part.
    fn described(&self, mut report: serde_json::Value) -> serde_json::Value {
        report["policy_digest"] = serde_json::json!(self.policy.policy().digest());
        report["dataset"] = serde_json::json!(self.dataset);
        report["set"] = serde_json::json!(self.id);
        report
    }
}

/// One sealed message, as it was written.
struct Part {
    place: String,
    message_id: String,
    /// Unknown with `--no-check`.
    found: Option<Found>,
    bytes: u64,
    digest: Blake3Digest,
}

impl Part {
    fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "part": self.place,
            "message_id": self.message_id,
            "records": self.found.map(|found| found.records),
            "skipped": self.found.map(|found| found.skipped),
            "bytes": self.bytes,
            "digest": self.digest,
        })
    }
}

fn counted(found: Option<Found>) -> String {
    match found {
        None => "unchecked".to_owned(),
        Some(Found { records, skipped: 0 }) => format!("{records} records"),
        Some(Found { records, skipped }) => format!("{records} records; jobs will leave out {skipped} lines that are none"),
    }
}

fn plural(parts: usize) -> String {
    if parts == 1 { "1 part".to_owned() } else { format!("{parts} parts") }
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
Examples:
  sealroom seal --policy policy.toml --dataset transactions-2026 \\
      --key-arn arn:aws:kms:eu-central-1:111122223333:key/ID \\
      in.ndjson --out in.sealed
  sealroom seal --policy policy.toml --dataset transactions-2026 \\
      --key-arn arn:aws:kms:eu-central-1:111122223333:key/ID \\
      jan.ndjson feb.ndjson mar.ndjson --out q1
  sealroom seal --policy contacts.toml --dataset contacts \\
      --key-arn arn:aws:kms:eu-central-1:111122223333:key/ID \\
      --fields card,zip in.ndjson --out out.ndjson
";
