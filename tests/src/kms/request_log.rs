//! `requests.log`: one JSON line per request, so that tests can count calls and see what was asked.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::blob::EncryptionContext;

pub(super) struct RequestLog(File);

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
    /// For a denial: the conditions of statements that came near.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) near_misses: Vec<String>,
    pub(super) duration_us: u64,
}

impl Entry {
    pub(super) fn new(request_id: String) -> Self {
        Self { request_id, ..Self::default() }
    }
}

impl RequestLog {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self(OpenOptions::new().append(true).create(true).open(folder.join("requests.log"))?))
    }

    /// Writes one line at once, so lines of several requests never mix.
    pub(super) fn write(&self, entry: &mut Entry) -> io::Result<()> {
        entry.time = Timestamp::now().to_string();
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        (&self.0).write_all(&line)
    }
}
