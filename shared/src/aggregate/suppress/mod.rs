//! What stays hidden: groups of fewer people than the minimum, and further ones, so that no total lets anybody subtract his way
//! to them. Called once, when all records are in.
//!
//! A total of all records, or of all that agree in some of the columns, may be known: another job over those columns shows it.
//! So what each such job hides is decided first, as that job decides it, and a group of a hidden total is hidden too; then, in
//! each total that is shown, enough groups hide that none follows from the others. docs/aggregates.md has the rules, in order.

mod bridges;
mod cells;
mod pairs;
mod table;
#[cfg(test)]
mod tests;

use self::cells::{Cells, Places};
use super::group::Group;
use super::key;

/// Removes from `groups` all that may not be shown, and hides the measures of fields and the bins that may not be. `columns` are
/// the places of the columns that tell groups apart, in the order in which totals are gone through and groups are sorted.
pub(super) fn suppress(groups: &mut Vec<(Box<[u8]>, Group)>, columns: &[usize], min: usize) {
    let places = places(groups, columns);
    let of_groups = {
        let cells = groups.iter().map(|(_, group)| (group.rows, Some(&group.people), 0));
        let mut cells = Cells::new(&places, cells);
        cells.decide(min);
        cells.into_hidden()
    };
    // What is measured of a field is a total of those who have a value of it, who may be fewer.
    let (numbers, distinct) = groups.first().map_or((0, 0), |(_, group)| (group.numbers.len(), group.distinct.len()));
    for number in 0..numbers {
        let of_field = of_field(groups, &places, &of_groups, min, |group| group.who_have(number));
        hide_bins(groups, &places, &of_field, number, min);
        groups.iter_mut().zip(&of_field).filter(|(_, hidden)| places.is_hidden(**hidden)).for_each(|((_, group), _)| group.hide(number));
    }
    for field in 0..distinct {
        let of_field = of_field(groups, &places, &of_groups, min, |group| group.who_have_distinct(field));
        let hidden = groups.iter_mut().zip(of_field).filter(|(_, hidden)| places.is_hidden(*hidden));
        hidden.for_each(|((_, group), _)| group.hide_distinct(field));
    }
    let mut hidden = of_groups.into_iter().map(|hidden| places.is_hidden(hidden));
    groups.retain(|_| !hidden.next().unwrap_or(true));
}

/// Where each group stands in the columns.
fn places(groups: &[(Box<[u8]>, Group)], columns: &[usize]) -> Places {
    columns.iter().fold(Places::new(groups.len()), |places, column| {
        let values: Vec<&[u8]> = groups.iter().map(|(key, _)| key::columns(key).nth(*column).unwrap_or_default()).collect();
        places.with(&values)
    })
}

/// In which choices of columns the measures of one field are hidden, for each group.
fn of_field<'g>(
    groups: &'g [(Box<[u8]>, Group)],
    places: &Places,
    of_groups: &[cells::Choices],
    min: usize,
    who_have: impl Fn(&'g Group) -> Option<&'g super::Contributors>,
) -> Vec<cells::Choices> {
    let cells = groups.iter().zip(of_groups).map(|((_, group), hidden)| (group.rows, who_have(group), *hidden));
    let mut cells = Cells::new(places, cells);
    cells.decide(min);
    cells.into_hidden()
}

/// Hides bins of the histograms of one number. A bin is one more column, the last.
fn hide_bins(groups: &mut [(Box<[u8]>, Group)], places: &Places, of_field: &[cells::Choices], number: usize, min: usize) {
    let widths = groups.first().and_then(|(_, group)| group.numbers.get(number)).map_or(0, |numbers| numbers.bins.len());
    for width in 0..widths {
        let bins = groups.iter().enumerate().flat_map(|(place, (_, group))| {
            let bins = group.numbers.get(number).and_then(|numbers| numbers.bins.get(width)).into_iter().flatten();
            bins.map(move |(index, bin)| (place, index, bin))
        });
        let (group_of, index_of): (Vec<usize>, Vec<i128>) = bins.clone().map(|(place, index, _)| (place, *index)).unzip();
        let with_bin = places.repeated(&group_of).with(&index_of);
        let cells =
            bins.map(|(place, _, bin)| (bin.count(), Some(bin.people()), of_field.get(place).copied().unwrap_or(cells::EVERY_CHOICE)));
        let mut cells = Cells::new(&with_bin, cells);
        cells.decide(min);
        let mut hidden = cells.into_hidden().into_iter();
        let bins = groups.iter_mut().filter_map(|(_, group)| group.numbers.get_mut(number)?.bins.get_mut(width));
        for bin in bins.flat_map(|bins| bins.values_mut()) {
            if hidden.next().is_none_or(|hidden| with_bin.is_hidden(hidden)) {
                bin.hide();
            }
        }
    }
}
