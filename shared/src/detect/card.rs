//! Payment cards: 13 to 19 digits in one piece or in groups, in an issuer's range and of its length, with a right Luhn digit.

use super::luhn;
use super::numbers::{Group, Groups};

/// Where the longest card number that begins with these groups ends.
pub(super) fn end(groups: &Groups) -> Option<usize> {
    let (all, digits) = (groups.all(), groups.digits());
    let first = all.first()?;
    if digits.len() < SHORTEST {
        return None;
    }
    let in_groups = (4..=6).contains(&first.length());
    let goes_on = |group: &&Group| group.length() >= 2 && matches!(group.separator, b' ' | b'-') && !group.behind_brackets;
    let others = if in_groups { all.iter().skip(1).take_while(goes_on).count() } else { 0 };
    let is_number = |last: &&Group| !last.extended && digits.get(..last.digits()).is_some_and(is_card);
    all.iter().take(1 + others).rev().find(is_number).map(|last| groups.end(last))
}

fn is_card(digits: &[u8]) -> bool {
    let first_six = digits.iter().take(6).fold(0, |number, digit| number * 10 + u32::from(digit.saturating_sub(b'0')));
    let is_issued = ISSUERS.iter().any(|(first, last, lengths)| (*first..=*last).contains(&first_six) && lengths.contains(&digits.len()));
    is_issued && luhn::holds(digits.iter().copied())
}

/// Ranges of the first six digits, with the lengths in use.
const ISSUERS: [(u32, u32, &[usize]); 19] = [
    // Visa
    (400_000, 499_999, &[13, 16, 18, 19]),
    // Mastercard
    (510_000, 559_999, &[16]),
    (222_100, 272_099, &[16]),
    // American Express
    (340_000, 349_999, &[15]),
    (370_000, 379_999, &[15]),
    // Diners Club
    (300_000, 305_999, &[14, 16, 17, 18, 19]),
    (309_500, 309_599, &[14, 16, 17, 18, 19]),
    (360_000, 369_999, &[14, 15, 16, 17, 18, 19]),
    (380_000, 399_999, &[14, 16, 17, 18, 19]),
    // JCB
    (352_800, 358_999, &[16, 17, 18, 19]),
    // Mir
    (220_000, 220_499, &[16, 17, 18, 19]),
    // Maestro, Verve, Dankort, RuPay
    (500_000, 509_999, &[13, 14, 15, 16, 17, 18, 19]),
    (560_000, 589_999, &[13, 14, 15, 16, 17, 18, 19]),
    // Discover, RuPay, Hipercard
    (600_000, 609_999, &[16, 17, 18, 19]),
    // UnionPay
    (620_000, 629_999, &[16, 17, 18, 19]),
    (810_000, 829_999, &[16, 17, 18, 19]),
    // Maestro, InstaPayment
    (630_000, 639_999, &[13, 14, 15, 16, 17, 18, 19]),
    // Discover, Maestro
    (640_000, 679_999, &[13, 14, 15, 16, 17, 18, 19]),
    // Troy
    (979_200, 979_299, &[16]),
];
/// Digits of the shortest.
const SHORTEST: usize = 13;
