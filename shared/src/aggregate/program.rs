//! What an aggregate job does with every record, as the policy allows it. Fields are named by their index among those that
//! the job reads.

use super::group::NumberNeeds;
use super::measure::{Clamp, Share};
use crate::record::operations::Writer;

/// One aggregate job. Made by `authorize` alone.
pub(crate) struct Program {
    /// Columns that tell groups apart, in order; none makes one group of all records.
    pub(crate) columns: Vec<Column>,
    /// The places of these columns in the order in which totals of them are gone through: by what they are, so that jobs that
    /// name the same columns in another order hide the same groups.
    pub(crate) by_meaning: Vec<usize>,
    /// What is measured, in order, each with the name of its column.
    pub(crate) measures: Vec<(String, Measure)>,
    /// Fields whose values are numbers that are measured, each once.
    pub(crate) numbers: Vec<NumberInput>,
    /// Fields of which different values are counted, each once.
    pub(crate) distinct: Vec<DistinctInput>,
    /// The field that tells people apart.
    pub(crate) person: usize,
    /// Fewest people behind anything released.
    pub(crate) min_people: usize,
    /// Most records that count for one person; the first ones do.
    pub(crate) max_rows_per_person: Option<u64>,
    /// Most groups that the job may form.
    pub(crate) max_groups: usize,
}

impl Program {
    /// Whether what stays hidden is decided for several choices of columns. The bin of a histogram is one.
    pub(super) fn is_decided_in_several_columns(&self) -> bool {
        self.columns.len() + usize::from(self.numbers.iter().any(|input| !input.needs.widths.is_empty())) > 1
    }
}

/// A column that tells groups apart.
pub(crate) struct Column {
    /// The field that feeds it.
    pub(crate) field: usize,
    /// Its name.
    pub(crate) name: String,
    /// What it writes; none is `keep`, of which groups have a form of their own: equal values are one group however written.
    pub(crate) writer: Option<Writer>,
}

/// A field with numbers.
pub(crate) struct NumberInput {
    /// Its index.
    pub(crate) field: usize,
    /// What values are brought within first.
    pub(crate) clamp: Option<Clamp>,
    /// What has to be held of its values.
    pub(crate) needs: NumberNeeds,
}

/// A field of which different values are counted.
pub(crate) struct DistinctInput {
    /// Its index.
    pub(crate) field: usize,
}

/// One measure; the numbers are places in [`Program::numbers`] or [`Program::distinct`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Measure {
    /// Records.
    Count,
    /// Different values.
    CountDistinct(usize),
    /// Sum.
    Sum(usize),
    /// Mean.
    Mean(usize),
    /// Smallest value.
    Min(usize),
    /// Greatest value.
    Max(usize),
    /// An observed value.
    Quantile(usize, Share),
    /// Counts per bin of this width.
    Histogram(usize, u64),
}
