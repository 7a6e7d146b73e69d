//! `sealroom policy`: read a policy file as the enclave will.

use std::path::{Path, PathBuf};

use sealroom_shared::policy::{Form, Format};

use crate::{failure::Result, owner_policy::OwnerPolicy, report::Report};

/// Check a policy file, or print its digest
#[derive(Debug, clap::Args)]
pub struct Policy {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, clap::Subcommand)]
enum PolicyCommand {
    /// Read a policy strictly: says what it is, or the line that is wrong
    #[command(after_help = CHECK_EXAMPLE)]
    Check(PolicyFile),
    /// Print the policy's digest, by which sealed data names it
    #[command(after_help = DIGEST_EXAMPLE)]
    Digest(PolicyFile),
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
            PolicyCommand::Check(file) => check(&file.policy),
            PolicyCommand::Digest(file) => {
                let digest = OwnerPolicy::read(&file.policy)?.policy().digest().to_string();
                Ok(Report::answer(serde_json::json!({ "digest": digest }), digest))
            }
        }
    }
}

fn check(path: &Path) -> Result<Report> {
    let read = OwnerPolicy::read(path)?;
    let policy = read.policy();
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
    let json = serde_json::json!({
        "ok": true,
        "name": policy.name(),
        "digest": digest,
        "format": format,
        "form": form,
        "datasets": policy.datasets(),
        "keys": policy.keys(),
        "recipients": recipients,
    });
    let text = format!(
        "OK: policy {:?}\n  digest     {digest}\n  input      format {format}, form {form}\n  datasets   {}\n  keys       {}\n  recipients {}",
        policy.name(),
        policy.datasets().join(", "),
        policy.keys().iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        recipients.join(", "),
    );
    Ok(Report::answer(json, text))
}

const CHECK_EXAMPLE: &str = "\
Example:
  sealroom policy check policy.toml
";

const DIGEST_EXAMPLE: &str = "\
Example:
  sealroom policy digest policy.toml

It prints sha384: and 96 hex digits: the SHA-384 of the file's exact bytes.
";
