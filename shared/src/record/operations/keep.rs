//! `keep`: the value leaves as it came, its exact JSON text.

use super::{Breach, DocumentError, Item, Operation, RecordRefused, Scratch, Table, TokenDomains, Value, WriteValue};

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
    fn write(&self, value: &Value<'_>, _: &mut Scratch, out: &mut Vec<u8>) -> Result<(), RecordRefused> {
        out.extend_from_slice(value.raw().as_bytes());
        Ok(())
    }
}
