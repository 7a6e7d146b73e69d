//! What a command says when it succeeds: an object for `--json`, and for a person either an answer (standard output, as
//! `policy digest` gives) or a note (standard error, so that `--out -` stays clean). `cli` alone prints it.

use serde_json::Value;

/// Result of a command that is done.
#[derive(Debug)]
pub struct Report {
    json: Value,
    text: Text,
}

#[derive(Debug)]
enum Text {
    Answer(String),
    Note(String),
}

impl Report {
    /// The text is what the command was asked for: standard output.
    pub fn answer(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: Text::Answer(text.into()) }
    }

    /// The text only says what was done: standard error.
    pub fn note(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: Text::Note(text.into()) }
    }

    /// Prints the report; an error means that standard output is closed.
    pub fn print(&self, json: bool) -> std::io::Result<()> {
        use std::io::Write;
        if json {
            return writeln!(std::io::stdout(), "{}", self.json);
        }
        match &self.text {
            Text::Answer(text) if text.is_empty() => Ok(()),
            Text::Answer(text) => writeln!(std::io::stdout(), "{text}"),
            Text::Note(text) => {
                // A note that nobody can read is no failure of a command that is done.
                let _ = writeln!(std::io::stderr(), "{text}");
                Ok(())
            }
        }
    }
}
