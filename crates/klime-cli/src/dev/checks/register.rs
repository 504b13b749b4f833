//! A map that takes a given number of texts and no more, so that hostile input cannot fill the memory.
//!
//! It knows a text by its hash alone, with a key that is drawn anew for each register.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};

#[derive(Debug)]
pub(super) struct Register<T> {
    entries: HashMap<u64, T, BuildHasherDefault<Hashed>>,
    hasher: RandomState,
    most: usize,
    is_over: bool,
}

impl<T> Register<T> {
    pub(super) fn new(most: usize) -> Self {
        Self { entries: HashMap::default(), hasher: RandomState::new(), most, is_over: false }
    }

    pub(super) fn hash(&self, text: impl Hash) -> u64 {
        self.hasher.hash_one(text)
    }

    /// The entry of a text, made if there is none; `None` when there is no more room.
    pub(super) fn entry(&mut self, text: impl Hash, make: impl FnOnce() -> T) -> Option<&mut T> {
        let hash = self.hash(text);
        if self.entries.len() >= self.most && !self.entries.contains_key(&hash) {
            self.is_over = true;
            return None;
        }
        Some(self.entries.entry(hash).or_insert_with(make))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.values()
    }

    pub(super) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Whether there were more texts than it takes.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Says of how many, where not all are known: ` (of the first 5,000)`.
    pub(super) fn limit(&self) -> String {
        if self.is_over { format!(" (of the first {})", super::report::grouped(self.len())) } else { String::new() }
    }
}

/// Takes a number that is a hash already.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_register_knows_what_it_has_and_takes_no_more() {
        let mut register = Register::new(2);
        for text in ["a", "b", "a", "c", "b"] {
            if let Some(count) = register.entry(text, || 0) {
                *count += 1;
            }
        }
        let mut counts: Vec<i32> = register.values().copied().collect();
        counts.sort_unstable();
        assert_eq!((counts, register.is_over(), register.limit()), (vec![2, 2], true, " (of the first 2)".to_owned()));
    }
}
