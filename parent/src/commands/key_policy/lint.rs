//! `sealroom key-policy lint`: the traps of a key policy.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{read, unreadable};
use crate::{
    failure::{Failure, Result},
    key_policy::lint::{self as linter, Finding, Severity},
    report::Report,
};

/// Find the traps of a key policy: each with the attack that it allows and its mend
///
/// Errors and warnings exit with 1, notes alone with 0. Only the document is read: grants of the key and identity policies
/// are not in it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Lint {
    /// The key policy; `-` is standard input
    #[arg(value_name = "FILE")]
    policy: PathBuf,
    /// Print the findings as SARIF 2.1.0
    #[arg(long)]
    sarif: bool,
}

impl Lint {
    /// Prints what was found.
    pub fn run(self, json: bool) -> Result<Report> {
        if self.sarif && json {
            return Err(Failure::usage("--sarif and --json would mix on standard output").help("choose one"));
        }
        let text = read(&self.policy)?;
        let findings = linter::lint(&text).map_err(|error| unreadable(&self.policy, &error))?;
        let file = self.policy.display().to_string();
        let said = if self.sarif { format!("{:#}", linter::sarif(&findings, &file)) } else { to_text(&findings, &file) };
        let object = json!({
            "clean": linter::is_clean(&findings),
            "findings": findings.iter().map(Finding::to_json).collect::<Vec<Value>>(),
        });
        let report = Report::answer(object, said);
        if linter::is_clean(&findings) {
            return Ok(report);
        }
        let failure = Failure::new("key-policy-trap", format!("{file}: {}", counted(&findings)));
        Ok(report.but(failure.help("docs/key-policy.md explains each; `sealroom key-policy generate` writes a policy without them")))
    }
}

fn to_text(findings: &[Finding], file: &str) -> String {
    if findings.is_empty() {
        return format!("{file}: clean");
    }
    let mut texts: Vec<String> = findings.iter().map(|finding| finding.to_text(file)).collect();
    if linter::is_clean(findings) {
        texts.push(format!("{file}: clean, but for {}", counted(findings)));
    }
    crate::failure::printable(&texts.join("\n\n"))
}

fn counted(findings: &[Finding]) -> String {
    let count = |severity| findings.iter().filter(|finding| finding.rule.severity == severity).count();
    let counts = [Severity::Error, Severity::Warning, Severity::Note].map(|severity| (count(severity), severity));
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    counts.map(|(count, severity)| format!("{count} {severity}{}", if count == 1 { "" } else { "s" })).collect::<Vec<_>>().join(", ")
}

const EXAMPLE: &str = "\
Example:
  aws kms get-key-policy --key-id KEY --query Policy --output text > key-policy.json
  sealroom key-policy lint key-policy.json
";
