//! The requests, read back.

use jiff::Timestamp;
use serde::Serialize;

use super::row::{to_sql, unsigned};
use super::{Store, StoreError};
use crate::dev::event::Library;
use crate::dev::stamp;

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
