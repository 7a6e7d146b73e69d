//! What groups take of memory, from the capacity of their collections as the standard library makes them and the allocator
//! rounds them. An estimate that a job is bounded by; nothing that is released depends on it.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::record::RecordRefused;

/// What one job holds, and the most that it may, in bytes.
pub(crate) struct Held {
    bytes: AtomicI64,
    bound: i64,
}

/// How many bytes more are held than before, or fewer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Change(i64);

impl Held {
    /// Nothing yet.
    pub(crate) fn new(bound: usize) -> Self {
        Self { bytes: AtomicI64::new(0), bound: i64::try_from(bound).unwrap_or(i64::MAX) }
    }

    /// Takes a change into account.
    ///
    /// # Errors
    /// [`RecordRefused::TooMuchToHold`]: more is held now than may be.
    pub(crate) fn take(&self, change: Change) -> Result<(), RecordRefused> {
        if change == Change::default() {
            return Ok(());
        }
        self.within(self.bytes.fetch_add(change.0, Ordering::Relaxed).saturating_add(change.0))
    }

    /// Before something grows that may be large: whether a change may come.
    ///
    /// # Errors
    /// [`RecordRefused::TooMuchToHold`].
    pub(crate) fn has_room(&self, change: Change) -> Result<(), RecordRefused> {
        self.within(self.bytes.load(Ordering::Relaxed).saturating_add(change.0))
    }

    fn within(&self, bytes: i64) -> Result<(), RecordRefused> {
        if bytes > self.bound { Err(RecordRefused::TooMuchToHold) } else { Ok(()) }
    }

    /// Bytes that are held.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> i64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Change {
    /// From `before` bytes to `after`.
    pub(crate) fn between(before: usize, after: usize) -> Self {
        let bytes = |held| i64::try_from(held).unwrap_or(i64::MAX);
        Self(bytes(after).saturating_sub(bytes(before)))
    }

    /// So many more.
    pub(crate) fn more(bytes: usize) -> Self {
        Self::between(0, bytes)
    }

    /// In bytes; below zero where fewer are held.
    #[cfg(test)]
    pub(crate) fn bytes(self) -> i64 {
        self.0
    }
}

impl AddAssign for Change {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

/// One piece of memory of so many bytes. The allocator's sizes lie an eighth to a quarter apart; large ones take what they need.
pub(crate) fn piece(bytes: usize) -> usize {
    let rounding = if bytes < LARGE { bytes / 8 } else { 0 };
    if bytes == 0 { 0 } else { bytes.saturating_add(rounding).next_multiple_of(16) }
}

/// A list of entries of `T`.
pub(crate) fn list<T>(capacity: usize) -> usize {
    piece(capacity.saturating_mul(size_of::<T>()))
}

/// A hash table of entries of `T`: a power of two of places, of which an eighth stays free, with a byte each.
pub(crate) fn table<T>(capacity: usize) -> usize {
    if capacity == 0 {
        return 0;
    }
    piece(places(capacity).saturating_mul(size_of::<T>() + 1).saturating_add(TABLE_END))
}

/// The same of a table that may become as large as all else together: while it grows it is there twice.
pub(crate) fn large_table<T>(capacity: usize) -> usize {
    let bytes = table::<T>(capacity);
    if bytes < LARGE { bytes } else { bytes.saturating_add(bytes / 2) }
}

/// The places of a table that has room for `capacity` entries before it grows.
fn places(capacity: usize) -> usize {
    if capacity < 8 { capacity.saturating_add(1) } else { (capacity / 7).saturating_mul(8) }
}

/// What the `number`th entry of a B-tree takes, counted from 0: a node has room for eleven and is filled with five at least.
pub(crate) fn tree_entry<T>(number: usize) -> usize {
    if number.is_multiple_of(5) { piece(11 * size_of::<T>() + NODE_BYTES) } else { 0 }
}

/// Bytes that repeat the first ones of a table.
const TABLE_END: usize = 16;
/// What counts as large.
const LARGE: usize = 1024 * 1024;
/// What a node has beside its entries, its place in the node above included.
const NODE_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn a_change_goes_both_ways() {
        let mut change = Change::between(100, 40);
        assert_eq!(change.bytes(), -60);
        change += Change::more(75);
        assert_eq!(change.bytes(), 15);
    }

    #[test]
    fn the_places_of_a_table_are_a_power_of_two() {
        let (mut set, mut map) = (HashSet::<[u8; 16]>::new(), HashMap::<u16, [u8; 3]>::new());
        assert_eq!((table::<u64>(set.capacity()), table::<u64>(map.capacity())), (0, 0));
        for number in 0..1000_u16 {
            set.insert([number.to_be_bytes(); 8].concat().try_into().unwrap_or_default());
            map.insert(number, [0; 3]);
            for capacity in [set.capacity(), map.capacity()] {
                assert!(places(capacity).is_power_of_two() && places(capacity) > capacity, "{capacity}: {}", places(capacity));
            }
        }
        assert_eq!(set.len(), 1000);
    }

    #[test]
    fn a_large_table_counts_for_what_it_takes_while_it_grows() {
        let (small, large) = (7 << 12, 7 << 20);
        assert_eq!(large_table::<[u8; 15]>(small), table::<[u8; 15]>(small));
        assert_eq!(table::<[u8; 15]>(large), (8 << 20) * 16 + 16);
        assert_eq!(large_table::<[u8; 15]>(large), table::<[u8; 15]>(large) / 2 * 3);
    }
}
