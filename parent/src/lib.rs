//! The `sealroom` command, as a library: `main.rs` calls [`run`] and nothing else; tests reuse [`key_policy`].
//! It may use `sealroom-shared`; it never depends on the enclave's crate, and it is never trusted with a plaintext
//! record unless the person who runs it holds the key.

use std::process::ExitCode;

mod attestation_report;
mod cli;
mod commands;
mod discovery_table;
mod doctor;
mod failure;
mod field_sealing;
mod interrupt;
pub mod key_policy;
mod kms;
mod limits;
mod opening_key;
mod origin;
mod owner_policy;
mod padding;
mod pem;
mod pending_output;
mod planning;
mod policy_or_job;
mod policy_sentences;
mod policy_warnings;
mod progress;
mod reading;
mod rebinding;
mod receipt_check;
mod receipt_page;
mod record_check;
mod records;
mod relay;
mod report;
mod sealed_fields;
mod sealed_file;
mod sealed_set;
mod source;
mod submission;
mod token_check;
mod transport;
mod utc;
mod verdict;

/// Runs the command named on the command line, prints its result or its failure, and says how to exit:
/// 0 done, 1 refused or failed, 2 usage.
pub fn run() -> ExitCode {
    cli::run(std::env::args_os())
}
