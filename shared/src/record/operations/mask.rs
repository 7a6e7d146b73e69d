//! `mask`: one `*` for each grapheme but the last few. Takes strings and numbers; a number's exact text becomes a string.

use super::graphemes;
use super::{Breach, DocumentError, Item, Operation, Output, RecordRefused, Scratch, Table, TokenDomains, Value, WriteValue};
use crate::limits;

/// `{ op = "mask", keep_last = N }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// Graphemes left as they are, at the end. A value that has no more than these leaves whole.
    pub keep_last: u64,
}

/// `mask = { keep_last_max = N }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Most graphemes that a job may leave as they are.
    pub keep_last_max: u64,
}

/// Ready to write.
pub(crate) struct Writer {
    keep_last: usize,
}

impl Operation for Mask {
    const NAME: &'static str = "mask";
    type Permission = Permission;
    type Writer = Writer;

    fn permission(item: &Item<'_>) -> Result<Option<Permission>, DocumentError> {
        let mut table = item.table()?;
        let keep_last_max = kept(table.take("keep_last_max"))?;
        table.finish()?;
        Ok(Some(Permission { keep_last_max }))
    }

    fn request(column: &mut Table<'_>) -> Result<Self, DocumentError> {
        Ok(Self { keep_last: kept(column.take("keep_last"))? })
    }

    fn authorize(&self, permission: &Permission) -> Result<(), Breach> {
        if self.keep_last <= permission.keep_last_max {
            Ok(())
        } else {
            Err(Breach::OverBound { parameter: "keep_last", bound: "keep_last_max", most: permission.keep_last_max })
        }
    }

    fn writer(&self, _: &Permission, _: &TokenDomains) -> Option<Writer> {
        usize::try_from(self.keep_last).ok().map(|keep_last| Writer { keep_last })
    }
}

impl WriteValue for Writer {
    fn write(&self, value: &Value<'_>, scratch: &mut Scratch, out: &mut Output<'_>) -> Result<(), RecordRefused> {
        let text = value.text(&mut scratch.text).ok_or(RecordRefused::OperationType)?;
        let hidden = graphemes::count(text).saturating_sub(self.keep_last);
        let (_, shown) = graphemes::split(text, hidden);
        out.text(|out| {
            out.repeat(b'*', hidden);
            out.push(shown);
        });
        Ok(())
    }
}

/// Absent means none: the narrowest.
fn kept(item: Option<Item<'_>>) -> Result<u64, DocumentError> {
    item.map_or(Ok(0), |item| item.integer(0..=limits::GRAPHEMES_KEPT))
}
