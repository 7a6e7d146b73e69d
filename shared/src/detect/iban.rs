//! International bank account numbers (ISO 13616): a country that has them, its length, and the check digits of ISO 7064
//! (mod 97-10). In one piece or in groups of four, in capital or small letters.

use super::ascii::{byte, word_ends};
use super::numbers::separator;

/// Where the one that begins at `start` ends.
#[inline]
pub(super) fn end(text: &[u8], start: usize) -> Option<usize> {
    let [first, second, check @ ..] = text.get(start..)?.first_chunk::<4>()?;
    if check.iter().all(u8::is_ascii_digit) { end_in(text, start, [*first, *second]) } else { None }
}

fn end_in(text: &[u8], start: usize, country: [u8; 2]) -> Option<usize> {
    let country = country.map(|letter| letter.to_ascii_uppercase());
    let (length, _) = LENGTHS.iter().find(|(_, countries)| countries.contains(&&country))?;
    let mut written = [0; LONGEST];
    let mut at = start;
    for (index, character) in written.iter_mut().take(*length).enumerate() {
        if index > 0 && index % 4 == 0 {
            at = separator(text, at).filter(|(sign, _)| matches!(sign, b' ' | b'-')).map_or(at, |(_, after)| after);
        }
        *character = byte(text, at);
        if !character.is_ascii_alphanumeric() {
            return None;
        }
        at += 1;
    }
    let (head, rest) = written.get(..*length)?.split_at_checked(4)?;
    let remainder = rest.iter().chain(head).fold(0, |remainder, character| next(remainder, *character));
    (remainder == 1 && word_ends(text, at)).then_some(at)
}

/// The remainder by 97 with one character more: A is 10, Z is 35.
fn next(remainder: u32, character: u8) -> u32 {
    let character = character.to_ascii_uppercase();
    if character.is_ascii_digit() {
        (remainder * 10 + u32::from(character - b'0')) % 97
    } else {
        (remainder * 100 + u32::from(character - b'A') + 10) % 97
    }
}

const LONGEST: usize = 34;

/// Characters of the number in each country: SWIFT's IBAN registry.
const LENGTHS: [(usize, &[&[u8; 2]]); 18] = [
    (15, &[b"NO"]),
    (16, &[b"BE"]),
    (18, &[b"DK", b"FI", b"FK", b"FO", b"GL", b"NL", b"SD"]),
    (19, &[b"MK", b"SI"]),
    (20, &[b"AT", b"BA", b"EE", b"KZ", b"LT", b"LU", b"MN", b"XK"]),
    (21, &[b"CH", b"HR", b"LI", b"LV"]),
    (22, &[b"BG", b"BH", b"CR", b"DE", b"GB", b"GE", b"IE", b"ME", b"RS", b"VA"]),
    (23, &[b"AE", b"GI", b"IL", b"IQ", b"OM", b"SO", b"TL"]),
    (24, &[b"AD", b"CZ", b"ES", b"MD", b"PK", b"RO", b"SA", b"SE", b"SK", b"TN", b"VG"]),
    (25, &[b"LY", b"PT", b"ST"]),
    (26, &[b"IS", b"TR"]),
    (27, &[b"BI", b"DJ", b"FR", b"GR", b"IT", b"MC", b"MR", b"SM"]),
    (28, &[b"AL", b"AZ", b"BY", b"CY", b"DO", b"GT", b"HN", b"HU", b"LB", b"NI", b"PL", b"SV"]),
    (29, &[b"BR", b"EG", b"PS", b"QA", b"UA"]),
    (30, &[b"JO", b"KW", b"MU", b"YE"]),
    (31, &[b"MT", b"SC"]),
    (32, &[b"LC"]),
    (33, &[b"RU"]),
];
