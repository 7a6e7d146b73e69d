//! Why a request was allowed or not, in a form that programs and people read: which condition decided, what it asks for and
//! what the request has. Made by `authorize`, `recipient` and `crypto`; written by `request_log`. It never holds a plaintext.

use std::fmt;

use serde::Serialize;

/// One decision about a request. A request can have several: its attestation document, then the key policy.
#[derive(Debug, Serialize)]
pub(super) struct Decision {
    /// The IAM action, such as `kms:Decrypt`; or the member of the request that was judged, such as `Recipient`.
    pub(super) about: String,
    pub(super) allowed: bool,
    /// What decided, such as `explicit deny in statement 3`.
    pub(super) by: String,
    /// What stood against it. Empty where the request was allowed, or where nothing speaks of it at all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) failed: Vec<FailedCheck>,
}

/// One condition that stood against a request.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct FailedCheck {
    /// Where the condition is written, such as `statement 3 (Deny, OnlyTheImage)` or `attestation document`.
    pub(super) at: String,
    /// The condition itself.
    pub(super) condition: String,
    /// What it names.
    pub(super) expected: Vec<String>,
    /// What the request has; absent where it has nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) actual: Option<Vec<String>>,
}

impl Decision {
    pub(super) fn allowed(about: &str, by: String) -> Self {
        Self { about: about.to_owned(), allowed: true, by, failed: Vec::new() }
    }

    pub(super) fn denied(about: &str, by: impl Into<String>, failed: Vec<FailedCheck>) -> Self {
        Self { about: about.to_owned(), allowed: false, by: by.into(), failed }
    }
}

/// One line: what decided, and each condition with both values.
impl fmt::Display for Decision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.allowed { "allowed" } else { "denied" };
        write!(formatter, "{} {word}: {}", self.about, self.by)?;
        self.failed.iter().try_for_each(|failed| write!(formatter, "; {failed}"))
    }
}

impl fmt::Display for FailedCheck {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}: expected {}, ", self.at, self.condition, self.expected.join(" or "))?;
        match &self.actual {
            None => formatter.write_str("the request has none"),
            Some(actual) => write!(formatter, "the request has {}", actual.join(", ")),
        }
    }
}
