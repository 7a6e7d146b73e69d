//! Tests of blocks. Where records of CSV end is tested beside it (`csv/tests/blocks.rs`), with the same cutter.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::record::lines::next_line;
use crate::record::random::Random;

fn cut(format: Format, stream: &[u8], mut chunk: impl FnMut() -> usize) -> Vec<Block> {
    let mut cutter = BlockCutter::new(format, Arc::new([]));
    let mut blocks = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let (now, after) = rest.split_at(chunk().min(rest.len()));
        cutter.space().extend_from_slice(now);
        blocks.extend(cutter.cut(Zeroizing::default));
        assert!(cutter.block.len() <= limits::BLOCK_BYTES + limits::RECORD_BYTES + now.len());
        rest = after;
    }
    blocks.push(cutter.finish());
    blocks
}

fn records(blocks: &[Block]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    for block in blocks {
        let mut at = block.start;
        let next = if matches!(block.layout, Ok(Layout::Ndjson)) { next_line } else { csv::next_record };
        while let Some((record, after)) = next(block.bytes(), at) {
            records.push(record.to_vec());
            at = after;
        }
    }
    records
}

#[test]
fn no_line_is_lost_joined_or_parted() {
    let mut stream = Vec::new();
    for number in 0..60_000 {
        stream.extend_from_slice(format!("{number}{}\r\n", "x".repeat(number % 50)).as_bytes());
    }
    stream.extend_from_slice(b"last");
    let expected = records(&cut(Format::Ndjson, &stream, || usize::MAX));
    assert_eq!(expected.len(), 60_001);
    for chunk in [1, 7, 1000, 65_536, 300_000] {
        let blocks = cut(Format::Ndjson, &stream, || chunk);
        assert!(blocks.len() > 2);
        assert_eq!(records(&blocks), expected, "{chunk}");
    }
}

#[test]
fn csv_is_cut_outside_of_quotes_only_whatever_the_chunks() {
    let mut random = Random::new(7);
    for round in 0..60 {
        let mut stream = b"\xef\xbb\xbfa,b\r\n".to_vec();
        let mut expected = Vec::new();
        while stream.len() < 4 * limits::BLOCK_BYTES {
            let record: String = (0..random.below(9) + 1)
                .map(|_| match random.below(12) {
                    0 => "\"a\nb\"\"\n\r\n\",".to_owned(),
                    1 => "x".repeat(random.below(20_000)),
                    _ => (random.pick(&["1", ",", "\"\"", "é", "\"q,\""])).to_owned(),
                })
                .collect();
            stream.extend_from_slice(format!("{record}\n").as_bytes());
            if !record.is_empty() {
                expected.push(record.into_bytes());
            }
        }
        let blocks = cut(Format::Csv, &stream, || 1 + random.below(100_000));
        assert!(blocks.len() > 2);
        assert_eq!(records(&blocks), expected, "{round}");
    }
}

#[test]
fn a_line_over_the_bound_stays_over_it_and_ends_where_it_ends() {
    for piece in ["x", " ", "\"\"\""] {
        for chunk in [1000, 65_536] {
            let stream = format!("{}\nshort\n", piece.repeat((limits::RECORD_BYTES + 200_000) / piece.len()));
            let records = records(&cut(Format::Ndjson, stream.as_bytes(), || chunk));
            assert_eq!(records.len(), 2, "{piece:?} {chunk}");
            assert!(records[0].len() > limits::RECORD_BYTES);
            assert_eq!(records[1], b"short");
        }
    }
}

/// What is cut off may leave a carriage return behind, right before the line feed.
#[test]
fn no_carriage_return_within_a_cut_line_counts_as_its_end() {
    for length in limits::RECORD_BYTES - 1..limits::RECORD_BYTES + 5 {
        let stream = [&vec![b'x'; length][..], b"\r", &[b' '; 100_000], b"\n{}"].concat();
        let before_line_feed = stream.len() - b"\n{}".len();
        let mut chunks = [1_000_000, before_line_feed - 1_000_000].into_iter();
        let records = records(&cut(Format::Ndjson, &stream, || chunks.next().unwrap_or(usize::MAX)));
        assert!(records.len() == 2 && records[0].len() > limits::RECORD_BYTES, "{length}");
    }
}

#[test]
fn a_file_without_a_usable_header_row_is_refused_in_every_block() {
    let long = "x,y\n".repeat(limits::BLOCK_BYTES);
    for (stream, wanted) in [("", "a"), ("\n\r\n", "a"), ("b,c\n1,2\n", "a"), ("a,a\n", "a"), ("a,\n", "a"), ("a\"\n", "a"), (&long, "a")] {
        let mut cutter = BlockCutter::new(Format::Csv, Arc::new([wanted.into()]));
        let mut blocks = Vec::new();
        for chunk in stream.as_bytes().chunks(1000) {
            cutter.space().extend_from_slice(chunk);
            blocks.extend(cutter.cut(Zeroizing::default));
        }
        blocks.push(cutter.finish());
        assert!(blocks.iter().all(|block| matches!(block.layout, Err(RecordRefused::CsvHeader(_)))));
    }
}
