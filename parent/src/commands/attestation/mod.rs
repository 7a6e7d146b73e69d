//! `sealroom attestation`: attestation documents of Nitro enclaves, verified rule by rule, or only shown.

pub mod expected;
mod judgement;
mod show;
mod verify;

use crate::{failure::Result, report::Report};

/// Verify an attestation document, or show what it claims
#[derive(Debug, clap::Args)]
pub struct Attestation {
    #[command(subcommand)]
    command: AttestationCommand,
}

#[derive(Debug, clap::Subcommand)]
enum AttestationCommand {
    Verify(Box<verify::Verify>),
    Show(show::Show),
}

impl Attestation {
    /// Runs the subcommand.
    pub fn run(self) -> Result<Report> {
        match self.command {
            AttestationCommand::Verify(command) => command.run(),
            AttestationCommand::Show(command) => command.run(),
        }
    }
}
