//! What is counted, as it is shown.

use jiff::Timestamp;
use serde::Serialize;

use super::Store;
use super::entry::Entry;
use crate::dev::event::{Kind, Status};
use crate::dev::stamp;

/// What the store has counted. Serialized, it is part of what `/dev/stats` answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreStats {
    /// The number of the newest event.
    pub latest_seq: u64,
    /// Events by what became of them.
    pub events: EventCounts,
    /// Accepted events by type.
    pub by_type: TypeCounts,
    /// Requests by what was answered.
    pub batches: BatchCounts,
    /// The last 60 minutes, the oldest first, by when events arrived.
    pub per_minute: Vec<Minute>,
    /// The most frequent names of accepted tracks, at most 100. After a restart: of those that are stored.
    pub names: Vec<NameCount>,
    /// The SDKs that accepted events came from, at most 100. After a restart: of those that are stored.
    pub libraries: Vec<LibraryCount>,
    /// What is kept where.
    pub storage: Storage,
}

/// Events since the beginning or the last reset, pruned ones included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EventCounts {
    /// Taken and counted.
    pub accepted: u64,
    /// Refused.
    pub refused: u64,
    /// Seen before.
    pub duplicate: u64,
    /// How many of all these are still there.
    pub stored: u64,
    /// How many had to go because a limit was passed.
    pub pruned: u64,
}

/// Accepted events by type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TypeCounts {
    /// `track`.
    pub track: u64,
    /// `identify`.
    pub identify: u64,
    /// `group`.
    pub group: u64,
}

/// Requests since the beginning or the last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BatchCounts {
    /// All.
    pub total: u64,
    /// Answered 2xx.
    pub accepted: u64,
    /// Refused as a whole: 400, 401, 413.
    pub refused: u64,
    /// The rest: made to fail by a fault.
    pub failed: u64,
}

/// A minute's events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Minute {
    /// When it began.
    #[serde(serialize_with = "stamp::serialize")]
    pub minute: Timestamp,
    /// Taken and counted.
    pub accepted: u64,
    /// Refused.
    pub refused: u64,
    /// Seen before.
    pub duplicate: u64,
}

/// How often a name was tracked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NameCount {
    /// The event's name.
    pub event: String,
    /// How often.
    pub count: u64,
}

/// How many events came from an SDK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LibraryCount {
    /// The SDK's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How many.
    pub count: u64,
}

/// What is kept where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// The file; absent for memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Bytes of the stored events' bodies.
    pub bytes: u64,
    /// Events that are kept at most.
    pub max_events: u64,
    /// Bytes of bodies that are kept at most.
    pub max_bytes: u64,
}

/// Events and batches, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) events: EventCounts,
    pub(super) types: TypeCounts,
    pub(super) batches: BatchCounts,
}

impl Totals {
    pub(super) fn add_event(&mut self, entry: &Entry) {
        self.events.add(entry.status);
        let Self { types: TypeCounts { track, identify, group }, .. } = self;
        match entry.kind.filter(|_| entry.status == Status::Accepted) {
            Some(Kind::Track) => *track += 1,
            Some(Kind::Identify) => *identify += 1,
            Some(Kind::Group) => *group += 1,
            None => {}
        }
    }

    pub(super) fn add_batches(&mut self, status: u16, count: u64) {
        self.batches.total += count;
        match status {
            200..=299 => self.batches.accepted += count,
            400 | 401 | 413 => self.batches.refused += count,
            _ => self.batches.failed += count,
        }
    }
}

impl EventCounts {
    pub(super) fn add(&mut self, status: Status) {
        match status {
            Status::Accepted => self.accepted += 1,
            Status::Refused => self.refused += 1,
            Status::Duplicate => self.duplicate += 1,
        }
    }
}

impl Store {
    /// The counts of events, cheap enough for twice a second.
    #[must_use]
    pub fn event_counts(&self) -> EventCounts {
        let pruned = self.tally.pruned().events.pruned;
        EventCounts { stored: self.entries.len() as u64, pruned, ..self.tally.totals().events }
    }

    /// The counts of requests, as cheap.
    #[must_use]
    pub fn batch_counts(&self) -> BatchCounts {
        self.tally.totals().batches
    }

    /// Everything that is counted.
    #[must_use]
    pub fn stats(&self, now: Timestamp) -> StoreStats {
        StoreStats {
            latest_seq: self.latest_seq(),
            events: self.event_counts(),
            by_type: self.tally.totals().types,
            batches: self.batch_counts(),
            per_minute: self.tally.per_minute(now),
            names: self.tally.names(),
            libraries: self.tally.libraries(),
            storage: Storage {
                path: self.path.as_ref().map(|path| path.display().to_string()),
                bytes: self.entries.bytes(),
                max_events: self.limits.max_events,
                max_bytes: self.limits.max_bytes,
            },
        }
    }
}
