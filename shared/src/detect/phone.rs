//! Phone numbers: international (E.164, with `+` or `00`, a country code that is given out and as many digits as numbers of that
//! country have), and the forms in which people of the US and Canada, the UK, Germany, France, the Netherlands, Spain and Italy
//! write national ones. Digits in one piece are a national number only where mobile numbers of those countries begin so. Behind
//! a word such as `tel` any number of 7 to 15 digits is one.

use super::ascii::{before, goes_on_after, goes_on_before};
use super::context;
use super::country_codes::national_digits;
use super::numbers::{Group, Groups};

/// Where the one ends that begins with the groups at `start`.
pub(super) fn end(text: &[u8], start: usize, groups: &Groups) -> Option<usize> {
    if groups.total() < SHORTEST_NAMED || before(text, start) == b'+' || goes_on_before(text, start, JOINTS) {
        return None;
    }
    let abroad = groups.digits().strip_prefix(b"00").filter(|_| groups.all().len() > 1).and_then(|digits| international(groups, digits));
    if abroad.is_some() {
        return abroad;
    }
    let mut named = None;
    let mut is_named = |all: &[Group]| is_any(all) && *named.get_or_insert_with(|| context::says(text, start, &WORDS));
    let mut is_number = |all: &[Group]| is_national(all, groups.digits()) || is_named(all);
    let ends = (1..=groups.all().len()).rev().filter_map(|count| groups.all().get(..count));
    let is_whole = |end: &usize| !goes_on_after(text, *end, JOINTS);
    ends.filter(|all| is_number(all)).find_map(|all| all.last().map(|last| groups.end(last)).filter(is_whole))
}

/// Where the one ends that begins with the `+` at `start`.
pub(super) fn international_end(text: &[u8], start: usize) -> Option<usize> {
    // Behind a marker it may be a sum.
    if before(text, start) == b']' {
        return None;
    }
    let groups = Groups::read(text, start + 1);
    international(&groups, groups.digits())
}

/// Where the one ends that begins with the bracket at `start`.
pub(super) fn bracketed_end(text: &[u8], start: usize) -> Option<usize> {
    end(text, start + 1, &Groups::read(text, start + 1))
}

/// `digits` are those of the groups from the country code on.
fn international(groups: &Groups, digits: &[u8]) -> Option<usize> {
    let (code, lengths) = national_digits(digits)?;
    // A 0 in brackets is for callers from within the country.
    let skipped = groups.all().iter().skip(1).take(1).filter(|group| group.bracketed && group.length() == 1).count();
    let not_national = groups.total() - digits.len() + code + skipped;
    let is_number = |group: &&Group| group.digits().checked_sub(not_national).is_some_and(|count| lengths.contains(&count));
    groups.all().iter().rev().find(is_number).map(|group| groups.end(group))
}

fn is_national(all: &[Group], digits: &[u8]) -> bool {
    let [first, rest @ ..] = all else { return false };
    let lengths = Lengths::of(all);
    let total = total(all);
    if total < SHORTEST {
        return false;
    }
    let Some(digits) = digits.get(..total) else { return false };
    // The first separator may differ: `030/901 820`.
    let even = rest
        .get(1..)
        .unwrap_or_default()
        .windows(2)
        .all(|pair| matches!(pair, [_]) || matches!(pair, [one, other] if one.separator == other.separator));
    let separator = rest.last().map_or(0, |group| group.separator);
    match digits {
        [b'0', b'1'..=b'9', ..] if rest.is_empty() => is_mobile(digits),
        [b'0', b'1'..=b'9', ..] => even && is_trunk(first, rest, lengths, total),
        _ => {
            is_american(lengths, digits)
                || even && (is_spanish(lengths, digits, separator) || is_italian_mobile(lengths, digits, separator))
        }
    }
}

/// Behind a word that says that it is one.
fn is_any(all: &[Group]) -> bool {
    (SHORTEST_NAMED..=15).contains(&total(all)) && !Lengths::of(all).are_a_date()
}

