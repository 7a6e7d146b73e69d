//! Progress bar of the long commands: on a terminal's standard error only, never with `--json`.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over bytes read; says nothing where nobody watches.
pub struct Progress(ProgressBar);

impl Progress {
    /// `total` bytes are expected, where that is known.
    pub fn bytes(json: bool, total: Option<u64>) -> Self {
        let bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::no_length(),
        };
        // indicatif draws nothing on a standard error that is not a terminal.
        bar.set_draw_target(if json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() });
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// `bytes` more are done.
    pub fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
