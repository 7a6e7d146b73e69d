//! `sealroom submit`: the operator has a job done by an enclave.

use std::{
    fs::File,
    io::{self, Seek},
    path::{Path, PathBuf},
};

use sealroom_shared::{
    address::EnclaveAddress,
    digest::{Blake3Digest, Sha384Digest, hex},
    limits as shared_limits,
    policy::{Form, Policy},
    receipt::Statement,
};

use crate::{
    commands::{overwrite, refuse_two_from_stdin, refuse_two_on_stdout},
    failure::{Failure, Result},
    owner_policy,
    pending_output::{self, Access, Overwrite, PendingFile},
    progress::Progress,
    report::Report,
    sealed_fields,
    sealed_set::inputs,
    source::{self, Source},
    submission::{self, check, send::Submission},
    transport,
};

/// Send a job and its sealed input to an enclave; receive the sealed output and the receipt
///
/// Output and receipt appear together, and only when the enclave has finished and the receipt is about this very job, these inputs and this output.
///
/// The inputs are one set: all parts that the owner sealed together, in any order. Where the policy has `input.whole = false`,
/// some of them do.
///
/// Records in which single fields are sealed (`input.form = "fields"`) are one file, which goes with its --manifest; where the
/// policy has `input.whole = false` it may go without, and may be put together from what the owner sealed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Submit {
    /// Where the enclave listens: vsock://CID:PORT or unix:PATH
    #[arg(long, value_name = "ADDRESS")]
    enclave: EnclaveAddress,
    /// The data owner's policy, byte for byte
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// What to do
    #[arg(long, value_name = "FILE")]
    job: PathBuf,
    /// A sealed token key (repeatable)
    #[arg(long, value_name = "FILE")]
    token_key: Vec<PathBuf>,
    /// The sealed input: a file, or every file or the folder of a set; `-` is standard input, sent unseen
    #[arg(value_name = "SEALED", required = true)]
    inputs: Vec<PathBuf>,
    /// The sealed manifest of records with sealed fields: what `seal --fields` wrote beside them
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Where the sealed output goes; `-` is standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where the receipt goes
    #[arg(long, value_name = "FILE")]
    receipt: PathBuf,
    /// Replace files that are already there
    #[arg(long)]
    force: bool,
    /// Send without looking into policy and inputs, in the order given: the enclave decides anyway
    #[arg(long)]
    no_check: bool,
}

impl Submit {
    /// Submits, waits, checks, publishes.
    pub async fn run(self, json: bool) -> Result<Report> {
        refuse_two_on_stdout(json, &self.out)?;
        refuse_two_from_stdin([&self.policy, &self.job].into_iter().chain(&self.token_key).chain(&self.manifest).chain(&self.inputs))?;
        if self.receipt == Path::new("-") {
            return Err(Failure::usage("--receipt wants the name of a file"));
        }
        let mut receipt_file = PendingFile::create(&self.receipt, Access::Usual, overwrite(self.force))?;
        let mut output = Destination::create(&self.out, overwrite(self.force))?;
        let job = self.read(json)?;
        let (nonce, policy, job_digest) = (job.nonce, Sha384Digest::of(&job.policy), Sha384Digest::of(&job.job));
        let manifest = job.manifest.as_deref().map(|manifest| Blake3Digest::finish(blake3::Hasher::new().update(manifest)));

        let stream = transport::dial(&self.enclave).await?;
        let submission::Exchanged { received, inputs } = submission::run(stream, job, output.file()).await?;
        let submitted = check::Submitted { nonce, policy, job: job_digest, inputs, manifest, output: check::digest_of(output.file())? };
        let statement = submitted.compare(&received.receipt)?;

        receipt_file.write_all(&received.receipt)?;
        output.publish_with(receipt_file)?;
        Ok(self.report(&statement, &submitted, received.output_bytes))
    }

