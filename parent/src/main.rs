//! The `sealroom` command. Everything is in the library; this file only starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    sealroom_parent::run()
}
