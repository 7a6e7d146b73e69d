//! `truncate`: the first few graphemes. Takes strings and numbers; a number's exact text becomes a string.

use super::graphemes;
use super::{Breach, DocumentError, Item, Operation, Output, RecordRefused, Scratch, Table, TokenDomains, Value, WriteValue};
use crate::limits;

/// `{ op = "truncate", keep_first = N }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truncate {
    /// Graphemes left, at the beginning. A value that has no more than these leaves whole.
    pub keep_first: u64,
}

/// `truncate = { keep_first_max = N }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Most graphemes that a job may leave.
    pub keep_first_max: u64,
}

/// Ready to write.
pub(crate) struct Writer {
    keep_first: usize,
}

impl Operation for Truncate {
    const NAME: &'static str = "truncate";
    type Permission = Permission;
    type Writer = Writer;

    fn permission(item: &Item<'_>) -> Result<Option<Permission>, DocumentError> {
        let mut table = item.table()?;
        let keep_first_max = table.required("keep_first_max")?.integer(0..=limits::GRAPHEMES_KEPT)?;
        table.finish()?;
        Ok(Some(Permission { keep_first_max }))
    }

    fn request(column: &mut Table<'_>) -> Result<Self, DocumentError> {
        Ok(Self { keep_first: column.required("keep_first")?.integer(0..=limits::GRAPHEMES_KEPT)? })
    }

    fn authorize(&self, permission: &Permission) -> Result<(), Breach> {
        if self.keep_first <= permission.keep_first_max {
            Ok(())
        } else {
            Err(Breach::OverBound { parameter: "keep_first", bound: "keep_first_max", most: permission.keep_first_max })
        }
    }

    fn writer(&self, _: &Permission, _: &TokenDomains) -> Option<Writer> {
        usize::try_from(self.keep_first).ok().map(|keep_first| Writer { keep_first })
    }
}

impl WriteValue for Writer {
    fn write(&self, value: &Value<'_>, scratch: &mut Scratch, out: &mut Output<'_>) -> Result<(), RecordRefused> {
        let text = value.text(&mut scratch.text).ok_or(RecordRefused::OperationType)?;
        let (shown, _) = graphemes::split(text, self.keep_first);
        out.text(|out| out.push(shown));
        Ok(())
    }
}
