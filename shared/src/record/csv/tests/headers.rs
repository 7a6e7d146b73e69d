//! Headers: names, and where the wanted ones lie.

use super::*;
use crate::limits;

fn fault(header: &[u8]) -> Option<HeaderError> {
    Header::read(header).err()
}

#[test]
fn names_are_texts() {
    let header = Header::read("plain,\"quo\"\"ted\",\"two\r\nlines\", blank ,é".as_bytes()).unwrap();
    assert_eq!(header.names().collect::<Vec<_>>(), ["plain", "quo\"ted", "two\r\nlines", " blank ", "é"]);
    assert_eq!(header.columns(["quo\"ted", "é"]).unwrap().cells(), 5);
}

#[test]
fn names_that_cannot_be_told_apart_are_refused() {
    for (header, error) in [
        (&b""[..], HeaderError::EmptyName),
        (b"\"\"", HeaderError::EmptyName),
        (b"a,", HeaderError::EmptyName),
        (b",a", HeaderError::EmptyName),
        (b"a,\"\",b", HeaderError::EmptyName),
        (b"a,b,a", HeaderError::DuplicateName),
        (b"a,\"a\"", HeaderError::DuplicateName),
        (b"\"\"\"\",\"\"\"\"", HeaderError::DuplicateName),
        (b"a,b\"", HeaderError::Record(CsvError::QuoteInUnquotedCell)),
        (b"a,\"b", HeaderError::Record(CsvError::UnclosedQuote)),
        (b"a\rb\rc", HeaderError::Record(CsvError::BareCarriageReturn)),
        // Whether it can be read at all comes before what it says.
        (b",\"", HeaderError::Record(CsvError::UnclosedQuote)),
        (b"a,a,b\"", HeaderError::Record(CsvError::QuoteInUnquotedCell)),
        (b"\xff\xfea\0", HeaderError::Record(CsvError::NotUtf8)),
    ] {
        assert_eq!(fault(header), Some(error), "{:?}", header.escape_ascii().to_string());
    }
    let long = vec![b'a'; limits::RECORD_BYTES + 1];
    assert_eq!(fault(&long), Some(HeaderError::Record(CsvError::TooLong)));
}

#[test]
fn names_that_differ_in_bytes_differ() {
    for header in ["a,A", "a, a", "é,e\u{301}", "a,\"a \"", "a,a\0"] {
        assert_eq!(fault(header.as_bytes()), None, "{header:?}");
    }
}

#[test]
fn more_columns_than_the_bound_are_refused() {
    let names = |count: usize| (0..count).map(|index| index.to_string()).collect::<Vec<_>>().join(",");
    assert_eq!(Header::read(names(limits::CSV_COLUMNS).as_bytes()).unwrap().names().len(), limits::CSV_COLUMNS);
    assert_eq!(fault(names(limits::CSV_COLUMNS + 1).as_bytes()), Some(HeaderError::TooManyColumns));
    assert_eq!(fault(&vec![b','; limits::RECORD_BYTES]), Some(HeaderError::TooManyColumns));
}

#[test]
fn a_wanted_field_without_a_column_is_named_by_its_index() {
    let header = Header::read(b"a,b").unwrap();
    for (wanted, missing) in [(&["c"][..], 0), (&["a", "B"], 1), (&["a", "b", ""], 2), (&["a", " b", "c"], 1)] {
        assert_eq!(header.columns(wanted.iter().copied()).err(), Some(HeaderError::MissingColumn(missing)), "{wanted:?}");
    }
    assert_eq!(header.columns([]).unwrap().cells(), 2);
}
