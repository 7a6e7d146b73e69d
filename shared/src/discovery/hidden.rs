//! Which counts of one field are told. One of fewer people than the minimum is not; and where a total less the counts that are
//! told would leave fewer, neither is one more of these: the smallest, the first of several.
//!
//! The totals: all records, which may be known from outside, are those of each type; the values of a type are those of each
//! length; and they are those of each `is`, those that `holds` of one detector counts, and the rest.

use super::cell::Cell;
use super::content::Content;
use super::field::Field;
use crate::aggregate::Contributors;

/// What is told of one count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// The count itself.
    Exactly(u64),
    /// That it is of as many people as the minimum; the count would tell of others who are fewer.
    Enough,
    /// That it is of fewer people than the minimum; none among them.
    Under,
}

/// What is told of one field.
pub(super) struct ToldField {
    pub(super) records: Told,
    pub(super) absent: Told,
    pub(super) null: Told,
    pub(super) boolean: Told,
    pub(super) object: Told,
    pub(super) string: ToldContent,
    pub(super) number: ToldContent,
    pub(super) array: ToldContent,
}

/// What is told of the values of one type.
pub(super) struct ToldContent {
    pub(super) values: Told,
    /// None where those values are of fewer people than the minimum.
    pub(super) parts: Option<ToldParts>,
}

/// What they are like: one for each range of lengths, and for each detector.
pub(super) struct ToldParts {
    pub(super) lengths: Vec<Told>,
    pub(super) is: Vec<Told>,
    pub(super) holds: Vec<Told>,
}

impl ToldField {
    /// Decides for one field.
    pub(super) fn of(field: &Field, min: usize) -> Self {
        let types =
            [&field.absent, &field.null, &field.boolean, &field.object, &field.string.values, &field.number.values, &field.array.values];
        let mut parts = types.map(|cell| Part::new(cell, min));
        keep_back(&mut parts.iter_mut().collect::<Vec<_>>(), None, Total::Known, min);
        let [absent, null, boolean, object, string, number, array] = parts.map(|part| part.told);
        Self {
            records: Part::new(&field.records, min).told,
            absent,
            null,
            boolean,
            object,
            string: ToldContent::of(&field.string, string, min),
            number: ToldContent::of(&field.number, number, min),
            array: ToldContent::of(&field.array, array, min),
        }
    }
}

impl ToldContent {
    /// Decides for the values of one type, of whose number `values` is told.
    fn of(content: &Content, values: Told, min: usize) -> Self {
        let total = match values {
            Told::Exactly(_) => Total::Known,
            Told::Enough => Total::Secret,
            Told::Under => return Self { values, parts: None },
        };
        let mut lengths = Part::each(&content.lengths, min);
        keep_back(&mut lengths.iter_mut().collect::<Vec<_>>(), None, total, min);
        let (mut is, mut holds) = (Part::each(&content.is, min), Part::each(&content.holds, min));
        for (holds, rest) in holds.iter_mut().zip(&content.rest) {
            keep_back(&mut is.iter_mut().chain([holds]).collect::<Vec<_>>(), Some(rest), total, min);
        }
        let told = |parts: Vec<Part<'_>>| parts.into_iter().map(|part| part.told).collect();
        Self { values, parts: Some(ToldParts { lengths: told(lengths), is: told(is), holds: told(holds) }) }
    }
}

/// A count among those that make a total.
struct Part<'c> {
    cell: &'c Cell,
    told: Told,
}

/// What a reader may know of the sum of some counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Total {
    /// The sum itself.
    Known,
    /// Nothing, and he must not come to know it from the counts.
    Secret,
}

impl<'c> Part<'c> {
    fn new(cell: &'c Cell, min: usize) -> Self {
        Self { cell, told: if cell.is_enough(min) { Told::Exactly(cell.count()) } else { Told::Under } }
    }

    fn each(cells: &'c [Cell], min: usize) -> Vec<Self> {
        cells.iter().map(|cell| Self::new(cell, min)).collect()
    }
}

/// Keeps counts back until what is not told of a total, `rest` included, is of enough people. Of a known total nothing at all
/// may be left as well: then nobody is in what is not told.
fn keep_back(parts: &mut [&mut Part<'_>], rest: Option<&Cell>, total: Total, min: usize) {
    loop {
        let (mut count, mut people) = (0, Contributors::none());
        let untold = parts.iter().filter(|part| !matches!(part.told, Told::Exactly(_))).map(|part| part.cell);
        for cell in untold.chain(rest) {
            count += cell.count();
            cell.add_people_to(&mut people, min);
        }
        if people.is_enough(min) || (count == 0 && total == Total::Known) {
            return;
        }
        let told = parts.iter_mut().filter(|part| matches!(part.told, Told::Exactly(_)));
        let Some(smallest) = told.min_by_key(|part| part.cell.count()) else { return };
        smallest.told = Told::Enough;
    }
}
