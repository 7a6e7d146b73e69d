//! What a policy lets out, and in which form.

use super::PolicyError;
use crate::limits;
use crate::toml_reader::Item;

/// What may leave, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Row-level output; none where there is none.
    pub records: Option<RecordsRelease>,
    /// Whether exact counts go into the receipt.
    pub counts: bool,
    /// Whether the output is padded with blank lines.
    pub pad: bool,
}

/// The terms of row-level output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordsRelease {
    /// Most rows that one job may release.
    pub max_records: u64,
}

impl Release {
    pub(super) fn read(item: Option<Item<'_>>) -> Result<Self, PolicyError> {
        let Some(item) = item else { return Ok(Self { records: None, counts: false, pad: true }) };
        let mut table = item.table()?;
        table.not_yet(&["aggregates", "discovery", "plaintext"])?;
        let release = Self {
            records: table.take("records").map(|item| records(&item)).transpose()?,
            counts: table.take("counts").map_or(Ok(false), |item| item.boolean())?,
            pad: table.take("pad").map_or(Ok(true), |item| item.boolean())?,
        };
        table.finish()?;
        Ok(release)
    }
}

fn records(item: &Item<'_>) -> Result<RecordsRelease, PolicyError> {
    let mut table = item.table()?;
    let max_records = table.required("max_records")?.integer(1..=limits::MAX_RECORDS)?;
    table.finish()?;
    Ok(RecordsRelease { max_records })
}
