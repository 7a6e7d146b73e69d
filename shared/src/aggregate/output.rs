//! Groups as rows of the output: one for each that may be shown, measures of too few people as null.

use std::fmt::Write as _;
use std::sync::Arc;

use super::group::Group;
use super::groups::Groups;
use super::program::{Measure, Program};
use super::{histogram, key, quantile};
use crate::limits;
use crate::policy::Format;
use crate::record::{csv, json};

/// What an aggregate job releases.
pub struct ReleasedGroups {
    of: Arc<Groups>,
    groups: std::vec::IntoIter<(Box<[u8]>, Group)>,
    text: String,
}

impl ReleasedGroups {
    pub(super) fn new(of: Arc<Groups>, groups: Vec<(Box<[u8]>, Group)>) -> Self {
        Self { of, groups: groups.into_iter(), text: String::new() }
    }

    /// Rows that are still to be written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether every row was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.len() == 0
    }

    /// Appends the next rows, about [`limits::BLOCK_BYTES`] of them, to `out`.
    pub fn next_block(&mut self, out: &mut Vec<u8>) {
        let full = out.len().saturating_add(limits::BLOCK_BYTES);
        while out.len() < full
            && let Some((key, mut group)) = self.groups.next()
        {
            self.row(&key, &mut group, out);
        }
    }

    fn row(&mut self, key: &[u8], group: &mut Group, out: &mut Vec<u8>) {
        let Self { of, text, .. } = self;
        let (program, format) = (&of.program, of.format);
        for numbers in &mut group.numbers {
            numbers.values.sort_unstable_by_key(|(value, _)| *value);
        }
        let start = out.len();
        let mut first = true;
        for (column, written) in program.columns.iter().zip(key::columns(key)) {
            label(format, &column.name, std::mem::take(&mut first), out);
            out.extend_from_slice(written);
        }
        for (name, measure) in &program.measures {
            label(format, name, std::mem::take(&mut first), out);
            text.clear();
            let known = write(*measure, group, program, text).is_some();
            match (known, format) {
                (true, Format::Csv) => csv::write_cell(text, out),
                (true, Format::Ndjson) => out.extend_from_slice(text.as_bytes()),
                (false, Format::Csv) => {}
                (false, Format::Ndjson) => out.extend_from_slice(b"null"),
            }
        }
        match format {
            Format::Ndjson => out.extend_from_slice(b"}\n"),
            Format::Csv => {
                if out.len() == start {
                    // A row of one empty cell would be a blank line.
                    out.extend_from_slice(b"\"\"");
                }
                out.push(b'\n');
            }
        }
    }
}

fn label(format: Format, name: &str, first: bool, out: &mut Vec<u8>) {
    match format {
        Format::Ndjson => {
            out.extend_from_slice(if first { b"{\"" } else { b",\"" });
            json::write_escaped(name, out);
            out.extend_from_slice(b"\":");
        }
        Format::Csv => out.extend_from_slice(if first { b"" } else { b"," }),
    }
}

/// Writes one measure as JSON; none where it is of too few people, or of no value.
fn write(measure: Measure, group: &Group, program: &Program, text: &mut String) -> Option<()> {
    let min = program.min_people;
    let numbers = |number: usize| group.numbers.get(number).filter(|_| group.enough_have(number, min));
    match measure {
        Measure::Count => write!(text, "{}", group.rows).ok(),
        Measure::CountDistinct(distinct) => {
            let counted = group.distinct.get(distinct).filter(|_| group.enough_have_distinct(distinct, min))?;
            write!(text, "{}", counted.values.len()).ok()
        }
        Measure::Sum(number) => write!(text, "{}", numbers(number)?.sum.total()?).ok(),
        Measure::Mean(number) => {
            text.push_str(&numbers(number)?.sum.mean()?);
            Some(())
        }
        Measure::Min(number) => write!(text, "{}", numbers(number)?.extremes.as_ref()?.0).ok(),
        Measure::Max(number) => write!(text, "{}", numbers(number)?.extremes.as_ref()?.1).ok(),
        Measure::Quantile(number, q) => write!(text, "{}", quantile::quantile(&numbers(number)?.values, q, min)?).ok(),
        Measure::Histogram(number, width) => {
            let place = program.numbers.get(number)?.needs.widths.iter().position(|known| *known == width)?;
            let bins = histogram::shown(numbers(number)?.bins.get(place)?);
            text.push('[');
            for (index, (bin, count)) in bins.enumerate() {
                let from = bin.checked_mul(i128::from(width))?;
                let comma = if index == 0 { "" } else { "," };
                write!(text, "{comma}{{\"from\":{from},\"below\":{},\"count\":{count}}}", from.checked_add(i128::from(width))?).ok()?;
            }
            text.push(']');
            Some(())
        }
    }
}
