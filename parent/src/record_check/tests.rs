//! Records that the enclave takes and records that it refuses, each found by its line.

use sealroom_shared::{
    limits::{BLOCK_BYTES, RECORD_BYTES},
    policy::Form,
};

use super::*;

const NDJSON: Input = Input { format: Format::Ndjson, form: Form::File, on_error: OnError::Fail, whole: true };
const CSV: Input = Input { format: Format::Csv, ..NDJSON };

/// Under a policy that calls `amount` a number and has a field `note`.
fn new(input: Input) -> RecordCheck {
    let number = FieldPolicy { text_type: TextType::Number, ..FieldPolicy::default() };
    let fields = [("amount".to_owned(), number), ("note".to_owned(), FieldPolicy::default())];
    RecordCheck::new("in", input, &fields.into())
}

fn found(input: Input, bytes: &[u8], pieces: usize) -> std::result::Result<Found, String> {
    let mut check = new(input);
    for piece in bytes.chunks(pieces) {
        check.push(piece).map_err(|failure| failure.to_text())?;
    }
    check.finish().map_err(|failure| failure.to_text())
}

fn check(bytes: &[u8], pieces: usize) -> std::result::Result<u64, String> {
    found(NDJSON, bytes, pieces).map(|found| found.records)
}

#[test]
fn records_are_counted_whatever_the_pieces() {
    let text = b"{\"a\":1}\n\r\n \n{\"a\":\"x\"}\r\n{}";
    for pieces in 1..text.len() {
        assert_eq!(check(text, pieces), Ok(3));
    }
    assert_eq!(check(b"", 1), Ok(0));
    let table = "\u{feff}\n\r\namount,x\r\n1,\"a\n\"\"\n\"\n\n\"\",\n-0.5e3,y";
    for pieces in 1..table.len() {
        assert_eq!(found(CSV, table.as_bytes(), pieces), Ok(Found { records: 3, skipped: 0 }));
    }
}

#[test]
fn bad_line_is_named_and_not_shown() {
    for (text, line) in
        [("{\"a\":1}\n\n{\"secret\":1,\"secret\":2}\n", 3), ("{\"a\":1}\n{\"secret\":\n", 2), ("[\"secret\"]", 1), ("{}\n{} secret", 2)]
    {
        for pieces in [1, 5, 100] {
            let said = check(text.as_bytes(), pieces).expect_err("refused");
            assert!(said.contains(&format!("in: line {line} ")) && !said.contains("secret"), "{said}");
        }
    }
}

#[test]
fn bad_record_of_csv_is_named_by_the_line_where_it_begins() {
    for (rows, line, why) in [
        ("secret\n", 2, "number of cells"),
        ("1,x\n\n\n1,secret,\n", 5, "number of cells"),
        ("1,\"a\nb\n\"\n1,secret\"", 5, "not quoted"),
        ("1,\"\n\"\r\n1,\"secret\" \n", 4, "after the closing quote"),
        ("1,x\n1,\"secret\n1,x\n1,x\n", 3, "ends inside of quotes"),
        ("1,secret\r\r\n", 2, "carriage return"),
        ("secret,x\n", 2, "\"amount\" is not a number"),
        ("1,x\n 1,secret\n", 3, "\"amount\" is not a number"),
        ("\"1\"\"\",secret\n", 2, "\"amount\" is not a number"),
        ("01,secret\n", 2, "\"amount\" is not a number"),
    ] {
        for (before, lines) in [("", 0), ("\u{feff}", 0), ("\n\r\n", 2)] {
            for pieces in [1, 5, 100] {
                let said = found(CSV, format!("{before}amount,note\n{rows}").as_bytes(), pieces).expect_err("refused");
                let at = |end| said.contains(&format!("in: line {}{end}", line + lines));
                assert!((at(" is not a record") || at(": the value")) && said.contains(why), "{said}");
                assert!(!said.contains("secret"), "{said}");
            }
        }
    }
}

