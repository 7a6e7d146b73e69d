//! Where records end: blocks as `record::blocks` cuts them.

use zeroize::Zeroizing;

use super::*;
use crate::limits;
use crate::policy::Format;
use crate::record::RecordRefused;
use crate::record::blocks::{Block, BlockCutter};

/// What came out of a stream.
struct Cut {
    /// What stands before the first record.
    head: Vec<u8>,
    records: Vec<Vec<u8>>,
    /// Of every block from the first refused one on.
    refused: Option<RecordRefused>,
    blocks: usize,
}

fn cut(stream: &[u8], chunks: impl IntoIterator<Item = usize>) -> Cut {
    let mut blocks = Vec::new();
    let mut cutter = BlockCutter::of_any(Format::Csv);
    let (mut chunks, mut rest) = (chunks.into_iter(), stream);
    while !rest.is_empty() {
        let length = chunks.next().unwrap_or(usize::MAX).min(rest.len());
        let (chunk, after) = rest.split_at(length);
        cutter.space().extend_from_slice(chunk);
        blocks.extend(cutter.cut(Zeroizing::default));
        assert!(cutter.space().len() <= (limits::BLOCK_BYTES - 1).max(limits::RECORD_BYTES + 2) + length);
        rest = after;
    }
    assert!(blocks.iter().all(|block| block.bytes().ends_with(b"\n")));
    blocks.push(cutter.finish());
    put_together(&blocks)
}

fn put_together(blocks: &[Block]) -> Cut {
    let mut cut = Cut { head: Vec::new(), records: Vec::new(), refused: None, blocks: blocks.len() };
    for block in blocks {
        assert!(cut.refused.is_none() || cut.refused == block.refused());
        cut.refused = block.refused();
        assert!(block.head().is_empty() || cut.records.is_empty());
        cut.head.extend_from_slice(block.head());
        let mut at = 0;
        while let Some((record, after)) = block.next_record(at) {
            assert!(after > at && after <= block.bytes().len());
            cut.records.push(record.to_vec());
            at = after;
        }
    }
    cut
}

/// Asserts that a stream is cut as a machine cuts it that looks at one byte after the other, and gives its records.
fn cut_as_byte_by_byte(stream: &[u8], chunks: impl IntoIterator<Item = usize>) -> (Vec<Vec<u8>>, usize) {
    let cut = cut(stream, chunks);
    let shown = || stream[..stream.len().min(500)].escape_ascii().to_string();
    let mut expected = naive_records(stream).into_iter();
    let header = expected.next();
    match header.as_deref().map_or(Err(HeaderError::Absent), Header::read) {
        Err(error) => {
            assert_eq!(cut.refused, Some(RecordRefused::CsvHeader(error)), "{}", shown());
            assert!(cut.records.is_empty());
        }
        Ok(_) => {
            assert_eq!(cut.refused, None, "{}", shown());
            let found = next_record(&cut.head, 0).map(|(header, _)| header);
            assert!(found == header.as_deref(), "{}", shown());
            assert!(cut.records.iter().eq(expected.as_slice()), "{}", shown());
        }
    }
    (cut.records, cut.blocks)
}

/// With a header row before it, and the byte order mark before that.
fn with_header(stream: &[u8]) -> Vec<u8> {
    let (mark, rest) = stream.strip_prefix(b"\xef\xbb\xbf").map_or((&b""[..], stream), |rest| (b"\xef\xbb\xbf", rest));
    [mark, b"h\n", rest].concat()
}

