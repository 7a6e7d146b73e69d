//! A verdict: every check that a command made, line by line, with its outcome. `attestation verify`, `verify` and `doctor`
//! make one; [`Verdict::into_report`] turns it into what is printed and into the exit code. A check that did not run is
//! said to be not checked, never left out and never counted as passed.

use serde_json::{Value, json};

use crate::{
    failure::{Failure, one_line, printable},
    report::Report,
};

/// What came of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not hold: the whole verdict is a refusal.
    Failed,
    /// It does not hold by the ordinary rule and was taken only because a flag named here allows it.
    Accepted {
        /// The flag, as the person wrote it, such as `--danger-trust-anchor`.
        by: &'static str,
    },
    /// It was not looked at.
    NotChecked,
}

/// One line of a verdict.
#[derive(Debug, Clone)]
pub struct Line {
    /// What was checked: stable, kebab-case, for programs.
    pub check: String,
    /// What came of it.
    pub outcome: Outcome,
    /// What was found, and for a failure what was expected, in one line.
    pub detail: String,
    /// What to do about a failure, where the check knows it.
    pub mend: Option<String>,
}

/// The lines in the order in which they were checked.
#[derive(Debug, Default)]
pub struct Verdict {
    lines: Vec<Line>,
}

impl Verdict {
    /// Adds one line.
    pub fn add(&mut self, check: impl Into<String>, outcome: Outcome, detail: impl Into<String>) {
        self.lines.push(Line { check: check.into(), outcome, detail: detail.into(), mend: None });
    }

    /// Adds a line that passed or failed.
    pub fn check(&mut self, check: impl Into<String>, holds: bool, detail: impl Into<String>) {
        self.add(check, if holds { Outcome::Passed } else { Outcome::Failed }, detail);
    }

    /// Adds a line that failed, with what to do about it.
    pub fn refuse(&mut self, check: impl Into<String>, detail: impl Into<String>, mend: impl Into<String>) {
        self.lines.push(Line { check: check.into(), outcome: Outcome::Failed, detail: detail.into(), mend: Some(mend.into()) });
    }

    /// Adds a line that was not looked at, and why.
    pub fn skip(&mut self, check: impl Into<String>, reason: impl Into<String>) {
        self.add(check, Outcome::NotChecked, reason);
    }

    /// All lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// True where no line failed. A verdict without any passed line is not good.
    pub fn is_good(&self) -> bool {
        self.lines.iter().any(|line| line.outcome == Outcome::Passed) && self.failed().is_none()
    }

    /// The first line that failed.
    pub fn failed(&self) -> Option<&Line> {
        self.lines.iter().find(|line| line.outcome == Outcome::Failed)
    }

    /// The lines for a person: outcome, check, detail; below a failure its mend. Details may quote files and peers, so
    /// control characters do not reach the terminal.
    pub fn to_text(&self) -> String {
        let width = self.lines.iter().map(|line| line.check.len()).max().unwrap_or(0);
        let first = self.lines.iter().map(|line| line.outcome.to_text().len()).max().unwrap_or(0);
        let lines: Vec<String> = self
            .lines
            .iter()
            .map(|line| {
                // A line end in a detail would let a peer write lines of its own.
                let detail = one_line(&line.detail);
                let text = format!("{:<first$} {:<width$}  {detail}", line.outcome.to_text(), line.check);
                match &line.mend {
                    Some(mend) => format!("{text}\n{:<first$} {:<width$}  mend: {}", "", "", printable(mend)),
                    None => text,
                }
            })
            .collect();
        lines.join("\n")
    }

    /// The lines for a program: an array of `{check, outcome, detail}`, with `accepted_by` where a flag accepted it, and with
    /// `mend` where a failure has one.
    pub fn to_json(&self) -> Value {
        self.lines
            .iter()
            .map(|line| {
                let mut object = json!({ "check": line.check, "outcome": line.outcome.code(), "detail": line.detail });
                if let (Outcome::Accepted { by }, Some(object)) = (line.outcome, object.as_object_mut()) {
                    object.insert("accepted_by".to_owned(), json!(by));
                }
                if let (Some(mend), Some(object)) = (&line.mend, object.as_object_mut()) {
                    object.insert("mend".to_owned(), json!(mend));
                }
                object
            })
            .collect()
    }

    /// What a command prints: `json` is given the members `verified` and `checks`; `text` stands before the lines. Where a
    /// line failed the command exits with 1, and `refused` makes its failure of the first such line.
    pub fn into_report(self, mut json: Value, text: &str, refused: impl FnOnce(&Line) -> Failure) -> Report {
        if let Some(object) = json.as_object_mut() {
            object.insert("verified".to_owned(), json!(self.is_good()));
            object.insert("checks".to_owned(), self.to_json());
        }
        let text = if text.is_empty() { self.to_text() } else { format!("{text}\n{}", self.to_text()) };
        let report = Report::answer(json, text);
        if self.is_good() {
            return report;
        }
        match self.failed() {
            Some(line) => report.but(refused(line)),
            None => report.but(Failure::new("nothing-checked", "nothing was checked")),
        }
    }
}

impl Outcome {
    fn to_text(self) -> String {
        match self {
            Self::Passed => "passed".to_owned(),
            Self::Failed => "FAILED".to_owned(),
            Self::Accepted { by } => format!("DANGER {by}:"),
            Self::NotChecked => "not checked".to_owned(),
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Accepted { .. } => "accepted",
            Self::NotChecked => "not-checked",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdict_without_a_passed_line_is_not_good() {
        let mut verdict = Verdict::default();
        assert!(!verdict.is_good());
        verdict.add("nonce", Outcome::NotChecked, "no --nonce was given");
        verdict.add("trust-anchor", Outcome::Accepted { by: "--danger-trust-anchor" }, "another root");
        assert!(!verdict.is_good());
        verdict.check("signature", true, "ES384");
        assert!(verdict.is_good());
    }

    #[test]
    fn detail_cannot_write_lines_of_its_own() {
        let mut verdict = Verdict::default();
        verdict.check("name", true, "a\u{1b}[2J\npassed      nonce");
        assert_eq!(verdict.to_text(), "passed name  a\\u{1b}[2J\\npassed      nonce");
    }

    #[test]
    fn one_failed_line_refuses_the_whole() {
        let mut verdict = Verdict::default();
        verdict.check("signature", true, "ES384");
        verdict.check("nonce", false, "another");
        verdict.check("debug", true, "PCR0 is not zero");
        assert!(!verdict.is_good());
        assert_eq!(verdict.failed().map(|line| line.check.as_str()), Some("nonce"));
        assert_eq!(verdict.to_json()[1]["outcome"], "failed");
    }
}
