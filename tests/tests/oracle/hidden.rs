//! Which groups stay hidden beside others. docs/aggregates.md, "What stays hidden", point 3, word by word: every picture is drawn
//! anew for each rule, and a line is on a cycle where its ends are joined without it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::cell::Same;

/// The values of a group in its columns, in the order of their meaning.
pub type Key = Vec<Rc<str>>;
pub type People = BTreeSet<Same>;
/// Some of the columns, by their places in that order.
pub type Choice = Vec<usize>;
/// Of the table over each choice, the groups that are hidden.
pub type Hidden = BTreeMap<Choice, BTreeSet<Key>>;
/// How many groups each rule has hid, for whoever wants to know that it came to bear.
pub type Counted = BTreeMap<&'static str, usize>;

/// A group of a table, or a total of several.
#[derive(Default)]
pub struct Group {
    pub records: usize,
    /// None where nobody has a value, be he known or not.
    pub people: Option<People>,
}

/// The table over one choice of columns, and what of it is hidden so far.
struct Table<'t> {
    choice: Choice,
    groups: &'t BTreeMap<Key, Group>,
    hidden: BTreeSet<Key>,
    /// The keys of each total over fewer columns that is shown.
    shown_totals: BTreeMap<Choice, Vec<Vec<&'t Key>>>,
    fewer: &'t Hidden,
    min: usize,
}

/// A row or a column (0 or 1) of two columns' picture.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    /// One total, and whether it is hidden.
    Total(usize, Key, bool),
    /// All hidden ones.
    Hidden(usize),
}

/// What a line is drawn for, and the places of its two ends among the points.
type Line<'t> = (&'t Key, [usize; 2]);

/// The lines of one total's shown groups and of its hidden ones.
struct Picture<'t> {
    points: Vec<Point>,
    shown: Vec<Line<'t>>,
    hidden: Vec<Line<'t>>,
}

/// Whether the ends of a line are joined without it.
fn on_a_cycle(lines: &[[usize; 2]], line: usize) -> bool {
    let [from, to] = lines[line];
    let mut reached = BTreeSet::from([from]);
    let mut before = 0;
    while before != reached.len() {
        before = reached.len();
        for [one, other] in lines.iter().enumerate().filter(|(place, _)| *place != line).map(|(_, ends)| ends) {
            if reached.contains(one) || reached.contains(other) {
                reached.extend([*one, *other]);
            }
        }
    }
    reached.contains(&to)
}

/// Decides one table after the other. What is in `already` is hidden from the beginning.
pub fn hidden(groups: &BTreeMap<Key, Group>, columns: usize, min: usize, already: &Hidden, counted: &mut Counted) -> Hidden {
    let mut hidden = Hidden::new();
    for choice in choices(&(0..columns).collect::<Vec<_>>()) {
        let mut over = BTreeMap::<Key, Group>::new();
        for (key, group) in groups {
            let total = over.entry(choice.iter().map(|place| key[*place].clone()).collect()).or_default();
            total.records += group.records;
            if let Some(people) = &group.people {
                total.people.get_or_insert_default().extend(people.iter().cloned());
            }
        }
        let mut table =
            Table { choice: choice.clone(), groups: &over, hidden: BTreeSet::new(), shown_totals: BTreeMap::new(), fewer: &hidden, min };
        table.decide(already.get(&choice), counted);
        let of_table = table.hidden;
        hidden.insert(choice, of_table);
    }
    hidden
}

/// None of them, the first, the second, the first two, the third, and so on, and at last all.
fn choices(columns: &[usize]) -> Vec<Choice> {
    let mut choices = vec![Choice::new()];
    for column in columns {
        let with: Vec<Choice> = choices.iter().map(|choice| [&choice[..], &[*column]].concat()).collect();
        choices.extend(with);
    }
    choices
}

