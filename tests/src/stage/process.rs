//! A child process that ends with its value, and whose lines on stdout can be waited for.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A running program of the harness.
pub struct Process {
    name: &'static str,
    child: Child,
    lines: Receiver<String>,
    spoken: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts a program; its stderr goes to the test's, line by line.
    #[must_use]
    pub fn start(name: &'static str, mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let (to, lines) = channel();
        let spoken = Arc::new(Mutex::new(String::new()));
        // Both are read to the end, so that the program never blocks on them.
        let out = reader(child.stdout.take().expect("stdout is a pipe"), Arc::clone(&spoken), move |line| {
            let _ = to.send(line);
        });
        let err = reader(child.stderr.take().expect("stderr is a pipe"), Arc::clone(&spoken), |line| eprintln!("{line}"));
        Self { name, child, lines, spoken, readers: vec![out, err] }
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

    /// Ends the program, and returns all that it has said on stdout and stderr.
    #[must_use]
    pub fn spoken(mut self) -> String {
        self.end();
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader of lines");
        }
        self.spoken.lock().expect("what was said").clone()
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

/// Hands each line to `take`, and keeps it.
fn reader(from: impl Read + Send + 'static, spoken: Arc<Mutex<String>>, mut take: impl FnMut(String) + Send + 'static) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let said = String::from_utf8_lossy(&line).into_owned();
            spoken.lock().expect("what was said").push_str(&said);
            take(said.trim_end_matches(['\r', '\n']).to_owned());
            line.clear();
        }
    })
}
