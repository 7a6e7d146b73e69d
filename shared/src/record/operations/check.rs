//! `check`: whether the whole value is of a pattern, `true` or `false`, in place of the value. Takes strings and numbers. A job
//! names a pattern of the policy; it never writes one, so it cannot ask about a value bit by bit.

use super::{Breach, DocumentError, Item, Operation, Output, RecordRefused, Rule, Scratch, Table, TokenDomains, Value, WriteValue};
use crate::limits;
use crate::policy::{Pattern, Patterns};

/// `{ op = "check", pattern = "…" }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The pattern's name.
    pub pattern: String,
}

/// `check = { patterns = ["…"] }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The patterns that a job may name.
    pub patterns: Vec<Pattern>,
}

/// A job's pattern is none of the field's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the policy's `check` on this field does not list this pattern; it lists {0}")]
pub struct PatternNotListed(pub String);

impl Operation for Check {
    const NAME: &'static str = "check";
    type Permission = Permission;
    type Writer = Pattern;

    /// Of a policy without patterns of its own.
    fn permission(item: &Item<'_>) -> Result<Option<Permission>, DocumentError> {
        Self::permission_naming(item, &Patterns::default())
    }

    fn permission_naming(item: &Item<'_>, named: &Patterns) -> Result<Option<Permission>, DocumentError> {
        let mut table = item.table()?;
        let mut patterns: Vec<Pattern> = Vec::new();
        for item in table.required("patterns")?.array(limits::PATTERNS)? {
            let pattern = named.pattern(item.string(limits::NAME_BYTES)?).ok_or_else(|| item.error(Rule::UnknownPattern))?;
            if patterns.contains(&pattern) {
                return Err(item.error(Rule::Duplicate));
            }
            patterns.push(pattern);
        }
        table.finish()?;
        Ok(Some(Permission { patterns }))
    }

    fn request(column: &mut Table<'_>) -> Result<Self, DocumentError> {
        Ok(Self { pattern: column.required("pattern")?.name(limits::NAME_BYTES)? })
    }

    fn authorize(&self, permission: &Permission) -> Result<(), Breach> {
        if self.pattern_of(permission).is_some() {
            return Ok(());
        }
        let names: Vec<&str> = permission.patterns.iter().map(Pattern::name).collect();
        Err(PatternNotListed(names.join(", ")).into())
    }

    fn writer(&self, permission: &Permission, _: &TokenDomains) -> Option<Pattern> {
        self.pattern_of(permission).cloned()
    }
}

impl Check {
    fn pattern_of<'p>(&self, permission: &'p Permission) -> Option<&'p Pattern> {
        permission.patterns.iter().find(|pattern| pattern.name() == self.pattern)
    }
}

impl WriteValue for Pattern {
    fn write(&self, value: &Value<'_>, scratch: &mut Scratch, out: &mut Output<'_>) -> Result<(), RecordRefused> {
        let text = value.text(&mut scratch.text).ok_or(RecordRefused::OperationType)?;
        out.literal(if self.holds(text) { "true" } else { "false" });
        Ok(())
    }
}
