//! `sealroom attestation verify`: one document against every rule, and against what a person expects of it. The rules' lines
//! are the trace of the one verifier; nothing here decides that a document is genuine.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use sealroom_shared::attestation::{self, AttestationDocument, Trace, VerifyTime};
use serde_json::{Value, json};

use super::{
    expected::{At, ExpectedBytes, ExpectedPcr},
    judgement::{self, Expectations},
};
use crate::{
    attestation_report::{self, field},
    commands::refuse_two_from_stdin,
    failure::{Failure, Result},
    origin,
    report::Report,
    utc,
    verdict::{Line, Outcome, Verdict},
};

/// Verify an attestation document: is it genuine, and is it what you expect?
///
/// Without --at the certificates have to be valid now, by this machine's clock: they live about three hours. A stored document is
/// judged with `--at document`, at its own time; that says nothing about its freshness.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Verify {
    /// The document: raw CBOR, or base64; `-` is standard input
    #[arg(value_name = "DOC")]
    document: PathBuf,
    /// PCRs of the expected image, as `nitro-cli build-enclave` prints them
    #[arg(long, value_name = "FILE")]
    measurements: Option<PathBuf>,
    /// One expected PCR; may be given several times
    #[arg(long = "pcr", value_name = "INDEX=HEX")]
    pcrs: Vec<ExpectedPcr>,
    /// The nonce that was asked for
    #[arg(long, value_name = "HEX")]
    nonce: Option<ExpectedBytes>,
    /// The expected user data
    #[arg(long, value_name = "HEX")]
    user_data: Option<ExpectedBytes>,
    /// Refuse a document that is older, by this machine's clock
    #[arg(long, value_name = "SECONDS", conflicts_with = "at")]
    max_age: Option<u64>,
    /// Judge the certificates at this time instead of now: seconds since 1970, or `document` for the document's own time
    #[arg(long, value_name = "UNIX-SECONDS")]
    at: Option<At>,
    /// Accept an enclave in debug mode, whose console the parent reads
    #[arg(long)]
    allow_debug: bool,
    /// Believe documents under this root certificate instead of the AWS Nitro root: whoever holds its key can forge any document
    #[arg(long, value_name = "PEM")]
    danger_trust_anchor: Option<PathBuf>,
}

impl Verify {
    /// Reads everything, verifies, compares, and reports line by line.
    pub fn run(self) -> Result<Report> {
        let inputs = [Some(&self.document), self.measurements.as_ref(), self.danger_trust_anchor.as_ref()];
        refuse_two_from_stdin(inputs.into_iter().flatten())?;
        let mut indexes = BTreeSet::new();
        if let Some(twice) = self.pcrs.iter().find(|pcr| !indexes.insert(pcr.index)) {
            return Err(Failure::usage(format!("--pcr names PCR{} twice", twice.index)));
        }
        let expectations = Expectations {
            measurements: self.measurements.as_deref().map(origin::read_measurements).transpose()?,
            pcrs: self.pcrs,
            nonce: self.nonce,
            user_data: self.user_data,
            max_age_seconds: self.max_age,
            allow_debug: self.allow_debug,
        };
        let anchor = origin::trust_anchor(self.danger_trust_anchor.as_deref())?;
        let bytes = attestation_report::read(&self.document)?;
        let now = now()?;
        let at = match self.at {
            None => VerifyTime::At(now / 1000),
            Some(At::Seconds(seconds)) => VerifyTime::At(seconds),
            Some(At::Document) => VerifyTime::DocumentTime,
        };

        let mut trace = Trace::default();
        let outcome = attestation::verify_traced(&bytes, &anchor, at, &mut trace);
        let mut verdict = Verdict::default();
        judgement::rules(&mut verdict, &trace, outcome.as_ref().err(), &anchor);
        match &outcome {
            Ok(document) => expectations.compare(&mut verdict, document, now),
            Err(_) => Expectations::not_compared(&mut verdict),
        }

        // What a refused document says is shown as a claim, under another name: nobody takes it for the enclave's word.
        let claimed = outcome.as_ref().err().and_then(|_| attestation::parse(&bytes).ok());
        let document = outcome.as_deref().ok().or(claimed.as_ref());
        let judged = Judged::new(self.at, document, now);
        let root = if anchor.is_aws_root_g1() { origin::AWS_ROOT } else { "the root of --danger-trust-anchor, NOT the AWS Nitro root" };
        let mut lines = vec![headline(&verdict), field("judged at", &judged.to_text()), field("under", root)];
        lines.extend(document.map(attestation_report::to_text));
        let mut json = json!({ "judged_at": judged.to_json(), "trust_anchor": root, "accepted": accepted(&verdict) });
        let name = if verdict.is_good() { "document" } else { "claims" };
        json[name] = json!(document.map(attestation_report::to_json));
        Ok(verdict.into_report(json, &lines.join("\n"), refused))
    }
}

