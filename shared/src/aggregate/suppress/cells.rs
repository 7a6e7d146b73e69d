//! The numbers of an output that are shown or hidden, and for each choice of the columns whether its total is.

use super::table::Table;
use crate::aggregate::contributors::Contributors;
use crate::limits;

/// Some of the columns: a bit for each, the first column's the lowest. Less than 64, for there are at most six columns.
pub(super) type Choice = u8;

/// A bit for each [`Choice`].
pub(super) type Choices = u64;

/// Hidden wherever one looks.
pub(super) const EVERY_CHOICE: Choices = Choices::MAX;

/// Most columns: those of `group_by`, and the bin of a histogram.
const COLUMNS: usize = limits::GROUP_COLUMNS + 1;
// A bit for each choice of them.
const _: () = assert!(1 << COLUMNS <= Choices::BITS);

/// What a cell has in some of the columns: ranks of its values, and zero in the others.
pub(super) type Part = [u32; COLUMNS];

/// Where cells stand in the columns.
#[derive(Clone)]
pub(super) struct Places {
    columns: usize,
    cells: Vec<Part>,
}

impl Places {
    /// Cells in no column yet.
    pub(super) fn new(cells: usize) -> Self {
        Self { columns: 0, cells: vec![Part::default(); cells] }
    }

    /// With one more column, in which the cells have these values.
    pub(super) fn with<V: Ord + Copy>(mut self, values: &[V]) -> Self {
        let mut ranks = values.to_vec();
        ranks.sort_unstable();
        ranks.dedup();
        for (cell, value) in self.cells.iter_mut().zip(values) {
            // More values than fit have long been too many groups.
            let rank = ranks.binary_search(value).ok().and_then(|rank| u32::try_from(rank).ok()).unwrap_or(u32::MAX);
            if let Some(place) = cell.get_mut(self.columns) {
                *place = rank;
            }
        }
        self.columns = self.columns.saturating_add(1).min(COLUMNS);
        self
    }

    /// The cells named, in this order.
    pub(super) fn repeated(&self, cells: &[usize]) -> Self {
        let cells = cells.iter().filter_map(|cell| self.cells.get(*cell).copied()).collect();
        Self { columns: self.columns, cells }
    }

    /// All columns.
    fn all(&self) -> Choice {
        Choice::MAX.checked_shr(u32::try_from(8_usize.saturating_sub(self.columns)).unwrap_or(8)).unwrap_or(0)
    }

    /// Whether what is hidden in these choices is hidden in the output, which has all columns.
    pub(super) fn is_hidden(&self, hidden: Choices) -> bool {
        contains(hidden, self.all())
    }
}

/// What `part` has in the columns of `choice`.
pub(super) fn within(choice: Choice, part: &Part) -> Part {
    let mut chosen = *part;
    for (bit, place) in chosen.iter_mut().enumerate() {
        if choice >> bit & 1 == 0 {
            *place = 0;
        }
    }
    chosen
}

/// The columns of `choice`, each as a choice of its own, rising.
pub(super) fn columns_of(choice: Choice) -> impl Iterator<Item = Choice> + Clone {
    (0..COLUMNS).map(|bit| 1 << bit).filter(move |column| choice & column != 0)
}

/// Every choice of some but not all columns of `choice`, none included, rising: each after those within it.
pub(super) fn below(choice: Choice) -> impl Iterator<Item = Choice> {
    (0..choice).filter(move |fewer| fewer & !choice == 0)
}

/// Whether `choice` is one of `choices`.
pub(super) fn contains(choices: Choices, choice: Choice) -> bool {
    choices >> choice & 1 == 1
}

/// The cells of one number: of the groups, of one field, or of the bins of one width.
pub(super) struct Cells<'g> {
    pub(super) places: &'g Places,
    /// In the order of [`Places`].
    pub(super) cells: Vec<Cell<'g>>,
}

/// One number of the output.
pub(super) struct Cell<'g> {
    pub(super) records: u64,
    /// Who is behind it; none where nobody can be.
    pub(super) people: Option<&'g Contributors>,
    /// The choices of columns whose total, which this is in, is hidden.
    pub(super) hidden: Choices,
}

impl<'g> Cells<'g> {
    /// Cells that are hidden where these say so already.
    pub(super) fn new(places: &'g Places, cells: impl Iterator<Item = (u64, Option<&'g Contributors>, Choices)>) -> Self {
        Self { places, cells: cells.map(|(records, people, hidden)| Cell { records, people, hidden }).collect() }
    }

    /// Decides for every choice of columns what is hidden, the smaller ones first.
    pub(super) fn decide(&mut self, min: usize) {
        for choice in 0..=self.places.all() {
            let hidden = Table::new(self, choice, min).decide();
            for (cell, hidden) in self.cells.iter_mut().zip(hidden) {
                cell.hidden |= Choices::from(hidden) << choice;
            }
        }
    }

    /// Each cell with its place.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Part, &Cell<'g>)> {
        self.places.cells.iter().zip(&self.cells)
    }

    /// For each cell the choices of columns in which it is hidden.
    pub(super) fn into_hidden(self) -> Vec<Choices> {
        self.cells.into_iter().map(|cell| cell.hidden).collect()
    }
}
