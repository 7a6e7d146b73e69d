//! Fields that lie within others: finds them in the top-level fields of a record that has been validated. Where a job
//! names none, nothing here runs.

use zeroize::Zeroizing;

use super::RecordRefused;
use super::json::{Fields, JsonError, Kind, Scanner, Value, up_to_each};
use super::pointer::{FieldPath, Step};
use crate::limits;

/// The nested ones among the wanted fields. One for each worker.
pub(crate) struct Nested {
    /// By wanted field; none where it is a top-level one.
    fields: Vec<Option<Field>>,
    gathered: Gathered,
}

/// One nested field.
struct Field {
    /// The index that the scanner has its top-level field at.
    top: usize,
    steps: Vec<Step>,
}

/// What `*` names in one record, put together.
#[derive(Default)]
struct Gathered {
    text: Zeroizing<String>,
    /// Where the array of each wanted field lies; none where it has none.
    ranges: Vec<Option<(usize, usize)>>,
}

impl Nested {
    /// A scanner for the fields with these names, all different, and what finds the nested ones among them, if any is. A name
    /// that is no field's is found in no record.
    pub(crate) fn scanner<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> (Scanner, Option<Self>) {
        let mut tops: Vec<(String, usize)> = Vec::new();
        let (mut fields, mut next) = (Vec::new(), names.len());
        let paths: Vec<_> = names.map(|name| FieldPath::parse(name).ok()).collect();
        let is_plain = |path: &FieldPath| path.steps().is_empty();
        let plain = paths.iter().enumerate().filter_map(|(index, path)| Some((path.as_ref().filter(|path| is_plain(path))?, index)));
        tops.extend(plain.map(|(path, index)| (path.top().to_owned(), index)));
        for path in &paths {
            let nested = path.as_ref().filter(|path| !is_plain(path));
            fields.push(nested.map(|path| {
                let known = tops.iter().find(|(name, _)| name == path.top()).map(|(_, index)| *index);
                let top = known.unwrap_or_else(|| {
                    next += 1;
                    tops.push((path.top().to_owned(), next - 1));
                    next - 1
                });
                Field { top, steps: path.steps().to_vec() }
            }));
        }
        let nested = fields.iter().any(Option::is_some);
        (Scanner::at(tops), nested.then(|| Self { fields, gathered: Gathered::default() }))
    }

    /// Takes in a record: puts together what `*` names in it.
    ///
    /// # Errors
    /// [`JsonError::TooLong`] beyond [`limits::RECORD_BYTES`].
    pub(crate) fn gather(&mut self, record: Fields<'_, '_>) -> Result<(), RecordRefused> {
        let Gathered { text, ranges } = &mut self.gathered;
        text.clear();
        ranges.clear();
        for field in &self.fields {
            let array = field.as_ref().and_then(|field| {
                let (before, Some(after)) = up_to_each(&field.steps) else { return None };
                let array = record.value(field.top)?.find(before)?;
                (array.kind() == Kind::Array).then_some((array, after))
            });
            ranges.push(array.map(|(array, after)| {
                let start = text.len();
                array.gather(after, text);
                (start, text.len())
            }));
            if text.len() > limits::RECORD_BYTES {
                return Err(JsonError::TooLong.into());
            }
        }
        Ok(())
    }

    /// The wanted field with this index in `record`, which has been taken in; none where the record does not have it.
    pub(crate) fn value<'v>(&'v self, record: Fields<'v, 'v>, index: usize) -> Option<Value<'v>> {
        let Some(field) = self.fields.get(index)? else { return record.value(index) };
        match up_to_each(&field.steps) {
            (steps, None) => record.value(field.top)?.find(steps),
            (_, Some(_)) => {
                let (start, end) = (*self.gathered.ranges.get(index)?)?;
                Some(Value::array(self.gathered.text.get(start..end)?))
            }
        }
    }
}

#[cfg(test)]
mod tests;
