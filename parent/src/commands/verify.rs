//! `sealroom verify`: an auditor verifies a stored receipt, and the files and CloudTrail events that go with it.

use std::path::{Path, PathBuf};

use sealroom_shared::{limits as shared_limits, receipt::VerifiedReceipt};

use crate::{
    attestation_report,
    commands::{attestation::expected::ExpectedBytes, overwrite, refuse_two_from_stdin},
    failure::{Failure, Result, one_line, printable},
    origin,
    pending_output::{self, Access, PendingFile},
    receipt_check::{self, Checked, Document, Events, Given, GivenFile, OtherUses},
    receipt_page::Page,
    report::Report,
    source, utc,
    verdict::Line,
};

/// Verify a receipt: which policy, job, inputs and outputs met on which image
///
/// Offline, and at the receipt's own time: a receipt of years ago verifies as it did on its first day. What is not given is not checked,
/// and the verdict says so line by line.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Verify {
    /// The receipt that `submit` wrote; `-` is standard input
    #[arg(value_name = "RECEIPT")]
    receipt: PathBuf,
    /// PCRs of the expected image, as `nitro-cli build-enclave` prints them: PCR0, PCR1 and PCR2 at least
    #[arg(long, value_name = "FILE")]
    measurements: PathBuf,
    /// Believe receipts under this root certificate instead of the AWS Nitro root: whoever holds its key can forge any receipt
    #[arg(long, value_name = "PEM")]
    danger_trust_anchor: Option<PathBuf>,
    /// Write the verdict and what the receipt says as one page for people, refused ones too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Replace a page that is already there
    #[arg(long, requires = "html")]
    force: bool,
    #[command(flatten)]
    compare: Compare,
    #[command(flatten)]
    kms: Kms,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Compare with")]
struct Compare {
    /// The owner's policy; it is decided once more whether it allows what the receipt states
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The operator's job; with --policy it is decided once more whether the policy allows it
    #[arg(long, value_name = "FILE")]
    job: Option<PathBuf>,
    /// A sealed input, or the manifest of records with sealed fields; may be given several times, in any order
    #[arg(long, value_name = "FILE")]
    input: Vec<PathBuf>,
    /// A sealed output; may be given several times
    #[arg(long, value_name = "FILE")]
    output: Vec<PathBuf>,
    /// The submission's nonce, as `submit --json` prints it
    #[arg(long, value_name = "HEX")]
    nonce: Option<ExpectedBytes>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Reconcile with KMS")]
struct Kms {
    /// CloudTrail events of the keys' accounts: log files (unpacked), or what `aws cloudtrail lookup-events` prints; may be given several times
    #[arg(long, value_name = "FILE")]
    cloudtrail: Vec<PathBuf>,
    /// Refuse where the events hold any other use of the receipt's keys
    #[arg(long, requires = "cloudtrail")]
    no_other_uses: bool,
}

impl Verify {
    /// Reads everything, checks everything, writes the page, says what came of it.
    pub fn run(self) -> Result<Report> {
        let files = [&self.receipt, &self.measurements].into_iter().chain(&self.danger_trust_anchor).chain(&self.compare.policy);
        let files = files.chain(&self.compare.job).chain(&self.compare.input).chain(&self.compare.output).chain(&self.kms.cloudtrail);
        let files: Vec<&PathBuf> = files.collect();
        refuse_two_from_stdin(files.iter().copied())?;
        if let Some(page) = &self.html {
            refuse_page_in_place_of(&files, page)?;
        }
        let page = self.html.as_deref().map(|path| page_file(path, self.force)).transpose()?;
        let measurements = origin::read_measurements(&self.measurements)?;
        let anchor = origin::trust_anchor(self.danger_trust_anchor.as_deref())?;
        let receipt = source::read_public(&self.receipt, shared_limits::RECEIPT_BYTES)?;
        let document = |path: &Option<PathBuf>, limit| path.as_deref().map(|path| Document::read(path, limit)).transpose();
        let (policy, job) =
            (document(&self.compare.policy, shared_limits::POLICY_BYTES)?, document(&self.compare.job, shared_limits::JOB_BYTES)?);
        let (inputs, outputs) = (self.compare.inputs()?, self.compare.outputs()?);
        refuse_file_twice(&inputs)?;
        refuse_file_twice(&outputs)?;
        let events = if self.kms.cloudtrail.is_empty() { None } else { Some(Events::read(&self.kms.cloudtrail)?) };
        let other_uses = if self.kms.no_other_uses { OtherUses::Refused } else { OtherUses::Named };
        let checked = receipt_check::check(&Given {
            receipt: &receipt,
            measurements: &measurements,
            anchor: &anchor,
            nonce: self.compare.nonce.as_ref().map(|nonce| nonce.0.as_slice()),
            policy: policy.as_ref(),
            job: job.as_ref(),
            inputs: &inputs,
            outputs: &outputs,
            events: events.as_ref().map(|events| (events, other_uses)),
        });
        if let Some(mut file) = page {
            let page = Page { checked: &checked, receipt: self.receipt.display().to_string(), measurements: &measurements };
            file.write_all(page.to_html().as_bytes())?;
            pending_output::publish(vec![file])?;
        }
        Ok(self.report(checked, !anchor.is_aws_root_g1()))
    }

