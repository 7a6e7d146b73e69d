//! Quantiles: the discrete one, a value that was observed, with enough people on both of its sides.

use super::contributors::Contributors;
use super::exact::Exact;
use super::measure::{Share, WHOLE};
use crate::record::people::Person;

/// The smallest of `values`, which rise, that at least the share `q` of them does not exceed. None where fewer than `min` people
/// have a value up to it, or from it on.
pub(super) fn quantile(values: &[(Exact, Option<Person>)], q: Share, min: usize) -> Option<Exact> {
    let count = u128::try_from(values.len()).ok()?;
    let rank = (u128::from(q.parts) * count).div_ceil(u128::from(WHOLE)).max(1);
    let (value, _) = values.get(usize::try_from(rank - 1).ok()?)?;
    let up_to = values.iter().take_while(|(other, _)| other <= value);
    let from = values.iter().rev().take_while(|(other, _)| other >= value);
    (enough(up_to, min) && enough(from, min)).then_some(*value)
}

fn enough<'v>(values: impl Iterator<Item = &'v (Exact, Option<Person>)>, min: usize) -> bool {
    let mut people = Contributors::none();
    for person in values.filter_map(|(_, person)| *person) {
        people.add(person, min);
        if people.is_enough(min) {
            return true;
        }
    }
    min == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::record::decimal::Decimal;

    fn values(numbers: &[(&str, u8)]) -> Vec<(Exact, Option<Person>)> {
        let exact = |text| Exact::of(&Decimal::parse(text).unwrap()).unwrap();
        numbers.iter().map(|(text, person)| (exact(text), Some(Person::of_digest([*person; 16])))).collect()
    }

    fn of(numbers: &[(&str, u8)], parts: u64, min: usize) -> Option<String> {
        quantile(&values(numbers), Share { parts }, min).map(|value| value.to_string())
    }

    #[test]
    fn quantile_is_an_observed_value() {
        let four = [("1", 1), ("2", 2), ("3", 3), ("4", 4)];
        for (parts, value) in [(0, "1"), (250_000_000, "1"), (250_000_001, "2"), (500_000_000, "2"), (750_000_000, "3"), (WHOLE, "4")] {
            assert_eq!(of(&four, parts, 1).unwrap(), value, "{parts}");
        }
        assert_eq!(of(&[], 500_000_000, 0), None);
    }

    #[test]
    fn few_people_on_either_side_hide_it() {
        let rising = [("1", 1), ("2", 2), ("3", 3), ("4", 4), ("5", 5)];
        assert_eq!(of(&rising, 500_000_000, 3).unwrap(), "3");
        assert_eq!(of(&rising, 400_000_000, 3), None, "two people have 2 or less");
        assert_eq!(of(&rising, 800_000_000, 3), None, "two people have 4 or more");
        assert_eq!(of(&[("1", 1), ("2", 1), ("3", 1), ("4", 4), ("5", 5)], 500_000_000, 3), None, "one person has all the low ones");
        assert_eq!(of(&[("7", 1), ("7", 2), ("7", 3)], WHOLE, 3).unwrap(), "7", "all have the same");
    }
}
