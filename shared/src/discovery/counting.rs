//! All fields of a job. Each worker counts for itself, so that none waits for another; what they counted comes together when
//! they end. Bounded before anything is counted: [`most_held`].

use std::sync::{Arc, Mutex, PoisonError};

use super::field::{self, Field};
use super::output::ReleasedFields;
use crate::aggregate::Contributors;
use crate::limits;
use crate::record::people::Person;
use crate::record::view::View;
use crate::record::{RecordRefused, Scratch};

/// What a discovery job does with every record. Made by `authorize` alone.
pub(crate) struct Program {
    /// The fields that are looked at, each with its index among those that the job reads, in the output's order.
    pub(crate) fields: Vec<(usize, String)>,
    /// The field that tells people apart.
    pub(crate) person: usize,
    /// Fewest people behind any count that is told.
    pub(crate) min_people: usize,
}

/// One discovery job while records come in.
pub(crate) struct Discovery {
    pub(super) program: Program,
    /// What the workers that have ended counted; none where none has.
    counted: Mutex<Option<Vec<Field>>>,
}

/// Counts records, for one worker.
pub(crate) struct Collector {
    of: Arc<Discovery>,
    fields: Vec<Field>,
}

/// Most bytes that the counts of so many fields take in one worker.
pub(crate) fn most_held(fields: usize, min_people: usize) -> usize {
    let field = size_of::<Field>().saturating_add(field::CELLS.saturating_mul(Contributors::most_held(min_people)));
    fields.saturating_mul(field)
}

impl Discovery {
    /// Nothing counted yet.
    pub(crate) fn new(program: Program) -> Self {
        Self { program, counted: Mutex::default() }
    }

    /// A collector for one worker.
    pub(crate) fn collector(self: &Arc<Self>) -> Collector {
        Collector { of: Arc::clone(self), fields: self.nothing() }
    }

    /// How many workers there may be, of `limit` at most, so that what they hold stays within its bound.
    pub(crate) fn workers(&self, limit: usize) -> usize {
        let each = most_held(self.program.fields.len(), self.program.min_people).max(1);
        (limits::DISCOVERY_BYTES / each).clamp(1, limit.max(1))
    }

    /// What may be released. For when all workers have ended and every check has passed.
    pub(crate) fn release(self: &Arc<Self>) -> ReleasedFields {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner).take();
        ReleasedFields::new(Arc::clone(self), counted.unwrap_or_else(|| self.nothing()))
    }

    fn nothing(&self) -> Vec<Field> {
        self.program.fields.iter().map(|_| Field::new()).collect()
    }
}

impl Collector {
    /// Counts one record.
    pub(crate) fn take(&mut self, view: &View<'_>, scratch: &mut Scratch) -> Result<(), RecordRefused> {
        let program = &self.of.program;
        // The one thing that can be wrong with the record comes before anything is counted.
        let person = Person::of(view.value(program.person), scratch)?;
        for ((index, _), field) in program.fields.iter().zip(&mut self.fields) {
            field.add(view.value(*index), person, program.min_people, scratch);
        }
        Ok(())
    }

    /// Ends this worker's part.
    pub(crate) fn end(self) {
        let mut counted = self.of.counted.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *counted {
            None => *counted = Some(self.fields),
            Some(counted) => {
                counted.iter_mut().zip(&self.fields).for_each(|(all, field)| all.add_all(field, self.of.program.min_people));
            }
        }
    }
}