    fn read(&self, json: bool) -> Result<Submission> {
        let policy = source::read_small(&self.policy, shared_limits::POLICY_BYTES)?.to_vec();
        let job = source::read_small(&self.job, shared_limits::JOB_BYTES)?.to_vec();
        if self.token_key.len() > shared_limits::TOKEN_KEYS {
            return Err(Failure::usage(format!("at most {} token keys go with a job", shared_limits::TOKEN_KEYS)));
        }
        let token_key = |path: &PathBuf| match source::read_small(path, shared_limits::TOKEN_KEY_MESSAGE_BYTES) {
            Ok(key) => Ok(key.to_vec()),
            Err(failure) => Err(failure.help("--token-key takes a sealed token key, as `sealroom token-key new` writes it")),
        };
        let token_keys = self.token_key.iter().map(token_key).collect::<Result<_>>()?;
        let manifest = self.manifest.as_ref().map(|path| source::read_small(path, shared_limits::MANIFEST_MESSAGE_BYTES));
        let manifest = manifest.transpose()?.map(|manifest| manifest.to_vec());
        let inputs = self.to_send(&policy, manifest.as_deref())?;
        let lengths = inputs.iter().map(|path| Source::length_of(path)).collect::<Result<Vec<_>>>()?;
        let length = lengths.into_iter().sum();
        let mut nonce = [0; 32];
        // The system's own: aws-lc's generator takes a tenth of a second to start, for keys that are not made here.
        getrandom::fill(&mut nonce).map_err(|_| Failure::new("internal", "the system's random source failed"))?;
        Ok(Submission { nonce, policy, job, token_keys, manifest, inputs, progress: Progress::bytes(json, length) })
    }

    /// The inputs, in the order in which they go out.
    fn to_send(&self, policy: &[u8], manifest: Option<&[u8]>) -> Result<Vec<PathBuf>> {
        if self.no_check {
            return inputs::named(&self.inputs);
        }
        let policy = Policy::parse(policy).map_err(|error| owner_policy::invalid(&self.policy, policy, &error))?;
        if policy.input().form == Form::Fields {
            return sealed_fields::to_send(&self.inputs, self.manifest.as_deref().zip(manifest), &policy);
        }
        if self.manifest.is_some() {
            return Err(Failure::usage(
                "--manifest goes with records in which single fields are sealed, and the policy has whole files sealed",
            )
            .help("leave --manifest out: the parts of a set say of themselves whether they are all there"));
        }
        let named = inputs::named(&self.inputs)?;
        match named.as_slice() {
            // What cannot be read twice goes as it is.
            [only] if Source::length_of(only)?.is_none() => Ok(named),
            _ => inputs::in_order(named, &policy),
        }
    }

    fn report(&self, statement: &Statement, submitted: &check::Submitted, bytes: u64) -> Report {
        Report::note(
            serde_json::json!({
                "out": self.out,
                "receipt": self.receipt,
                "bytes": bytes,
                "output_digest": submitted.output,
                "nonce": hex(&submitted.nonce),
                "statement": statement,
            }),
            format!("wrote {} ({bytes} bytes) and {}", self.out.display(), self.receipt.display()),
        )
    }
}

/// Where the output is put together: its header comes last and stands first, so it needs a file even for `-`.
enum Destination {
    Named(PendingFile),
    Spooled(File),
}

impl Destination {
    fn create(target: &Path, overwrite: Overwrite) -> Result<Self> {
        if target == Path::new("-") {
            // Without a name, so that nothing is left behind however the process ends. It holds ciphertext alone.
            return tempfile::tempfile()
                .map(Self::Spooled)
                .map_err(|error| Failure::new("file", format!("cannot make a temporary file: {error}")));
        }
        PendingFile::create(target, Access::Usual, overwrite).map(Self::Named)
    }

    fn file(&mut self) -> &mut File {
        match self {
            Self::Named(file) => file.file(),
            Self::Spooled(file) => file,
        }
    }

    /// The receipt first: an output without its receipt is what nobody can check.
    fn publish_with(self, receipt: PendingFile) -> Result<()> {
        match self {
            Self::Named(output) => pending_output::publish(vec![receipt, output]),
            Self::Spooled(mut output) => {
                let copied = output.rewind().and_then(|()| io::copy(&mut output, &mut io::stdout().lock()));
                copied.map_err(|error| Failure::new("file", format!("cannot write to standard output: {error}")))?;
                pending_output::publish(vec![receipt])
            }
        }
    }
}

const EXAMPLE: &str = "\
Examples:
  sealroom submit --enclave vsock://16:5000 --policy policy.toml --job job.toml \\
      --token-key customer.token in.sealed --out out.sealed --receipt out.receipt.json
  sealroom submit --enclave vsock://16:5000 --policy policy.toml --job job.toml \\
      --token-key customer.token q1 --out q1.sealed --receipt q1.receipt.json
  sealroom submit --enclave vsock://16:5000 --policy contacts.toml --job job.toml \\
      --manifest out.ndjson.manifest out.ndjson --out rows.sealed --receipt rows.receipt.json
";
