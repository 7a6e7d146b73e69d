//! The header: the first record of a file, which names its columns. The owner's side asks it for all names; a job only
//! for the columns of the fields that it wants.

use std::collections::{HashMap, HashSet};

use super::cell::CellFinder;
use super::{Columns, CsvError};
use crate::limits;

/// The names of a file's columns: at least one, all different, none of them empty.
pub struct Header {
    names: Vec<String>,
}

/// Why a file's header cannot be used. Carries nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The file has no record at all.
    #[error("there is no header row")]
    Absent,
    /// It cannot be read as a record.
    #[error(transparent)]
    Record(#[from] CsvError),
    /// A column without a name.
    #[error("a column of the header has no name")]
    EmptyName,
    /// Two columns of the same name.
    #[error("the header names a column twice")]
    DuplicateName,
    /// More than [`limits::CSV_COLUMNS`].
    #[error("the header has too many columns")]
    TooManyColumns,
    /// A wanted field has no column: its index among the wanted ones.
    #[error("the header does not name a field that is needed")]
    MissingColumn(usize),
}

impl Header {
    /// Reads the first record of a file.
    ///
    /// # Errors
    /// Whatever [`HeaderError`] names, but for a missing column.
    pub fn read(record: &[u8]) -> Result<Self, HeaderError> {
        let mut cells = CellFinder::new(record)?;
        let mut names = Vec::new();
        let mut scratch = String::new();
        while let Some(found) = cells.find()? {
            if names.len() == limits::CSV_COLUMNS {
                return Err(HeaderError::TooManyColumns);
            }
            let name = found.cell(cells.record()).ok_or(HeaderError::EmptyName)?;
            names.push(name.text(&mut scratch).to_owned());
        }
        if names.iter().any(String::is_empty) {
            return Err(HeaderError::EmptyName);
        }
        let different: HashSet<&str> = names.iter().map(String::as_str).collect();
        if different.len() < names.len() {
            return Err(HeaderError::DuplicateName);
        }
        Ok(Self { names })
    }

    /// The names as texts, in the file's order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Where the wanted fields lie. They keep their order as their indexes; one may be wanted twice.
    ///
    /// # Errors
    /// [`HeaderError::MissingColumn`] for the first of them that is not named.
    pub fn columns<'n>(&self, wanted: impl IntoIterator<Item = &'n str>) -> Result<Columns, HeaderError> {
        let cells: HashMap<&str, usize> = self.names().enumerate().map(|(cell, name)| (name, cell)).collect();
        let wanted = wanted.into_iter().enumerate().map(|(index, name)| cells.get(name).copied().ok_or(HeaderError::MissingColumn(index)));
        Ok(Columns::new(self.names.len(), wanted.collect::<Result<_, _>>()?))
    }
}
