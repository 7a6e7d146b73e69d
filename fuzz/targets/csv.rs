//! CSV. A machine that looks at one byte after the other reads the same records and cells, and refuses the same ones; where
//! both accept, the `csv` crate reads the same cells; what is written is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealroom_shared::limits;
use sealroom_shared::policy::Format;
use sealroom_shared::record::RecordRefused;
use sealroom_shared::record::blocks::BlockCutter;
use sealroom_shared::record::csv::{Header, HeaderError, Reader, next_record, write_cell, write_only_cell};

fuzz_target!(|data: &[u8]| {
    let Some((cut, data)) = data.split_first() else { return };
    let expected = naive_records(data);
    let (header, rows) = match expected.split_first() {
        Some((first, rows)) => (Some(first.as_slice()), rows),
        None => (None, &[][..]),
    };
    blocks(data, 1 + usize::from(*cut), header, rows);
    // Blank lines before it change nothing, however many.
    if *cut == 0 && !data.starts_with("\u{feff}".as_bytes()) {
        blocks(&[&vec![b'\n'; limits::BLOCK_BYTES + 9], data].concat(), 1000, header, rows);
    }
    let Some(header) = header else { return };
    file(header, rows);
    // Every record for itself, whatever its number of cells.
    let mut reader = Reader::new();
    for record in &expected {
        let naive = naive_cells(record);
        let count = naive.as_ref().map_or(1, Vec::len);
        if count > 64 {
            continue;
        }
        let names: Vec<String> = (0..count).map(|index| index.to_string()).collect();
        let columns = Header::read(names.join(",").as_bytes()).and_then(|header| header.columns(names.iter().map(String::as_str)));
        let columns = columns.expect("names that differ");
        let read = reader.read(&columns, record);
        assert_eq!(read.is_ok(), naive.is_some(), "{:?}", read.err());
        let (Ok(read), Some(naive)) = (read, naive) else { continue };
        let mut scratch = String::new();
        for (index, expected) in naive.iter().enumerate() {
            let cell = read.cell(index).expect("a wanted cell");
            assert_eq!(cell.text(&mut scratch), expected);
            assert_eq!(cell.is_empty(), expected.is_empty());
            assert_eq!(cell.doubled(), cell.raw() != expected);
        }
        assert!(read.cell(count).is_none());
        by_judge(record, &naive);
        written(&naive);
    }
});

/// What the cutter makes of a stream, whose header row and other records are known.
fn blocks(stream: &[u8], chunk: usize, header: Option<&[u8]>, rows: &[Vec<u8>]) {
    let mut cutter = BlockCutter::of_any(Format::Csv);
    let mut blocks = Vec::new();
    for chunk in stream.chunks(chunk) {
        cutter.space().extend_from_slice(chunk);
        blocks.extend(cutter.cut(Default::default));
    }
    blocks.push(cutter.finish());
    let refused = header.map_or(Err(HeaderError::Absent), Header::read).err().map(RecordRefused::from);
    assert_eq!(blocks.last().and_then(|block| block.refused()), refused);
    let (mut head, mut read) = (Vec::new(), Vec::new());
    for block in &blocks {
        assert!(block.head().is_empty() || read.is_empty());
        head.extend_from_slice(block.head());
        let mut at = 0;
        while let Some((record, after)) = block.next_record(at) {
            assert!(after > at && after <= block.bytes().len());
            read.push(record.to_vec());
            at = after;
        }
    }
    assert_eq!(next_record(&head, 0).map(|(row, _)| row), header);
    assert_eq!(read, if refused.is_none() { rows } else { &[] });
}

