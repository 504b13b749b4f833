//! The events that have arrived, and the requests that brought them.
//!
//! Rows are in SQLite, in memory or in a file. What filters look at is in memory besides, in small entries (`entry.rs`), and so are the ids
//! of accepted events, by which duplicates are found, and the counts. Both are rebuilt when a file is opened. An append is
//! one transaction, and memory follows when it is committed; so a full disk leaves both as they were.
//! When a limit is passed the oldest events go first, some at a time.
//!
//! It is the only module that knows SQL. It knows no clock (callers say when something arrived), and it does not know which
//! customer an event counts for: that is what `customers` is for, and who asks for a customer's events brings an [`Audience`].

mod append;
mod batches;
mod columns;
mod entry;
mod error;
mod events;
mod filter;
mod open;
mod pruned;
mod readable;
mod replay;
mod row;
mod schema;
mod search;
mod stats;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::PathBuf;

use rusqlite::Connection;

pub use append::Appended;
pub use batches::{Batch, BatchPage, BatchRecord};
pub use error::{StoreError, StoreErrorKind};
pub use events::EventPage;
pub use filter::{Audience, Filter, Order, Page};
pub use replay::Replayed;
pub use row::{Row, RowError};
pub use stats::{BatchCounts, EventCounts, LibraryCount, Minute, NameCount, Storage, StoreStats, TypeCounts};

use entry::{Entries, Hashes};
use tally::Tally;

/// How much is kept. When more comes the oldest events go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Events; a million by default.
    pub max_events: u64,
    /// Bytes of events' bodies; 1 GiB by default.
    pub max_bytes: u64,
    /// Batches, however few events they have; 100,000 by default.
    pub max_batches: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_events: 1_000_000, max_bytes: 1 << 30, max_batches: 100_000 }
    }
}

/// The store. Its calls block for as long as they work, which is bounded for all but `replay` and `open`.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    /// `None` is memory.
    path: Option<PathBuf>,
    limits: Limits,
    hashes: Hashes,
    entries: Entries,
    /// The `seq` of each accepted event by its message id's hash.
    accepted: HashMap<u64, u64>,
    tally: Tally,
    next_seq: u64,
    next_batch: u64,
    /// The oldest batch that is kept, or the next one if there is none.
    oldest_batch: u64,
}

impl Store {
    /// The number of the newest event, or of the last before a reset; 0 if there never was one.
    #[must_use]
    pub fn latest_seq(&self) -> u64 {
        self.next_seq.saturating_sub(1)
    }

    /// The number of the newest batch, or of the last before a reset; 0 if there never was one.
    #[must_use]
    pub fn latest_batch(&self) -> u64 {
        self.next_batch.saturating_sub(1)
    }

    /// The numbers of the oldest events, which had to go because of a limit. What a reset has forgotten is not among them.
    #[must_use]
    pub fn pruned(&self) -> std::ops::Range<u64> {
        let end = self.entries.oldest().map_or(self.next_seq, |entry| entry.seq);
        end.saturating_sub(self.tally.pruned().events.pruned)..end
    }

    fn failed(&self, doing: &'static str) -> impl Fn(rusqlite::Error) -> StoreError + '_ {
        move |source| StoreError::sqlite(doing, self.path.as_deref(), source)
    }
}
