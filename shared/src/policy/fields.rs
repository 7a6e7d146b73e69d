//! What a policy allows with each field.

use std::collections::{BTreeMap, BTreeSet};

use super::{Form, Format, Input, Patterns, PolicyError, TextType};
use crate::aggregate::measure;
use crate::limits;
use crate::record::filter::FilterOp;
use crate::record::operations::Permissions;
use crate::record::pointer::FieldPath;
use crate::toml_reader::{Item, Rule};

/// What is allowed with one field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldPolicy {
    /// Row operations, with their bounds.
    pub operations: Permissions,
    /// Whether it may tell groups apart, as an operation that is permitted too writes it.
    pub group: bool,
    /// What may be measured of it.
    pub measures: measure::Permissions,
    /// Whether what kinds of values it holds may be counted.
    pub discover: bool,
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
    patterns: &Patterns,
    is_domain: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, FieldPolicy>, PolicyError> {
    let Some(item) = item else { return Ok(BTreeMap::new()) };
    let mut fields = BTreeMap::new();
    for (name, item) in item.table()?.entries(limits::POLICY_FIELDS)? {
        path(&item, &name, input)?;
        let mut table = item.table()?;
        let operations = Permissions::take(&mut table, patterns)?;
        if operations.token_domains().any(|domain| !is_domain(domain)) {
            return Err(item.error(Rule::UnknownTokenDomain));
        }
        let filter = table.take("filter").map(|item| filter(&item)).transpose()?.unwrap_or_default();
        let sealed = sealed(table.take("sealed"), input)?;
        let text_type = text_type(table.take("type"), input, sealed)?;
        let group = table.take("group").map_or(Ok(false), |item| item.boolean())?;
        let measures = measure::Permissions::take(&mut table)?;
        let discover = table.take("discover").map_or(Ok(false), |item| item.boolean())?;
        table.finish()?;
        if measures.of_numbers() && input.is_text(sealed) && text_type != TextType::Number {
            return Err(item.error(Rule::MeasureOfText));
        }
        let field = FieldPolicy { operations, group, measures, discover, filter, sealed, text_type };
        if input.form == Form::Fields {
            field.keeps_to_the_fields_form(input).map_err(|rule| item.error(rule))?;
        }
        fields.insert(name, field);
    }
    Ok(fields)
}

/// The field that `name`, which `item` is about, leads to.
pub(super) fn path(item: &Item<'_>, name: &str, input: Input) -> Result<FieldPath, PolicyError> {
    let path = FieldPath::parse(name).map_err(|error| item.error(error.into()))?;
    let is_json = input.format == Format::Ndjson && input.form == Form::File;
    if name.starts_with('/') && !is_json { Err(item.error(Rule::NestedNeedsJson)) } else { Ok(path) }
}

impl FieldPolicy {
    /// What is not sealed is the operator's word, and so is the choice of records where no manifest is asked for: no
    /// condition rests on either, and no operation that answers questions about a value of the operator's own.
    fn keeps_to_the_fields_form(&self, input: Input) -> Result<(), Rule> {
        let aggregates = self.group || self.discover || !self.measures.is_none();
        if !self.sealed && (!self.filter.is_empty() || !self.operations.keep_at_most() || aggregates) {
            return Err(Rule::UnsealedIsKeptOnly);
        }
        if aggregates && !input.whole {
            return Err(Rule::AggregatesNeedWhole);
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
