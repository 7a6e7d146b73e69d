//! One file a command. Each reads its arguments, does its work and returns a [`crate::report::Report`] or a
//! [`crate::failure::Failure`]; none prints a result or ends the process itself.

pub mod keygen;
pub mod open;
pub mod ping;
pub mod policy;
pub mod proxy;
pub mod seal;
pub mod submit;
pub mod token_key;

use std::path::Path;

use crate::{
    failure::{Failure, Result},
    pending_output::Overwrite,
};

/// `--force` as what it means.
fn overwrite(force: bool) -> Overwrite {
    if force { Overwrite::Force } else { Overwrite::Never }
}

/// Standard output carries either the output or the JSON result, never both.
fn refuse_two_on_stdout(json: bool, output: &Path) -> Result<()> {
    if json && output == Path::new("-") {
        return Err(Failure::usage("--json and an output to `-` would mix on standard output").help("name a file with --out"));
    }
    Ok(())
}
