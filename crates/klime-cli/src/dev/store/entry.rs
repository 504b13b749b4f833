//! What filters look at, kept in memory beside the tables: a small entry for each stored event, oldest first.
//!
//! Texts are there as hashes, so an entry is 56 bytes whatever an event holds, and any combination of filters, of rare and of frequent
//! values, is one walk over the entries: a few milliseconds for a million. What a walk finds is compared with
//! the real texts when its row is read, so two texts of one hash are never taken for each other.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};

use crate::dev::event::{Kind, Status};

/// One stored event, as filters see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) seq: u64,
    pub(super) batch: u64,
    /// Microseconds since 1970.
    pub(super) received_at: i64,
    pub(super) message: u64,
    pub(super) event: u32,
    pub(super) user: u32,
    pub(super) group: u32,
    pub(super) library: u32,
    pub(super) bytes: u32,
    pub(super) status: Status,
    /// `None` for a refused event of no known type.
    pub(super) kind: Option<Kind>,
}

/// Hashes that differ from process to process, so that nobody can choose texts that collide.
#[derive(Debug, Default)]
pub(super) struct Hashes(RandomState);

impl Hashes {
    /// Zero is kept for "has none", or an empty one.
    pub(super) fn short(&self, text: Option<&str>) -> u32 {
        text.filter(|text| !text.is_empty()).map_or(0, |text| {
            let [a, b, c, d, ..] = self.0.hash_one(text).to_le_bytes();
            u32::from_le_bytes([a, b, c, d]).max(1)
        })
    }

    /// See `short`.
    pub(super) fn long(&self, text: Option<&str>) -> u64 {
        text.filter(|text| !text.is_empty()).map_or(0, |text| self.0.hash_one(text).max(1))
    }
}

/// All entries, in the order of their `seq`.
#[derive(Debug, Default)]
pub(super) struct Entries {
    entries: VecDeque<Entry>,
    bytes: u64,
}

impl Entries {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The bytes of all bodies.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.bytes += u64::from(entry.bytes);
        self.entries.push_back(entry);
    }

    pub(super) fn oldest(&self) -> Option<&Entry> {
        self.entries.front()
    }

    pub(super) fn newest(&self) -> Option<&Entry> {
        self.entries.back()
    }

    pub(super) fn pop_oldest(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        self.bytes = self.bytes.saturating_sub(u64::from(entry.bytes));
        Some(entry)
    }

    /// Those after `seq`, oldest first.
    pub(super) fn after(&self, seq: u64) -> impl DoubleEndedIterator<Item = &Entry> {
        let start = self.entries.partition_point(|entry| entry.seq <= seq);
        self.entries.range(start..)
    }

    /// Those before `seq`, oldest first.
    pub(super) fn before(&self, seq: u64) -> impl DoubleEndedIterator<Item = &Entry> {
        let end = self.entries.partition_point(|entry| entry.seq < seq);
        self.entries.range(..end)
    }
}

#[cfg(test)]
mod tests {
    use super::Entry;

    #[test]
    fn an_entry_is_small() {
        assert_eq!(size_of::<Entry>(), 56);
    }
}
