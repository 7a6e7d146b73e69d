//! What a policy allows with each field.

use std::collections::{BTreeMap, BTreeSet};

use super::{Form, Input, PolicyError, TextType};
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
    /// Whether its values are sealed one by one; only with `form = "fields"`.
    pub sealed: bool,
    /// What its values are where they are texts: cells, or the content of sealed values.
    pub text_type: TextType,
}

/// Reads `[fields]`. `is_domain` says which token domains there are.
pub(super) fn read(
    item: Option<Item<'_>>,
    input: Input,
    is_domain: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, FieldPolicy>, PolicyError> {
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
        let sealed = sealed(table.take("sealed"), input)?;
        let text_type = text_type(table.take("type"), input, sealed)?;
        table.not_yet(&operations::NOT_YET)?;
        table.not_yet(&AGGREGATES)?;
        table.finish()?;
        let field = FieldPolicy { operations, filter, sealed, text_type };
        if input.form == Form::Fields {
            field.keeps_to_the_fields_form(input).map_err(|rule| item.error(rule))?;
        }
        fields.insert(name, field);
    }
    Ok(fields)
}

impl FieldPolicy {
    /// What is not sealed is the operator's word, and so is the choice of records where no manifest is asked for: no
    /// condition rests on either, and no operation that answers questions about a value of the operator's own.
    fn keeps_to_the_fields_form(&self, input: Input) -> Result<(), Rule> {
        if !self.sealed && (!self.filter.is_empty() || !self.operations.keep_at_most()) {
            return Err(Rule::UnsealedIsKeptOnly);
        }
        if !self.filter.is_empty() && !input.whole {
            return Err(Rule::FilterNeedsWhole);
        }
        Ok(())
    }
}

fn sealed(item: Option<Item<'_>>, input: Input) -> Result<bool, PolicyError> {
    let Some(item) = item else { return Ok(false) };
    let sealed = item.boolean()?;
    if sealed && input.form != Form::Fields { Err(item.error(Rule::SealedNeedsFieldsForm)) } else { Ok(sealed) }
}

fn text_type(item: Option<Item<'_>>, input: Input, sealed: bool) -> Result<TextType, PolicyError> {
    let Some(item) = item else { return Ok(TextType::default()) };
    let text_type = TextType::read(&item)?;
    if input.is_text(sealed) { Ok(text_type) } else { Err(item.error(Rule::TypeOfJson)) }
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