/// When the certificates had to be valid, and by whose word.
struct Judged {
    /// In milliseconds since 1970; none where it is the time of a document that cannot be read.
    time: Option<u64>,
    /// For a program and for a person.
    by: (&'static str, &'static str),
}

impl Judged {
    fn new(at: Option<At>, document: Option<&AttestationDocument>, now: u64) -> Self {
        match at {
            None => Self { time: Some(now / 1000 * 1000), by: ("clock", "now, by this machine's clock") },
            Some(At::Seconds(seconds)) => Self { time: Some(seconds.saturating_mul(1000)), by: ("at", "by --at") },
            Some(At::Document) => Self {
                time: document.map(|document| document.timestamp.as_millis()),
                by: ("document", "the document's own time: nothing says that it is fresh"),
            },
        }
    }

    fn to_text(&self) -> String {
        let time = self.time.map_or_else(|| "a time that cannot be read".to_owned(), utc::text);
        format!("{time}, {}", self.by.1)
    }

    fn to_json(&self) -> Value {
        json!({ "by": self.by.0, "unix_seconds": self.time.map(|time| time / 1000), "time": self.time.map(utc::text) })
    }
}

fn headline(verdict: &Verdict) -> String {
    if !verdict.is_good() {
        return "REFUSED: what follows is what the document claims, not to be believed".to_owned();
    }
    let accepted = accepted(verdict);
    let only_by = if accepted.is_empty() { String::new() } else { format!(", but only by {}", accepted.join(" and ")) };
    let image_is_known = verdict.lines().iter().any(|line| line.check == "image" && line.outcome == Outcome::Passed);
    let image = if image_is_known { "" } else { "; which image it is was NOT compared" };
    format!("VERIFIED{only_by}{image}")
}

/// The flags without which the document would have been refused.
fn accepted(verdict: &Verdict) -> Vec<&'static str> {
    let by = |line: &Line| match line.outcome {
        Outcome::Accepted { by } => Some(by),
        _ => None,
    };
    verdict.lines().iter().filter_map(by).collect()
}

fn refused(line: &Line) -> Failure {
    let help = match line.check.as_str() {
        "size" | "envelope" | "algorithm" | "unprotected-header" => "is the file an attestation document, raw or in base64, and whole?",
        "enclave-document" => "any EC2 instance with a NitroTPM can make such a document: it says nothing of an enclave",
        "trust-anchor" => origin::HELP_ANCHOR,
        "validity" => {
            "the certificates live about three hours: a stored document is judged with `--at document`; for a live one, look at this machine's clock"
        }
        "debug-mode" => "for a test, --allow-debug accepts it; believe nothing of weight from such an enclave",
        "image" => origin::HELP_IMAGE,
        "expected-nonce" => "it answers another question: ask the enclave for a new document with your nonce",
        "expected-user-data" => "it states something else: compare what the enclave was to state",
        "age" => "ask the enclave for a new document, and look at this machine's clock",
        check if check.starts_with("pcr") => "another image, parent or signer has this PCR: compare it with what was published",
        _ => "it is not a genuine document, or was altered: believe nothing in it",
    };
    Failure::new("attestation-refused", format!("the attestation document is refused: {}: {}", line.check, line.detail)).help(help)
}

/// This machine's clock, in milliseconds since 1970.
fn now() -> Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|since| u64::try_from(since.as_millis()).ok());
    since.ok_or_else(|| Failure::new("clock", "this machine's clock stands before 1970").help("set it, or name a time with --at"))
}

const EXAMPLE: &str = "\
Examples:
  sealroom attestation verify document.cbor --measurements pcrs.json --nonce 5f1c... --max-age 300
  jq -r .document receipt.json |
      sealroom attestation verify - --at document --measurements pcrs.json

Exit codes: 0 verified, 1 refused, 2 usage.
";
