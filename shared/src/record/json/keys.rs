//! Keys of the objects in one record: proof that no object names a key twice, at a cost that no input can make
//! quadratic. A record whose keys follow the order of an earlier one needs no proof of its own: see [`Shape`].

use super::JsonError;
use super::text;

/// The keys of all objects that are open at this point of the scan, innermost last.
#[derive(Default)]
pub(super) struct Keys {
    open: Vec<Key>,
    /// Keys that were written with escapes, as they read.
    unescaped: String,
}

/// Where the keys of one object begin.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    open: usize,
    unescaped: usize,
}

#[derive(Clone, Copy)]
struct Key {
    fingerprint: u64,
    start: usize,
    end: usize,
    unescaped: bool,
}

impl Keys {
    /// Forgets the record before.
    pub(super) fn clear(&mut self) {
        self.open.clear();
        self.unescaped.clear();
    }

    /// An object begins.
    pub(super) fn mark(&self) -> Mark {
        Mark { open: self.open.len(), unescaped: self.unescaped.len() }
    }

    /// Takes in a key, the content of a valid string from `start` to `end`, and gives it as it reads.
    pub(super) fn push<'k>(&'k mut self, record: &'k str, start: usize, end: usize, escaped: bool) -> &'k [u8] {
        let raw = record.get(start..end).unwrap_or_default();
        if !escaped {
            self.open.push(Key { fingerprint: fingerprint(raw.as_bytes()), start, end, unescaped: false });
            return raw.as_bytes();
        }
        let start = self.unescaped.len();
        text::unescape(raw, &mut self.unescaped);
        let key = self.unescaped.get(start..).unwrap_or_default().as_bytes();
        self.open.push(Key { fingerprint: fingerprint(key), start, end: start + key.len(), unescaped: true });
        key
    }

    /// Takes in a key that followed the shape.
    #[inline]
    pub(super) fn push_followed(&mut self, start: usize, followed: Followed) {
        self.open.push(Key { fingerprint: followed.fingerprint, start, end: start + followed.length, unescaped: false });
    }

    /// The object that began at `mark` ends: its keys must all differ.
    ///
    /// # Errors
    /// [`JsonError::DuplicateKey`].
    pub(super) fn close(&mut self, record: &str, mark: Mark) -> Result<(), JsonError> {
        self.all_differ(record, mark)?;
        self.forget(mark);
        Ok(())
    }

    /// Forgets the keys of the object that began at `mark`.
    pub(super) fn forget(&mut self, mark: Mark) {
        self.open.truncate(mark.open);
        self.unescaped.truncate(mark.unescaped);
    }

    /// Ranges of the keys since `mark` that were written without escapes, in their order.
    pub(super) fn plain_since(&mut self, mark: Mark) -> impl Iterator<Item = (usize, usize)> {
        let keys = self.open.get_mut(mark.open..).unwrap_or_default();
        keys.sort_unstable_by_key(|key| key.start);
        keys.iter().filter(|key| !key.unescaped).map(|key| (key.start, key.end))
    }

    /// Whether the keys since `mark` all differ. May change their order.
    pub(super) fn all_differ(&mut self, record: &str, mark: Mark) -> Result<(), JsonError> {
        let read = |key: &Key| {
            let text = if key.unescaped { &self.unescaped } else { record };
            text.get(key.start..key.end).unwrap_or_default()
        };
        let same = |one: &Key, other: &Key| one.fingerprint == other.fingerprint && read(one) == read(other);
        let keys = self.open.get_mut(mark.open..).unwrap_or_default();
        let differ = if keys.len() <= COMPARED_IN_PAIRS {
            let mut rest = &*keys;
            loop {
                let Some((key, after)) = rest.split_first() else { break true };
                if after.iter().any(|other| same(key, other)) {
                    break false;
                }
                rest = after;
            }
        } else {
            keys.sort_unstable_by(|one, other| one.fingerprint.cmp(&other.fingerprint).then_with(|| read(one).cmp(read(other))));
            keys.is_sorted_by(|one, other| !same(one, other))
        };
        if differ { Ok(()) } else { Err(JsonError::DuplicateKey) }
    }
}

/// The keys of an earlier record's own object, all different, in their order. As long as the keys of a record come in
/// this order, with or without gaps, they are all different as well, and what each one feeds is known.
#[derive(Default)]
pub(super) struct Shape {
    names: Vec<u8>,
    known: Vec<Known>,
    cursor: usize,
    followed: bool,
}

#[derive(Clone, Copy)]
struct Known {
    /// Range of `names`, the closing quote included.
    start: usize,
    end: usize,
    fingerprint: u64,
    wanted: Option<usize>,
}

/// A key that followed the shape.
#[derive(Clone, Copy)]
pub(super) struct Followed {
    /// Bytes of the key, without its quotes.
    pub(super) length: usize,
    /// The wanted field that it feeds.
    pub(super) wanted: Option<usize>,
    fingerprint: u64,
}

impl Shape {
    /// A record begins.
    pub(super) fn begin(&mut self) {
        self.cursor = 0;
        self.followed = true;
    }

    /// Whether the next key, whose content begins `rest`, follows the shape.
    #[inline]
    pub(super) fn follow(&mut self, rest: &[u8]) -> Option<Followed> {
        if !self.followed {
            return None;
        }
        while let Some(known) = self.known.get(self.cursor) {
            self.cursor += 1;
            let name = self.names.get(known.start..known.end)?;
            if rest.starts_with(name) {
                return Some(Followed { length: name.len() - 1, wanted: known.wanted, fingerprint: known.fingerprint });
            }
        }
        self.followed = false;
        None
    }

    /// Whether every key of the record followed the shape.
    pub(super) fn was_followed(&self) -> bool {
        self.followed
    }

    /// Starts to take in a new shape.
    pub(super) fn forget(&mut self) {
        self.names.clear();
        self.known.clear();
    }

    /// Takes in one key of a record whose keys are known to be different. Keys with escapes, and those beyond
    /// the bounds of a shape, are left out: a record that has them is simply checked in full.
    pub(super) fn learn(&mut self, name: &[u8], wanted: Option<usize>) {
        let start = self.names.len();
        if self.known.len() < SHAPE_KEYS && start + name.len() < SHAPE_BYTES {
            self.names.extend_from_slice(name);
            self.names.push(b'"');
            self.known.push(Known { start, end: self.names.len(), fingerprint: fingerprint(name), wanted });
        }
    }
}

/// Up to this many keys, comparing all pairs of fingerprints is faster than sorting.
const COMPARED_IN_PAIRS: usize = 16;

/// Bounds of a shape. Beyond them the gain is small against the scan itself.
const SHAPE_KEYS: usize = 256;
const SHAPE_BYTES: usize = 8192;

/// A cheap word that differs for most different keys. Equal keys have equal fingerprints; nothing else rests on it.
#[inline]
fn fingerprint(key: &[u8]) -> u64 {
    let ends = match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        (Some(first), Some(last)) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29),
        _ => key.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    ends ^ u64::try_from(key.len()).unwrap_or(u64::MAX).rotate_left(48)
}