impl<'t> Table<'t> {
    fn decide(&mut self, already: Option<&BTreeSet<Key>>, counted: &mut Counted) {
        let mut fewer = choices(&self.choice);
        fewer.pop();
        let of_few = |group: &Group| group.people.as_ref().is_none_or(|people| people.len() < self.min);
        let in_hidden = |key: &Key| fewer.iter().any(|choice| self.fewer[choice].contains(&self.part(key, choice)));
        let first = self
            .groups
            .iter()
            .filter(|(key, group)| of_few(group) || in_hidden(key) || already.is_some_and(|already| already.contains(*key)));
        self.hidden = first.map(|(key, _)| key.clone()).collect();
        self.shown_totals = fewer.iter().map(|choice| (choice.clone(), self.shown_totals(choice))).collect();
        loop {
            let before = self.hidden.len();
            for choice in &fewer {
                self.hide("beside one", self.beside_one(choice), counted);
            }
            for pair in fewer.iter().chain([&self.choice.clone()]).filter(|choice| choice.len() == 2) {
                let (in_blocks, of_all) = self.beside_several(pair);
                self.hide("blocks", in_blocks, counted);
                self.hide("all that is joined", of_all, counted);
                for column in pair {
                    self.hide("hidden rows or columns", self.beside_hidden(pair, *column), counted);
                }
            }
            if self.hidden.len() == before {
                return;
            }
        }
    }

    fn hide(&mut self, rule: &'static str, keys: Vec<Key>, counted: &mut Counted) {
        let before = self.hidden.len();
        self.hidden.extend(keys);
        *counted.entry(rule).or_default() += self.hidden.len() - before;
    }

    /// A key's values in some of the columns.
    fn part(&self, key: &Key, choice: &[usize]) -> Key {
        self.choice.iter().zip(key).filter(|(place, _)| choice.contains(place)).map(|(_, value)| value.clone()).collect()
    }