fn total(all: &[Group]) -> usize {
    all.last().map_or(0, Group::digits)
}

/// In one piece: France and the Netherlands (06, 07), the UK (07), Germany (015, 016, 017).
fn is_mobile(digits: &[u8]) -> bool {
    match digits {
        [_, b'6', ..] => digits.len() == 10,
        [_, b'7', ..] => matches!(digits.len(), 10 | 11),
        [_, b'1', b'5'..=b'7', ..] => matches!(digits.len(), 11 | 12),
        _ => false,
    }
}

/// A 0, an area and a number: the UK, Germany, France, the Netherlands, landlines of Italy.
fn is_trunk(first: &Group, rest: &[Group], lengths: Lengths, total: usize) -> bool {
    let long_enough = matches!(total, 10 | 11) || matches!(total, 9 | 12) && (rest.len() == 1 || first.bracketed);
    let three_pairs = matches!(lengths.0, [2, 2, 2, last, ..] if last > 2);
    long_enough
        && !lengths.are_a_date()
        && !three_pairs
        && (2..=6).contains(&first.length())
        && rest.iter().all(|group| group.length() >= 2)
}

/// Area and exchange begin with 2 to 9 and are no service codes such as 911 (North American Numbering Plan).
fn is_american(lengths: Lengths, digits: &[u8]) -> bool {
    let number = match lengths.0 {
        [3, 3, 4, 0, ..] => Some(digits),
        [1, 3, 3, 4, 0, ..] => digits.strip_prefix(b"1"),
        _ => None,
    };
    let is_code = |code: &[u8]| matches!(code, [b'2'..=b'9', second, third] if [*second, *third] != *b"11");
    number.is_some_and(|number| number.get(..3).is_some_and(is_code) && number.get(3..6).is_some_and(is_code))
}

fn is_spanish(lengths: Lengths, digits: &[u8], separator: u8) -> bool {
    // With full stops it is an amount.
    let shape = matches!(lengths.0, [3, 3, 3, 0, ..] | [3, 2, 2, 2, 0, ..] | [2, 3, 2, 2, 0, ..]);
    shape && matches!(separator, b' ' | b'-') && matches!(digits, [b'6'..=b'9', ..])
}

fn is_italian_mobile(lengths: Lengths, digits: &[u8], separator: u8) -> bool {
    matches!(lengths.0, [3, 6 | 7, 0, ..] | [3, 3, 4, 0, ..]) && separator != b'.' && matches!(digits, [b'3', b'1'..=b'9', ..])
}

/// How many digits each group has; 0 behind the last.
#[derive(Clone, Copy)]
struct Lengths([usize; 6]);

impl Lengths {
    fn are_a_date(self) -> bool {
        matches!(self.0, [2, 2, 4, ..] | [4, 2, 2, ..])
    }

    fn of(all: &[Group]) -> Self {
        let mut lengths = [0; 6];
        lengths.iter_mut().zip(all).for_each(|(length, group)| *length = group.length());
        Self(lengths)
    }
}

/// What joins a number to a longer one.
const JOINTS: &[u8] = b"-./";
/// Digits of the shortest.
const SHORTEST: usize = 9;
/// Behind a word that says that it is one.
const SHORTEST_NAMED: usize = 7;
/// Words before a phone number, in the languages of the countries above.
const WORDS: [&str; 39] = [
    "tel",
    "phone",
    "telephone",
    "mobile",
    "cell",
    "cellphone",
    "call",
    "called",
    "calling",
    "fax",
    "dial",
    "sms",
    "whatsapp",
    "telefon",
    "telefonnummer",
    "rufnummer",
    "handy",
    "mobil",
    "anrufen",
    "tél",
    "téléphone",
    "portable",
    "appeler",
    "appelez",
    "telefoon",
    "mobiel",
    "bel",
    "bellen",
    "telefono",
    "teléfono",
    "móvil",
    "movil",
    "llamar",
    "llame",
    "llámame",
    "cellulare",
    "chiamare",
    "chiama",
    "chiami",
];
