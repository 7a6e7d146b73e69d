//! Which operations a job may ask for together on one field. A field feeds one column, unless the policy lists the
//! combination: a token beside the last digits, say, tells more than either alone.

use std::collections::BTreeMap;

use super::{FieldPolicy, PolicyError, distinct};
use crate::limits;
use crate::toml_reader::{Item, Rule};

/// `combinations = [{ field = "…", ops = ["…", "…"] }]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Combinations {
    listed: Vec<Combination>,
}

/// Operations that one job may ask for together on one field, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combination {
    /// The field.
    pub field: String,
    /// Names of operations, all different; two or more.
    pub ops: Vec<String>,
}

impl Combinations {
    pub(super) fn read(item: Option<Item<'_>>, fields: &BTreeMap<String, FieldPolicy>) -> Result<Self, PolicyError> {
        let Some(item) = item else { return Ok(Self::default()) };
        Ok(Self { listed: distinct(&item, limits::COMBINATIONS, |item| Combination::read(item, fields))? })
    }

    /// Those that the policy lists, in its order.
    #[must_use]
    pub fn listed(&self) -> &[Combination] {
        &self.listed
    }

    /// Whether one job may ask for `ops`, all different, together on `field`. One alone needs no listing.
    pub(crate) fn allow(&self, field: &str, ops: &[&str]) -> bool {
        let holds = |one: &Combination| one.field == field && ops.iter().all(|op| one.ops.iter().any(|listed| listed == op));
        ops.len() <= 1 || self.listed.iter().any(holds)
    }
}

impl Combination {
    fn read(item: &Item<'_>, fields: &BTreeMap<String, FieldPolicy>) -> Result<Self, PolicyError> {
        let mut table = item.table()?;
        let field_item = table.required("field")?;
        let field = field_item.name(limits::NAME_BYTES)?;
        let permissions = &fields.get(&field).ok_or_else(|| field_item.error(Rule::Value("a field that [fields] names")))?.operations;
        let ops_item = table.required("ops")?;
        let mut ops = distinct(&ops_item, limits::COMBINATIONS, |item| {
            let op = item.string(limits::NAME_BYTES)?;
            if permissions.permit(op) { Ok(op.to_owned()) } else { Err(item.error(Rule::CombinationNotPermitted)) }
        })?;
        if ops.len() < 2 {
            return Err(ops_item.error(Rule::Value("at least two operations")));
        }
        table.finish()?;
        // Listed in another order they are the same.
        ops.sort_unstable();
        Ok(Self { field, ops })
    }
}
