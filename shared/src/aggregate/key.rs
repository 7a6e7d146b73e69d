//! What tells groups apart: the columns of `group_by`, as they are written in the output, one after the other.

use std::fmt::Write as _;

use super::exact::Exact;
use super::program::Column;
use crate::policy::Format;
use crate::record::json::{Kind, Value};
use crate::record::operations::WriteValue;
use crate::record::output::Output;
use crate::record::view::View;
use crate::record::{RecordRefused, Scratch};

/// Writes the columns of one record into `key`, each after its length.
pub(super) fn write(
    columns: &[Column],
    format: Format,
    view: &View<'_>,
    scratch: &mut Scratch,
    key: &mut Vec<u8>,
) -> Result<(), RecordRefused> {
    key.clear();
    for column in columns {
        let at = key.len();
        key.extend_from_slice(&[0; LENGTH_BYTES]);
        let mut out = Output::new(format, key);
        match (view.value(column.field).filter(|value| value.kind() != Kind::Null), &column.writer) {
            (None, _) => out.null(),
            (Some(value), Some(writer)) => writer.write(&value, scratch, &mut out)?,
            (Some(value), None) => keep(&value, scratch, &mut out)?,
        }
        let length = u32::try_from(key.len() - at - LENGTH_BYTES).map_err(|_| RecordRefused::OperationType)?;
        if let Some(place) = key.get_mut(at..at + LENGTH_BYTES) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }
    Ok(())
}

/// The columns that [`write`] wrote.
pub(super) fn columns(key: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = key;
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<LENGTH_BYTES>()?;
        let (column, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        rest = after;
        Some(column)
    })
}

/// The same in the order of `places`.
pub(super) fn columns_in<'k>(places: &[usize], key: &'k [u8]) -> impl Iterator<Item = &'k [u8]> {
    places.iter().filter_map(|place| columns(key).nth(*place))
}

/// A kept value in the one form of all that equal it: a text without needless escapes, a number in plain digits.
fn keep(value: &Value<'_>, scratch: &mut Scratch, out: &mut Output<'_>) -> Result<(), RecordRefused> {
    match value.kind() {
        Kind::String(_) => {
            let text = value.text(&mut scratch.text).unwrap_or_default();
            out.text(|out| out.push(text));
        }
        Kind::Number => {
            let number = Exact::read(value.raw())?;
            scratch.text.clear();
            // Writing into memory does not fail.
            let _ = write!(scratch.text, "{number}");
            out.literal(&scratch.text);
        }
        Kind::Boolean => out.literal(value.raw()),
        Kind::Null => out.null(),
        Kind::Array | Kind::Object => return Err(RecordRefused::OperationType),
    }
    Ok(())
}

/// Bytes of a column's length.
const LENGTH_BYTES: usize = 4;
