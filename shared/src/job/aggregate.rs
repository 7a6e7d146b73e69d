//! An aggregate job: what tells groups apart, and what is measured of each.

use super::{Condition, JobError, conditions, field_name};
use crate::aggregate::measure;
use crate::limits;
use crate::record::operations::{Request, keep::Keep};
use crate::toml_reader::{Item, Rule, Table};

/// A job that releases one row for each group.
#[derive(Debug)]
pub struct AggregateJob {
    conditions: Vec<Condition>,
    group_by: Vec<GroupColumn>,
    measures: Vec<Measure>,
}

/// One entry of `group_by`.
#[derive(Debug)]
pub struct GroupColumn {
    /// Name in the output.
    pub name: String,
    /// The field that feeds it.
    pub field: String,
    /// The operation.
    pub operation: Request,
    /// Line of the job file.
    pub line: u32,
}

/// One entry of `[measures]`.
#[derive(Debug)]
pub struct Measure {
    /// Name in the output.
    pub name: String,
    /// What is measured.
    pub request: measure::Request,
    /// Line of the job file.
    pub line: u32,
}

impl AggregateJob {
    pub(super) fn read(root: &mut Table<'_>) -> Result<Self, JobError> {
        let conditions = conditions(root)?;
        let mut group_by: Vec<GroupColumn> = Vec::new();
        for item in root.take("group_by").map_or(Ok(Vec::new()), |item| item.array(limits::GROUP_COLUMNS))? {
            let column = GroupColumn::read(&item)?;
            if group_by.iter().any(|other| other.name == column.name) {
                return Err(item.error(Rule::Duplicate));
            }
            group_by.push(column);
        }
        let needs = Rule::KindNeeds("aggregate", "measures", "what is measured of each group");
        let table = root.required_or("measures", needs)?;
        let mut measures = Vec::new();
        for (name, item) in table.table()?.entries(limits::MEASURES)? {
            if group_by.iter().any(|column| column.name == name) {
                return Err(item.error(Rule::Duplicate));
            }
            measures.push(Measure { name, request: measure::Request::read(&item)?, line: item.line() });
        }
        if measures.is_empty() {
            return Err(table.error(Rule::NoMeasures));
        }
        Ok(Self { conditions, group_by, measures })
    }

    /// The conditions, all of which must hold for a record to count; may be empty.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// What tells groups apart; empty makes one group of all records.
    #[must_use]
    pub fn group_by(&self) -> &[GroupColumn] {
        &self.group_by
    }

    /// What is measured of each group; at least one.
    #[must_use]
    pub fn measures(&self) -> &[Measure] {
        &self.measures
    }
}

impl GroupColumn {
    fn read(item: &Item<'_>) -> Result<Self, JobError> {
        let mut table = item.table()?;
        let field = field_name(&table.required("field")?)?;
        let name = table.take("name").map(|item| item.name(limits::NAME_BYTES)).transpose()?;
        let operation = table.take("op").map_or(Ok(Request::Keep(Keep)), |op| Request::take(&op, &mut table))?;
        table.finish()?;
        let name = match name {
            Some(name) => name,
            // A pointer is no name for a column.
            None if field.starts_with('/') => return Err(item.error(Rule::GroupNeedsName)),
            None => field.clone(),
        };
        Ok(Self { name, field, operation, line: item.line() })
    }
}
