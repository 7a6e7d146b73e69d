//! Where records end, and blocks of whole records.

use super::*;
use crate::limits;

/// The records of all blocks, and the number of blocks. Every block but the last ends at a record's end.
fn cut(stream: &[u8], chunks: impl IntoIterator<Item = usize>) -> (Vec<Vec<u8>>, usize) {
    let mut cutter = BlockCutter::new();
    let (mut blocks, mut rest) = (Vec::new(), stream);
    for length in chunks {
        let (chunk, after) = rest.split_at(length.min(rest.len()));
        blocks.extend(cutter.push(chunk));
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    blocks.extend(cutter.push(rest));
    for block in &blocks {
        assert!(block.len() >= limits::BLOCK_BYTES - 3 && block.ends_with(b"\n"));
    }
    blocks.push(cutter.finish());
    (blocks.iter().flat_map(|block| records(block)).collect(), blocks.len())
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
            assert_eq!(cut(stream, std::iter::repeat(chunk)).0, expected, "{:?}", stream.escape_ascii().to_string());
        }
    }
}

#[test]
fn short_streams_are_cut_as_byte_by_byte() {
    let mut random = Random::new(12);
    for _ in 0..5000 {
        let pieces = random.below(40);
        let stream = random_stream(&mut random, pieces);
        let expected = naive_records(&stream);
        let chunks: Vec<usize> = (0..stream.len()).map(|_| random.below(9)).collect();
        assert_eq!(cut(&stream, chunks).0, expected, "{:?}", stream.escape_ascii().to_string());
        assert_eq!(cut(&stream, [stream.len()]).0, expected);
    }
}

#[test]
fn long_streams_are_cut_as_byte_by_byte() {
    let mut random = Random::new(13);
    for round in 0..4 {
        let mut stream = random_stream(&mut random, 100_000);
        if round % 2 == 0 {
            stream.splice(0..0, *b"\xef\xbb\xbf\"a\nb\",c\n");
        }
        let expected = naive_records(&stream);
        for chunk in [1, 1000, 65_536, 200_000, stream.len()] {
            let (records, blocks) = cut(&stream, std::iter::repeat(chunk));
            assert!(records == expected, "{round} {chunk}");
            assert!(blocks > 2 || chunk > 65_536, "{blocks} {chunk}");
        }
        let chunks: Vec<usize> = (0..10_000).map(|_| random.below(200)).collect();
        assert!(cut(&stream, chunks).0 == expected, "{round}");
    }
}

#[test]
fn a_record_over_the_bound_stays_over_it_and_bounded() {
    // Plain, with quotes, with line feeds inside of them, and with nothing but quotes; for records that go on unquoted and quoted.
    let unquoted = [&b"xxxxxxxx"[..], b"x\"xx\n\"xx", b"\"\"\"\"\"\"\"\"", b"\"\n\"\"\n\"\"\""];
    let quoted = [&b"xxxxxxxx"[..], b"x\n\"xx\"\nx", b"\"\"\"\"\"\"\"\"", b"\n\n\n\n\n\n\n\n", b"\n\"\"\n\"x\"\n"];
    for (openings, pieces, closing) in
        [(&[&b""[..], b"\xef\xbb\xbfx"][..], &unquoted[..], &b"\r\nshort\n"[..]), (&[b"\"\n", b"x\""], &quoted, b"\"\nshort\n")]
    {
        for (opening, piece) in openings.iter().flat_map(|opening| pieces.iter().map(move |piece| (opening, piece))) {
            let mut cutter = BlockCutter::new();
            assert!(cutter.push(opening).is_none());
            let chunk = piece.repeat(10_001);
            for _ in 0..limits::RECORD_BYTES / chunk.len() + 2 {
                assert!(cutter.push(&chunk).is_none());
                assert!(cutter.bytes() <= limits::RECORD_BYTES + 5);
            }
            let block = cutter.push(closing).unwrap_or_else(|| cutter.finish());
            let records = records(&block);
            assert_eq!(records.len(), 2, "{:?} {:?}", piece.escape_ascii().to_string(), opening.escape_ascii().to_string());
            assert_eq!(read(&records[0], 1), Err(CsvError::TooLong));
            assert_eq!(records[1], b"short");
        }
    }
}

#[test]
fn an_endless_record_is_refused_where_the_stream_ends() {
    let mut cutter = BlockCutter::new();
    for _ in 0..20 {
        assert!(cutter.push(&b"\"\n\"x\"y\n\"".repeat(10_001)).is_none());
        assert!(cutter.bytes() <= limits::RECORD_BYTES + 5);
    }
    let records = records(&cutter.finish());
    assert_eq!(records.len(), 1);
    assert_eq!(read(&records[0], 1), Err(CsvError::TooLong));
}

#[test]
fn no_length_about_the_bound_lets_a_cut_record_through() {
    for (mark, end) in
        [(&b""[..], &b"\n"[..]), (b"", b"\r\n"), (b"\xef\xbb\xbf", b"\n"), (b"\xef\xbb\xbf", b"\r\n"), (b"\xef\xbb\xbf", b"")]
    {
        for length in limits::RECORD_BYTES - 2..limits::RECORD_BYTES + 9 {
            let record = [b"\"", "x".repeat(length - 2).as_bytes(), b"\""].concat();
            let stream = [mark, &record, end, b"\"last\"\n"].concat();
            for chunk in [65_536, stream.len()] {
                let (records, _) = cut(&stream, std::iter::repeat(chunk));
                let outcome = read(&records[0], 1);
                if length <= limits::RECORD_BYTES && !end.is_empty() {
                    assert_eq!(outcome.unwrap()[0].len(), length - 2);
                } else if !end.is_empty() {
                    assert_eq!(outcome, Err(CsvError::TooLong), "{length} {chunk}");
                } else {
                    // The two are one record, over the bound by what was there and not by what was kept.
                    let expected = if length + 6 > limits::RECORD_BYTES { CsvError::TooLong } else { CsvError::AfterClosingQuote };
                    assert_eq!(outcome, Err(expected), "{length} {chunk}");
                }
                assert_eq!(records.len(), if end.is_empty() { 1 } else { 2 });
            }
        }
    }
}
