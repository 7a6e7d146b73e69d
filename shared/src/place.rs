//! The place of a file in its set, as its encryption context says it: the set's id, and `i/n`.

use std::fmt;

/// Part `part` of `parts`; 1 ≤ `part` ≤ `parts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1.
    pub part: u32,
    /// How many there are.
    pub parts: u32,
}

impl Place {
    /// Reads `i/n`: two plain numbers, without signs or leading zeros.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| number.to_string() == text);
        let (part, parts) = text.split_once('/')?;
        let place = Self { part: number(part)?, parts: number(parts)? };
        (1 <= place.part && place.part <= place.parts).then_some(place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}/{}", self.part, self.parts)
    }
}

/// Whether `text` is a set's id: 32 lower-case hex digits.
#[must_use]
pub fn is_set(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "tests")]
    use super::*;

    #[test]
    fn place_has_one_form() {
        for good in ["1/1", "2/3", "1024/1024"] {
            assert_eq!(Place::parse(good).expect("a place").to_string(), good);
        }
        for bad in ["", "1", "/", "0/1", "2/1", "01/1", "1/01", "+1/1", "1/1/1", "1/", " 1/1", "a/b", "1/4294967296"] {
            assert_eq!(Place::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_sets_id_is_hex_of_one_length() {
        let good = "00112233445566778899aabbccddeeff";
        assert!(is_set(good));
        for bad in ["", &good.to_uppercase(), &format!("{good}0"), &good.replace('0', "g")] {
            assert!(!is_set(bad), "{bad}");
        }
    }
}
