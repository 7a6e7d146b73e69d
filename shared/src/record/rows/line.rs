//! How a row is one line of its format, apart from its values: the header row of CSV, what stands before a value, the row's end.
//! Called by rows and their workers; it never sees a value.

use crate::policy::Format;
use crate::record::{csv, json};

/// What stands before the first row: in CSV a row of the columns' names.
pub(super) fn header<'a>(format: Format, columns: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut head = Vec::new();
    if format == Format::Csv {
        for (index, name) in columns.into_iter().enumerate() {
            head.extend_from_slice(if index == 0 { b"" } else { b"," });
            csv::write_only_cell(name, &mut head);
        }
        head.push(b'\n');
    }
    head
}

/// Ends the row that began at `start`.
pub(super) fn end(format: Format, start: usize, out: &mut Vec<u8>) {
    match format {
        Format::Ndjson => match out.get_mut(start) {
            // Each column began with a comma.
            Some(first) => {
                *first = b'{';
                out.extend_from_slice(b"}\n");
            }
            None => out.extend_from_slice(b"{}\n"),
        },
        Format::Csv => {
            if out.len() == start {
                // A row of one empty cell would be a blank line.
                out.extend_from_slice(b"\"\"");
            }
            out.push(b'\n');
        }
    }
}

/// What stands before a column's value.
pub(super) fn label(format: Format, index: usize, name: &str) -> Vec<u8> {
    match format {
        Format::Ndjson => {
            let mut label = b",\"".to_vec();
            json::write_escaped(name, &mut label);
            label.extend_from_slice(b"\":");
            label
        }
        Format::Csv => {
            if index == 0 {
                b"".to_vec()
            } else {
                b",".to_vec()
            }
        }
    }
}
