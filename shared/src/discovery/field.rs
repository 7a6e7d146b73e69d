//! One field while records come in: of which types its values are, and what the values of each are like.

use super::cell::Cell;
use super::content::{self, Content};
use crate::record::Scratch;
use crate::record::json::{Kind, Value};
use crate::record::people::Person;

/// Counts of one field. Each record is in one of its types, or in `absent`.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) records: Cell,
    pub(super) absent: Cell,
    pub(super) null: Cell,
    pub(super) boolean: Cell,
    pub(super) object: Cell,
    pub(super) string: Content,
    pub(super) number: Content,
    pub(super) array: Content,
}

/// Cells of one field.
pub(super) const CELLS: usize = 5 + 3 * content::CELLS;

impl Field {
    /// No record yet.
    pub(super) fn new() -> Self {
        Self {
            records: Cell::new(),
            absent: Cell::new(),
            null: Cell::new(),
            boolean: Cell::new(),
            object: Cell::new(),
            string: Content::new(),
            number: Content::new(),
            array: Content::new(),
        }
    }

    /// Counts one record's value.
    pub(super) fn add(&mut self, value: Option<Value<'_>>, person: Option<Person>, min: usize, scratch: &mut Scratch) {
        self.records.add(person, min);
        let Some(value) = value else { return self.absent.add(person, min) };
        match value.kind() {
            Kind::Null => self.null.add(person, min),
            Kind::Boolean => self.boolean.add(person, min),
            Kind::Object => self.object.add(person, min),
            Kind::String(_) => self.string.add(&value, person, min, scratch),
            Kind::Number => self.number.add(&value, person, min, scratch),
            Kind::Array => self.array.add(&value, person, min, scratch),
        }
    }

    /// Takes in what another worker counted.
    pub(super) fn add_all(&mut self, other: &Self, min: usize) {
        let Self { records, absent, null, boolean, object, string, number, array } = other;
        self.records.add_all(records, min);
        self.absent.add_all(absent, min);
        self.null.add_all(null, min);
        self.boolean.add_all(boolean, min);
        self.object.add_all(object, min);
        self.string.add_all(string, min);
        self.number.add_all(number, min);
        self.array.add_all(array, min);
    }
}
