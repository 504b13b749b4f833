//! Counts that are kept as events come, so that nobody has to count a million rows.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use rusqlite::Connection;
use serde::Serialize;

use super::Store;
use super::entry::Entry;
use super::row::{from_sql, to_sql};
use crate::dev::event::{Kind, Library, Status};
use crate::dev::stamp;

/// Distinct names and libraries that are counted, and how many are shown.
const MAX_NAMES: usize = 10_000;
const MAX_LIBRARIES: usize = 1_000;
const SHOWN: usize = 100;
const MINUTES: i64 = 60;
const MICROS_A_MINUTE: i64 = 60_000_000;

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

/// What had to go, which no table can tell any more. It is saved with each pruning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pruned {
    events: EventCounts,
    types: TypeCounts,
    batches: BatchCounts,
}

impl Pruned {
    pub(super) fn add_events<'a>(&mut self, entries: impl Iterator<Item = &'a Entry>) {
        for entry in entries {
            add_event(&mut self.events, &mut self.types, entry);
            self.events.pruned += 1;
        }
    }

    /// Adds the batches before this one, which are about to be deleted.
    pub(super) fn add_batches(&mut self, connection: &Connection, before: u64) -> rusqlite::Result<()> {
        let mut statement = connection.prepare("SELECT status, count(*) FROM batches WHERE id < ?1 GROUP BY status")?;
        let mut rows = statement.query([to_sql(before)])?;
        while let Some(row) = rows.next()? {
            add_batches(&mut self.batches, row.get(0)?, from_sql(row.get(1)?));
        }
        Ok(())
    }

    fn fields(&mut self) -> [(&'static str, &mut u64); 11] {
        let Self { events, types, batches } = self;
        [
            ("pruned_accepted", &mut events.accepted),
            ("pruned_refused", &mut events.refused),
            ("pruned_duplicate", &mut events.duplicate),
            ("pruned", &mut events.pruned),
            ("pruned_track", &mut types.track),
            ("pruned_identify", &mut types.identify),
            ("pruned_group", &mut types.group),
            ("pruned_batches", &mut batches.total),
            ("pruned_batches_accepted", &mut batches.accepted),
            ("pruned_batches_refused", &mut batches.refused),
            ("pruned_batches_failed", &mut batches.failed),
        ]
    }

    pub(super) fn save(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for (name, value) in self.fields() {
            save_count(connection, name, *value)?;
        }
        Ok(())
    }

    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut pruned = Self::default();
        for (name, value) in pruned.fields() {
            *value = load_count(connection, name)?;
        }
        Ok(pruned)
    }
}

pub(super) fn save_count(connection: &Connection, name: &str, value: u64) -> rusqlite::Result<()> {
    connection.execute("INSERT OR REPLACE INTO counts (name, value) VALUES (?1, ?2)", (name, to_sql(value)))?;
    Ok(())
}

pub(super) fn load_count(connection: &Connection, name: &str) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare("SELECT value FROM counts WHERE name = ?1")?;
    let mut rows = statement.query([name])?;
    rows.next()?.map_or(Ok(0), |row| row.get(0).map(from_sql))
}

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Tally {
    events: EventCounts,
    types: TypeCounts,
    batches: BatchCounts,
    pruned: Pruned,
    /// By the minute's number since 1970.
    minutes: BTreeMap<i64, EventCounts>,
    names: HashMap<String, u64>,
    libraries: HashMap<Library, u64>,
}

impl Tally {
    /// Counts that begin with what has been pruned; what is stored is to be noted.
    pub(super) fn after(pruned: Pruned) -> Self {
        Self { events: pruned.events, types: pruned.types, batches: pruned.batches, pruned, ..Self::default() }
    }

    pub(super) fn pruned(&self) -> Pruned {
        self.pruned
    }

    pub(super) fn set_pruned(&mut self, pruned: Pruned) {
        self.pruned = pruned;
    }

    pub(super) fn note_event(&mut self, entry: &Entry, name: Option<&str>, library: Option<&Library>) {
        add_event(&mut self.events, &mut self.types, entry);
        let minute = entry.received_at.div_euclid(MICROS_A_MINUTE);
        add_status(self.minutes.entry(minute).or_default(), entry.status);
        if self.minutes.len() > 2 * MINUTES as usize {
            self.minutes.pop_first();
        }
        if entry.status != Status::Accepted {
            return;
        }
        if let Some(name) = name {
            count(&mut self.names, name, MAX_NAMES, str::to_owned);
        }
        if let Some(library) = library {
            count(&mut self.libraries, library, MAX_LIBRARIES, Clone::clone);
        }
    }

    pub(super) fn note_batch(&mut self, status: u16) {
        add_batches(&mut self.batches, status, 1);
    }

    fn per_minute(&self, now: Timestamp) -> Vec<Minute> {
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

    fn names(&self) -> Vec<NameCount> {
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_by_key(|(event, count)| (Reverse(**count), *event));
        let shown = names.into_iter().take(SHOWN);
        shown.map(|(event, count)| NameCount { event: event.clone(), count: *count }).collect()
    }

    fn libraries(&self) -> Vec<LibraryCount> {
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

impl Store {
    /// The counts of events, cheap enough for twice a second.
    #[must_use]
    pub fn event_counts(&self) -> EventCounts {
        let Tally { events, pruned, .. } = &self.tally;
        EventCounts { stored: self.entries.len() as u64, pruned: pruned.events.pruned, ..*events }
    }

    /// Everything that is counted.
    #[must_use]
    pub fn stats(&self, now: Timestamp) -> StoreStats {
        StoreStats {
            latest_seq: self.latest_seq(),
            events: self.event_counts(),
            by_type: self.tally.types,
            batches: self.tally.batches,
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

fn add_event(events: &mut EventCounts, types: &mut TypeCounts, entry: &Entry) {
    add_status(events, entry.status);
    match entry.kind.filter(|_| entry.status == Status::Accepted) {
        Some(Kind::Track) => types.track += 1,
        Some(Kind::Identify) => types.identify += 1,
        Some(Kind::Group) => types.group += 1,
        None => {}
    }
}

fn add_status(events: &mut EventCounts, status: Status) {
    match status {
        Status::Accepted => events.accepted += 1,
        Status::Refused => events.refused += 1,
        Status::Duplicate => events.duplicate += 1,
    }
}

fn add_batches(batches: &mut BatchCounts, status: u16, count: u64) {
    batches.total += count;
    match status {
        200..=299 => batches.accepted += count,
        400 | 401 | 413 => batches.refused += count,
        _ => batches.failed += count,
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
