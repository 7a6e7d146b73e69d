//! A discovery job: of which fields to count what kinds of values they hold.

use super::{JobError, field_name};
use crate::limits;
use crate::toml_reader::{Rule, Table};

/// A job that releases counts for each field, and no value.
#[derive(Debug)]
pub struct DiscoverJob {
    fields: Option<Vec<DiscoveredField>>,
}

/// One entry of `fields`.
#[derive(Debug)]
pub struct DiscoveredField {
    /// The field.
    pub name: String,
    /// Line of the job file.
    pub line: u32,
}

impl DiscoverJob {
    pub(super) fn read(root: &mut Table<'_>) -> Result<Self, JobError> {
        let Some(item) = root.take("fields") else { return Ok(Self { fields: None }) };
        let mut fields: Vec<DiscoveredField> = Vec::new();
        for item in item.array(limits::POLICY_FIELDS)? {
            let name = field_name(&item)?;
            if fields.iter().any(|other| other.name == name) {
                return Err(item.error(Rule::Duplicate));
            }
            fields.push(DiscoveredField { name, line: item.line() });
        }
        Ok(Self { fields: Some(fields) })
    }

    /// The fields, in the output's order, at least one; none is every field that the policy permits.
    #[must_use]
    pub fn fields(&self) -> Option<&[DiscoveredField]> {
        self.fields.as_deref()
    }
}
