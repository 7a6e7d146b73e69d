//! What a policy lets out, and in which form.

use super::PolicyError;
use crate::limits;
use crate::toml_reader::{Item, Rule};

/// What may leave, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Row-level output; none where there is none.
    pub records: Option<RecordsRelease>,
    /// One row for each group; none where there is none.
    pub aggregates: Option<AggregatesRelease>,
    /// Whether counts of what fields hold may leave.
    pub discovery: bool,
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

/// The terms of aggregates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AggregatesRelease {
    /// Most groups that one job may form, hidden ones included.
    pub max_groups: u64,
}

impl Release {
    pub(super) fn read(item: Option<Item<'_>>, has_people: bool) -> Result<Self, PolicyError> {
        let Some(item) = item else { return Ok(Self { records: None, aggregates: None, discovery: false, counts: false, pad: true }) };
        let mut table = item.table()?;
        table.not_yet(&["plaintext"])?;
        let release = Self {
            records: table.take("records").map(|item| records(&item)).transpose()?,
            aggregates: table.take("aggregates").map(|item| aggregates(&item, has_people)).transpose()?,
            discovery: table.take("discovery").map_or(Ok(false), |item| discovery(&item, has_people))?,
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

fn aggregates(item: &Item<'_>, has_people: bool) -> Result<AggregatesRelease, PolicyError> {
    let mut table = item.table()?;
    let max_groups = table.required("max_groups")?.integer(1..=limits::MAX_GROUPS)?;
    table.finish()?;
    if has_people { Ok(AggregatesRelease { max_groups }) } else { Err(item.error(Rule::AggregatesNeedPeople)) }
}

/// The table says it by being there; its terms are the minimum of people and each field's `discover`.
fn discovery(item: &Item<'_>, has_people: bool) -> Result<bool, PolicyError> {
    item.table()?.finish()?;
    if has_people { Ok(true) } else { Err(item.error(Rule::DiscoveryNeedsPeople)) }
}
