//! The place of a file in its set, as its encryption context says it: `i/n`.

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
    /// Reads `i/n`: two plain numbers, without signs or leading zeros. As strict as the enclave.
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

#[cfg(test)]
mod tests {
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
}
