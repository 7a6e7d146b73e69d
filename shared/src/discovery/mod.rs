//! Discovery: what kinds of values fields hold, in counts, and never a value. `authorize` makes a `Program` from what the
//! policy allows; workers count; what is released comes out at the end and only then. No count of fewer people than the
//! policy's minimum is told, nor one that such a count could be subtracted from.

mod cell;
mod content;
mod counting;
mod field;
mod hidden;
mod lengths;
mod output;
#[cfg(test)]
mod tests;

pub(crate) use counting::{Collector, Discovery, Program, most_held};
pub use output::ReleasedFields;
