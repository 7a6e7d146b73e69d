//! `keep`: the value leaves as it came, its exact JSON text, or the text of a cell.

use super::{Breach, DocumentError, Item, Operation, Output, RecordRefused, Scratch, Table, TokenDomains, Value, WriteValue};

/// `{ op = "keep" }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep;

/// `keep = true`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission;

impl Operation for Keep {
    const NAME: &'static str = "keep";
    type Permission = Permission;
    type Writer = Self;

    fn permission(item: &Item<'_>) -> Result<Option<Permission>, DocumentError> {
        Ok(item.boolean()?.then_some(Permission))
    }

    fn request(_: &mut Table<'_>) -> Result<Self, DocumentError> {
        Ok(Self)
    }

    fn authorize(&self, _: &Permission) -> Result<(), Breach> {
        Ok(())
    }

    fn writer(&self, _: &Permission, _: &TokenDomains) -> Option<Self> {
        Some(Self)
    }
}

impl WriteValue for Keep {
    fn write(&self, value: &Value<'_>, scratch: &mut Scratch, out: &mut Output<'_>) -> Result<(), RecordRefused> {
        out.keep(value, scratch);
        Ok(())
    }
}