#[test]
fn lines_are_counted_past_blocks_and_past_very_many_blank_lines() {
    let rows = "1,\"\n\"\r\n".repeat(BLOCK_BYTES / 3);
    let blank = "\r\n".repeat(BLOCK_BYTES);
    let line = |line| format!(": line {line}");
    for pieces in [1000, 65_536] {
        let said = found(CSV, format!("amount,x\n{rows}\n\nx,x\n{rows}").as_bytes(), pieces).expect_err("refused");
        assert!(said.contains(&line(2 * (BLOCK_BYTES / 3) + 4)) && said.contains("the value"), "{said}");
        let said = found(CSV, format!("{blank}amount,x\n1,2\nx,x\n").as_bytes(), pieces).expect_err("refused");
        assert!(said.contains(&line(BLOCK_BYTES + 3)) && said.contains("the value"), "{said}");
        let said = found(CSV, format!("{blank}amount,\n").as_bytes(), pieces).expect_err("refused");
        assert!(said.contains(&line(BLOCK_BYTES + 1)) && said.contains("the header row"), "{said}");
        let said = check(format!("{blank}{}\n[]\n", "{}\n".repeat(BLOCK_BYTES)).as_bytes(), pieces).expect_err("refused");
        assert!(said.contains(&line(2 * BLOCK_BYTES + 2)) && said.contains("not a record"), "{said}");
    }
}

#[test]
fn header_row_that_cannot_be_used_is_refused_whatever_becomes_of_bad_records() {
    for (text, line, why) in [
        ("", 1, "there is no header row"),
        ("\n\r\n", 1, "there is no header row"),
        ("amount,,x\n1,2,3\n", 1, "no name"),
        ("\n\namount,note,amount\n", 3, "twice"),
        ("amount,\"note\n1,2\n", 1, "inside of quotes"),
        ("amount,no\"te\n1,2\n", 1, "not quoted"),
    ] {
        for on_error in [OnError::Fail, OnError::Skip] {
            let said = found(Input { on_error, ..CSV }, text.as_bytes(), 3).expect_err("refused");
            assert!(said.contains(&format!("in: line {line}: the header row cannot be used: ")) && said.contains(why), "{said}");
        }
    }
}

#[test]
fn fields_that_the_header_row_lacks_are_told() {
    for (row, expected) in [("x", &["amount", "note"][..]), ("note", &["amount"]), ("amount,Note", &["note"]), ("note,x,amount", &[])] {
        let RecordCheck { mut reading, .. } = new(CSV);
        let Reader::Csv(table) = &mut reading.reader else { panic!("CSV") };
        let header = csv::Header::read(row.as_bytes()).expect("a header row");
        assert_eq!(table.begin(&header).expect("a header row"), expected);
    }
    // Not an error: a job may not read them.
    assert_eq!(found(CSV, b"x\n1\n", 1), Ok(Found { records: 1, skipped: 0 }));
}

#[test]
fn records_that_will_be_skipped_are_counted() {
    let skip = |input: Input, text: &str| found(Input { on_error: OnError::Skip, ..input }, text.as_bytes(), 4);
    assert_eq!(skip(NDJSON, "{}\nnot JSON\n{}\n[1]\n"), Ok(Found { records: 2, skipped: 2 }));
    assert_eq!(skip(CSV, "amount\n1\nx\n2,3\n\"\n4\n5\n"), Ok(Found { records: 1, skipped: 3 }));
}

#[test]
fn record_over_the_limit_is_refused_without_holding_it() {
    for (input, before, begin, end) in [(NDJSON, "", "{\"a\":\"", "\"}\n"), (CSV, "a\n", "\"", "\"\n")] {
        let mut check = new(input);
        check.push(before.as_bytes()).expect("begun");
        check.push(begin.as_bytes()).expect("begun");
        for _ in 0..100 {
            check.push(&[b'x'; 65_536]).expect("no record yet");
            assert!(check.records.bytes() <= 2 * RECORD_BYTES);
        }
        assert!(check.push(end.as_bytes()).is_err());
    }
}
