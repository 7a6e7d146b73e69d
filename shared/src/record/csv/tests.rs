//! Tests of CSV: a reader that looks at one byte after the other and knows nothing of the code beside this file, the
//! `csv` crate as a judge of what is valid, and cases by name.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::as_conversions, reason = "tests")]

use super::*;
use crate::record::random::Random;

mod blocks;
mod cases;
mod headers;
mod written;

/// RFC 4180's grammar as a machine of four states.
fn naive_cells(record: &[u8]) -> Result<Vec<String>, CsvError> {
    enum State {
        Start,
        Unquoted,
        Quoted,
        AfterQuote,
    }
    if record.len() > crate::limits::RECORD_BYTES {
        return Err(CsvError::TooLong);
    }
    let text = std::str::from_utf8(record).map_err(|_| CsvError::NotUtf8)?;
    let mut cells = vec![String::new()];
    let mut state = State::Start;
    for c in text.chars() {
        let cell = cells.last_mut().unwrap();
        state = match (state, c) {
            (State::Start, '"') => State::Quoted,
            (State::Quoted, '"') => State::AfterQuote,
            (State::AfterQuote, '"') => {
                cell.push('"');
                State::Quoted
            }
            (State::Start | State::Unquoted | State::AfterQuote, ',') => {
                cells.push(String::new());
                State::Start
            }
            (State::AfterQuote, _) => return Err(CsvError::AfterClosingQuote),
            (State::Unquoted, '"') => return Err(CsvError::QuoteInUnquotedCell),
            (State::Start | State::Unquoted, '\r') => return Err(CsvError::BareCarriageReturn),
            (State::Start | State::Unquoted, '\n') => return Err(CsvError::BareLineFeed),
            (State::Start | State::Unquoted, c) => {
                cell.push(c);
                State::Unquoted
            }
            (State::Quoted, c) => {
                cell.push(c);
                State::Quoted
            }
        };
    }
    if matches!(state, State::Quoted) { Err(CsvError::UnclosedQuote) } else { Ok(cells) }
}

/// Records of a whole stream, one byte after the other.
fn naive_records(stream: &[u8]) -> Vec<Vec<u8>> {
    let stream = stream.strip_prefix("\u{feff}".as_bytes()).unwrap_or(stream);
    let mut records = Vec::new();
    let mut record = Vec::new();
    let mut quotes = 0;
    for byte in stream {
        quotes += usize::from(*byte == b'"');
        if *byte != b'\n' || quotes % 2 == 1 {
            record.push(*byte);
            continue;
        }
        if record.last() == Some(&b'\r') {
            record.pop();
        }
        records.push(std::mem::take(&mut record));
    }
    records.push(record);
    records.retain(|record| !record.is_empty());
    records
}

/// Columns of that number, all of them wanted.
fn columns(count: usize) -> Columns {
    let names: Vec<String> = (0..count).map(|index| format!("c{index}")).collect();
    Header::read(names.join(",").as_bytes()).unwrap().columns(names.iter().map(String::as_str)).unwrap()
}

/// The texts of all cells, of which there are to be `count`.
fn read(record: &[u8], count: usize) -> Result<Vec<String>, CsvError> {
    let columns = columns(count);
    let mut reader = Reader::new();
    let cells = reader.read(&columns, record)?;
    assert!(cells.cell(count).is_none());
    let text = |index| cells.cell(index).unwrap().text(&mut "left over".to_owned()).to_owned();
    Ok((0..count).map(text).collect())
}

fn records(block: &[u8]) -> Vec<Vec<u8>> {
    let (mut records, mut at) = (Vec::new(), 0);
    while let Some((record, after)) = next_record(block, at) {
        assert!(after > at && after <= block.len());
        records.push(record.to_vec());
        at = after;
    }
    records
}

/// A stream of pieces that mean something, most of it not CSV.
fn random_stream(random: &mut Random, pieces: usize) -> Vec<u8> {
    let piece = |_| {
        random.pick::<str>(&[
            "a",
            ",",
            ",",
            "\n",
            "\n",
            "\r\n",
            "\"",
            "\"\"",
            "\"quoted\"",
            "\"\r\n\"",
            "\r",
            " ",
            "é",
            "\u{feff}",
            "\0",
            "a longer piece",
            "1.50",
        ])
    };
    (0..pieces).map(piece).collect::<String>().into_bytes()
}

/// Valid, and often longer than what the reader looks at in one step.
fn random_record(random: &mut Random) -> Vec<u8> {
    let count = 1 + random.below(12);
    let cells: Vec<&str> = (0..count)
        .map(|_| {
            random.pick(&[
                "",
                "a",
                " 12.50 ",
                "some text of a cell",
                "é",
                "\"\"",
                "\"a,b\"",
                "\"\r\n\"",
                "\"\"\"\"",
                "\"say \"\"é\"\", twice\"",
                "\0",
            ])
        })
        .collect();
    cells.join(",").into_bytes()
}

#[test]
fn any_record_is_read_as_byte_by_byte() {
    let mut random = Random::new(11);
    let mut accepted = 0;
    for round in 0..20_000 {
        let length = random.below(40);
        let mut record = if round % 2 == 0 { random_record(&mut random) } else { random_stream(&mut random, length) };
        if round % 3 == 0 {
            random.damage(&mut record);
        }
        let expected = naive_cells(&record);
        let count = expected.as_ref().map_or(1, Vec::len);
        accepted += usize::from(expected.is_ok());
        assert_eq!(read(&record, count), expected, "{:?}", record.escape_ascii().to_string());
    }
    assert!((5000..15_000).contains(&accepted), "{accepted}");
}

#[test]
fn marks_are_found_wherever_they_lie() {
    for length in 0..200 {
        for at in 0..length {
            for (mark, fault) in
                [(b'"', CsvError::QuoteInUnquotedCell), (b'\r', CsvError::BareCarriageReturn), (b'\n', CsvError::BareLineFeed)]
            {
                let mut record = vec![b'x'; length];
                record[at] = mark;
                let fault = if at == 0 && mark == b'"' { CsvError::UnclosedQuote } else { fault };
                let fault = if length == 1 && mark == b'"' { CsvError::UnclosedQuote } else { fault };
                assert_eq!(read(&record, 1), Err(fault), "{length} {at} {mark}");
            }
            let mut record = vec![b'x'; length];
            record[at] = b',';
            assert_eq!(read(&record, 2), Ok(vec!["x".repeat(at), "x".repeat(length - at - 1)]));
        }
    }
}
