//! The linter of key policies: finds what lets data out without the measured image, or could. Called by `key-policy lint`
//! and by the generator on its own policies; pure.
//!
//! It reads loosely (`clause`), so that it finds the traps of a policy that the strict evaluator refuses. What nobody
//! here understands is a finding as well: a policy is clean only where all of it was understood. It sees one document: not
//! the grants of the key, not identity policies, and not what another Region's replica says.

mod clause;
mod conditions;
mod lines;
mod releases;
mod rules;
mod sarif;
#[cfg(test)]
mod tests;
mod whole;

use serde_json::{Value, json};

pub use self::rules::{RULES, Rule, Severity};
pub use self::sarif::sarif;
use self::{clause::Clause, rules as rule};
use super::document::{KeyPolicy, KeyPolicyError};
use crate::failure::one_line;

/// One thing found in a policy.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Which trap.
    pub rule: &'static Rule,
    /// The statement's number, from 1; `None` where it is about the whole policy.
    pub statement: Option<usize>,
    /// The statement's `Sid`, if it has one.
    pub sid: Option<String>,
    /// The line on which the statement begins, from 1.
    pub line: usize,
    /// What stands there.
    pub found: String,
}

/// Every finding in the policy `text`, by statement; those about the whole policy come last.
///
/// # Errors
/// [`KeyPolicyError`] where the text is too large for KMS, not JSON, has a member twice or no statement: nothing can be said of it.
pub fn lint(text: &str) -> Result<Vec<Finding>, KeyPolicyError> {
    let clauses = clause::read(text)?;
    let lines = lines::of_statements(text);
    let mut report = Findings { lines, found: Vec::new() };
    for clause in &clauses {
        conditions::check(clause, &mut report);
        releases::check(clause, &clauses, &mut report);
    }
    whole::check(&clauses, &mut report);
    if let Err(error) = KeyPolicy::parse(text)
        && !matches!(&error, KeyPolicyError::Unsupported { name, .. } if name == "NotPrincipal")
    {
        report.about_policy(&rule::NOT_UNDERSTOOD, error.to_string());
    }
    report.found.sort_by_key(|finding| finding.statement.unwrap_or(usize::MAX));
    Ok(report.found)
}

/// True where nothing but notes was found.
#[must_use]
pub fn is_clean(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.rule.severity == Severity::Note)
}

/// What the checks add to.
struct Findings {
    lines: Vec<usize>,
    found: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, rule: &'static Rule, clause: &Clause, found: impl Into<String>) {
        let line = clause.number.checked_sub(1).and_then(|index| self.lines.get(index)).copied().unwrap_or(1);
        self.found.push(Finding { rule, statement: Some(clause.number), sid: clause.sid.clone(), line, found: found.into() });
    }

    fn about_policy(&mut self, rule: &'static Rule, found: impl Into<String>) {
        self.found.push(Finding { rule, statement: None, sid: None, line: 1, found: found.into() });
    }
}

impl Finding {
    /// `statement 3 (Sid)`, or `the policy`.
    #[must_use]
    pub fn place(&self) -> String {
        match (self.statement, &self.sid) {
            (None, _) => "the policy".to_owned(),
            (Some(number), None) => format!("statement {number}"),
            (Some(number), Some(sid)) => format!("statement {number} ({sid})"),
        }
    }

    /// For people: where, what, the attack, the mend.
    #[must_use]
    pub fn to_text(&self, file: &str) -> String {
        let Rule { id, severity, attack, mend, .. } = self.rule;
        let (line, place, found) = (self.line, one_line(&self.place()), one_line(&self.found));
        format!("{file}:{line}: {severity}[{id}] {place}: {found}\n  attack: {attack}\n  mend:   {mend}")
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.rule.id,
            "severity": self.rule.severity.to_string(),
            "statement": self.statement,
            "sid": self.sid,
            "line": self.line,
            "found": self.found,
            "attack": self.rule.attack,
            "mend": self.rule.mend,
        })
    }
}
