//! Two columns of a table against each other: the totals over each, which are known together, tell more than each alone.
//!
//! The hidden groups are the edges of a graph: each joins its row, the total over the one column, with its column, the total over
//! the other. A sum over some hidden groups follows from the totals exactly where it is a sum of sums at vertices. A total that is
//! hidden is no vertex; but all that are hidden together are one, for their sum is known.

use std::collections::{HashMap, HashSet};

use super::bridges::bridges;
use super::cells::{Choice, Part, within};
use super::table::{Table, Total};
use crate::aggregate::contributors::Contributors;

/// Two columns, and those that are held fixed.
pub(super) struct Pair {
    one: Choice,
    other: Choice,
    rest: Choice,
    /// Of the table's groups, those that follow from the rows and columns whatever hides, as the only one of a row does. Nothing
    /// can protect them, and they protect nothing.
    lost: Vec<bool>,
}

/// A row or a column: of which of the pair, its total, and whether it stands for all hidden ones.
type Vertex = (Choice, Part, bool);

/// Numbers of vertices, by what they are.
#[derive(Default)]
struct Vertices(HashMap<Vertex, usize>);

/// The people of the hidden rows that hang together, and how many rows they are.
struct Together {
    rows: HashSet<Part>,
    people: Contributors,
}

impl Pair {
    /// The columns `one` and `other` of a table.
    pub(super) fn new(one: Choice, other: Choice, table: &Table<'_>) -> Self {
        let mut pair = Self { one, other, rest: table.choice() & !one & !other, lost: Vec::new() };
        let mut vertices = Vertices::default();
        let counting: Vec<(usize, (usize, usize))> =
            table.counting(pair.rest).map(|(place, group, _)| (place, pair.edge(group, &mut vertices))).collect();
        let edges: Vec<(usize, usize)> = counting.iter().map(|(_, edge)| *edge).collect();
        pair.lost = vec![false; table.len()];
        for ((place, _), bridge) in counting.into_iter().zip(bridges(vertices.0.len(), &edges)) {
            if let Some(lost) = pair.lost.get_mut(place) {
                *lost = bridge;
            }
        }
        pair
    }

    /// Beside hidden groups whose values follow from the rows and columns around them, for each of what holds together without
    /// them: the smallest shown group that joins it with another such; where all that hangs together has none, the smallest that
    /// joins it with something else.
    pub(super) fn beside_bridges(&self, table: &Table<'_>) -> HashSet<usize> {
        let mut vertices = Vertices::default();
        let mut edges: Vec<(usize, usize)> = Vec::new();
        for (group, _) in self.hidden(table) {
            edges.push(self.edge(group, &mut vertices));
        }
        let bridges = bridges(vertices.0.len(), &edges);
        let (mut whole, mut firm) = (Joined::default(), Joined::default());
        for ((one, other), bridge) in edges.iter().zip(&bridges) {
            whole.join(*one, *other);
            if !bridge {
                firm.join(*one, *other);
            }
        }
        let ends = edges.iter().zip(bridges).filter(|(_, bridge)| *bridge).flat_map(|((one, other), _)| [*one, *other]);
        let ends: Vec<usize> = ends.collect();
        let blocks: HashSet<usize> = ends.iter().map(|end| firm.root(*end)).collect();
        let within = table.smallest_at(|part| {
            let (one, other) = (vertices.of(self, self.one, part)?, vertices.of(self, self.other, part)?);
            let same = whole.root(one) == whole.root(other) && firm.root(one) != firm.root(other);
            Some([one, other].map(|end| Some(firm.root(end)).filter(|block| same && blocks.contains(block))))
        });
        let helped: HashSet<usize> = within.keys().map(|block| whole.root(*block)).collect();
        let lone: HashSet<usize> = ends.iter().map(|end| whole.root(*end)).filter(|component| !helped.contains(component)).collect();
        let beyond = self.leaving(table, &vertices, &whole, &lone, (self.one, self.other));
        within.into_values().chain(beyond.into_values()).collect()
    }

    /// Beside hidden rows that hang together with no other, or are of fewer people than the minimum together: the smallest shown
    /// group that joins them with something else.
    pub(super) fn beside_hidden_rows(&self, table: &Table<'_>) -> HashSet<usize> {
        self.beside_hidden_totals(self.one, self.other, table)
    }

    /// The same of columns.
    pub(super) fn beside_hidden_columns(&self, table: &Table<'_>) -> HashSet<usize> {
        self.beside_hidden_totals(self.other, self.one, table)
    }

