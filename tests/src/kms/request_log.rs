//! `requests.log`: one JSON line per request, so that tests can count calls and see what was asked.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use clap::ValueEnum;
use jiff::Timestamp;
use serde::Serialize;

use super::blob::EncryptionContext;
use super::decision::Decision;

pub(super) struct RequestLog {
    file: File,
    on_stderr: LogDecisions,
}

/// Which decisions are told on stderr as well, a line each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogDecisions {
    /// Requests that failed.
    Denied,
    /// Every request.
    All,
    /// None.
    None,
}

/// What is written about one request. Absent members are left out.
#[derive(Serialize, Default)]
pub(super) struct Entry {
    /// RFC 3339.
    time: String,
    pub(super) request_id: String,
    pub(super) operation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) principal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key_arn: Option<String>,
    #[serde(skip_serializing_if = "EncryptionContext::is_empty")]
    pub(super) encryption_context: EncryptionContext,
    /// A recipient was given and its attestation document verified.
    pub(super) attested: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) module_id: Option<String>,
    /// PCRs of the document that are not zero, in hex; PCR0 to PCR2 always.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) pcrs: BTreeMap<u8, String>,
    /// `ok` or the error's code.
    pub(super) outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    /// What decided, and for a denial which condition stood against it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) decisions: Vec<Decision>,
    /// Faults that happened to this request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) faults: Vec<&'static str>,
    pub(super) duration_us: u64,
}

impl Entry {
    pub(super) fn new(request_id: String) -> Self {
        Self { request_id, ..Self::default() }
    }
}

/// The line on stderr: what was asked, by whom, what came of it, and each decision with both values.
impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, outcome, .. } = self;
        write!(formatter, "{operation} {outcome}")?;
        if let Some(principal) = &self.principal {
            write!(formatter, " for {principal}")?;
        }
        if let Some(key) = &self.key_arn {
            write!(formatter, " on {key}")?;
        }
        if !self.faults.is_empty() {
            write!(formatter, " | fault {}", self.faults.join(", "))?;
        }
        self.decisions.iter().try_for_each(|decision| write!(formatter, " | {decision}"))?;
        match &self.message {
            // Where there are decisions, they say more.
            Some(message) if self.decisions.is_empty() && !message.is_empty() => write!(formatter, " | {message}"),
            _ => Ok(()),
        }
    }
}

impl RequestLog {
    pub(super) fn open(folder: &Path, on_stderr: LogDecisions) -> io::Result<Self> {
        Ok(Self { file: OpenOptions::new().append(true).create(true).open(folder.join("requests.log"))?, on_stderr })
    }

    /// Writes one line at once, so lines of several requests never mix.
    pub(super) fn write(&self, entry: &mut Entry) -> io::Result<()> {
        entry.time = Timestamp::now().to_string();
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        (&self.file).write_all(&line)?;
        let told = match self.on_stderr {
            LogDecisions::All => true,
            LogDecisions::Denied => entry.outcome != "ok",
            LogDecisions::None => false,
        };
        if told {
            // Nobody may be reading; that is no reason to stop answering.
            let _ = writeln!(io::stderr().lock(), "{entry}");
        }
        Ok(())
    }
}
