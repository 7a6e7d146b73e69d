//! Strict CSV (RFC 4180, UTF-8): cutting a stream into records, reading one record, writing a cell. `docs/csv.md` says
//! exactly what is read. Pure, for both sides; it builds no table, gives no cell a type, repairs nothing that is not
//! CSV, and allocates nothing per record once its buffers have grown.

pub use cell::Cell;
pub use columns::Columns;
pub use header::{Header, HeaderError};
pub use reader::{Cells, Reader};
pub use records::next_record;
pub(super) use records::{has_odd_quotes, last_record_end};
pub use writer::{write_cell, write_only_cell};

mod cell;
mod columns;
mod header;
mod marks;
mod reader;
mod records;
mod writer;

#[cfg(test)]
mod tests;

/// Why a record cannot be read. Carries nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// Longer than [`limits::RECORD_BYTES`](crate::limits::RECORD_BYTES).
    #[error("a record is too long")]
    TooLong,
    /// Not UTF-8.
    #[error("a record is not UTF-8")]
    NotUtf8,
    /// A quote in a cell that does not begin with one.
    #[error("a record has a quote inside a cell that is not quoted")]
    QuoteInUnquotedCell,
    /// Something other than a comma or the record's end after the quote that closes a cell.
    #[error("a record has something after the closing quote of a cell")]
    AfterClosingQuote,
    /// A quote that opens a cell and has no counterpart.
    #[error("a record ends inside of quotes")]
    UnclosedQuote,
    /// A carriage return outside of quotes that is not part of the record's end.
    #[error("a record has a carriage return outside of quotes")]
    BareCarriageReturn,
    /// A line feed outside of quotes. [`next_record`] never hands one on; other callers might.
    #[error("a record has a line feed outside of quotes")]
    BareLineFeed,
    /// More or fewer cells than the header.
    #[error("a record has another number of cells than the header")]
    CellCount,
}
