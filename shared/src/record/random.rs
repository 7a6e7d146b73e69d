//! Random records for tests, the same in every run.
#![allow(clippy::indexing_slicing, clippy::as_conversions, reason = "tests")]

/// A small generator with a fixed seed (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// A JSON object, valid but that it may name a key twice.
    pub(crate) fn record(&mut self) -> String {
        self.object(0)
    }

    fn object(&mut self, depth: usize) -> String {
        let count = self.below(5);
        let members: Vec<String> = (0..count)
            .map(|_| {
                let key = self.pick(&[
                    "a",
                    "b",
                    "k1",
                    "\\u0061",
                    "",
                    "k2",
                    "k3",
                    "a long key of more than sixteen bytes",
                    "é",
                    "\\u00e9",
                    "k4",
                    "k5",
                ]);
                format!("{}\"{key}\"{}:{}{}", self.blank(), self.blank(), self.blank(), self.value(depth + 1))
            })
            .collect();
        format!("{{{}{}}}", members.join(","), self.blank())
    }

    pub(crate) fn value(&mut self, depth: usize) -> String {
        match self.below(if depth > 4 { 6 } else { 8 }) {
            0 => self.pick(&["null", "true", "false"]).to_owned(),
            1 | 2 => self.number(),
            3..=5 => self.string(),
            6 => {
                let count = self.below(4);
                let entries: Vec<String> =
                    (0..count).map(|_| format!("{}{}{}", self.blank(), self.value(depth + 1), self.blank())).collect();
                format!("[{}]", entries.join(","))
            }
            _ => self.object(depth),
        }
    }

    pub(crate) fn number(&mut self) -> String {
        let sign = self.pick(&["", "", "-"]);
        let fraction = if self.below(2) == 0 { String::new() } else { format!(".{:03}", self.below(1000)) };
        let exponent = self.pick(&["", "", "", "e2", "E-3", "e+10", "E00"]);
        format!("{sign}{}{fraction}{exponent}", self.below(10_000))
    }

    pub(crate) fn string(&mut self) -> String {
        let count = self.below(12);
        let pieces: String = (0..count)
            .map(|_| {
                self.pick(&[
                    "a",
                    "B",
                    "7",
                    " ",
                    "word",
                    "sixteen bytes ok",
                    "é",
                    "ß",
                    "e\u{301}",
                    "日本",
                    "😀",
                    "👩‍👩‍👧",
                    "🇩🇪",
                    "\\n",
                    "\\\"",
                    "\\\\",
                    "\\/",
                    "\\u00e9",
                    "\\ud83d\\ude00",
                    "\\u0301",
                    "\\r\\n",
                    "\u{7f}",
                    "-",
                ])
            })
            .collect();
        format!("\"{pieces}\"")
    }

    fn blank(&mut self) -> &'static str {
        self.pick(&["", "", "", " ", "\t"])
    }

    /// Changes, removes, doubles or puts in a byte or two.
    pub(crate) fn damage(&mut self, record: &mut Vec<u8>) {
        let at = self.below(record.len().max(1));
        let byte = *self.pick(&[
            &b'"', &b'\\', &b'{', &b'}', &b'[', &b']', &b',', &b':', &b'0', &b'1', &b'-', &b'+', &b'.', &b'e', &b'u', &b'd', &b'8', &b' ',
            &b'\t', &b'\n', &b'\r', &0, &0x1f, &0x7f, &0x80, &0xc3, &0xa9, &0xff, &b'n', &b't', &b'a', &b'/',
        ]);
        match self.below(5) {
            0 if at < record.len() => record[at] = byte,
            1 if at < record.len() => drop(record.remove(at)),
            2 => record.truncate(at),
            3 if at < record.len() => record.insert(at, record[at]),
            _ => record.insert(at.min(record.len()), byte),
        }
    }
}
