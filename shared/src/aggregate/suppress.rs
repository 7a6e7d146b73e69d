//! Which groups stay hidden: those of fewer people than the minimum, and further ones, so that no total lets anybody subtract
//! his way to them.
//!
//! A total of all records, or of all that agree in some of the columns, may be known: from another job, or from outside. Less
//! what is shown it tells of the hidden groups together. So in each such total there are two hidden groups or none, and those
//! together have as many people as the minimum. The same holds for every field that is measured, and for the bins of a
//! histogram, whose bin is one more column.

use std::collections::{HashMap, HashSet};

use super::contributors::Contributors;
use super::group::Group;
use super::key;

/// Removes from `groups` all that may not be shown, and hides the measures of fields and the bins that may not be. `columns` are
/// the places of the columns that tell groups apart, in the order in which totals are gone through and groups are sorted.
pub(super) fn suppress(groups: &mut Vec<(Box<[u8]>, Group)>, columns: &[usize], min: usize) {
    let cells = groups.iter().map(|(key, group)| Cell::of_group(key, group, Some(&group.people), !group.people.is_enough(min)));
    let hidden = hide(cells.collect(), columns, min);
    // What is measured of a field is a total of those who have a value of it, who may be fewer.
    let (numbers, distinct) = groups.first().map_or((0, 0), |(_, group)| (group.numbers.len(), group.distinct.len()));
    for number in 0..numbers {
        let cells = groups
            .iter()
            .zip(&hidden)
            .map(|((key, group), hidden)| Cell::of_group(key, group, group.who_have(number), *hidden || !group.enough_have(number, min)));
        let of_field = hide(cells.collect(), columns, min);
        groups.iter_mut().zip(of_field).filter(|(_, hidden)| *hidden).for_each(|((_, group), _)| group.hide(number));
        hide_bins(groups, &hidden, columns, number, min);
    }
    for field in 0..distinct {
        let cells = groups.iter().zip(&hidden).map(|((key, group), hidden)| {
            Cell::of_group(key, group, group.who_have_distinct(field), *hidden || !group.enough_have_distinct(field, min))
        });
        let of_field = hide(cells.collect(), columns, min);
        groups.iter_mut().zip(of_field).filter(|(_, hidden)| *hidden).for_each(|((_, group), _)| group.hide_distinct(field));
    }
    let mut hidden = hidden.into_iter();
    groups.retain(|_| !hidden.next().unwrap_or(true));
}

/// Hides bins of the histograms of one number.
fn hide_bins(groups: &mut [(Box<[u8]>, Group)], hidden: &[bool], columns: &[usize], number: usize, min: usize) {
    let with_bin: Vec<usize> = columns.iter().copied().chain([columns.len()]).collect();
    let widths = groups.first().and_then(|(_, group)| group.numbers.get(number)).map_or(0, |numbers| numbers.bins.len());
    for width in 0..widths {
        let cells = groups.iter().zip(hidden).flat_map(|((key, group), hidden)| {
            let all_hidden = *hidden || !group.enough_have(number, min);
            let bins = group.numbers.get(number).and_then(|numbers| numbers.bins.get(width)).into_iter().flatten();
            bins.map(move |(index, bin)| Cell {
                key,
                bin: Some(*index),
                records: bin.count(),
                people: Some(bin.people()),
                hidden: all_hidden || !bin.people().is_enough(min),
            })
        });
        let mut hidden = hide(cells.collect(), &with_bin, min).into_iter();
        let bins = groups.iter_mut().filter_map(|(_, group)| group.numbers.get_mut(number)?.bins.get_mut(width));
        for bin in bins.flat_map(|bins| bins.values_mut()) {
            if hidden.next().unwrap_or(true) {
                bin.hide();
            }
        }
    }
}

/// One number of the output that is shown or hidden.
struct Cell<'g> {
    key: &'g [u8],
    /// The bin, as one more column.
    bin: Option<i128>,
    records: u64,
    /// Who is behind it; none where nobody can be.
    people: Option<&'g Contributors>,
    hidden: bool,
}

/// What cells of one total have in common: some of their columns.
type Part<'g> = (Vec<&'g [u8]>, Option<i128>);

impl<'g> Cell<'g> {
    fn of_group(key: &'g [u8], group: &Group, people: Option<&'g Contributors>, hidden: bool) -> Self {
        Self { key, bin: None, records: group.rows, people, hidden }
    }

    /// The columns at these places; the bin's is the one after the last.
    fn part(&self, places: &[usize]) -> Part<'g> {
        (key::columns_in(places, self.key).collect(), self.bin.filter(|_| places.contains(&key::columns(self.key).count())))
    }
}

/// Hides further cells until no total tells of the hidden ones. Which cells are hidden in the end.
fn hide(mut cells: Vec<Cell<'_>>, columns: &[usize], min: usize) -> Vec<bool> {
    // With all columns each total is of one cell, which is hidden or shown as a whole.
    let all = (1_u32 << columns.len().min(16)).saturating_sub(1);
    let rounds = VISITS / cells.len().saturating_mul(usize::try_from(all).unwrap_or(usize::MAX)).max(1);
    for _ in 0..rounds.max(ROUNDS) {
        let mut changed = false;
        if cells.iter().all(|cell| cell.hidden) || !cells.iter().any(|cell| cell.hidden) {
            return cells.into_iter().map(|cell| cell.hidden).collect();
        }
        for mask in 0..all {
            let chosen: Vec<usize> = (0..).zip(columns).filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, place)| *place).collect();
            for further in further(&cells, &chosen, min) {
                if let Some(cell) = cells.get_mut(further) {
                    cell.hidden = true;
                    changed = true;
                }
            }
        }
        if !changed {
            return cells.into_iter().map(|cell| cell.hidden).collect();
        }
    }
    // Data that is made to hide one cell after the other would take a round for each.
    vec![true; cells.len()]
}

/// The cells to hide beside the hidden ones, for the totals over the cells that agree in the columns at `places`: in each that
/// needs it the one with the fewest records, the first of several.
fn further(cells: &[Cell<'_>], places: &[usize], min: usize) -> HashSet<usize> {
    let mut totals: HashMap<Part<'_>, (usize, Contributors)> = HashMap::new();
    for cell in cells.iter().filter(|cell| cell.hidden) {
        if let Some(people) = cell.people {
            let (count, together) = totals.entry(cell.part(places)).or_insert_with(|| (0, Contributors::none()));
            *count += 1;
            together.add_all(people, min);
        }
    }
    totals.retain(|_, (count, together)| *count < 2 || !together.is_enough(min));
    let mut smallest: HashMap<Part<'_>, (u64, usize)> = HashMap::new();
    for (place, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.hidden) {
        let part = cell.part(places);
        if totals.contains_key(&part) {
            let least = smallest.entry(part).or_insert((cell.records, place));
            *least = (*least).min((cell.records, place));
        }
    }
    smallest.into_values().map(|(_, place)| place).collect()
}

/// Rounds of hiding further cells that there always are.
const ROUNDS: usize = 32;
/// Cells that are looked at in all rounds together, each once for every choice of columns; beyond, all are hidden.
const VISITS: usize = 200_000_000;
