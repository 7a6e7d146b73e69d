//! What a command says when it does not succeed: a code for programs, a sentence for people, and what to do next.
//! Every command returns it; `cli` alone prints it. It never carries bytes of a record or of a key.

use std::path::Path;

/// Result of everything in this crate that can end a command.
pub type Result<T> = std::result::Result<T, Failure>;

/// One failed command. `code` is stable and kebab-case; `message` says what happened; `help` says what to do next.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    code: &'static str,
    message: String,
    help: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Failed,
    Usage,
}

impl Failure {
    /// A refusal or a failure: exit code 1.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, code, message: message.into(), help: None }
    }

    /// A command line that cannot be meant: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, code: "usage", message: message.into(), help: None }
    }

    /// A file that cannot be read, written or made.
    pub fn file(verb: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::new("file", format!("cannot {verb} {}: {error}", path.display()))
    }

    /// Says in which line of which file.
    #[must_use]
    pub fn at(mut self, file: &str, line: u64) -> Self {
        self.message = format!("{file}: line {line}: {}", self.message);
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The stable code.
    #[cfg(test)]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What happened, without the help.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// 1 refused or failed, 2 usage.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Failed => 1,
            Kind::Usage => 2,
        }
    }

    /// The failure as the object that `--json` prints on standard error.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "error": { "code": self.code, "message": self.message, "help": self.help } })
    }

    /// The failure for a person. A message may quote a file or a peer, so control characters do not reach the terminal.
    pub fn to_text(&self) -> String {
        let message = printable(&self.message);
        match &self.help {
            Some(help) => format!("error: {message} [{}]\n  help: {help}", self.code),
            None => format!("error: {message} [{}]", self.code),
        }
    }
}

/// `text` as [`printable`] has it, its line ends written out too: nothing in it can write a line of its own.
pub fn one_line(text: &str) -> String {
    printable(text).replace('\n', "\\n")
}

/// `text` with its control characters escaped, line ends excepted, and those that turn the direction of writing.
pub fn printable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut printed, character| {
        if character.is_control() && character != '\n' || TURNING.contains(&character) {
            printed.extend(character.escape_default());
        } else {
            printed.push(character);
        }
        printed
    })
}

/// Characters of Unicode that change the direction of writing, and with it what a line seems to say.
const TURNING: [char; 12] = [
    '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}',
    '\u{2069}',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_turns_no_line_and_writes_none() {
        assert_eq!(printable("a\u{1b}[2J\n\u{202e}b\u{2066}é"), "a\\u{1b}[2J\n\\u{202e}b\\u{2066}é");
        assert_eq!(one_line("a\nVERIFIED\r"), "a\\nVERIFIED\\r");
    }
}
