//! What a policy allows with each field.

use std::collections::{BTreeMap, BTreeSet};

use super::PolicyError;
use crate::limits;
use crate::record::filter::FilterOp;
use crate::record::operations::{self, Permissions};
use crate::toml_reader::{Item, Rule};

/// What is allowed with one field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldPolicy {
    /// Row operations, with their bounds.
    pub operations: Permissions,
    /// Conditions that a job's `where` may use.
    pub filter: BTreeSet<FilterOp>,
}

/// Reads `[fields]`. `is_domain` says which token domains there are.
pub(super) fn read(item: Option<Item<'_>>, is_domain: impl Fn(&str) -> bool) -> Result<BTreeMap<String, FieldPolicy>, PolicyError> {
    let Some(item) = item else { return Ok(BTreeMap::new()) };
    let mut fields = BTreeMap::new();
    for (name, item) in item.table()?.entries(limits::POLICY_FIELDS)? {
        if name.starts_with('/') {
            return Err(item.error(Rule::NotYetSupported));
        }
        let mut table = item.table()?;
        let operations = Permissions::take(&mut table)?;
        if operations.token_domains().any(|domain| !is_domain(domain)) {
            return Err(item.error(Rule::UnknownTokenDomain));
        }
        let filter = table.take("filter").map(|item| filter(&item)).transpose()?.unwrap_or_default();
        table.not_yet(&operations::NOT_YET)?;
        table.not_yet(&AGGREGATES)?;
        table.finish()?;
        fields.insert(name, FieldPolicy { operations, filter });
    }
    Ok(fields)
}

fn filter(item: &Item<'_>) -> Result<BTreeSet<FilterOp>, PolicyError> {
    let mut table = item.table()?;
    let mut ops = BTreeSet::new();
    for item in table.required("ops")?.array(FilterOp::ALL.len())? {
        if !ops.insert(item.word(&FilterOp::ALL, FilterOp::ALLOWED)?) {
            return Err(item.error(Rule::Duplicate));
        }
    }
    table.finish()?;
    Ok(ops)
}

/// Words on a field that the design has for aggregates, and this version does not.
const AGGREGATES: [&str; 8] = ["count_distinct", "group", "sum", "mean", "min", "max", "quantile", "histogram"];
