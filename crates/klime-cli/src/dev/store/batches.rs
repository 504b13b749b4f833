//! The requests that brought events, or were to: written and read back.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::Serialize;

use super::entry::Entry;
use super::row::{to_sql, unsigned};
use super::{Store, StoreError};
use crate::dev::event::{Judged, Library, Status};
use crate::dev::stamp;
use crate::print::first_chars;

/// What clients say of themselves is kept up to this length.
const MAX_TEXT_CHARS: usize = 300;

/// A request, as it is kept beside the events that it brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRecord {
    /// When it arrived.
    pub received_at: Timestamp,
    /// The status of the answer; 0 if there was none.
    pub status: u16,
    /// The size of the body on the wire.
    pub bytes: u64,
    /// Whether the body was compressed.
    pub gzip: bool,
    /// How long it took from the request's first byte until it was stored.
    pub took: Duration,
    /// The write key, masked.
    pub key: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// Why the whole request was refused.
    pub error: Option<String>,
    /// The fault that it met.
    pub fault: Option<String>,
}

/// A request that brought events, or was to. Serialized, it is the object that `/dev/batches` answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// Its number; a later batch has a higher one, and none is used twice.
    pub id: u64,
    /// When it arrived.
    #[serde(serialize_with = "stamp::serialize")]
    pub received_at: Timestamp,
    /// The status of the answer; 0 if there was none.
    pub status: u64,
    /// Its events.
    pub events: u64,
    /// Those that were taken and counted.
    pub accepted: u64,
    /// Those that were refused.
    pub refused: u64,
    /// Those that had been seen before.
    pub duplicates: u64,
    /// The size of the body on the wire.
    pub bytes: u64,
    /// Whether the body was compressed.
    pub gzip: bool,
    /// How long it took from the request's first byte until it was stored, in milliseconds.
    pub took_ms: f64,
    /// The SDK of its first event that says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub library: Option<Library>,
    /// The client's `User-Agent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The write key, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Why the whole request was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The fault that it met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// A page of batches.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BatchPage {
    /// The batches, in the order that was asked for.
    pub batches: Vec<Batch>,
    /// From where to go on; `None` when there are no more.
    pub next: Option<u64>,
}

impl Store {
    /// Batches, newest first, from the one before this number or from the newest.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn batches(&self, before: Option<u64>, limit: usize) -> Result<BatchPage, StoreError> {
        self.batch_page("id < ?1 ORDER BY id DESC", before.unwrap_or(u64::MAX), limit)
    }

    /// Batches, oldest first, from the one after this number.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn batches_after(&self, after: u64, limit: usize) -> Result<BatchPage, StoreError> {
        self.batch_page("id > ?1 ORDER BY id", after, limit)
    }

    fn batch_page(&self, which: &str, from: u64, limit: usize) -> Result<BatchPage, StoreError> {
        let read = || -> rusqlite::Result<Vec<Batch>> {
            let mut statement =
                self.connection.prepare(&format!("SELECT {COLUMNS} FROM batches WHERE {which} LIMIT ?2"))?;
            statement.query_map([to_sql(from), to_sql(limit as u64 + 1)], read_batch)?.collect()
        };
        let mut batches = read().map_err(self.failed("read from"))?;
        let more = batches.len() > limit;
        batches.truncate(limit);
        let next = batches.last().filter(|_| more).map(|batch| batch.id);
        Ok(BatchPage { batches, next })
    }
}

const COLUMNS: &str = "id, received_at, status, accepted, refused, duplicates, bytes, gzip, took_us, library_name, \
     library_version, user_agent, key, error, fault";

fn read_batch(row: &rusqlite::Row<'_>) -> rusqlite::Result<Batch> {
    let (accepted, refused, duplicates) = (unsigned(row, 3)?, unsigned(row, 4)?, unsigned(row, 5)?);
    let library: Option<String> = row.get(9)?;
    Ok(Batch {
        id: unsigned(row, 0)?,
        received_at: stamp::from_micros(row.get(1)?),
        status: unsigned(row, 2)?,
        events: accepted + refused + duplicates,
        accepted,
        refused,
        duplicates,
        bytes: unsigned(row, 6)?,
        gzip: row.get(7)?,
        took_ms: unsigned(row, 8)? as f64 / 1000.0,
        library: match library {
            Some(name) => Some(Library { name, version: row.get::<_, Option<String>>(10)?.unwrap_or_default() }),
            None => None,
        },
        user_agent: row.get(11)?,
        key: row.get(12)?,
        error: row.get(13)?,
        fault: row.get(14)?,
    })
}

/// Writes a batch, whose events have these entries.
pub(super) fn insert(
    connection: &Connection,
    number: u64,
    batch: &BatchRecord,
    events: &[Judged],
    entries: &[Entry],
) -> rusqlite::Result<()> {
    let count = |status| to_sql(entries.iter().filter(|entry| entry.status == status).count() as u64);
    let library = events.iter().filter_map(Judged::taken).find_map(|event| event.library.as_ref());
    connection.execute(
        "INSERT INTO batches (id, received_at, status, accepted, refused, duplicates, bytes, gzip, took_us, library_name, \
         library_version, user_agent, key, error, fault) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            to_sql(number),
            batch.received_at.as_microsecond(),
            batch.status,
            count(Status::Accepted),
            count(Status::Refused),
            count(Status::Duplicate),
            to_sql(batch.bytes),
            batch.gzip,
            i64::try_from(batch.took.as_micros()).unwrap_or(i64::MAX),
            library.map(|library| shortened(&library.name)),
            library.map(|library| shortened(&library.version)),
            batch.user_agent.as_deref().map(shortened),
            batch.key.as_deref().map(shortened),
            batch.error.as_deref().map(shortened),
            batch.fault.as_deref().map(shortened),
        ],
    )?;
    Ok(())
}

fn shortened(text: &str) -> &str {
    first_chars(text, MAX_TEXT_CHARS)
}
