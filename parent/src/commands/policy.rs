//! `sealroom policy`: read a policy file as the enclave will, and say what it lets out.

use std::path::{Path, PathBuf};

use sealroom_shared::policy::{Form, Format, Policy as Terms};

use crate::{
    failure::{Failure, Result, printable},
    owner_policy::OwnerPolicy,
    policy_sentences,
    policy_warnings::{self, Warning},
    report::Report,
};

/// Check a policy file, or print its digest
#[derive(Debug, clap::Args)]
pub struct Policy {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, clap::Subcommand)]
enum PolicyCommand {
    /// Read a policy strictly: says what it lets out in plain sentences, warns of what its owner may regret, or names the line that is wrong
    #[command(after_help = CHECK_EXAMPLE)]
    Check(Check),
    /// Print the policy's digest, by which sealed data names it
    #[command(after_help = DIGEST_EXAMPLE)]
    Digest(PolicyFile),
}

#[derive(Debug, clap::Args)]
struct Check {
    #[command(flatten)]
    file: PolicyFile,
    /// Exit with 1 where there is a warning
    #[arg(long)]
    deny_warnings: bool,
}

#[derive(Debug, clap::Args)]
struct PolicyFile {
    /// The policy; `-` is standard input
    #[arg(value_name = "FILE")]
    policy: PathBuf,
}

impl Policy {
    /// Runs the subcommand. A policy that does not parse has no digest that anything could be sealed under.
    pub fn run(self) -> Result<Report> {
        match self.command {
            PolicyCommand::Check(check) => check.run(),
            PolicyCommand::Digest(file) => {
                let digest = OwnerPolicy::read(&file.policy)?.policy().digest().to_string();
                Ok(Report::answer(serde_json::json!({ "digest": digest }), digest))
            }
        }
    }
}

impl Check {
    fn run(self) -> Result<Report> {
        let read = OwnerPolicy::read(&self.file.policy)?;
        let warnings = policy_warnings::of(read.policy());
        let report = check(read.policy(), &warnings);
        if self.deny_warnings && !warnings.is_empty() {
            return Ok(report.but(denied(&self.file.policy, warnings.len())));
        }
        Ok(report)
    }
}

fn check(policy: &Terms, warnings: &[Warning]) -> Report {
    let digest = policy.digest().to_string();
    let format = match policy.input().format {
        Format::Ndjson => "ndjson",
        Format::Csv => "csv",
    };
    let form = match policy.input().form {
        Form::File => "file",
        Form::Fields => "fields",
    };
    let recipients: Vec<&str> = policy.recipients().iter().map(|recipient| recipient.name()).collect();
    let sentences = policy_sentences::of(policy);
    let json = serde_json::json!({
        "ok": true,
        "name": policy.name(),
        "digest": digest,
        "format": format,
        "form": form,
        "datasets": policy.datasets(),
        "keys": policy.keys(),
        "recipients": recipients,
        "sentences": sentences,
        "warnings": warnings,
    });
    let mut text = format!(
        "OK: policy {:?}\n  digest     {digest}\n  input      format {format}, form {form}\n  datasets   {}\n  keys       {}\n  recipients {}",
        policy.name(),
        policy.datasets().join(", "),
        policy.keys().iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        recipients.join(", "),
    );
    text.push_str("\n\nWhat it says:");
    for sentence in &sentences {
        text.push_str(&format!("\n  {sentence}"));
    }
    if !warnings.is_empty() {
        text.push_str("\n\nWhat its owner may regret:");
    }
    for Warning { id, what, mend, .. } in warnings {
        text.push_str(&format!("\n  warning: {what} [{id}]\n    mend: {mend}"));
    }
    Report::answer(json, printable(&text))
}

fn denied(path: &Path, count: usize) -> Failure {
    let warnings = if count == 1 { "a warning".to_owned() } else { format!("{count} warnings") };
    Failure::new("policy-warnings", format!("{}: {warnings}, and --deny-warnings allows none", path.display()))
        .help("mend the policy as each warning says, or leave --deny-warnings out")
}

const CHECK_EXAMPLE: &str = "\
Examples:
  sealroom policy check policy.toml
  sealroom policy check policy.toml --deny-warnings

Every warning and how to mend it: docs/policy.md. `sealroom plan` tells what one job may do.
";

const DIGEST_EXAMPLE: &str = "\
Example:
  sealroom policy digest policy.toml

It prints sha384: and 96 hex digits: the SHA-384 of the file's exact bytes.
";
