//! Small tables in which totals are hidden already, against what the plain program of the test kit computes from the rules of
//! docs/aggregates.md (tests/python/aggregates_hidden.py).
//! Each is decided otherwise where some part of a picture is changed or left out.

use super::{Cells, Contributors, Person, Places};

const MIN: usize = 3;

/// A cell: its place in the columns, who is behind it, its records; then the choices of columns in which it is hidden, before and after.
type Row = (&'static [u32], Option<&'static [u8]>, u64, u64, u64);

const TABLES: &[&[Row]] = &[
    &[
        (&[0, 3], Some(&[]), 10, 10, 10),
        (&[1, 0], Some(&[1, 2, 3]), 4, 8, 8),
        (&[1, 1], Some(&[4, 5, 6]), 8, 0, 8),
        (&[1, 3], Some(&[7, 8, 9]), 1, 8, 8),
        (&[2, 2], Some(&[10, 11, 12]), 10, 0, 10),
        (&[3, 0], None, 7, 0, 8),
        (&[3, 2], Some(&[13, 14, 15]), 11, 0, 8),
        (&[4, 0], Some(&[16]), 7, 10, 10),
    ],
    // The same, rows and columns changed over.
    &[
        (&[0, 1], Some(&[1, 2, 3]), 4, 8, 8),
        (&[0, 3], None, 7, 0, 8),
        (&[0, 4], Some(&[4]), 7, 12, 12),
        (&[1, 1], Some(&[5, 6, 7]), 8, 0, 8),
        (&[2, 2], Some(&[8, 9, 10]), 10, 0, 12),
        (&[2, 3], Some(&[11, 12, 13]), 11, 0, 8),
        (&[3, 0], Some(&[]), 10, 12, 12),
        (&[3, 1], Some(&[14, 15, 16]), 1, 8, 8),
    ],
    &[
        (&[0, 0, 0], Some(&[1, 2]), 1, 232, 234),
        (&[0, 1, 1], Some(&[3, 4, 5]), 10, 232, 234),
        (&[1, 0, 0], Some(&[6]), 9, 224, 234),
        (&[1, 0, 1], Some(&[7]), 9, 224, 234),
        (&[2, 0, 0], Some(&[8]), 4, 200, 200),
        (&[2, 1, 0], Some(&[9, 2]), 10, 200, 200),
    ],
    &[
        (&[0, 0], Some(&[1, 2, 3]), 6, 0, 8),
        (&[0, 2], Some(&[4, 5, 6]), 11, 0, 8),
        (&[1, 0], Some(&[7, 8, 9]), 8, 0, 0),
        (&[1, 1], Some(&[10, 11]), 11, 8, 8),
        (&[1, 2], Some(&[12, 13]), 3, 8, 8),
        (&[2, 0], Some(&[]), 12, 8, 8),
        (&[2, 1], Some(&[14, 15, 5]), 7, 8, 8),
        (&[3, 0], Some(&[]), 3, 8, 8),
        (&[3, 1], Some(&[16, 6, 11]), 7, 0, 0),
        (&[3, 2], Some(&[1, 10, 7]), 6, 8, 8),
    ],
    &[
        (&[0, 0], Some(&[1, 2, 3]), 10, 0, 8),
        (&[0, 2], Some(&[4, 5, 6]), 6, 0, 8),
        (&[1, 1], Some(&[4, 7, 8]), 7, 0, 10),
        (&[2, 0], Some(&[9, 10]), 11, 0, 10),
    ],
    &[
        (&[0, 3], Some(&[1, 2]), 5, 0, 10),
        (&[2, 3], Some(&[2]), 7, 10, 10),
        (&[3, 3], Some(&[3]), 6, 10, 10),
        (&[4, 0], Some(&[4]), 7, 12, 12),
        (&[4, 2], Some(&[3, 5, 6]), 12, 12, 12),
        (&[4, 3], Some(&[6, 4, 7]), 10, 0, 0),
    ],
    // The same, rows and columns changed over.
    &[
        (&[0, 4], Some(&[1]), 7, 10, 10),
        (&[2, 4], Some(&[2, 3, 4]), 12, 10, 10),
        (&[3, 0], Some(&[5, 6]), 5, 0, 12),
        (&[3, 2], Some(&[6]), 7, 12, 12),
        (&[3, 3], Some(&[2]), 6, 12, 12),
        (&[3, 4], Some(&[4, 1, 7]), 10, 0, 0),
    ],
    &[
        (&[0, 1], None, 9, 0, 14),
        (&[0, 2], None, 9, 0, 10),
        (&[1, 2], Some(&[1, 2]), 3, 0, 10),
        (&[2, 2], Some(&[3, 4, 5]), 4, 0, 0),
        (&[3, 0], Some(&[3, 6]), 4, 0, 14),
        (&[4, 2], Some(&[7, 4, 8]), 2, 0, 8),
        (&[4, 3], Some(&[9, 7, 10]), 4, 0, 12),
    ],
    // The same, rows and columns changed over.
    &[
        (&[0, 3], Some(&[1, 2]), 4, 0, 14),
        (&[1, 0], None, 9, 0, 14),
        (&[2, 0], None, 9, 0, 12),
        (&[2, 1], Some(&[3, 4]), 3, 0, 12),
        (&[2, 2], Some(&[1, 5, 6]), 4, 0, 0),
        (&[2, 4], Some(&[7, 5, 8]), 2, 0, 8),
        (&[3, 4], Some(&[9, 7, 10]), 4, 0, 10),
    ],
    &[
        (&[0, 0, 0], Some(&[1, 2, 3]), 7, 128, 128),
        (&[0, 0, 1], Some(&[2]), 1, 128, 128),
        (&[0, 1, 0], None, 5, 128, 128),
        (&[0, 1, 1], Some(&[4, 5, 6]), 5, 128, 128),
        (&[0, 2, 0], Some(&[7, 8, 9]), 6, 0, 128),
        (&[0, 2, 1], Some(&[4, 10, 11]), 11, 0, 128),
        (&[1, 0, 0], Some(&[7, 12, 13]), 3, 128, 128),
        (&[1, 0, 1], Some(&[8, 9, 14]), 5, 128, 128),
        (&[1, 1, 0], Some(&[4, 15, 2]), 6, 128, 128),
        (&[1, 1, 1], Some(&[5, 8, 10]), 1, 128, 128),
        (&[1, 2, 0], Some(&[16, 8, 1]), 12, 0, 0),
        (&[1, 2, 1], Some(&[4, 17, 6]), 10, 0, 0),
        (&[2, 0, 0], Some(&[9, 14, 18]), 4, 0, 0),
        (&[2, 0, 1], None, 11, 0, 128),
        (&[2, 1, 0], Some(&[7, 5, 9]), 3, 0, 128),
        (&[2, 1, 1], Some(&[6, 19, 20]), 11, 0, 128),
        (&[2, 2, 0], Some(&[16, 2, 11]), 2, 0, 128),
        (&[2, 2, 1], Some(&[2, 13, 18]), 12, 0, 128),
    ],
];

#[test]
fn hidden_totals_are_protected_as_the_page_says() {
    for (number, table) in TABLES.iter().enumerate() {
        let columns = table[0].0.len();
        let values = |column: usize| table.iter().map(|row| row.0[column]).collect::<Vec<_>>();
        let places = (0..columns).fold(Places::new(table.len()), |places, column| places.with(&values(column)));
        let people: Vec<Option<Contributors>> = table.iter().map(|row| row.1.map(people_of)).collect();
        let mut cells = Cells::new(&places, table.iter().zip(&people).map(|(row, people)| (row.2, people.as_ref(), row.3)));
        cells.decide(MIN);
        assert_eq!(cells.into_hidden(), table.iter().map(|row| row.4).collect::<Vec<_>>(), "table {number}");
    }
}

fn people_of(numbers: &[u8]) -> Contributors {
    let mut people = Contributors::none();
    for number in numbers {
        people.add(Person::of_digest([*number; 16]), MIN);
    }
    people
}
