//! One file a command. Each reads its arguments, does its work and returns a [`crate::report::Report`] or a
//! [`crate::failure::Failure`]; none prints a result or ends the process itself.

pub mod attestation;
pub mod doctor;
pub mod key_policy;
pub mod keygen;
pub mod open;
pub mod ping;
pub mod plan;
pub mod policy;
pub mod proxy;
pub mod rebind;
pub mod seal;
pub mod submit;
pub mod table;
pub mod token_key;
pub mod verify;

use std::path::{Path, PathBuf};

use crate::{
    failure::{Failure, Result},
    pending_output::Overwrite,
};

/// `--force` as what it means.
fn overwrite(force: bool) -> Overwrite {
    if force { Overwrite::Force } else { Overwrite::Never }
}

/// Standard input is read once: a second `-` would find it empty, and an empty file would be sealed or sent without a word.
fn refuse_two_from_stdin<'a>(inputs: impl IntoIterator<Item = &'a PathBuf>) -> Result<()> {
    if inputs.into_iter().filter(|input| *input == Path::new("-")).count() > 1 {
        return Err(Failure::usage("only one input can come from `-`").help("name files for the others"));
    }
    Ok(())
}

/// Standard output carries either the output or the JSON result, never both.
fn refuse_two_on_stdout(json: bool, output: &Path) -> Result<()> {
    if json && output == Path::new("-") {
        return Err(Failure::usage("--json and an output to `-` would mix on standard output").help("name a file with --out"));
    }
    Ok(())
}