    fn report(&self, checked: Checked, is_danger: bool) -> Report {
        let Checked { verdict, receipt, .. } = checked;
        let json = serde_json::json!({
            "receipt": self.receipt,
            "danger_trust_anchor": is_danger,
            "html": self.html,
            "statement": receipt.as_ref().map(VerifiedReceipt::statement),
            "document": receipt.as_ref().map(|receipt| attestation_report::to_json(receipt.document())),
        });
        let word = match verdict.is_good() {
            false => "REFUSED",
            true if is_danger => "VERIFIED, but NOT under the AWS Nitro root",
            true => "VERIFIED",
        };
        let about = receipt.as_ref().map_or_else(String::new, |receipt| {
            let (statement, signed) = (receipt.statement(), utc::text(receipt.document().timestamp.as_millis()));
            format!(
                "\njob {:?} under policy {:?}, signed {signed} by {}",
                statement.job.name,
                statement.policy.name,
                receipt.document().module_id
            )
        });
        let text = printable(&format!("{word}: {}{about}\n", self.receipt.display()));
        verdict.into_report(json, &text, |line| refused(&self.receipt, line))
    }
}

impl Compare {
    fn inputs(&self) -> Result<Vec<GivenFile>> {
        self.input.iter().map(|path| GivenFile::read(path)).collect()
    }

    fn outputs(&self) -> Result<Vec<GivenFile>> {
        self.output.iter().map(|path| GivenFile::read(path)).collect()
    }
}

/// `--force` replaces an earlier page, never what is being verified: a receipt is often kept once.
fn refuse_page_in_place_of(files: &[&PathBuf], page: &Path) -> Result<()> {
    let Ok(page) = page.canonicalize() else { return Ok(()) };
    match files.iter().find(|file| file.canonicalize().is_ok_and(|file| file == page)) {
        None => Ok(()),
        Some(file) => {
            let message = format!("--html would replace {}, which is read here", file.display());
            Err(Failure::usage(message).help("give the page a name of its own"))
        }
    }
}

fn page_file(path: &Path, force: bool) -> Result<PendingFile> {
    if path == Path::new("-") {
        return Err(Failure::usage("--html wants the name of a file"));
    }
    PendingFile::create(path, Access::Usual, overwrite(force))
}

/// One file under two names, or one name twice, is a slip of the command line: nobody knows which other file was meant.
fn refuse_file_twice(files: &[GivenFile]) -> Result<()> {
    for (index, file) in files.iter().enumerate() {
        if let Some(other) = files[..index].iter().find(|other| other.digest == file.digest) {
            let message = format!("the same file is given twice: {} and {}", other.name, file.name);
            return Err(Failure::usage(message).help("give each file once; parts of a set are all different"));
        }
    }
    Ok(())
}

fn refused(receipt: &Path, line: &Line) -> Failure {
    let failure = Failure::new("receipt", format!("{} is refused: {}: {}", receipt.display(), line.check, one_line(&line.detail)));
    match &line.mend {
        Some(mend) => failure.help(mend),
        None => failure,
    }
}

const EXAMPLE: &str = "\
Examples:
  sealroom verify out.receipt.json --measurements pcrs.json \\
      --policy policy.toml --job job.toml --input in.sealed --output out.sealed --html report.html
  aws cloudtrail lookup-events --lookup-attributes \\
      AttributeKey=EventSource,AttributeValue=kms.amazonaws.com --start-time 2026-01-31 >events.json
  sealroom verify out.receipt.json --measurements pcrs.json --cloudtrail events.json

Exit codes: 0 every check that was made passed, 1 refused, 2 usage.
";
