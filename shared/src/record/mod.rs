//! Records: reading them strictly, filtering, operating on their fields and writing rows. Pure and single-threaded;
//! one worker each for several threads. Nothing here keeps, logs or returns a byte of a record other than as released.

pub mod blocks;
pub mod csv;
pub mod decimal;
mod elements;
pub mod filter;
pub mod json;
pub mod lines;
pub(crate) mod nested;
pub mod operations;
pub(crate) mod output;
pub mod padding;
pub mod people;
pub mod pointer;
#[cfg(test)]
pub(crate) mod random;
pub mod rows;
pub mod sealed;
pub(crate) mod summary;
mod tally;
pub mod tokens;
pub(crate) mod view;

use crate::aggregate::exact::TooManyDigits;
pub use json::JsonError;
pub use rows::{RowProcessor, RowWorker, Step};
pub use summary::ReleasedSummary;
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
    /// A value that has to be put into a bucket is no date, no age, or a number of too many digits.
    #[error("a value that has to be put into a bucket is no date, no age, or a number of too many digits")]
    NotBucketed,
    /// A number that has to be compared or counted is out of bounds.
    #[error(transparent)]
    Decimal(#[from] decimal::DecimalOutOfBounds),
    /// The value that tells people apart is neither a string nor a number.
    #[error("the field that tells people apart holds another type than a string or a number")]
    PersonType,
    /// A number that has to be added has too many digits.
    #[error(transparent)]
    TooManyDigits(#[from] TooManyDigits),
    /// More groups than the policy lets a job form.
    #[error("the job forms more groups than the policy allows")]
    TooManyGroups,
    /// The groups would take more memory than a job may.
    #[error("the job's groups take more memory than a job may hold")]
    TooMuchToHold,
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
            Self::Json(_) | Self::Csv(_) | Self::NotANumber | Self::OperationType | Self::NotBucketed => true,
            Self::Decimal(_) | Self::TooManyDigits(_) | Self::PersonType => true,
            Self::CsvHeader(_) | Self::SealedValue | Self::TooManyRecords | Self::TooFewPeople => false,
            Self::TooManyGroups | Self::TooMuchToHold => false,
        }
    }
}

/// Buffers that a worker reuses from record to record.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Text of a value, unescaped.
    pub(crate) text: String,
    /// Where detectors found something in it.
    pub(crate) spans: Vec<crate::detect::Span>,
    /// Bytes to digest.
    pub(crate) bytes: Vec<u8>,
}
