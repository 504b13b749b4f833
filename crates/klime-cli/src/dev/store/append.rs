//! Writing: a batch and its events, in one transaction, and what has to go for them.

use std::collections::HashMap;
use std::ops::Range;

use jiff::Timestamp;
use rusqlite::{Connection, Statement, params};

use super::batches::{BatchRecord, insert};
use super::columns::Columns;
use super::entry::{Entries, Entry, Hashes};
use super::row::{status_code, to_sql};
use super::stats::Totals;
use super::{Limits, Store, StoreError};
use crate::dev::event::{Judged, Kind, Status, Verdict};

/// What is over a limit goes so many events, or bytes, or batches at a time.
const PRUNED_EVENTS: u64 = 1_000;
const PRUNED_BYTES: u64 = 1 << 20;
const PRUNED_BATCHES: u64 = 1_000;

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The batch's number.
    pub batch: u64,
    /// The events' numbers, in the batch's order.
    pub seqs: Range<u64>,
    /// What became of each event.
    pub statuses: Vec<Status>,
}

impl Store {
    /// Keeps a batch and its events. An event whose message id was accepted before, here or in the same batch, is a duplicate.
    ///
    /// # Errors
    ///
    /// If the disk is full or fails; then nothing of it is kept, and the store can be used on.
    pub fn append(&mut self, batch: &BatchRecord, events: &[Judged]) -> Result<Appended, StoreError> {
        let written = self.write(batch, events);
        let written = written.map_err(|source| StoreError::sqlite("write to", self.path.as_deref(), source))?;
        Ok(self.take_over(batch, events, written))
    }

    fn write(&mut self, batch: &BatchRecord, events: &[Judged]) -> rusqlite::Result<Written> {
        let surplus = surplus(&self.entries, self.limits, events);
        let oldest_batch = self.oldest_batch_after_this();
        let mut pruned = self.tally.pruned();
        let transaction = self.connection.transaction()?;
        let mut writing = Writing {
            hashes: &self.hashes,
            accepted: &self.accepted,
            insert: transaction.prepare(INSERT_EVENT)?,
            message_id_of: transaction.prepare("SELECT message_id FROM events WHERE seq = ?1")?,
            batch: self.next_batch,
            received_at: batch.received_at.as_microsecond(),
            entries: Vec::with_capacity(events.len()),
        };
        for (seq, (index, judged)) in (self.next_seq..).zip(events.iter().enumerate()) {
            writing.event(seq, index, judged)?;
        }
        let entries = std::mem::take(&mut writing.entries);
        drop(writing);
        insert(&transaction, self.next_batch, batch, events, &entries)?;
        if let Some(through) = surplus {
            delete_through(&transaction, &self.entries, through, &mut pruned)?;
        }
        if oldest_batch > self.oldest_batch {
            pruned.add_batches_before(&transaction, oldest_batch)?;
            transaction.execute("DELETE FROM batches WHERE id < ?1", [to_sql(oldest_batch)])?;
        }
        if surplus.is_some() || oldest_batch > self.oldest_batch {
            pruned.save(&transaction)?;
        }
        transaction.commit()?;
        Ok(Written { entries, surplus, pruned, oldest_batch })
    }

    /// Brings memory to where the committed tables are.
    fn take_over(&mut self, batch: &BatchRecord, events: &[Judged], written: Written) -> Appended {
        let number = self.next_batch;
        let first = self.next_seq;
        self.next_batch += 1;
        self.next_seq += written.entries.len() as u64;
        if let Some(through) = written.surplus {
            self.forget_through(through);
        }
        self.tally.set_pruned(written.pruned);
        self.oldest_batch = written.oldest_batch;
        self.tally.note_batch(batch.status);
        let mut statuses = Vec::with_capacity(written.entries.len());
        for (entry, judged) in written.entries.into_iter().zip(events) {
            statuses.push(entry.status);
            if entry.status == Status::Accepted {
                self.accepted.entry(entry.message).or_insert(entry.seq);
            }
            let event = judged.taken();
            let name = event.and_then(|event| event.name.as_deref());
            self.tally.note_event(&entry, name, event.and_then(|event| event.library.as_ref()));
            self.entries.push(entry);
        }
        Appended { batch: number, seqs: first..self.next_seq, statuses }
    }

    /// Brings a file that was written with larger limits within these.
    pub(super) fn trim(&mut self) -> rusqlite::Result<()> {
        let Some(through) = surplus(&self.entries, self.limits, &[]) else { return Ok(()) };
        let mut pruned = self.tally.pruned();
        let transaction = self.connection.transaction()?;
        delete_through(&transaction, &self.entries, through, &mut pruned)?;
        pruned.save(&transaction)?;
        transaction.commit()?;
        self.tally.set_pruned(pruned);
        self.forget_through(through);
        Ok(())
    }

    fn forget_through(&mut self, through: u64) {
        while self.entries.oldest().is_some_and(|entry| entry.seq <= through) {
            let Some(entry) = self.entries.pop_oldest() else { break };
            if self.accepted.get(&entry.message) == Some(&entry.seq) {
                self.accepted.remove(&entry.message);
            }
        }
    }

