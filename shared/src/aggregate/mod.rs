//! Aggregates: groups of records and what is measured of each. `authorize` makes a `Program` from what the policy allows;
//! workers put records in; what is released comes out at the end and only then, without any group or measure of fewer people
//! than the policy's minimum, nor any total from which one could be subtracted.

mod contributors;
pub(crate) mod exact;
mod group;
mod groups;
mod held;
mod histogram;
mod key;
pub mod measure;
mod output;
mod program;
mod quantile;
mod rows_per_person;
mod suppress;
#[cfg(test)]
mod tests;

pub(crate) use contributors::Contributors;
pub(crate) use group::NumberNeeds;
pub(crate) use groups::{Collector, Groups};
pub use output::ReleasedGroups;
pub(crate) use program::{Column, DistinctInput, Measure, NumberInput, Program};
