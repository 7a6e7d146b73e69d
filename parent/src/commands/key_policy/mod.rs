//! `sealroom key-policy`: KMS key policies for a measured image: write one, find the traps of one, ask one who may do what.
//! None of the three talks to AWS.

mod generate;
mod lint;
mod simulate;

use std::path::Path;

use crate::{
    failure::{Failure, Result},
    key_policy::KeyPolicyError,
    report::Report,
    source,
};

/// Generate, lint or simulate a KMS key policy
#[derive(Debug, clap::Args)]
pub struct KeyPolicy {
    #[command(subcommand)]
    command: KeyPolicyCommand,
}

#[derive(Debug, clap::Subcommand)]
enum KeyPolicyCommand {
    Generate(Box<generate::Generate>),
    Lint(lint::Lint),
    Simulate(simulate::Simulate),
}

impl KeyPolicy {
    /// Runs the subcommand.
    pub fn run(self, json: bool) -> Result<Report> {
        match self.command {
            KeyPolicyCommand::Generate(command) => command.run(),
            KeyPolicyCommand::Lint(command) => command.run(json),
            KeyPolicyCommand::Simulate(command) => command.run(),
        }
    }
}

/// The text of a policy file; a little over KMS's limit is read, so that the limit itself is what a refusal names.
fn read(path: &Path) -> Result<String> {
    source::read_text(path, 2 * crate::key_policy::BYTES_MAX)
}

fn unreadable(path: &Path, error: &KeyPolicyError) -> Failure {
    let failure = Failure::new("key-policy-invalid", format!("{}: {error}", path.display()));
    if is_no_policy(error) {
        return failure.help("`aws kms get-key-policy --key-id KEY --query Policy --output text` prints the policy itself");
    }
    failure
}

/// True where the file is something else than a key policy, such as the whole answer of `aws kms get-key-policy`.
fn is_no_policy(error: &KeyPolicyError) -> bool {
    match error {
        KeyPolicyError::Json(_) | KeyPolicyError::NoStatements => true,
        KeyPolicyError::Member(name) => name == "Policy",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_policy_is_told_how_to_fetch_one() {
        let help = |text: &str| {
            let error = crate::key_policy::KeyPolicy::parse(text).expect_err("refused");
            unreadable(Path::new("policy.json"), &error).to_text().contains("--query Policy --output text")
        };
        for text in ["", "no JSON", "{}", r#"{"Policy":"{}"}"#] {
            assert!(help(text), "{text}");
        }
        assert!(!help(r#"{"Statement":[{"Effect":"Allow"}]}"#));
    }
}
