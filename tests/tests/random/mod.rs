//! Random values for tests, the same in every run.
#![allow(dead_code, reason = "each test that includes this module uses its part of it")]

/// A small generator with a fixed seed (SplitMix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// From 0 to one less than `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 7);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }

    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        self.bytes(N).try_into().unwrap()
    }

    /// Hex digits, as names and values of an encryption context.
    pub fn word(&mut self) -> String {
        format!("{:x}", self.next() >> self.below(60))
    }

    /// `bytes` in pieces: all of one length, or each of its own.
    pub fn pieces<'b>(&mut self, bytes: &'b [u8]) -> Vec<&'b [u8]> {
        let most = *self.pick(&[1, 2, 17, 1000, 65_536, 65_537, 3_000_000]);
        // Single bytes of a long text take long and show nothing new.
        let most = most.max(bytes.len() / 20_000);
        if self.coin() {
            return bytes.chunks(most).collect();
        }
        let mut pieces = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(self.below(most + 1).max(most / 4).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces
    }
}
