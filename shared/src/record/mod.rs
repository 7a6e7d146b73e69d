//! Records: reading them strictly, filtering, operating on their fields and writing rows. Pure and single-threaded;
//! one worker each for several threads. Nothing here keeps, logs or returns a byte of a record other than as released.

pub mod blocks;
pub mod csv;
pub mod decimal;
pub mod filter;
pub mod json;
pub mod lines;
pub mod operations;
pub(crate) mod output;
pub mod padding;
pub mod people;
#[cfg(test)]
mod random;
pub mod rows;
pub mod sealed;
mod tally;
pub mod tokens;
pub(crate) mod view;

pub use json::JsonError;
pub use rows::{RowProcessor, RowWorker, Step};
pub use tally::{Counts, Tally};

/// Why a record, or all of them together, are refused. Carries nothing of them; outward it is one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordRefused {
    /// The record cannot be read.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The record cannot be read.
    #[error(transparent)]
    Csv(#[from] csv::CsvError),
    /// The header row cannot be read, or lacks a field of the job.
    #[error(transparent)]
    CsvHeader(#[from] csv::HeaderError),
    /// A text that has to be a number, by the policy's `type`, is none.
    #[error("a value that the policy calls a number is none")]
    NotANumber,
    /// A sealed value is no message, does not verify, or is not bound to its field.
    #[error("a sealed value does not verify")]
    SealedValue,
    /// An operation does not take a value of this type.
    #[error("an operation does not take the type of a field's value")]
    OperationType,
    /// A number that has to be compared or counted is out of bounds.
    #[error(transparent)]
    Decimal(#[from] decimal::DecimalOutOfBounds),
    /// The value that tells people apart is neither a string nor a number.
    #[error("the field that tells people apart holds another type than a string or a number")]
    PersonType,
    /// More rows than the policy releases.
    #[error("the job would release more records than the policy allows")]
    TooManyRecords,
    /// Fewer distinct people than the policy's minimum.
    #[error("the released records speak of fewer people than the policy's minimum")]
    TooFewPeople,
}

impl RecordRefused {
    /// Whether it is about one record alone, which `on_error = "skip"` may leave out.
    #[must_use]
    pub fn is_about_one_record(self) -> bool {
        match self {
            Self::Json(_) | Self::Csv(_) | Self::NotANumber | Self::OperationType | Self::Decimal(_) | Self::PersonType => true,
            Self::CsvHeader(_) | Self::SealedValue | Self::TooManyRecords | Self::TooFewPeople => false,
        }
    }
}

/// Buffers that a worker reuses from record to record.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Text of a value, unescaped.
    pub(crate) text: String,
    /// Bytes to digest.
    pub(crate) bytes: Vec<u8>,
}