    /// The keys of each total over `choice` that is shown.
    fn shown_totals(&self, choice: &Choice) -> Vec<Vec<&'t Key>> {
        let mut totals = BTreeMap::<Key, Vec<&Key>>::new();
        for key in self.groups.keys() {
            totals.entry(self.part(key, choice)).or_default().push(key);
        }
        totals.into_iter().filter(|(total, _)| !self.fewer[choice].contains(total)).map(|(_, keys)| keys).collect()
    }

    /// Whether these are none, or at least two of enough people.
    fn protect<'p>(&self, people: impl Iterator<Item = &'p People>) -> bool {
        let people: Vec<&People> = people.collect();
        people.is_empty() || (people.len() >= 2 && people.into_iter().flatten().collect::<BTreeSet<_>>().len() >= self.min)
    }

    /// The smallest of these that is shown.
    fn smallest<'k>(&self, keys: impl Iterator<Item = &'k Key>) -> Option<Key> {
        keys.filter(|key| !self.hidden.contains(*key)).min_by_key(|key| (self.groups[*key].records, *key)).cloned()
    }

    fn beside_one(&self, choice: &Choice) -> Vec<Key> {
        let mut further = Vec::new();
        for keys in &self.shown_totals[choice] {
            let hidden = keys.iter().filter(|key| self.hidden.contains(**key));
            if !self.protect(hidden.filter_map(|key| self.groups[*key].people.as_ref())) {
                further.extend(self.smallest(keys.iter().copied()));
            }
        }
        further
    }

    /// One of each total over the rest of the columns that is shown and has a hidden group. Hidden rows are one point, and hidden
    /// columns, but for those of the column `apart`.
    fn pictures(&self, pair: &[usize], apart: Option<usize>) -> Vec<Picture<'_>> {
        let rest: Choice = self.choice.iter().copied().filter(|place| !pair.contains(place)).collect();
        let ends = [0, 1].map(|one| -> Choice { self.choice.iter().copied().filter(|place| *place != pair[1 - one]).collect() });
        let mut pictures = Vec::new();
        for keys in &self.shown_totals[&rest] {
            let mut places = BTreeMap::new();
            let mut end = |key: &Key, one: usize, apart: bool| {
                let total = self.part(key, &ends[one]);
                let is_hidden = self.fewer[&ends[one]].contains(&total);
                let point = if is_hidden && !apart { Point::Hidden(one) } else { Point::Total(one, total, is_hidden) };
                let next = places.len();
                *places.entry(point).or_insert(next)
            };
            let counts: Vec<&Key> = keys.iter().copied().filter(|key| self.groups[*key].people.is_some()).collect();
            let all: Vec<[usize; 2]> = counts.iter().map(|key| [end(key, 0, false), end(key, 1, false)]).collect();
            let lines = counts.iter().map(|key| (*key, [0, 1].map(|one| end(key, one, apart == Some(pair[one])))));
            let (hidden, shown): (Vec<_>, Vec<_>) = lines.enumerate().partition(|(_, (key, _))| self.hidden.contains(*key));
            // What no cycle holds follows whatever hides.
            let hidden: Vec<Line> = hidden.into_iter().filter(|(place, _)| on_a_cycle(&all, *place)).map(|(_, line)| line).collect();
            let shown = shown.into_iter().map(|(_, line)| line).collect();
            let mut points: Vec<_> = places.into_iter().collect();
            points.sort_by_key(|(_, place)| *place);
            if !hidden.is_empty() {
                pictures.push(Picture { points: points.into_iter().map(|(point, _)| point).collect(), shown, hidden });
            }
        }
        pictures
    }

    /// What hides for a block, and what for all that is joined.
    fn beside_several(&self, pair: &[usize]) -> (Vec<Key>, Vec<Key>) {
        let (mut for_blocks, mut for_all) = (Vec::new(), Vec::new());
        for picture in self.pictures(pair, None) {
            // A line whose ends are joined without it lies on a cycle.
            let follows = |line: &usize| {
                let joined = picture.joined(|other| other != *line);
                joined[picture.hidden[*line].1[0]] != joined[picture.hidden[*line].1[1]]
            };
            let follows: BTreeSet<usize> = (0..picture.hidden.len()).filter(follows).collect();
            let (all, blocks) = (picture.joined(|_| true), picture.joined(|line| !follows.contains(&line)));
            for joined in all.iter().collect::<BTreeSet<_>>() {
                let ends = follows.iter().flat_map(|line| picture.hidden[*line].1).filter(|end| all[*end] == *joined);
                let with_such: BTreeSet<usize> = ends.map(|end| blocks[end]).collect();
                let mut found = Vec::new();
                for block in &with_such {
                    let joins = |(_, [one, other]): &&Line| {
                        let within = all[*one] == *joined && all[*other] == *joined;
                        within && blocks[*one] != blocks[*other] && (blocks[*one] == *block || blocks[*other] == *block)
                    };
                    found.extend(self.smallest(picture.shown.iter().filter(joins).map(|(key, _)| *key)));
                }
                if found.is_empty() && !with_such.is_empty() {
                    for_all.extend(self.leaving(&picture, &all, *joined));
                }
                for_blocks.extend(found);
            }
        }
        (for_blocks, for_all)
    }

    /// What hides beside hidden totals over the rest of the columns and `column`, each a point of its own.
    fn beside_hidden(&self, pair: &[usize], column: usize) -> Vec<Key> {
        let mut further = Vec::new();
        for picture in self.pictures(pair, Some(column)) {
            let all = picture.joined(|_| true);
            for joined in all.iter().collect::<BTreeSet<_>>() {
                let mut totals = BTreeMap::<usize, People>::new();
                for (key, ends) in &picture.hidden {
                    for end in ends.iter().filter(|end| all[**end] == *joined && matches!(picture.points[**end], Point::Total(_, _, true)))
                    {
                        totals.entry(*end).or_default().extend(self.groups[*key].people.iter().flatten().cloned());
                    }
                }
                if !self.protect(totals.values()) {
                    further.extend(self.leaving(&picture, &all, *joined));
                }
            }
        }
        further
    }

    /// The smallest that is shown and has one end among the points of the number `joined`, and not the other.
    fn leaving(&self, picture: &Picture<'_>, all: &[usize], joined: usize) -> Option<Key> {
        let leaves = |(_, [one, other]): &&Line| (all[*one] == joined) != (all[*other] == joined);
        self.smallest(picture.shown.iter().filter(leaves).map(|(key, _)| *key))
    }
}

impl Picture<'_> {
    /// A number for each point: the same where a path of those lines of hidden groups joins them that `with` takes.
    fn joined(&self, with: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut numbers: Vec<usize> = (0..self.points.len()).collect();
        for (_, [one, other]) in self.hidden.iter().enumerate().filter(|(line, _)| with(*line)).map(|(_, line)| line) {
            let (one, other) = (numbers[*one], numbers[*other]);
            numbers.iter_mut().filter(|number| **number == other).for_each(|number| *number = one);
        }
        numbers
    }
}
