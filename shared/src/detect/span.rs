//! Finding: one pass over a text that asks each detector where something of its kind may begin. Findings that overlap
//! become one span, so whatever any detector found is covered, and a further detector never uncovers anything.

use std::cmp::Reverse;

use super::ascii::{before, byte};
use super::numbers::Groups;
use super::{Detector, Detectors, aws_key, card, email, iban, ipv4, ipv6, jwt, mac, phone, ssn, vin};

/// Where something was found: bytes `start..end`, on boundaries of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// What it is; of several that overlap, the longest.
    pub detector: Detector,
}

/// Finds what some detectors look for.
#[derive(Debug, Clone, Copy)]
pub struct Finder {
    detectors: Detectors,
}

impl Finder {
    /// One for these detectors.
    #[must_use]
    pub fn new(detectors: Detectors) -> Self {
        Self { detectors }
    }

    /// Replaces what is in `spans` by what is found in `text`: in order, not overlapping.
    pub fn find(&self, text: &str, spans: &mut Vec<Span>) {
        spans.clear();
        let mut found = Found { text: text.as_bytes(), detectors: self.detectors, spans };
        let (mut block, mut in_word) = (0, 0);
        for bytes in text.as_bytes().chunks(BLOCK) {
            // One bit a byte: no branch is taken that the text could make hard to foresee.
            let (mut words, mut signs) = (0_u64, 0_u64);
            for (at, byte) in bytes.iter().enumerate() {
                let class = class_of(*byte);
                words |= u64::from(class & WORD) << at;
                signs |= u64::from((class & SIGN) / SIGN) << at;
            }
            let mut places = words & !(words << 1 | in_word) | signs;
            in_word = words >> (BLOCK - 1);
            while places != 0 {
                found.at(block + usize::try_from(places.trailing_zeros()).unwrap_or_default());
                places &= places - 1;
            }
            block += BLOCK;
        }
        if spans.len() > 1 {
            merge(spans);
        }
    }
}

struct Found<'t, 's> {
    text: &'t [u8],
    detectors: Detectors,
    spans: &'s mut Vec<Span>,
}

impl Found<'_, '_> {
    /// A word begins, or there is a sign.
    fn at(&mut self, at: usize) {
        match byte(self.text, at) {
            b'0'..=b'9' => self.digit(at),
            sign @ (b'@' | b'+' | b'(' | b':') => self.sign(at, sign),
            _ => self.letter(at),
        }
    }

    /// A word begins with a digit.
    fn digit(&mut self, at: usize) {
        let groups = Groups::read(self.text, at);
        if groups.total() >= SHORTEST_NUMBER {
            self.put(Detector::Card, at, |_| card::end(&groups));
            self.put(Detector::Ssn, at, |text| ssn::end(text, at, &groups));
            self.put(Detector::Phone, at, |text| phone::end(text, at, &groups));
        }
        self.put(Detector::Ipv4, at, |text| ipv4::end(text, at));
        self.hex(at);
        self.put(Detector::Vin, at, |text| vin::end(text, at));
    }

    /// A word begins with a letter.
    fn letter(&mut self, at: usize) {
        // What begins with letters has one of these soon, or is a key, a token or as long as a VIN.
        let soon = (at + 1..at + 5).fold(0, |classes, at| classes | class_of(byte(self.text, at)));
        if soon & MARK != 0 {
            self.put(Detector::Iban, at, |text| iban::end(text, at));
            self.hex(at);
        }
        match byte(self.text, at) {
            b'A' => self.put(Detector::AwsKey, at, |text| aws_key::end(text, at)),
            b'e' => self.put(Detector::Jwt, at, |text| jwt::end(text, at)),
            _ => {}
        }
        self.put(Detector::Vin, at, |text| vin::end(text, at));
    }

    fn hex(&mut self, at: usize) {
        self.put(Detector::Mac, at, |text| mac::end(text, at));
        self.put(Detector::Ipv6, at, |text| ipv6::end(text, at));
    }

    /// A sign with which something may begin, or around which it lies.
    fn sign(&mut self, at: usize, sign: u8) {
        let in_word = before(self.text, at).is_ascii_alphanumeric();
        match sign {
            b'@' if self.detectors.contains(Detector::Email) => {
                if let Some((start, end)) = email::around(self.text, at) {
                    self.spans.push(Span { start, end, detector: Detector::Email });
                }
            }
            b'+' if !in_word => self.put(Detector::Phone, at, |text| phone::international_end(text, at)),
            b'(' if !in_word => self.put(Detector::Phone, at, |text| phone::bracketed_end(text, at)),
            b':' if !in_word => self.put(Detector::Ipv6, at, |text| ipv6::end(text, at)),
            _ => {}
        }
    }

    #[inline]
    fn put(&mut self, detector: Detector, start: usize, end: impl FnOnce(&[u8]) -> Option<usize>) {
        if self.detectors.contains(detector)
            && let Some(end) = end(self.text)
        {
            self.spans.push(Span { start, end, detector });
        }
    }
}

/// Makes one span of those that overlap.
fn merge(spans: &mut Vec<Span>) {
    // Of equally long ones the first detector gives the name.
    spans.sort_unstable_by_key(|span| (span.start, Reverse(span.end), span.detector));
    let mut longest = spans.first().map_or(0, Span::length);
    spans.dedup_by(|next, last| {
        let overlaps = next.start < last.end;
        if !overlaps || next.length() > longest {
            longest = next.length();
            last.detector = if overlaps { next.detector } else { last.detector };
        }
        last.end = if overlaps { last.end.max(next.end) } else { last.end };
        overlaps
    });
}

impl Span {
    fn length(&self) -> usize {
        self.end - self.start
    }
}

/// Bytes that are looked at together: one for each bit.
const BLOCK: usize = 64;
/// Digits of the shortest that is read in groups.
const SHORTEST_NUMBER: usize = 7;

/// Classes of bytes: part of a word, a sign, a mark that letters at the beginning of something are followed by.
const WORD: u8 = 1;
const SIGN: u8 = 2;
const MARK: u8 = 4;

#[inline]
fn class_of(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(0)
}

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut rest: &mut [u8] = &mut classes;
    let mut byte = 0_u8;
    while let Some((class, after)) = rest.split_first_mut() {
        *class = match byte {
            b'0'..=b'9' => WORD | MARK,
            b'A'..=b'Z' | b'a'..=b'z' => WORD,
            b':' => SIGN | MARK,
            b'@' | b'+' | b'(' => SIGN,
            b'-' | b'.' => MARK,
            _ => 0,
        };
        byte = byte.wrapping_add(1);
        rest = after;
    }
    classes
};
