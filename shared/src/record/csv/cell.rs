//! Cells: finding where one ends, strictly, and what its text is. Only the readers beside this file find cells; what
//! they hand on is valid, so its text cannot fail to be read.

use super::CsvError;
use super::marks::Marks;
use crate::limits;

/// One cell of a record, validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<'r> {
    raw: &'r str,
    doubled: bool,
}

impl<'r> Cell<'r> {
    /// What stands between its quotes, or all of it where it is not quoted.
    #[must_use]
    pub fn raw(&self) -> &'r str {
        self.raw
    }

    /// Whether quotes inside of it are doubled, so that its text is another than [`Cell::raw`].
    #[must_use]
    pub fn doubled(&self) -> bool {
        self.doubled
    }

    /// Its text. `scratch` is overwritten where doubled quotes are undone.
    #[must_use]
    #[inline]
    pub fn text<'t>(&self, scratch: &'t mut String) -> &'t str
    where
        'r: 't,
    {
        if !self.doubled {
            return self.raw;
        }
        scratch.clear();
        let mut rest = self.raw;
        while let Some((before, after)) = rest.split_once("\"\"") {
            scratch.push_str(before);
            scratch.push('"');
            rest = after;
        }
        scratch.push_str(rest);
        scratch
    }

    /// Whether its text is empty; a quoted cell without content is, as well.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }
}

/// Where a cell lies in its record, quotes excluded.
#[derive(Clone, Copy, Default)]
pub(super) struct Found {
    start: usize,
    end: usize,
    doubled: bool,
}

impl Found {
    /// The cell, in the record in which it was found.
    #[inline]
    pub(super) fn cell(self, record: &str) -> Option<Cell<'_>> {
        Some(Cell { raw: record.get(self.start..self.end)?, doubled: self.doubled })
    }
}

/// Finds all cells of one record, from the first to the last.
pub(super) struct CellFinder<'r> {
    record: &'r str,
    marks: Marks<'r>,
    /// Where the next cell begins; none after the last one.
    next: Option<usize>,
}

impl<'r> CellFinder<'r> {
    /// At the beginning of a record, once its length and its UTF-8 have been looked at.
    #[inline]
    pub(super) fn new(record: &'r [u8]) -> Result<Self, CsvError> {
        if record.len() > limits::RECORD_BYTES {
            return Err(CsvError::TooLong);
        }
        let text = std::str::from_utf8(record).map_err(|_| CsvError::NotUtf8)?;
        Ok(Self { record: text, marks: Marks::new(record), next: Some(0) })
    }

    /// The record as text.
    #[inline]
    pub(super) fn record(&self) -> &'r str {
        self.record
    }

    /// The next cell; none after the last one. A record has at least one cell, which may be empty.
    #[inline]
    pub(super) fn find(&mut self) -> Result<Option<Found>, CsvError> {
        let Some(start) = self.next else { return Ok(None) };
        let (found, end) = match self.marks.next() {
            Some(at) if at == start && self.byte(at) == Some(b'"') => self.quoted(start + 1)?,
            mark => self.unquoted(start, mark)?,
        };
        self.next = end.map(|comma| comma + 1);
        Ok(Some(found))
    }

    /// The cell from `start` on, and the comma after it, where `mark` is the first mark since; no comma at the record's
    /// end.
    #[inline]
    fn unquoted(&self, start: usize, mark: Option<usize>) -> Result<(Found, Option<usize>), CsvError> {
        let end = mark.unwrap_or(self.record.len());
        match self.byte(end) {
            None | Some(b',') => Ok((Found { start, end, doubled: false }, mark)),
            Some(b'"') => Err(CsvError::QuoteInUnquotedCell),
            Some(b'\r') => Err(CsvError::BareCarriageReturn),
            Some(_) => Err(CsvError::BareLineFeed),
        }
    }

    /// The cell whose opening quote stands before `start`, and the comma after it; none at the record's end.
    #[inline]
    fn quoted(&mut self, start: usize) -> Result<(Found, Option<usize>), CsvError> {
        let mut doubled = false;
        while let Some(end) = self.marks.next() {
            if self.byte(end) != Some(b'"') {
                continue;
            }
            match self.byte(end + 1) {
                None | Some(b',') => return Ok((Found { start, end, doubled }, self.marks.next())),
                Some(b'"') => doubled = self.marks.next().is_some(),
                Some(_) => return Err(CsvError::AfterClosingQuote),
            }
        }
        Err(CsvError::UnclosedQuote)
    }

    #[inline]
    fn byte(&self, at: usize) -> Option<u8> {
        self.record.as_bytes().get(at).copied()
    }
}