#[test]
fn line_ends_outside_of_quotes_end_records() {
    for (stream, expected) in [
        (&b""[..], &[][..]),
        (b"\n\r\n\n", &[]),
        (b"a", &[&b"a"[..]]),
        (b"a\nb\r\nc", &[b"a", b"b", b"c"]),
        (b"\na\n\n\r\nb\n\n", &[b"a", b"b"]),
        (b"\"a\nb\"\n\"c\r\n\"\"\n\"\nd", &[b"\"a\nb\"", b"\"c\r\n\"\"\n\"", b"d"]),
        // A blank line is empty; blanks are a cell.
        (b" \n\t\r\n,\n\"\"\n", &[b" ", b"\t", b",", b"\"\""]),
        // No line end is a carriage return alone; the reader refuses these.
        (b"a\r\r\nb\rc\n\r", &[b"a\r", b"b\rc", b"\r"]),
        // Not CSV, and cut in one way as well.
        (b"a\"b\nc\"d\ne", &[b"a\"b\nc\"d", b"e"]),
        (b"a,\"b\nc\n\nd", &[b"a,\"b\nc\n\nd"]),
        (b"\"a\"\"\nb\nc\"\nd\n", &[b"\"a\"\"\nb\nc\"", b"d"]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb", &[b"a", b"\xef\xbb\xbfb"]),
        (b"\xef\xbb\xbf\xef\xbb\xbf\"a\n\"", &[b"\xef\xbb\xbf\"a\n\""]),
        (b"\n\xef\xbb\xbfa", &[b"\xef\xbb\xbfa"]),
        (b"\xef\xbb", &[b"\xef\xbb"]),
        (b"\xef\xbb\xbf\r\n", &[]),
    ] {
        assert_eq!(naive_records(stream), expected, "{:?}", stream.escape_ascii().to_string());
        for chunk in 1..=stream.len() + 1 {
            cut_as_byte_by_byte(stream, std::iter::repeat(chunk));
            let (records, _) = cut_as_byte_by_byte(&with_header(stream), std::iter::repeat(chunk));
            assert_eq!(records, expected, "{:?}", stream.escape_ascii().to_string());
        }
    }
}

#[test]
fn short_streams_are_cut_as_byte_by_byte() {
    let mut random = Random::new(12);
    for _ in 0..5000 {
        let pieces = random.below(40);
        let stream = random_stream(&mut random, pieces);
        for stream in [with_header(&stream), stream] {
            let chunks: Vec<usize> = (0..stream.len()).map(|_| random.below(9)).collect();
            cut_as_byte_by_byte(&stream, chunks);
            cut_as_byte_by_byte(&stream, [stream.len()]);
        }
    }
}

#[test]
fn long_streams_are_cut_as_byte_by_byte() {
    let mut random = Random::new(13);
    for round in 0..2 {
        let mut stream = random_stream(&mut random, 2 * limits::BLOCK_BYTES);
        if round % 2 == 0 {
            stream.splice(0..0, *b"\xef\xbb\xbf\"a\nb\",c\n");
        } else {
            stream = with_header(&stream);
        }
        for chunk in [1, 1000, 65_536, 200_000, stream.len()] {
            let (records, blocks) = cut_as_byte_by_byte(&stream, std::iter::repeat(chunk));
            assert!(records.len() > 1000, "{round} {chunk}");
            assert!(blocks > 2 || chunk >= limits::BLOCK_BYTES, "{blocks} {chunk}");
        }
        let chunks: Vec<usize> = (0..stream.len() / 50).map(|_| random.below(200)).collect();
        cut_as_byte_by_byte(&stream, chunks);
    }
}

#[test]
fn a_record_over_the_bound_stays_over_it_and_ends_where_it_ends() {
    // Plain, with quotes, with line feeds inside of them, and with nothing but quotes; for records that go on unquoted and quoted.
    let unquoted = [&b"xxxxxxxx"[..], b"x\"xx\n\"xx", b"\"\"\"\"\"\"\"\"", b"\"\n\"\"\n\"\"\""];
    let quoted = [&b"xxxxxxxx"[..], b"x\n\"xx\"\nx", b"\"\"\"\"\"\"\"\"", b"\n\n\n\n\n\n\n\n", b"\n\"\"\n\"x\"\n"];
    for (openings, pieces, closing) in
        [(&[&b""[..], b"\xef\xbb\xbfx"][..], &unquoted[..], &b"\r\nshort\n"[..]), (&[b"\"\n", b"x\""], &quoted, b"\"\nshort\n")]
    {
        for (opening, piece) in openings.iter().flat_map(|opening| pieces.iter().map(move |piece| (opening, piece))) {
            let long = piece.repeat((limits::RECORD_BYTES + 200_000) / piece.len());
            let stream = [&b"h\n"[..], opening, &long, closing].concat();
            let cut = cut(&stream, std::iter::repeat(90_009));
            assert_eq!(cut.records.len(), 2, "{:?} {:?}", piece.escape_ascii().to_string(), opening.escape_ascii().to_string());
            assert_eq!(read(&cut.records[0], 1), Err(CsvError::TooLong));
            assert_eq!(cut.records[1], b"short");
        }
    }
}

#[test]
fn an_endless_record_is_refused_where_the_stream_ends() {
    let endless = b"\"\n\"x\"y\n\"".repeat(140_010);
    let cut = cut(&[&b"h\r\n"[..], &endless].concat(), std::iter::repeat(100_001));
    assert_eq!(cut.records.len(), 1);
    assert_eq!(read(&cut.records[0], 1), Err(CsvError::TooLong));
    for mark in [&b""[..], b"\xef\xbb\xbf"] {
        for piece in [&b"x"[..], b"\"\n\"x\"y\n\""] {
            let stream = [mark, &piece.repeat((limits::RECORD_BYTES + 200_000) / piece.len())].concat();
            let cut = self::cut(&stream, std::iter::repeat(65_536));
            assert_eq!(cut.refused, Some(HeaderError::Record(CsvError::TooLong).into()));
        }
    }
}

#[test]
fn no_length_about_the_bound_lets_a_cut_record_through() {
    for (mark, end) in
        [(&b""[..], &b"\n"[..]), (b"", b"\r\n"), (b"\xef\xbb\xbf", b"\n"), (b"\xef\xbb\xbf", b"\r\n"), (b"\xef\xbb\xbf", b"")]
    {
        for length in limits::RECORD_BYTES - 1..limits::RECORD_BYTES + 5 {
            let record = [b"\"", "x".repeat(length - 2).as_bytes(), b"\""].concat();
            let rows = [&record, end, b"\"last\"\n"].concat();
            for chunk in [65_536, rows.len()] {
                let chunks = || std::iter::repeat(chunk);
                let (as_record, as_header) = (cut(&[mark, b"h\n", &rows].concat(), chunks()), cut(&[mark, &rows].concat(), chunks()));
                let outcome = read(&as_record.records[0], 1);
                let fault = if end.is_empty() {
                    // The two are one record, over the bound by what was there and not by what was kept.
                    Some(if length + 6 > limits::RECORD_BYTES { CsvError::TooLong } else { CsvError::AfterClosingQuote })
                } else {
                    (length > limits::RECORD_BYTES).then_some(CsvError::TooLong)
                };
                match fault {
                    None => assert_eq!(outcome.unwrap()[0].len(), length - 2),
                    Some(fault) => assert_eq!(outcome, Err(fault), "{length} {chunk}"),
                }
                assert_eq!(as_record.records.len(), if end.is_empty() { 1 } else { 2 });
                assert_eq!(as_header.refused, fault.map(|fault| HeaderError::Record(fault).into()), "{length} {chunk}");
                assert_eq!(as_header.records.len(), if fault.is_none() { 1 } else { 0 });
            }
        }
    }
}

/// What is cut off may leave a carriage return behind, right before the line feed.
#[test]
fn no_carriage_return_within_a_cut_record_counts_as_its_end() {
    for length in limits::RECORD_BYTES - 1..limits::RECORD_BYTES + 5 {
        let stream = [&b"h\n"[..], &vec![b'x'; length], b"\r", &[b'x'; 100_000], b"\nlast"].concat();
        let before_line_feed = stream.len() - b"\nlast".len();
        let cut = cut(&stream, [1_000_000, before_line_feed - 1_000_000]);
        assert_eq!(read(&cut.records[0], 1), Err(CsvError::TooLong), "{length}");
        assert_eq!(cut.records[1..], [b"last"]);
    }
}

#[test]
fn a_header_row_is_found_after_any_number_of_blank_lines() {
    let rows = b"\"a\n\",b\r\n1,2\n\n3,\"\n\"";
    for blanks in [&b"\n"[..], b"\r\n"] {
        for count in [1, limits::BLOCK_BYTES / 4, limits::BLOCK_BYTES + 1] {
            for mark in [&b""[..], b"\xef\xbb\xbf"] {
                let stream = [mark, &blanks.repeat(count), rows].concat();
                for chunk in [if count == 1 { 1 } else { 30_000 }, stream.len()] {
                    let (records, _) = cut_as_byte_by_byte(&stream, std::iter::repeat(chunk));
                    assert_eq!(records, [&b"1,2"[..], b"3,\"\n\""], "{count} {chunk}");
                }
                // Nothing but blank lines.
                let blank = &stream[..stream.len() - rows.len()];
                assert_eq!(cut(blank, std::iter::repeat(70_000)).refused, Some(HeaderError::Absent.into()));
            }
            // A byte order mark that does not begin the file belongs to the first name.
            let stream = [&blanks.repeat(count), &b"\xef\xbb\xbfa,b\n1,2\n"[..]].concat();
            let cut = cut(&stream, std::iter::repeat(65_536));
            let (header, _) = next_record(&cut.head, 0).unwrap();
            assert_eq!(Header::read(header).unwrap().names().next(), Some("\u{feff}a"), "{count}");
        }
    }
}
