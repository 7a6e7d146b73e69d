//! Whoever knows all that every job shows, and which groups are empty, cannot compute a hidden group: tried with exact algebra.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::as_conversions, clippy::cast_possible_truncation, reason = "tests")]

use super::cells::{Cells, Choice, Part, Places, contains, within};
use crate::aggregate::Contributors;
use crate::record::people::Person;

mod tables;

const MIN: usize = 5;
/// Algebra is done modulo this prime; the sums' coefficients are 0 and 1.
const PRIME: i128 = (1 << 61) - 1;

/// Pseudorandom numbers, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Groups that are not empty, with what is hidden of them.
struct Decided {
    parts: Vec<Part>,
    hidden: Vec<u64>,
}

/// Groups of up to `most` people, of which `empty` in a hundred are not there.
fn decided(random: &mut Random, sizes: &[u64], empty: u64, most: u64) -> Decided {
    let mut parts: Vec<Vec<u32>> = vec![Vec::new()];
    for size in sizes {
        parts = parts.into_iter().flat_map(|part| (0..*size as u32).map(move |value| [part.clone(), vec![value]].concat())).collect();
    }
    parts.retain(|_| random.below(100) >= empty);
    let mut next = 0_u128;
    let people: Vec<Contributors> = parts
        .iter()
        .map(|_| {
            let mut people = Contributors::none();
            for _ in 0..=random.below(most) {
                next += 1;
                people.add(Person::of_digest(next.to_be_bytes()), MIN);
            }
            people
        })
        .collect();
    let column = |place: usize| parts.iter().map(|part| part[place]).collect::<Vec<_>>();
    let places = (0..sizes.len()).fold(Places::new(parts.len()), |places, place| places.with(&column(place)));
    let records: Vec<u64> = parts.iter().map(|_| 1 + random.below(40)).collect();
    let mut cells = Cells::new(&places, records.iter().zip(&people).map(|(records, people)| (*records, Some(people), 0)));
    cells.decide(MIN);
    let parts = cells.iter().map(|(part, _)| *part).collect();
    Decided { parts, hidden: cells.into_hidden() }
}

impl Decided {
    /// The totals over `choice`: which groups are in each, and whether it is hidden.
    fn totals(&self, choice: Choice) -> Vec<(Vec<i128>, bool)> {
        let mut totals: Vec<(Part, Vec<i128>, bool)> = Vec::new();
        for (place, part) in self.parts.iter().enumerate() {
            let (part, hidden) = (within(choice, part), contains(self.hidden[place], choice));
            let index = totals.iter().position(|(known, ..)| *known == part).unwrap_or_else(|| {
                totals.push((part, vec![0; self.parts.len()], hidden));
                totals.len() - 1
            });
            assert_eq!(totals[index].2, hidden, "a total is hidden or shown as a whole");
            totals[index].1[place] = 1;
        }
        totals.into_iter().map(|(_, sum, hidden)| (sum, hidden)).collect()
    }

    /// The hidden totals over `choice` that follow from what the tables of `known` show.
    fn found(&self, choice: Choice, known: impl Iterator<Item = Choice>) -> Vec<Vec<i128>> {
        let mut basis = Basis::default();
        known.flat_map(|known| self.totals(known)).filter(|(_, hidden)| !hidden).for_each(|(sum, _)| basis.add(sum));
        let hidden = self.totals(choice).into_iter().filter(|(_, hidden)| *hidden).map(|(sum, _)| sum);
        hidden.filter(|sum| basis.reduce(sum.clone()).is_none()).collect()
    }
}

/// Sums that are known, each with a one where all before it have a zero.
#[derive(Default)]
struct Basis(Vec<(usize, Vec<i128>)>);

impl Basis {
    /// What remains of a sum when known ones are taken off; none where nothing does.
    fn reduce(&self, mut sum: Vec<i128>) -> Option<(usize, Vec<i128>)> {
        for (lead, known) in &self.0 {
            let factor = sum[*lead];
            if factor != 0 {
                sum.iter_mut().zip(known).for_each(|(value, known)| *value = (*value - factor * known).rem_euclid(PRIME));
            }
        }
        let lead = sum.iter().position(|value| *value != 0)?;
        Some((lead, sum))
    }

