//! Operations on arrays: element by element, into an array. For rows alone; nothing else takes arrays apart.

use super::json::{Kind, Value};
use super::operations::{WriteValue, Writer};
use super::output::Output;
use super::{JsonError, RecordRefused, Scratch};
use crate::limits;

/// Writes what `writer` makes of `value`, and of each element where it is an array, whatever arrays those hold. `keep` takes
/// an array as it is. Null stays null.
#[inline]
pub(crate) fn write(writer: &Writer, value: &Value<'_>, scratch: &mut Scratch, out: &mut Output<'_>) -> Result<(), RecordRefused> {
    if value.kind() == Kind::Array && !matches!(writer, Writer::Keep(_)) {
        let most = out.length().saturating_add(limits::RECORD_BYTES);
        return each(writer, value, scratch, out, most);
    }
    writer.write(value, scratch, out)
}

/// One array, which may hold others as deep as a record may. Refused where the output would grow longer than `most`.
fn each(writer: &Writer, array: &Value<'_>, scratch: &mut Scratch, out: &mut Output<'_>, most: usize) -> Result<(), RecordRefused> {
    out.literal("[");
    for (index, element) in array.elements().enumerate() {
        out.literal(if index == 0 { "" } else { "," });
        match element.kind() {
            Kind::Null => out.null(),
            Kind::Array => each(writer, &element, scratch, out, most)?,
            _ => writer.write(&element, scratch, out)?,
        }
        if out.length() > most {
            return Err(JsonError::TooLong.into());
        }
    }
    out.literal("]");
    Ok(())
}
