//! The table over one choice of columns, as the job over those columns would show it: which of its groups hide.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::cells::{Cells, Choice, Choices, Part, below, columns_of, contains, within};
use super::pairs::Pair;
use crate::aggregate::contributors::Contributors;

/// The groups of one choice of columns.
pub(super) struct Table<'g> {
    choice: Choice,
    min: usize,
    groups: Vec<Total<'g>>,
    /// For each cell the group that it is part of.
    group_of: Vec<usize>,
}

/// One group of the table: the total of the cells in it.
pub(super) struct Total<'g> {
    pub(super) part: Part,
    records: u64,
    /// Who is behind it; none where nobody can be.
    pub(super) people: Option<Cow<'g, Contributors>>,
    hidden: bool,
    /// Choices of fewer columns whose total, which this is in, is hidden.
    hidden_within: Choices,
}

impl<'g> Table<'g> {
    /// The table with what is hidden for itself: groups of fewer people than `min`, and of totals that are hidden.
    pub(super) fn new(cells: &Cells<'g>, choice: Choice, min: usize) -> Self {
        let mut groups: Vec<Total<'g>> = Vec::new();
        let mut known: HashMap<Part, usize> = HashMap::new();
        let mut group_of = Vec::with_capacity(cells.cells.len());
        for (part, cell) in cells.iter() {
            let part = within(choice, part);
            let place = *known.entry(part).or_insert(groups.len());
            group_of.push(place);
            match groups.get_mut(place) {
                Some(group) => group.take(cell.records, cell.people, min),
                None => {
                    let people = cell.people.map(Cow::Borrowed);
                    groups.push(Total { part, records: cell.records, people, hidden: false, hidden_within: cell.hidden });
                }
            }
        }
        for group in &mut groups {
            let few = group.people.as_ref().is_none_or(|people| !people.is_enough(min));
            let within_hidden = columns_of(choice).any(|column| contains(group.hidden_within, choice & !column));
            group.hidden = few || within_hidden || contains(group.hidden_within, choice);
        }
        Self { choice, min, groups, group_of }
    }

    /// Hides further groups until no total that is shown tells of a hidden one. For each cell whether its group hides.
    pub(super) fn decide(mut self) -> Vec<bool> {
        let decided = |table: &Self| table.groups.iter().all(|group| group.hidden) || !table.groups.iter().any(|group| group.hidden);
        let mut settled = decided(&self);
        if !settled {
            let columns = columns_of(self.choice);
            let pairs = columns.clone().flat_map(|other| columns.clone().filter(move |one| *one < other).map(move |one| (one, other)));
            let pairs: Vec<Pair> = pairs.map(|(one, other)| Pair::new(one, other, &self)).collect();
            let each = self.groups.len().saturating_mul(1 << self.choice.count_ones());
            let mut rounds = (VISITS / each.max(1)).max(ROUNDS);
            while !settled && rounds > 0 {
                settled = !self.round(&pairs) || decided(&self);
                rounds -= 1;
            }
        }
        // Data that is made to hide one group after the other would take a round for each.
        self.group_of.iter().map(|group| !settled || self.groups.get(*group).is_none_or(|group| group.hidden)).collect()
    }

    /// Goes through all totals once. Whether anything further hides.
    fn round(&mut self, pairs: &[Pair]) -> bool {
        let mut further = false;
        for fewer in below(self.choice) {
            let of_totals = self.beside_hidden(fewer);
            further |= self.hide(of_totals);
        }
        for pair in pairs {
            for step in [Pair::beside_bridges, Pair::beside_hidden_rows, Pair::beside_hidden_columns] {
                let of_pair = step(pair, self);
                further |= self.hide(of_pair);
            }
        }
        further
    }

    fn hide(&mut self, places: HashSet<usize>) -> bool {
        let further = !places.is_empty();
        for place in places {
            if let Some(group) = self.groups.get_mut(place) {
                group.hidden = true;
            }
        }
        further
    }

    /// The groups to hide beside hidden ones in the totals over `fewer` columns: in each that is shown and has only one that is
    /// hidden, or only such of fewer people than the minimum together, the smallest.
    fn beside_hidden(&self, fewer: Choice) -> HashSet<usize> {
        let mut totals: HashMap<Part, (usize, Contributors)> = HashMap::new();
        for (_, group, people) in self.counting(fewer).filter(|(_, group, _)| group.hidden) {
            let (count, together) = totals.entry(within(fewer, &group.part)).or_insert_with(|| (0, Contributors::none()));
            *count += 1;
            together.add_all(people, self.min);
        }
        totals.retain(|_, (count, together)| *count < 2 || !together.is_enough(self.min));
        let of_total = |part: &Part| Some(within(fewer, part)).filter(|total| totals.contains_key(total));
        self.smallest_at(|part| Some([of_total(part)])).into_values().collect()
    }

    /// Groups somebody is behind, in totals over `fewer` columns that are shown: their places, and who.
    pub(super) fn counting(&self, fewer: Choice) -> impl Iterator<Item = (usize, &Total<'g>, &Contributors)> {
        let shown = self.groups.iter().enumerate().filter(move |(_, group)| !group.hides_within(fewer));
        shown.filter_map(|(place, group)| Some((place, group, group.people.as_deref()?)))
    }

    /// Of the groups that are shown the smallest for each of what `of` gives, which may be several for one: the one with the
    /// fewest records, of several the first by its columns.
    pub(super) fn smallest_at<K: Eq + Hash, const N: usize>(&self, of: impl Fn(&Part) -> Option<[Option<K>; N]>) -> HashMap<K, usize> {
        let mut smallest: HashMap<K, (u64, Part, usize)> = HashMap::new();
        for (place, group) in self.groups.iter().enumerate().filter(|(_, group)| !group.hidden) {
            for key in of(&group.part).into_iter().flatten().flatten() {
                let this = (group.records, group.part, place);
                smallest.entry(key).and_modify(|least| *least = (*least).min(this)).or_insert(this);
            }
        }
        smallest.into_iter().map(|(key, (_, _, place))| (key, place)).collect()
    }

    /// The columns.
    pub(super) fn choice(&self) -> Choice {
        self.choice
    }

    /// How many groups.
    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    /// Fewest people behind anything released.
    pub(super) fn min(&self) -> usize {
        self.min
    }
}

impl<'g> Total<'g> {
    fn take(&mut self, records: u64, people: Option<&'g Contributors>, min: usize) {
        self.records = self.records.saturating_add(records);
        match (&mut self.people, people) {
            (_, None) => {}
            (none @ None, Some(people)) => *none = Some(Cow::Borrowed(people)),
            (Some(together), Some(people)) => together.to_mut().add_all(people, min),
        }
    }

    /// Whether it is hidden so far.
    pub(super) fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// Whether its total over `fewer` columns is hidden.
    pub(super) fn hides_within(&self, fewer: Choice) -> bool {
        contains(self.hidden_within, fewer)
    }
}

/// Rounds of hiding further groups that there always are.
const ROUNDS: usize = 32;
/// Groups that are looked at in all rounds together, each once for every choice of fewer columns; beyond, all are hidden.
const VISITS: usize = 200_000_000;
