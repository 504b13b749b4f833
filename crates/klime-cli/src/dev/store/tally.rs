//! Counts that are kept as events come, so that nobody has to count a million rows.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::entry::Entry;
use super::stats::{EventCounts, LibraryCount, Minute, NameCount, Totals};
use crate::dev::event::{Library, Status};
use crate::dev::stamp;

/// Distinct names and libraries that are counted, and how many are shown.
const MAX_NAMES: usize = 10_000;
const MAX_LIBRARIES: usize = 1_000;
const SHOWN: usize = 100;
/// Longer texts are not counted each by itself.
const MAX_TEXT_BYTES: usize = 1_000;
const MINUTES: i64 = 60;
const MICROS_A_MINUTE: i64 = 60_000_000;

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Tally {
    totals: Totals,
    /// What of these is not stored any more.
    pruned: Totals,
    /// By the minute's number since 1970.
    minutes: BTreeMap<i64, EventCounts>,
    names: HashMap<String, u64>,
    libraries: HashMap<Library, u64>,
}

impl Tally {
    /// Counts that begin with what has been pruned; what is stored is to be noted.
    pub(super) fn after(pruned: Totals) -> Self {
        Self { totals: pruned, pruned, ..Self::default() }
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    pub(super) fn pruned(&self) -> Totals {
        self.pruned
    }

    pub(super) fn set_pruned(&mut self, pruned: Totals) {
        self.pruned = pruned;
    }

    pub(super) fn note_event(&mut self, entry: &Entry, name: Option<&str>, library: Option<&Library>) {
        self.totals.add_event(entry);
        let minute = entry.received_at.div_euclid(MICROS_A_MINUTE);
        self.minutes.entry(minute).or_default().add(entry.status);
        if self.minutes.len() > 2 * MINUTES as usize {
            self.minutes.pop_first();
        }
        if entry.status != Status::Accepted {
            return;
        }
        if let Some(name) = name.filter(|name| name.len() <= MAX_TEXT_BYTES) {
            count(&mut self.names, name, MAX_NAMES, str::to_owned);
        }
        if let Some(library) = library.filter(|library| library.name.len() + library.version.len() <= MAX_TEXT_BYTES) {
            count(&mut self.libraries, library, MAX_LIBRARIES, Clone::clone);
        }
    }

    pub(super) fn note_batch(&mut self, status: u16) {
        self.totals.add_batches(status, 1);
    }

    #[cfg(test)]
    pub(super) fn minutes_kept(&self) -> usize {
        self.minutes.len()
    }

    #[cfg(test)]
    pub(super) fn names_kept(&self) -> usize {
        self.names.len()
    }

    pub(super) fn per_minute(&self, now: Timestamp) -> Vec<Minute> {
        let this = now.as_microsecond().div_euclid(MICROS_A_MINUTE);
        let minutes = (this - MINUTES + 1)..=this;
        let of = |minute| {
            let counts = self.minutes.get(&minute).copied().unwrap_or_default();
            Minute {
                minute: stamp::from_micros(minute * MICROS_A_MINUTE),
                accepted: counts.accepted,
                refused: counts.refused,
                duplicate: counts.duplicate,
            }
        };
        minutes.map(of).collect()
    }

    pub(super) fn names(&self) -> Vec<NameCount> {
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_by_key(|(event, count)| (Reverse(**count), *event));
        let shown = names.into_iter().take(SHOWN);
        shown.map(|(event, count)| NameCount { event: event.clone(), count: *count }).collect()
    }

    pub(super) fn libraries(&self) -> Vec<LibraryCount> {
        let mut libraries: Vec<_> = self.libraries.iter().collect();
        libraries.sort_by_key(|(library, count)| (Reverse(**count), &library.name, &library.version));
        let shown = libraries.into_iter().take(SHOWN);
        let of = |(library, count): (&Library, &u64)| LibraryCount {
            name: library.name.clone(),
            version: library.version.clone(),
            count: *count,
        };
        shown.map(of).collect()
    }
}

/// Counts a text, as long as there are not too many different ones.
fn count<Q, K>(counts: &mut HashMap<K, u64>, key: &Q, most: usize, own: impl FnOnce(&Q) -> K)
where
    Q: std::hash::Hash + Eq + ?Sized,
    K: std::hash::Hash + Eq + std::borrow::Borrow<Q>,
{
    if let Some(count) = counts.get_mut(key) {
        *count += 1;
    } else if counts.len() < most {
        counts.insert(own(key), 1);
    }
}