    fn beside_hidden_totals(&self, rows: Choice, columns: Choice, table: &Table<'_>) -> HashSet<usize> {
        let mut vertices = Vertices::default();
        let mut joined = Joined::default();
        let mut of_hidden_rows: Vec<(usize, Part, &Contributors)> = Vec::new();
        for (group, people) in self.hidden(table) {
            let row = vertices.number(self.end(rows, group, false));
            let column = vertices.number(self.end(columns, group, group.hides_within(columns | self.rest)));
            joined.join(row, column);
            if group.hides_within(rows | self.rest) {
                of_hidden_rows.push((row, within(rows | self.rest, &group.part), people));
            }
        }
        let mut together: HashMap<usize, Together> = HashMap::new();
        for (row, part, people) in of_hidden_rows {
            let of = together.entry(joined.root(row)).or_insert_with(|| Together { rows: HashSet::new(), people: Contributors::none() });
            of.rows.insert(part);
            of.people.add_all(people, table.min());
        }
        together.retain(|_, of| of.rows.len() < 2 || !of.people.is_enough(table.min()));
        if together.is_empty() {
            return HashSet::new();
        }
        let lone = together.into_keys().collect();
        self.leaving(table, &vertices, &joined, &lone, (rows, columns)).into_values().collect()
    }

    /// For each of `components` the smallest shown group of which one end alone is in it.
    fn leaving(
        &self,
        table: &Table<'_>,
        vertices: &Vertices,
        joined: &Joined,
        components: &HashSet<usize>,
        (rows, columns): (Choice, Choice),
    ) -> HashMap<usize, usize> {
        if components.is_empty() {
            return HashMap::new();
        }
        table.smallest_at(|part| {
            let [row, column] = [rows, columns].map(|of| Some(joined.root(vertices.of(self, of, part)?)));
            Some([row, column].map(|end| end.filter(|end| row != column && components.contains(end))))
        })
    }

    /// The hidden groups that are lines of the graph, with those behind them.
    fn hidden<'t>(&self, table: &'t Table<'_>) -> impl Iterator<Item = (&'t Total<'t>, &'t Contributors)> {
        let counting = table.counting(self.rest).filter(|(place, group, _)| group.is_hidden() && self.lost.get(*place) == Some(&false));
        counting.map(|(_, group, people)| (group, people))
    }

    /// The row and the column of a group, where all hidden rows are one, and all hidden columns.
    fn edge(&self, group: &Total<'_>, vertices: &mut Vertices) -> (usize, usize) {
        let mut end = |of| vertices.number(self.end(of, group, group.hides_within(of | self.rest)));
        (end(self.one), end(self.other))
    }

    /// The row or column of a group, or the one that stands for all hidden ones.
    fn end(&self, of: Choice, group: &Total<'_>, merged: bool) -> Vertex {
        let choice = if merged { self.rest } else { of | self.rest };
        (of, within(choice, &group.part), merged)
    }
}

impl Vertices {
    fn number(&mut self, vertex: Vertex) -> usize {
        let next = self.0.len();
        *self.0.entry(vertex).or_insert(next)
    }

    /// The row or column of a group that is shown, of which both are shown too.
    fn of(&self, pair: &Pair, of: Choice, part: &Part) -> Option<usize> {
        self.0.get(&(of, within(of | pair.rest, part), false)).copied()
    }
}

/// Which vertices hang together. The smaller of two trees hangs under the larger, so that no way to a root is long.
#[derive(Default)]
struct Joined {
    /// The vertex above, or itself, and at a root how many hang there.
    above: Vec<(usize, usize)>,
}

impl Joined {
    fn join(&mut self, one: usize, other: usize) {
        let most = one.max(other);
        self.above.extend((self.above.len()..=most).map(|vertex| (vertex, 1)));
        let (one, other) = (self.root(one), self.root(other));
        if one == other {
            return;
        }
        let size = |vertex: usize| self.above.get(vertex).map_or(0, |(_, size)| *size);
        let (small, large, together) =
            if size(one) < size(other) { (one, other, size(one) + size(other)) } else { (other, one, size(one) + size(other)) };
        if let Some(above) = self.above.get_mut(small) {
            *above = (large, 0);
        }
        if let Some((_, size)) = self.above.get_mut(large) {
            *size = together;
        }
    }

    /// The vertex that stands for all that hang together with this one.
    fn root(&self, vertex: usize) -> usize {
        let mut at = vertex;
        while let Some((above, _)) = self.above.get(at).copied().filter(|(above, _)| *above != at) {
            at = above;
        }
        at
    }
}
