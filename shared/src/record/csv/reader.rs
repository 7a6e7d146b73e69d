//! The reader of records: validates every cell of one and keeps the positions of the wanted ones. One for each worker;
//! it keeps nothing of a record but positions.

use super::cell::{Cell, CellFinder, Found};
use super::{Columns, CsvError};

/// Reads records and finds the wanted fields in them. One for each worker, for any number of files.
#[derive(Default)]
pub struct Reader {
    /// By index of the wanted field.
    found: Vec<Found>,
}

/// The wanted fields of one record.
#[derive(Clone, Copy)]
pub struct Cells<'s, 'r> {
    record: &'r str,
    found: &'s [Found],
}

impl Reader {
    /// A reader whose buffers are yet to grow.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads one record, as [`next_record`](super::next_record) returns it, of the file that `columns` belong to.
    ///
    /// # Errors
    /// Whatever [`CsvError`] names, wherever in the record it is: the first fault of its cells, and only then their
    /// number.
    #[inline]
    pub fn read<'s, 'r>(&'s mut self, columns: &Columns, record: &'r [u8]) -> Result<Cells<'s, 'r>, CsvError> {
        let mut cells = CellFinder::new(record)?;
        self.found.resize(columns.wanted().len(), Found::default());
        let mut wanted = columns.wanted().iter().peekable();
        let mut count = 0;
        while let Some(found) = cells.find()? {
            while let Some((_, index)) = wanted.next_if(|(cell, _)| *cell == count) {
                if let Some(place) = self.found.get_mut(*index) {
                    *place = found;
                }
            }
            count += 1;
        }
        // Every wanted cell is below that number, so none is left of the record before.
        if count != columns.cells() {
            return Err(CsvError::CellCount);
        }
        Ok(Cells { record: cells.record(), found: &self.found })
    }
}

impl<'r> Cells<'_, 'r> {
    /// The cell of the wanted field with this index; none where no such field was wanted.
    #[must_use]
    #[inline]
    pub fn cell(&self, index: usize) -> Option<Cell<'r>> {
        self.found.get(index)?.cell(self.record)
    }
}