    fn add(&mut self, sum: Vec<i128>) {
        if let Some((lead, mut sum)) = self.reduce(sum) {
            let inverse = power(sum[lead], PRIME - 2);
            sum.iter_mut().for_each(|value| *value = *value * inverse % PRIME);
            self.0.push((lead, sum));
        }
    }
}

fn power(base: i128, exponent: i128) -> i128 {
    let (mut base, mut exponent, mut result) = (base, exponent, 1);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % PRIME;
        }
        base = base * base % PRIME;
        exponent >>= 1;
    }
    result
}

/// How many totals are hidden in tables of these sizes, and how many of them follow from all tables together though some table
/// could have hidden more.
fn attacked(random: &mut Random, sizes: &[u64], empty: u64, people: u64, tables: usize) -> (usize, usize) {
    let all: Choice = (1 << sizes.len()) - 1;
    let (mut hidden, mut found) = (0, 0);
    for _ in 0..tables {
        let decided = decided(random, sizes, empty, people);
        for choice in 0..=all {
            hidden += decided.totals(choice).iter().filter(|(_, hidden)| *hidden).count();
            // No table over more columns, nor groups that all columns tell apart, can keep what follows from the others.
            let anyway = decided.found(choice, (0..=all).filter(|other| other & choice != choice || (*other == choice && choice != all)));
            found += decided.found(choice, 0..=all).iter().filter(|sum| !anyway.contains(sum)).count();
        }
    }
    (hidden, found)
}

#[test]
fn of_two_columns_nothing_hidden_follows_from_all_tables_together() {
    let mut random = Random(7);
    for (sizes, empty, people) in [([4, 4], 0, 14), ([5, 5], 30, 14), ([5, 5], 30, 40), ([6, 3], 60, 40), ([8, 8], 50, 100)] {
        let (hidden, found) = attacked(&mut random, &sizes, empty, people, 60);
        assert!(hidden > 150, "{sizes:?}: {hidden}");
        assert_eq!(found, 0, "of {hidden} in {sizes:?}");
    }
}

/// The page says that this is seldom, not never.
#[test]
fn of_three_columns_little_does() {
    let mut random = Random(7);
    for (empty, people) in [(10, 14), (50, 14), (10, 100), (50, 100)] {
        let (hidden, found) = attacked(&mut random, &[3, 3, 3], empty, people, 40);
        assert!(hidden > 250 && found * 25 <= hidden, "{found} of {hidden}");
    }
}

#[test]
fn tables_without_anything_small_show_everything() {
    let mut random = Random(1);
    let places = Places::new(4).with(&[0, 0, 1, 1]).with(&[0, 1, 0, 1]);
    let people = Contributors::Enough;
    for hidden in 0..4 {
        let cells = (0..4).map(|cell| (1 + random.below(9), Some(&people), u64::from(cell == hidden) << 3));
        let mut cells = Cells::new(&places, cells);
        cells.decide(MIN);
        assert!(cells.into_hidden().iter().all(|hidden| contains(*hidden, 3)), "beside one hidden group of four the others follow");
    }
    let mut cells = Cells::new(&places, (0..4).map(|_| (1, Some(&people), 0)));
    cells.decide(MIN);
    assert_eq!(cells.into_hidden(), [0; 4]);
}

/// Rows of which each shares a column with the next: what hangs together is as long as the table.
#[test]
fn a_long_chain_of_hidden_groups_is_decided_as_any_other() {
    let rows = 20_000_u32;
    let groups: Vec<(u32, u32)> = (0..rows).flat_map(|row| [(row, row), (row, row + 1), (row, rows + 1)]).collect();
    let few = {
        let mut people = Contributors::none();
        people.add(Person::of_digest([1; 16]), MIN);
        people
    };
    let places = Places::new(groups.len());
    let places = places.with(&groups.iter().map(|(row, _)| *row).collect::<Vec<_>>());
    let places = places.with(&groups.iter().map(|(_, column)| *column).collect::<Vec<_>>());
    let people = |column: u32| if column == rows + 1 { Contributors::Enough } else { few.clone() };
    let people: Vec<Contributors> = groups.iter().map(|(_, column)| people(*column)).collect();
    let mut cells = Cells::new(&places, people.iter().map(|people| (1, Some(people), 0)));
    cells.decide(MIN);
    let hidden = cells.into_hidden();
    assert!(groups.iter().zip(&hidden).all(|((_, column), hidden)| *column == rows + 1 || contains(*hidden, 3)));
}