    /// Requests are bounded by themselves, because there are some without events.
    fn oldest_batch_after_this(&self) -> u64 {
        let most = self.limits.max_batches;
        let kept = self.next_batch.saturating_sub(self.oldest_batch) + 1;
        let surplus = if kept > most { kept - most + (most / 10).min(PRUNED_BATCHES) } else { 0 };
        self.oldest_batch + surplus
    }
}

/// What a committed append has changed in the tables.
struct Written {
    entries: Vec<Entry>,
    surplus: Option<u64>,
    pruned: Totals,
    oldest_batch: u64,
}

const INSERT_EVENT: &str = "INSERT INTO events (seq, status, received_at, batch, position, type, event, user_id, group_id, \
     message_id, timestamp, library_name, library_version, error_code, error_message, duplicate_of, body) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";

/// An append that is being written.
struct Writing<'a> {
    hashes: &'a Hashes,
    accepted: &'a HashMap<u64, u64>,
    insert: Statement<'a>,
    message_id_of: Statement<'a>,
    batch: u64,
    received_at: i64,
    entries: Vec<Entry>,
}

impl Writing<'_> {
    fn event(&mut self, seq: u64, index: usize, judged: &Judged) -> rusqlite::Result<()> {
        let event = Columns::of(judged);
        let message = self.hashes.long(event.message_id);
        let (status, duplicate_of) = self.status(message, &judged.verdict)?;
        self.insert.execute(params![
            to_sql(seq),
            status_code(status),
            self.received_at,
            to_sql(self.batch),
            to_sql(index as u64),
            event.kind,
            event.name,
            event.user_id,
            event.group_id,
            event.message_id,
            event.timestamp.map(Timestamp::as_microsecond),
            event.library.map(|library| library.name.as_str()),
            event.library.map(|library| library.version.as_str()),
            event.refusal.map(|refusal| refusal.code),
            event.refusal.map(|refusal| refusal.message.as_str()),
            duplicate_of.map(to_sql),
            judged.body,
        ])?;
        self.entries.push(Entry {
            seq,
            batch: self.batch,
            received_at: self.received_at,
            message,
            event: self.hashes.short(event.name),
            user: self.hashes.short(event.user_id),
            group: self.hashes.short(event.group_id),
            library: self.hashes.short(event.library.map(|library| library.name.as_str())),
            bytes: u32::try_from(judged.body.len()).unwrap_or(u32::MAX),
            status,
            kind: event.kind.and_then(Kind::of_word),
        });
        Ok(())
    }

    /// What becomes of an event, and of a duplicate, which event it repeats.
    fn status(&mut self, message: u64, verdict: &Verdict) -> rusqlite::Result<(Status, Option<u64>)> {
        let Verdict::Taken(event) = verdict else { return Ok((Status::Refused, None)) };
        let first = self.find_accepted(message, &event.message_id)?;
        Ok((if first.is_some() { Status::Duplicate } else { Status::Accepted }, first))
    }

    /// The accepted event that has this message id. Ids are looked up by their hash, and compared in the table.
    fn find_accepted(&mut self, message: u64, message_id: &str) -> rusqlite::Result<Option<u64>> {
        let is_same = |entry: &&Entry| entry.status == Status::Accepted && entry.message == message;
        let here = self.entries.iter().find(is_same).map(|entry| entry.seq);
        let Some(seq) = here.or_else(|| self.accepted.get(&message).copied()) else { return Ok(None) };
        let stored: Option<String> = self.message_id_of.query_row([to_sql(seq)], |row| row.get(0))?;
        Ok((stored.as_deref() == Some(message_id)).then_some(seq))
    }
}

/// Deletes the oldest events, and counts them as pruned.
fn delete_through(
    connection: &Connection,
    entries: &Entries,
    through: u64,
    pruned: &mut Totals,
) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM events WHERE seq <= ?1", [to_sql(through)])?;
    for entry in entries.before(through.saturating_add(1)) {
        pruned.add_event(entry);
        pruned.events.pruned += 1;
    }
    Ok(())
}

/// Through which `seq` the oldest have to go so that these events find room.
fn surplus(entries: &Entries, limits: Limits, events: &[Judged]) -> Option<u64> {
    let mut count = entries.len() as u64 + events.len() as u64;
    let mut bytes = entries.bytes() + events.iter().map(|judged| judged.body.len() as u64).sum::<u64>();
    if count <= limits.max_events && bytes <= limits.max_bytes {
        return None;
    }
    let most = limits.max_events - (limits.max_events / 10).min(PRUNED_EVENTS);
    let most_bytes = limits.max_bytes - (limits.max_bytes / 10).min(PRUNED_BYTES);
    let mut through = None;
    for entry in entries.after(0) {
        if count <= most && bytes <= most_bytes {
            break;
        }
        count -= 1;
        bytes = bytes.saturating_sub(u64::from(entry.bytes));
        through = Some(entry.seq);
    }
    through
}
