//! Vehicle identification numbers (ISO 3779) with a right check digit and a number at the end (49 CFR 565.15), as vehicles of
//! North America and China have. European ones need not have a check digit; those are not found.

use super::ascii::{byte, word_ends};

/// Where the one that begins at `start` ends.
#[inline]
pub(super) fn end(text: &[u8], start: usize) -> Option<usize> {
    let end = start + LENGTH;
    let may_be = byte(text, end - 1).is_ascii_digit() && word_ends(text, end);
    (may_be && is_right(text.get(start..)?.first_chunk()?)?).then_some(end)
}

fn is_right(written: &[u8; LENGTH]) -> Option<bool> {
    let numbered = written.last_chunk::<4>()?.iter().all(u8::is_ascii_digit);
    let letters = written.iter().filter(|character| character.is_ascii_alphabetic()).count();
    let sum = written.iter().zip(WEIGHTS).try_fold(0, |sum, (character, weight)| Some(sum + value(*character)? * weight))?;
    let check = match sum % 11 {
        10 => b'X',
        digit => b'0' + u8::try_from(digit).ok()?,
    };
    Some(numbered && letters >= LETTERS && written.get(8)?.to_ascii_uppercase() == check)
}

/// A character's value: I, O and Q have none.
fn value(character: u8) -> Option<u32> {
    let character = character.to_ascii_uppercase();
    Some(match character {
        b'0'..=b'9' => u32::from(character - b'0'),
        b'A'..=b'H' => u32::from(character - b'A') + 1,
        b'J'..=b'N' => u32::from(character - b'J') + 1,
        b'P' => 7,
        b'R' => 9,
        b'S'..=b'Z' => u32::from(character - b'S') + 2,
        _ => return None,
    })
}

const LENGTH: usize = 17;
/// Fewest letters: makers, models and plants are told apart by them. It keeps account numbers out.
const LETTERS: usize = 3;
const WEIGHTS: [u32; LENGTH] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
