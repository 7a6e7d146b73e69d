//! Cases by name: what is refused, and the examples of RFC 4180.

use super::*;
use crate::limits;

#[test]
fn the_examples_of_rfc_4180_are_read() {
    // Section 2, points 1 and 2: with and without a line break after the last record.
    let rows = [b"aaa,bbb,ccc".to_vec(), b"zzz,yyy,xxx".to_vec()];
    assert_eq!(records(b"aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n"), rows);
    assert_eq!(records(b"aaa,bbb,ccc\r\nzzz,yyy,xxx"), rows);
    // Point 3: a header.
    let stream = b"field_name,field_name2,field_name3\r\naaa,bbb,ccc\r\nzzz,yyy,xxx\r\n";
    let (header, at) = next_record(stream, 0).unwrap();
    assert_eq!(Header::read(header).unwrap().names().collect::<Vec<_>>(), ["field_name", "field_name2", "field_name3"]);
    assert_eq!(records(&stream[at..]), rows);
    // Point 4.
    assert_eq!(read(b"aaa,bbb,ccc", 3).unwrap(), ["aaa", "bbb", "ccc"]);
    // Point 5: "each field may or may not be enclosed in double quotes".
    let stream = b"\"aaa\",\"bbb\",\"ccc\"\r\nzzz,yyy,xxx";
    assert_eq!(records(stream), [&b"\"aaa\",\"bbb\",\"ccc\""[..], b"zzz,yyy,xxx"]);
    assert_eq!(read(b"\"aaa\",\"bbb\",\"ccc\"", 3).unwrap(), ["aaa", "bbb", "ccc"]);
    // Point 6: line breaks within quotes.
    let stream = b"\"aaa\",\"b\r\nbb\",\"ccc\"\r\nzzz,yyy,xxx";
    assert_eq!(records(stream), [&b"\"aaa\",\"b\r\nbb\",\"ccc\""[..], b"zzz,yyy,xxx"]);
    assert_eq!(read(b"\"aaa\",\"b\r\nbb\",\"ccc\"", 3).unwrap(), ["aaa", "b\r\nbb", "ccc"]);
    // Point 7: a quote within quotes.
    assert_eq!(read(b"\"aaa\",\"b\"\"bb\",\"ccc\"", 3).unwrap(), ["aaa", "b\"bb", "ccc"]);
}

#[test]
fn valid_records_are_read() {
    for (record, cells) in [
        (&b"a"[..], &["a"][..]),
        (b"\"\"", &[""]),
        (b",", &["", ""]),
        (b"a,", &["a", ""]),
        (b",a", &["", "a"]),
        (b"\"\",\"\"", &["", ""]),
        (b"\"\"\"\"", &["\""]),
        (b"\"\"\"\"\"\",\"\"\"a\"\"\"", &["\"\"", "\"a\""]),
        (b"\",\",\",,\"", &[",", ",,"]),
        (b"\"\n\",\"\r\",\"\r\n,\"", &["\n", "\r", "\r\n,"]),
        (b" a , b ", &[" a ", " b "]),
        (b"\t,\0,\x1b,\x7f", &["\t", "\0", "\x1b", "\x7f"]),
        ("é,\"日本\",😀".as_bytes(), &["é", "日本", "😀"]),
        (b"a'b;c\td|e\\,\\n", &["a'b;c\td|e\\", "\\n"]),
        ("a,\u{feff}".as_bytes(), &["a", "\u{feff}"]),
        (b"=1+1,@x,-1", &["=1+1", "@x", "-1"]),
    ] {
        assert_eq!(read(record, cells.len()).unwrap(), cells, "{:?}", record.escape_ascii().to_string());
        assert_eq!(naive_cells(record).unwrap(), cells);
    }
}

