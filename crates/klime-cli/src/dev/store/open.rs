//! Beginning: opening a store and rebuilding what is in memory; and beginning anew.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::Connection;

use super::entry::{Entries, Entry, Hashes};
use super::pruned::{load_count, save_count};
use super::row::{status, text, to_sql, unsigned};
use super::stats::Totals;
use super::tally::Tally;
use super::{Limits, Store, StoreError, schema};
use crate::dev::event::{Kind, Library, Status};

impl Store {
    /// Opens the file, which is made if it does not exist, or memory if there is none. A file is this process's alone until
    /// the store is dropped. It is written so that it survives the end of the process at any moment; of a power failure, the last
    /// moments may be missing.
    ///
    /// # Errors
    ///
    /// If the file is another program's or a newer klime's, is in use, cannot be written, or is damaged.
    pub fn open(path: Option<&Path>, limits: Limits) -> Result<Self, StoreError> {
        let connection = schema::open(path)?;
        let mut store = Self {
            connection,
            path: path.map(Path::to_owned),
            limits,
            hashes: Hashes::default(),
            entries: Entries::default(),
            accepted: HashMap::new(),
            tally: Tally::default(),
            next_seq: 1,
            next_batch: 1,
            oldest_batch: 1,
        };
        store.restore().and_then(|()| store.trim()).map_err(|source| StoreError::sqlite("read from", path, source))?;
        Ok(store)
    }

    /// Forgets all events and batches and counts. Numbers go on from where they were.
    ///
    /// # Errors
    ///
    /// If the file cannot be written; then nothing is forgotten.
    pub fn reset(&mut self) -> Result<(), StoreError> {
        let (seq, batch) = (self.next_seq, self.next_batch);
        self.empty(seq, batch).map_err(|source| StoreError::sqlite("write to", self.path.as_deref(), source))?;
        self.entries = Entries::default();
        self.accepted = HashMap::new();
        self.tally = Tally::default();
        self.oldest_batch = batch;
        Ok(())
    }

    fn empty(&mut self, next_seq: u64, next_batch: u64) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        transaction.execute_batch("DELETE FROM events; DELETE FROM batches; DELETE FROM counts")?;
        save_count(&transaction, "next_seq", next_seq)?;
        save_count(&transaction, "next_batch", next_batch)?;
        transaction.commit()?;
        // Only to give room back; if that is not possible the rows are gone all the same.
        let _ = self.connection.execute_batch("VACUUM");
        Ok(())
    }

    fn restore(&mut self) -> rusqlite::Result<()> {
        self.tally = Tally::after(Totals::load(&self.connection)?);
        self.restore_events()?;
        self.restore_batches()?;
        let newest = self.entries.newest().map_or(0, |entry| entry.seq);
        self.next_seq = load_count(&self.connection, "next_seq")?.max(newest + 1);
        Ok(())
    }

    fn restore_events(&mut self) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare(
            "SELECT seq, batch, received_at, status, type, event, user_id, group_id, message_id, library_name, \
             library_version, length(CAST(body AS BLOB)) FROM events ORDER BY seq",
        )?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let entry = read_entry(row, &self.hashes)?;
            if entry.status == Status::Accepted {
                self.accepted.entry(entry.message).or_insert(entry.seq);
            }
            let name: Option<String> = row.get(5)?;
            let library = match row.get(9)? {
                Some(name) => Some(Library { name, version: text(row, 10)?.to_owned() }),
                None => None,
            };
            self.tally.note_event(&entry, name.as_deref(), library.as_ref());
            self.entries.push(entry);
        }
        Ok(())
    }

    fn restore_batches(&mut self) -> rusqlite::Result<()> {
        let (oldest, newest) = ends(&self.connection)?;
        self.next_batch = load_count(&self.connection, "next_batch")?.max(newest + 1);
        self.oldest_batch = if oldest == 0 { self.next_batch } else { oldest };
        let mut statement = self.connection.prepare("SELECT status FROM batches WHERE id >= ?1")?;
        let mut rows = statement.query([to_sql(oldest)])?;
        while let Some(row) = rows.next()? {
            self.tally.note_batch(row.get(0)?);
        }
        Ok(())
    }
}

fn ends(connection: &Connection) -> rusqlite::Result<(u64, u64)> {
    let sql = "SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM batches";
    connection.query_row(sql, (), |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?)))
}

fn read_entry(row: &rusqlite::Row<'_>, hashes: &Hashes) -> rusqlite::Result<Entry> {
    let text_or_none = |column| text(row, column).map(|text| Some(text).filter(|text| !text.is_empty()));
    Ok(Entry {
        seq: unsigned(row, 0)?,
        batch: unsigned(row, 1)?,
        received_at: row.get(2)?,
        status: status(row.get(3)?),
        kind: text_or_none(4)?.and_then(Kind::of_word),
        event: hashes.short(text_or_none(5)?),
        user: hashes.short(text_or_none(6)?),
        group: hashes.short(text_or_none(7)?),
        message: hashes.long(text_or_none(8)?),
        library: hashes.short(text_or_none(9)?),
        bytes: u32::try_from(unsigned(row, 11)?).unwrap_or(u32::MAX),
    })
}
