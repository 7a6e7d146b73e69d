//! What a command says when it succeeds: an object for `--json`, and for a person either an answer (standard output, as
//! `policy digest` gives) or a note (standard error, so that `--out -` stays clean). `cli` alone prints it.

use serde_json::Value;

use crate::failure::Failure;

/// Result of a command that is done.
#[derive(Debug)]
pub struct Report {
    json: Value,
    text: Text,
    failure: Option<Failure>,
}

#[derive(Debug)]
enum Text {
    Answer(String),
    Note(String),
}

impl Report {
    /// The text is what the command was asked for: standard output.
    pub fn answer(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: Text::Answer(text.into()), failure: None }
    }

    /// The text only says what was done: standard error.
    pub fn note(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: Text::Note(text.into()), failure: None }
    }

    /// What was found is a refusal all the same: the report is printed, then the failure, and the command exits as it says.
    #[must_use]
    pub fn but(mut self, failure: Failure) -> Self {
        self.failure = Some(failure);
        self
    }

    /// The refusal that the report ends in.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
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
