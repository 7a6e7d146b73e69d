//! `sealroom attestation show`: what a document claims. It verifies nothing, and says so.

use std::path::PathBuf;

use sealroom_shared::attestation;
use serde_json::json;

use crate::{
    attestation_report,
    failure::{Failure, Result},
    report::Report,
};

/// Show what an attestation document claims, without verifying anything
///
/// Anybody can write a document that shows like this. `sealroom attestation verify` says whether one is genuine.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Show {
    /// The document: raw CBOR, or base64; `-` is standard input
    #[arg(value_name = "DOC")]
    document: PathBuf,
}

impl Show {
    /// Reads the document and prints it.
    pub fn run(self) -> Result<Report> {
        let bytes = attestation_report::read(&self.document)?;
        let document = attestation::parse(&bytes)
            .map_err(|error| Failure::new("not-a-document", format!("{}: {error}", self.document.display())).help(HELP))?;
        Ok(Report::answer(
            json!({ "verified": false, "claims": attestation_report::to_json(&document) }),
            format!("NOT VERIFIED: this is what the document claims, whoever wrote it\n{}", attestation_report::to_text(&document)),
        ))
    }
}

const HELP: &str = "`sealroom attestation verify` names the rule that it breaks";

const EXAMPLE: &str = "\
Examples:
  sealroom attestation show document.cbor
  jq -r .document receipt.json | sealroom attestation show -
";
