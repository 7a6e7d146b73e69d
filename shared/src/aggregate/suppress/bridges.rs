//! Which edges of a graph lie on no cycle.

/// A vertex of the walk, and how it was reached: from which vertex, by which edge.
type Reached = (usize, Option<(usize, usize)>);

/// For each edge, given by the numbers of its two ends, whether removing it alone parts them. Ends are below `vertices`; two edges
/// of the same ends are a cycle.
pub(super) fn bridges(vertices: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let at = Leaving::new(vertices, edges);
    // A walk in depth reaches every edge outside its tree between a vertex and one above it. Those above a tree's edge that start
    // below it are its cycles.
    let mut order: Vec<Reached> = Vec::with_capacity(vertices);
    let mut depth: Vec<Option<usize>> = vec![None; vertices];
    let mut cycles: Vec<i64> = vec![0; vertices];
    for root in 0..vertices {
        if depth.get(root).copied().flatten().is_none() {
            walk(root, &at, &mut depth, &mut cycles, &mut order);
        }
    }
    let mut bridge = vec![false; edges.len()];
    for (vertex, above) in order.into_iter().rev() {
        let Some((parent, edge)) = above else { continue };
        let of_vertex = cycles.get(vertex).copied().unwrap_or_default();
        if let Some(of_parent) = cycles.get_mut(parent) {
            *of_parent += of_vertex;
        }
        if let Some(bridge) = bridge.get_mut(edge) {
            *bridge = of_vertex == 0;
        }
    }
    bridge
}

/// The edges that leave each vertex: where to, and which.
struct Leaving {
    /// Where those of each vertex end; they start where those of the one before do.
    ends: Vec<usize>,
    edges: Vec<(usize, usize)>,
}

impl Leaving {
    fn new(vertices: usize, edges: &[(usize, usize)]) -> Self {
        let both = || edges.iter().enumerate().flat_map(|(edge, (one, other))| [(*one, *other, edge), (*other, *one, edge)]);
        let mut ends = vec![0_usize; vertices];
        for (from, ..) in both() {
            if let Some(count) = ends.get_mut(from) {
                *count += 1;
            }
        }
        let mut before = 0;
        for end in &mut ends {
            // Where the next of its edges goes; at the last it is the end.
            before += std::mem::replace(end, before);
        }
        let mut leaving = vec![(0, 0); before];
        for (from, to, edge) in both() {
            if let Some(next) = ends.get_mut(from) {
                if let Some(place) = leaving.get_mut(*next) {
                    *place = (to, edge);
                }
                *next += 1;
            }
        }
        Self { ends, edges: leaving }
    }

    fn of(&self, vertex: usize) -> &[(usize, usize)] {
        let start = vertex.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let range = start.zip(self.ends.get(vertex)).map(|(start, end)| start..*end);
        range.and_then(|range| self.edges.get(range)).unwrap_or_default()
    }
}

/// Walks all that is connected with `root`, noting each vertex with its parent and the edge to it. Counts a cycle up at the lower
/// end of its edge and down at the upper.
fn walk(root: usize, at: &Leaving, depth: &mut [Option<usize>], cycles: &mut [i64], order: &mut Vec<Reached>) {
    // With how many of its edges have been followed.
    let mut path: Vec<(Reached, usize)> = Vec::new();
    let mut enter: Option<Reached> = Some((root, None));
    while enter.is_some() || !path.is_empty() {
        if let Some((vertex, above)) = enter.take() {
            if let Some(depth) = depth.get_mut(vertex) {
                *depth = Some(path.len());
            }
            order.push((vertex, above));
            path.push(((vertex, above), 0));
        }
        let level = path.len().saturating_sub(1);
        let Some(((vertex, above), followed)) = path.last_mut() else { break };
        let Some((to, edge)) = at.of(*vertex).get(*followed) else {
            path.pop();
            continue;
        };
        *followed += 1;
        if above.is_some_and(|(_, reached_by)| reached_by == *edge) {
            continue;
        }
        match depth.get(*to).copied().flatten() {
            None => enter = Some((*to, Some((*vertex, *edge)))),
            Some(upper) if upper < level => {
                for (end, change) in [(*vertex, 1), (*to, -1)] {
                    if let Some(cycles) = cycles.get_mut(end) {
                        *cycles += change;
                    }
                }
            }
            // Seen from its upper end.
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]

    use super::*;

    #[test]
    fn edges_of_cycles_are_none() {
        assert_eq!(bridges(4, &[(0, 1), (1, 2), (2, 3), (3, 0)]), [false; 4]);
        assert_eq!(bridges(2, &[(0, 1), (1, 0)]), [false; 2], "two edges of the same ends");
    }

    #[test]
    fn what_joins_two_cycles_is_one() {
        let edges = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 5), (5, 3), (5, 6)];
        assert_eq!(bridges(8, &edges), [false, false, false, true, false, false, false, true]);
    }

    /// Against the definition, on every graph of five vertices and some edges in disorder.
    #[test]
    fn removing_a_bridge_parts_its_ends() {
        let all: Vec<(usize, usize)> = (0..5).flat_map(|one| (one + 1..5).map(move |other| (one, other))).collect();
        for chosen in 0..1_usize << all.len() {
            let edges: Vec<_> = all.iter().enumerate().filter(|(bit, _)| chosen >> bit & 1 == 1).map(|(_, edge)| *edge).rev().collect();
            for (index, bridge) in bridges(5, &edges).into_iter().enumerate() {
                let (from, to) = edges[index];
                let mut reached = vec![from];
                let mut next = 0;
                while next < reached.len() {
                    let vertex = reached[next];
                    for (other, (one, two)) in edges.iter().enumerate() {
                        for (here, there) in [(*one, *two), (*two, *one)] {
                            if other != index && here == vertex && !reached.contains(&there) {
                                reached.push(there);
                            }
                        }
                    }
                    next += 1;
                }
                assert_eq!(bridge, !reached.contains(&to), "{edges:?} {index}");
            }
        }
    }
}
