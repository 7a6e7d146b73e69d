//! Columns: where the wanted fields lie in every record of one file. Only a header makes them, so that they are those
//! of a real file; workers share them.

/// How the columns of one file map to the wanted fields.
pub struct Columns {
    /// Cells of every record.
    cells: usize,
    /// The cell of each wanted field and the field's index, sorted by cell.
    wanted: Vec<(usize, usize)>,
}

impl Columns {
    /// `cells_of_wanted` has the cell of each wanted field, below `cells`.
    pub(super) fn new(cells: usize, cells_of_wanted: Vec<usize>) -> Self {
        let mut wanted: Vec<_> = cells_of_wanted.into_iter().enumerate().map(|(index, cell)| (cell, index)).collect();
        wanted.sort_unstable();
        Self { cells, wanted }
    }

    /// Cells that every record has.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// The cell of each wanted field and the field's index, sorted by cell.
    pub(super) fn wanted(&self) -> &[(usize, usize)] {
        &self.wanted
    }
}
