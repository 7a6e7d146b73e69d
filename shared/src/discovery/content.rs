//! What the values of one type are like: how long, and which types of sensitive data they are or hold. Looks at each value
//! once and keeps counts alone.

use super::cell::Cell;
use super::lengths;
use crate::detect::{Detector, Detectors, Finder, Span};
use crate::record::Scratch;
use crate::record::json::{Kind, Value};
use crate::record::operations::graphemes;
use crate::record::people::Person;

/// Counts of the values of one type in one field.
#[derive(Debug)]
pub(super) struct Content {
    /// All of them.
    pub(super) values: Cell,
    /// By length, each value in one range.
    pub(super) lengths: [Cell; lengths::RANGES],
    /// Texts that are sensitive data as a whole, each in one detector's cell at most.
    pub(super) is: [Cell; DETECTORS],
    /// Values that hold some and are none as a whole, in the cell of each detector.
    pub(super) holds: [Cell; DETECTORS],
    /// For each detector the values in neither its `holds` nor any `is`. Never shown: it is what subtracting the others leaves.
    pub(super) rest: [Cell; DETECTORS],
}

/// How many there are.
const DETECTORS: usize = Detector::ALL.len();

/// Cells of one [`Content`].
pub(super) const CELLS: usize = 1 + lengths::RANGES + 3 * DETECTORS;

/// One value, looked at.
struct Seen {
    length: usize,
    is: Option<Detector>,
    holds: Detectors,
}

impl Content {
    /// No value yet.
    pub(super) fn new() -> Self {
        let cells = || std::array::from_fn(|_| Cell::new());
        Self { values: Cell::new(), lengths: std::array::from_fn(|_| Cell::new()), is: cells(), holds: cells(), rest: cells() }
    }

    /// Counts one value.
    pub(super) fn add(&mut self, value: &Value<'_>, person: Option<Person>, min: usize, scratch: &mut Scratch) {
        let seen = match value.kind() {
            Kind::Array => Seen { length: value.elements().count(), is: None, holds: held_by(value, scratch) },
            _ => {
                let Scratch { text, spans, .. } = scratch;
                let text = value.text(text).unwrap_or_default();
                let (is, holds) = findings(text, spans);
                Seen { length: graphemes::count(text), is, holds }
            }
        };
        self.values.add(person, min);
        if let Some(range) = self.lengths.get_mut(lengths::place(seen.length)) {
            range.add(person, min);
        }
        let cells = self.is.iter_mut().zip(&mut self.holds).zip(&mut self.rest);
        for (detector, ((is, holds), rest)) in Detector::ALL.into_iter().zip(cells) {
            match seen.is {
                Some(whole) if whole == detector => is.add(person, min),
                Some(_) => {}
                None if seen.holds.contains(detector) => holds.add(person, min),
                None => rest.add(person, min),
            }
        }
    }

    /// Takes in what another counted apart.
    pub(super) fn add_all(&mut self, other: &Self, min: usize) {
        self.cells_mut().zip(other.cells()).for_each(|(cell, other)| cell.add_all(other, min));
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        [&self.values].into_iter().chain(&self.lengths).chain(&self.is).chain(&self.holds).chain(&self.rest)
    }

    fn cells_mut(&mut self) -> impl Iterator<Item = &mut Cell> {
        let Self { values, lengths, is, holds, rest } = self;
        [values].into_iter().chain(lengths).chain(is).chain(holds).chain(rest)
    }
}

/// What `text` is as a whole, and if nothing, what it holds: as [`crate::detect::whole`] and [`crate::detect::any_in`] say, in
/// one pass. What is a whole holds nothing beside.
fn findings(text: &str, spans: &mut Vec<Span>) -> (Option<Detector>, Detectors) {
    Finder::new(Detectors::all()).find(text, spans);
    match spans.as_slice() {
        // Findings that overlap became one, which may be named by a part of it.
        [span] if span.start == 0 && span.end == text.len() && span.detector.is_whole(text) => (Some(span.detector), Detectors::default()),
        spans => (None, spans.iter().map(|span| span.detector).collect()),
    }
}

/// What the texts and numbers of an array are or hold, and those of arrays in it. Objects are not looked into.
fn held_by(array: &Value<'_>, scratch: &mut Scratch) -> Detectors {
    let mut held = Detectors::default();
    for element in array.elements() {
        let more = match element.kind() {
            Kind::Array => held_by(&element, scratch),
            _ => {
                let Scratch { text, spans, .. } = &mut *scratch;
                let (is, holds) = findings(element.text(text).unwrap_or_default(), spans);
                is.into_iter().fold(holds, Detectors::with)
            }
        };
        held = more.iter().fold(held, Detectors::with);
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect;

    #[test]
    fn findings_are_those_of_the_detectors_asked_one_by_one() {
        for text in [
            "",
            "nothing",
            "4111111111111111",
            "4111 1111 1111 1111",
            "card 4111 1111 1111 1111.",
            "a@example.com",
            "a@example.com b@example.org",
            "mail a@example.com or call +49 30 1234567",
            "DE89370400440532013000",
            "192.0.2.1",
            "192.0.2.1,192.0.2.2",
            "2001:db8::1",
            "00:1b:63:84:45:e6",
            "078-05-1121",
            "219-09-9999",
            "1HGCM82633A004352",
            "+49 30 1234567@example.com",
            "4111111111111111@example.com",
        ] {
            let (is, holds) = findings(text, &mut Vec::new());
            assert_eq!(is, detect::whole(text), "{text}");
            let expected = if is.is_some() { Detectors::default() } else { detect::any_in(text) };
            assert_eq!(holds, expected, "{text}");
        }
    }
}
