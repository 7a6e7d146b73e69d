//! SIGINT and SIGTERM for commands that write files: unfinished outputs are removed, then the process ends.
//! The proxy ends by itself and does not use this.

use tokio::signal::unix::{SignalKind, signal};

use crate::{
    failure::{Failure, Result},
    pending_output,
};

/// Starts to listen, on a worker thread of the runtime, so that a busy command is interrupted as well.
pub fn remove_unfinished_outputs() -> Result<()> {
    for (kind, exit) in [(SignalKind::interrupt(), 130), (SignalKind::terminate(), 143)] {
        let mut signals = signal(kind).map_err(|error| Failure::new("internal", format!("cannot listen for signals: {error}")))?;
        tokio::spawn(async move {
            if signals.recv().await.is_some() {
                pending_output::remove_all();
                // Exit codes of a shell for a command ended by that signal.
                std::process::exit(exit);
            }
        });
    }
    Ok(())
}