#[test]
fn records_that_are_not_csv_are_refused_by_name() {
    use CsvError::*;
    for (record, error) in [
        (&b"a\"b"[..], QuoteInUnquotedCell),
        (b"a\"", QuoteInUnquotedCell),
        (b"a,b\"\"", QuoteInUnquotedCell),
        (b" \"a\"", QuoteInUnquotedCell),
        (b"\"a\",b\"c\"", QuoteInUnquotedCell),
        (b"a\"\n\"b", QuoteInUnquotedCell),
        ("\u{feff}\"a\"".as_bytes(), QuoteInUnquotedCell),
        (b"\"a\"b", AfterClosingQuote),
        (b"\"a\" ", AfterClosingQuote),
        (b"\"a\" ,b", AfterClosingQuote),
        (b"a,\"b\"\r", AfterClosingQuote),
        (b"\"a\"\n", AfterClosingQuote),
        (b"\"a\"\"b\"c\"", AfterClosingQuote),
        (b"\"a\\\"b\"", AfterClosingQuote),
        (b"\"\"a", AfterClosingQuote),
        (b"\"", UnclosedQuote),
        (b"\"a", UnclosedQuote),
        (b"a,\"", UnclosedQuote),
        (b"\"\"\"", UnclosedQuote),
        (b"\"a\"\"", UnclosedQuote),
        (b"\"a,b\nc,d\n", UnclosedQuote),
        (b"\r", BareCarriageReturn),
        (b"a\r", BareCarriageReturn),
        (b"a\rb", BareCarriageReturn),
        (b"\"a\",\r", BareCarriageReturn),
        (b"a\r\"", BareCarriageReturn),
        (b"a\nb", BareLineFeed),
        (b"\n", BareLineFeed),
        (b"\"\n\",\n", BareLineFeed),
        (b"\x80", NotUtf8),
        (b"\"\xff\"", NotUtf8),
        (b"a,\xc3", NotUtf8),
        (b"\xed\xa0\x80", NotUtf8),
        (b"\xc0\xaf", NotUtf8),
        (b"a\x00\xff\xfe\"", NotUtf8),
    ] {
        assert_eq!(read(record, 1), Err(error), "{:?}", record.escape_ascii().to_string());
        assert_eq!(naive_cells(record), Err(error));
    }
}

#[test]
fn a_fault_behind_the_last_wanted_cell_is_found() {
    let columns = Header::read(b"a,b,c").unwrap().columns(["a"]).unwrap();
    let mut reader = Reader::new();
    for (record, error) in [
        (&b"1,2,\"3"[..], CsvError::UnclosedQuote),
        (b"1,x\"y,3", CsvError::QuoteInUnquotedCell),
        (b"1,2,\xff", CsvError::NotUtf8),
        (b"1,2,3\r", CsvError::BareCarriageReturn),
        (b"1,2", CsvError::CellCount),
        (b"1,2,3,", CsvError::CellCount),
        (b"1,\"2,3\"", CsvError::CellCount),
        (b"", CsvError::CellCount),
        // Its cells' faults before their number.
        (b"1,\"2\"3", CsvError::AfterClosingQuote),
    ] {
        assert_eq!(reader.read(&columns, record).err(), Some(error), "{:?}", record.escape_ascii().to_string());
    }
    assert_eq!(reader.read(&columns, b"1,2,3").unwrap().cell(0).unwrap().raw(), "1");
}

#[test]
fn a_record_at_the_bound_is_read_and_a_longer_one_refused() {
    let mut record = vec![b'x'; limits::RECORD_BYTES];
    assert_eq!(read(&record, 1).unwrap()[0].len(), limits::RECORD_BYTES);
    record.push(b'x');
    assert_eq!(read(&record, 1), Err(CsvError::TooLong));
    // Whatever it is besides.
    record[0] = 0xff;
    assert_eq!(read(&record, 1), Err(CsvError::TooLong));
}

#[test]
fn a_cell_says_what_it_is() {
    let columns = columns(4);
    let mut reader = Reader::new();
    let cells = reader.read(&columns, b"plain,\"quoted\",\"dou\"\"bled\",\"\"").unwrap();
    let all: Vec<_> = (0..4).map(|index| cells.cell(index).unwrap()).map(|cell| (cell.raw(), cell.doubled(), cell.is_empty())).collect();
    assert_eq!(all, [("plain", false, false), ("quoted", false, false), ("dou\"\"bled", true, false), ("", false, true)]);
}

#[test]
fn no_cell_is_left_of_another_record_or_file() {
    let mut reader = Reader::new();
    let wide = Header::read(b"a,b,c").unwrap().columns(["c", "a", "a"]).unwrap();
    let narrow = Header::read(b"c").unwrap().columns(["c"]).unwrap();
    let cells = reader.read(&wide, b"1,2,3").unwrap();
    assert_eq!([0, 1, 2].map(|index| cells.cell(index).unwrap().raw()), ["3", "1", "1"]);
    assert_eq!(reader.read(&narrow, b"1,2,3").err(), Some(CsvError::CellCount));
    let cells = reader.read(&narrow, b"x").unwrap();
    assert_eq!(cells.cell(0).unwrap().raw(), "x");
    assert!(cells.cell(1).is_none());
    let cells = reader.read(&wide, b",,").unwrap();
    assert_eq!([0, 1, 2].map(|index| cells.cell(index).unwrap().raw()), ["", "", ""]);
}