/// A file as a job reads it: with a header, of which every second column is wanted.
fn file(header: &[u8], rows: &[Vec<u8>]) {
    let expected = naive_cells(header);
    let read = match (Header::read(header), &expected) {
        (Ok(read), Some(_)) => read,
        (Err(HeaderError::Record(_)), None) => return,
        (Err(HeaderError::EmptyName), Some(names)) => return assert!(names.iter().any(String::is_empty)),
        (Err(HeaderError::DuplicateName), Some(names)) => {
            return assert!((1..names.len()).any(|index| names[..index].contains(&names[index])));
        }
        (Err(HeaderError::TooManyColumns), _) => return assert!(header.len() > limits::CSV_COLUMNS),
        (read, _) => panic!("{:?}", read.err()),
    };
    let names = expected.unwrap_or_default();
    assert!(read.names().eq(names.iter().map(String::as_str)));
    // From the last to the first, so that a field's index says nothing of where it lies.
    let wanted: Vec<(usize, &str)> = names.iter().map(String::as_str).enumerate().rev().step_by(2).collect();
    let columns = read.columns(wanted.iter().map(|(_, name)| *name)).expect("names of the header");
    let mut reader = Reader::new();
    for row in rows {
        let read = reader.read(&columns, row);
        let Some(cells) = naive_cells(row).filter(|cells| cells.len() == names.len()) else {
            assert!(read.is_err());
            continue;
        };
        let read = read.expect("what the machine reads");
        for (index, (cell, _)) in wanted.iter().enumerate() {
            assert_eq!(read.cell(index).expect("a wanted cell").text(&mut String::new()), cells[*cell]);
        }
    }
}

fn by_judge(record: &[u8], cells: &[String]) {
    // It takes a byte order mark off whatever it reads.
    if record.starts_with("\u{feff}".as_bytes()) {
        return;
    }
    let mut judge = csv::ReaderBuilder::new().has_headers(false).from_reader(record);
    let read: Vec<_> = judge.records().map(|record| record.expect("what is accepted here")).collect();
    assert_eq!(read.len(), 1);
    assert!(read[0].iter().eq(cells));
}

fn written(cells: &[String]) {
    let mut stream = Vec::new();
    if let [only] = cells {
        write_only_cell(only, &mut stream);
    } else {
        for (index, text) in cells.iter().enumerate() {
            stream.extend_from_slice(if index == 0 { b"" } else { b"," });
            write_cell(text, &mut stream);
        }
    }
    assert_eq!(naive_cells(&stream).as_deref(), Some(cells));
    let lines = [stream.as_slice(), b"\r\n", &stream, b"\n"].concat();
    assert_eq!(naive_records(&lines), [stream.as_slice(), &stream]);
}

fn naive_records(stream: &[u8]) -> Vec<Vec<u8>> {
    let stream = stream.strip_prefix("\u{feff}".as_bytes()).unwrap_or(stream);
    let (mut records, mut record, mut quoted) = (Vec::new(), Vec::new(), false);
    for byte in stream {
        quoted ^= *byte == b'"';
        if *byte != b'\n' || quoted {
            record.push(*byte);
            continue;
        }
        record.pop_if(|last| *last == b'\r');
        records.push(std::mem::take(&mut record));
    }
    records.push(record);
    records.retain(|record| !record.is_empty());
    records
}

/// RFC 4180's grammar as a machine of four states; none where it does not accept.
fn naive_cells(record: &[u8]) -> Option<Vec<String>> {
    enum At {
        Start,
        Unquoted,
        Quoted,
        Quote,
    }
    let mut cells = vec![String::new()];
    let mut at = At::Start;
    for c in std::str::from_utf8(record).ok()?.chars() {
        at = match (at, c) {
            (At::Start, '"') => At::Quoted,
            (At::Quoted, '"') => At::Quote,
            (At::Start | At::Unquoted | At::Quote, ',') => {
                cells.push(String::new());
                At::Start
            }
            (At::Unquoted, '"') | (At::Start | At::Unquoted, '\r' | '\n') => return None,
            (At::Quote, c) if c != '"' => return None,
            (from, c) => {
                cells.last_mut()?.push(c);
                if matches!(from, At::Quoted | At::Quote) { At::Quoted } else { At::Unquoted }
            }
        };
    }
    if matches!(at, At::Quoted) { None } else { Some(cells) }
}
