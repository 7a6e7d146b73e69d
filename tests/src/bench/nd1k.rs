//! ND1K: records of 1,024 bytes each, line feed included, as flat JSON objects of twelve fields and a note that fills
//! the line up. Nobody's data; the same records every time.

use std::fmt::Write as _;

/// Bytes of one record with its line feed.
pub const RECORD: usize = 1024;

/// Makes records, one after the other.
pub struct Records(u64);

impl Records {
    /// From the first one.
    #[must_use]
    pub fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// `count` records as NDJSON.
    #[must_use]
    pub fn take(&mut self, count: usize) -> Vec<u8> {
        let mut lines = String::with_capacity(count * RECORD);
        for _ in 0..count {
            self.line(&mut lines);
        }
        lines.into_bytes()
    }

    fn line(&mut self, out: &mut String) {
        let start = out.len();
        let (first, last) = (self.pick(&FIRST), self.pick(&LAST));
        let (id, second, person) = (self.next(), self.below(86_400), self.below(100_000));
        let time = (second / 3600, second / 60 % 60, second % 60);
        let _ = write!(
            out,
            "{{\"id\":\"{id:016x}\",\"ts\":\"2026-{:02}-{:02}T{:02}:{:02}:{:02}Z\",\"name\":\"{first} {last}\",\
             \"email\":\"{first}.{last}{person}@example.com\",\"ssn\":\"{:03}-{:02}-{:04}\",\"pan\":\"4{:015}\",\
             \"phone\":\"+49{:010}\",\"ip\":\"10.{}.{}.{}\",\"country\":\"{}\",\"amount\":{}.{:02},\"currency\":\"{}\",\
             \"tags\":[\"{}\",\"{}\"],\"note\":\"",
            self.below(12) + 1,
            self.below(28) + 1,
            time.0,
            time.1,
            time.2,
            self.below(899) + 1,
            self.below(99) + 1,
            self.below(10_000),
            self.below(1_000_000_000_000_000),
            self.below(10_000_000_000),
            self.below(256),
            self.below(256),
            self.below(256),
            self.pick(&COUNTRIES),
            self.below(10_000),
            self.below(100),
            self.pick(&["EUR", "USD", "GBP", "CHF", "SEK"]),
            self.pick(&WORDS),
            self.pick(&WORDS),
        );
        // The note, up to `"}` and the line feed.
        let end = start + RECORD - 3;
        loop {
            let word = self.pick(&WORDS);
            let quoted = self.below(40) == 0;
            if out.len() + word.len() + 6 > end {
                break;
            }
            if quoted {
                let _ = write!(out, "\\\"{word}\\\" ");
            } else {
                let _ = write!(out, "{word} ");
            }
        }
        out.extend(std::iter::repeat_n('x', end - out.len()));
        out.push_str("\"}\n");
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound
    }

    fn pick(&mut self, list: &[&'static str]) -> &'static str {
        list[self.below(list.len() as u64) as usize]
    }
}

const FIRST: [&str; 8] = ["alice", "bjorn", "chloe", "dieter", "elif", "giulia", "ines", "noor"];
const LAST: [&str; 8] = ["andersen", "dupont", "garcia", "hoffmann", "ivanov", "jansen", "nowak", "rossi"];
const COUNTRIES: [&str; 20] =
    ["DE", "FR", "IT", "ES", "PL", "NL", "SE", "AT", "BE", "CZ", "DK", "FI", "GR", "HU", "IE", "PT", "RO", "SK", "SI", "LU"];
const WORDS: [&str; 16] = [
    "account", "balance", "card", "delivery", "estimate", "follow", "goods", "house", "invoice", "journey", "kept", "letter", "market",
    "number", "order", "payment",
];
