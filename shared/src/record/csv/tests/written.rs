//! Writing cells, and agreement with the `csv` crate on what is valid.

use zeroize::Zeroizing;

use super::*;
use crate::policy::Format;
use crate::record::blocks::BlockCutter;

fn random_text(random: &mut Random) -> String {
    let count = random.below(4);
    let piece =
        |_| random.pick::<str>(&["a", "", "\"", ",", "\n", "\r", " ", "\u{feff}", "é", "\0", "\"\"", "a longer piece of text", "=1"]);
    (0..count).map(piece).collect()
}

fn random_table(random: &mut Random, columns: usize) -> Vec<Vec<String>> {
    let rows = 1 + random.below(5);
    (0..rows).map(|_| (0..columns).map(|_| random_text(random)).collect()).collect()
}

fn written(rows: &[Vec<String>], line_end: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for row in rows {
        if let [only] = row.as_slice() {
            write_only_cell(only, &mut out);
        } else {
            for (index, text) in row.iter().enumerate() {
                out.extend_from_slice(if index == 0 { b"" } else { b"," });
                write_cell(text, &mut out);
            }
        }
        out.extend_from_slice(line_end);
    }
    out
}

/// Everything that is read of a stream of rows, below a header row.
fn read_all(stream: &[u8], count: usize) -> Vec<Vec<String>> {
    let header = (0..count).map(|column| column.to_string()).collect::<Vec<_>>().join(",");
    let mut cutter = BlockCutter::of_any(Format::Csv);
    let mut blocks = Vec::new();
    for chunk in [header.as_bytes(), b"\r\n", stream].concat().chunks(5) {
        cutter.space().extend_from_slice(chunk);
        blocks.extend(cutter.cut(Zeroizing::default));
    }
    blocks.push(cutter.finish());
    let mut rows = Vec::new();
    for block in blocks {
        let mut at = 0;
        while let Some((record, after)) = block.next_record(at) {
            rows.push(read(record, count).unwrap());
            at = after;
        }
    }
    rows
}

fn read_by_judge(stream: &[u8]) -> Vec<Vec<String>> {
    let mut judge = ::csv::ReaderBuilder::new().has_headers(false).from_reader(stream);
    judge.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn only_what_has_a_meaning_is_quoted() {
    for (text, cell) in [
        ("", ""),
        ("a", "a"),
        (" a ", " a "),
        ("'a'; \\t\t\0é", "'a'; \\t\t\0é"),
        (",", "\",\""),
        ("a\"b", "\"a\"\"b\""),
        ("\"", "\"\"\"\""),
        ("a\nb", "\"a\nb\""),
        ("a\r", "\"a\r\""),
        ("\r\n,\"\"", "\"\r\n,\"\"\"\"\""),
        ("\u{feff}a", "\"\u{feff}a\""),
        ("a\u{feff}", "a\u{feff}"),
    ] {
        let mut out = b"before,".to_vec();
        write_cell(text, &mut out);
        assert_eq!(out, ["before,", cell].concat().as_bytes(), "{text:?}");
        let mut only = Vec::new();
        write_only_cell(text, &mut only);
        assert_eq!(only, if text.is_empty() { b"\"\"" } else { cell.as_bytes() });
    }
}

#[test]
fn what_is_written_is_read_again_here_and_by_the_csv_crate() {
    let mut random = Random::new(14);
    for round in 0..2000 {
        let columns = 1 + random.below(4);
        let table = random_table(&mut random, columns);
        for line_end in [&b"\n"[..], b"\r\n"] {
            let stream = written(&table, line_end);
            assert_eq!(read_all(&stream, columns), table, "{round}");
            assert_eq!(read_by_judge(&stream), table, "{round}");
        }
    }
}

#[test]
fn what_the_csv_crate_writes_is_read_as_it_reads_it() {
    use ::csv::{QuoteStyle, Terminator, WriterBuilder};
    let mut random = Random::new(15);
    for round in 0..2000 {
        let columns = 1 + random.below(4);
        let table = random_table(&mut random, columns);
        let style = [QuoteStyle::Necessary, QuoteStyle::Always, QuoteStyle::NonNumeric][round % 3];
        let terminator = if random.below(2) == 0 { Terminator::CRLF } else { Terminator::Any(b'\n') };
        let mut writer = WriterBuilder::new().quote_style(style).terminator(terminator).from_writer(Vec::new());
        for row in &table {
            writer.write_record(row).unwrap();
        }
        let stream = writer.into_inner().unwrap();
        // It writes a byte order mark that begins a file as it stands.
        if stream.starts_with("\u{feff}".as_bytes()) {
            continue;
        }
        assert_eq!(read_all(&stream, columns), table, "{round}");
        assert_eq!(read_by_judge(&stream), table, "{round}");
    }
}
