//! Numbers as people write them: groups of digits with something between them. Cards, social security numbers and phone numbers
//! are taken from one reading.

use super::ascii::{before, byte, run, word_ends};

/// The groups of digits that begin at one place; no more than a phone or card number has.
#[derive(Default)]
pub(super) struct Groups {
    start: usize,
    digits: [u8; MOST_DIGITS],
    groups: [Group; MOST_GROUPS],
    count: usize,
}

/// One group. Its numbers are small: they count from where the first group begins.
#[derive(Default, Clone, Copy)]
pub(super) struct Group {
    length: u8,
    digits: u8,
    end: u8,
    /// What stands before it: a space, `-`, `.` or `/`, whichever of their forms; a space for brackets alone; 0 before the first.
    pub(super) separator: u8,
    /// Whether it begins with a bracket.
    pub(super) bracketed: bool,
    /// Whether brackets stand before it.
    pub(super) behind_brackets: bool,
    /// Whether an extension follows: `x12`.
    pub(super) extended: bool,
}

impl Groups {
    /// Reads groups as people write phone numbers: between two stands one separator, a closing bracket before it, an opening
    /// one behind it, or a part of that. Behind the last an extension may follow.
    pub(super) fn read(text: &[u8], start: usize) -> Self {
        let mut groups = Self { start, ..Self::default() };
        let mut joint = Joint { separator: 0, brackets: false, end: start };
        loop {
            let end = run(text, joint.end, MOST_DIGITS + 1, |byte| byte.is_ascii_digit());
            let extended = byte(text, end) == b'x' && byte(text, end + 1).is_ascii_digit();
            if end == joint.end || !(extended || word_ends(text, end)) || !groups.add(text, &joint, end, extended) {
                return groups;
            }
            match Joint::read(text, end) {
                Some(next) if byte(text, next.end).is_ascii_digit() => joint = next,
                _ => return groups,
            }
        }
    }

    /// Adds the group from the joint to `end`; false where there is no room for it.
    fn add(&mut self, text: &[u8], joint: &Joint, end: usize, extended: bool) -> bool {
        let digits = self.total();
        let length = end - joint.end;
        let (Ok(small), Ok(all), Ok(offset)) = (u8::try_from(length), u8::try_from(digits + length), u8::try_from(end - self.start)) else {
            return false;
        };
        let (Some(to), Some(slot)) = (self.digits.get_mut(digits..digits + length), self.groups.get_mut(self.count)) else { return false };
        to.copy_from_slice(text.get(joint.end..end).unwrap_or_default());
        let bracketed = before(text, joint.end) == b'(';
        let Joint { separator, brackets, .. } = *joint;
        *slot = Group { length: small, digits: all, end: offset, separator, bracketed, behind_brackets: brackets, extended };
        self.count += 1;
        true
    }

    /// The digits of all groups.
    pub(super) fn digits(&self) -> &[u8] {
        self.digits.get(..self.total()).unwrap_or_default()
    }

    /// The groups.
    pub(super) fn all(&self) -> &[Group] {
        self.groups.get(..self.count).unwrap_or_default()
    }

    /// How many digits there are.
    pub(super) fn total(&self) -> usize {
        self.all().last().map_or(0, |last| last.digits())
    }

    /// Where in the text a group ends.
    pub(super) fn end(&self, group: &Group) -> usize {
        self.start + usize::from(group.end)
    }
}

impl Group {
    /// How many digits it has.
    pub(super) fn length(&self) -> usize {
        usize::from(self.length)
    }

    /// How many digits there are up to its end.
    pub(super) fn digits(&self) -> usize {
        usize::from(self.digits)
    }
}

/// What stands between two groups.
struct Joint {
    separator: u8,
    brackets: bool,
    end: usize,
}

impl Joint {
    fn read(text: &[u8], at: usize) -> Option<Self> {
        let after_closing = at + usize::from(byte(text, at) == b')');
        let (separator, after) = separator(text, after_closing).unwrap_or((b' ', after_closing));
        let opening = usize::from(byte(text, after) == b'(');
        let end = after + opening;
        (end > at).then_some(Self { separator, brackets: after_closing > at || opening > 0, end })
    }
}

/// One separator at `at`, in its plain form, and where it ends: spaces and hyphens have several forms.
pub(super) fn separator(text: &[u8], at: usize) -> Option<(u8, usize)> {
    match byte(text, at) {
        sign @ (b' ' | b'-' | b'.' | b'/') => Some((sign, at + 1)),
        // No-break space.
        0xc2 if byte(text, at + 1) == 0xa0 => Some((b' ', at + 2)),
        0xe2 if byte(text, at + 1) == 0x80 => match byte(text, at + 2) {
            // Thin space; narrow no-break space.
            0x89 | 0xaf => Some((b' ', at + 3)),
            // Hyphen, non-breaking hyphen, en dash.
            0x90 | 0x91 | 0x93 => Some((b'-', at + 3)),
            _ => None,
        },
        _ => None,
    }
}

/// Digits of the longest: a card number has 19.
const MOST_DIGITS: usize = 19;
/// Groups of the longest: `+33 (0) 1 23 45 67 89` has seven.
const MOST_GROUPS: usize = 8;
