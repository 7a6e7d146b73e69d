//! A child process that ends with its value, and whose lines on stdout can be waited for.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A running program of the harness.
pub struct Process {
    name: &'static str,
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    /// Starts a program; its stderr goes to the test's.
    #[must_use]
    pub fn start(name: &'static str, mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let (to, lines) = channel();
        // Reads to the end, so that the program never blocks on its stdout.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = to.send(line);
            }
        });
        Self { name, child, lines }
    }

    /// Waits for a line that begins so, and returns what follows. The limit is far beyond what a loaded machine needs.
    pub fn wait_for(&self, beginning: &str) -> String {
        loop {
            match self.lines.recv_timeout(Duration::from_secs(120)) {
                Ok(line) => {
                    if let Some(rest) = line.strip_prefix(beginning) {
                        return rest.trim().to_owned();
                    }
                }
                Err(_) => panic!("{} did not say {beginning:?}", self.name),
            }
        }
    }

    /// The program's process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the program.
    pub fn end(&mut self) {
        // nitro-sim ends its child with itself; the others have none.
        if let Ok(id) = i32::try_from(self.child.id())
            && matches!(self.child.try_wait(), Ok(None))
        {
            // SAFETY: `kill` takes no pointers; the id is that of a child that was not waited for yet.
            unsafe { libc::kill(id, libc::SIGTERM) };
        }
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}
