//! Events, read back: a page of them, or one.

use super::entry::Entry;
use super::filter::{Audience, Filter, Order, Page, Wanted};
use super::row::{BODY, COLUMNS, NAMES, Row, read, text, to_sql};
use super::search::Needle;
use super::{Store, StoreError};

/// So much is read from the table for one page at most; then the page ends early. It is a millisecond or two of work, for which ingest
/// has to wait.
const MAX_ROWS_READ: usize = 1_000;
const MAX_BYTES_READ: usize = 2 << 20;

/// A page of events.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPage {
    /// The events, in the order that was asked for. There can be fewer than the limit, or none, although `next` is set:
    /// a call does a bounded amount of work.
    pub rows: Vec<Row>,
    /// From where to go on; `None` when there are no more.
    pub next: Option<u64>,
    /// The last `seq` that was looked at, wanted or not. Oldest first, whoever waits for new events goes on after it.
    pub through: u64,
}

impl Store {
    /// A page of the events that the filter lets through. `audience` says who the filter's customer is; without it a
    /// customer is not looked at.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn events(
        &self,
        filter: &Filter,
        audience: Option<&Audience<'_>>,
        page: Page,
    ) -> Result<EventPage, StoreError> {
        let wanted = Wanted::new(filter, audience, &self.hashes);
        let pages = match page.order {
            Order::NewestFirst { before } => {
                let before = before.unwrap_or(self.next_seq);
                self.page(&wanted, filter, page.limit, self.entries.before(before).rev(), 0)
            }
            Order::OldestFirst { after } => {
                self.page(&wanted, filter, page.limit, self.entries.after(after), self.latest_seq().max(after))
            }
        };
        pages.map_err(self.failed("read from"))
    }

    fn page<'a>(
        &self,
        wanted: &Wanted<'_>,
        filter: &Filter,
        limit: usize,
        entries: impl Iterator<Item = &'a Entry>,
        end: u64,
    ) -> rusqlite::Result<EventPage> {
        let mut statement = self.connection.prepare(&format!("SELECT {COLUMNS} FROM events WHERE seq = ?1"))?;
        let needle = filter.search.as_deref().map(Needle::new);
        let mut entries = entries.filter(|entry| wanted.may_be(entry)).peekable();
        let mut rows = Vec::new();
        let (mut rows_read, mut bytes_read) = (0, 0);
        while let Some(entry) = entries.next() {
            rows_read += 1;
            bytes_read += entry.bytes as usize;
            let mut found = statement.query([to_sql(entry.seq)])?;
            if let Some(row) = found.next()?
                && needle.as_ref().map_or(Ok(true), |needle| is_found(needle, row))?
            {
                rows.extend(Some(read(row)?).filter(|row| wanted.is(row)));
            }
            let enough = rows.len() >= limit || rows_read >= MAX_ROWS_READ || bytes_read >= MAX_BYTES_READ;
            if enough && entries.peek().is_some() {
                return Ok(EventPage { rows, next: Some(entry.seq), through: entry.seq });
            }
        }
        Ok(EventPage { rows, next: None, through: end })
    }

    /// One event.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn event(&self, seq: u64) -> Result<Option<Row>, StoreError> {
        let find = || -> rusqlite::Result<Option<Row>> {
            let mut statement = self.connection.prepare(&format!("SELECT {COLUMNS} FROM events WHERE seq = ?1"))?;
            let mut rows = statement.query([to_sql(seq)])?;
            rows.next()?.map(read).transpose()
        };
        find().map_err(self.failed("read from"))
    }
}

/// In all that can be read of an event. The body has most of it, but escaped.
fn is_found(needle: &Needle, row: &rusqlite::Row<'_>) -> rusqlite::Result<bool> {
    if needle.is_in(text(row, BODY)?) {
        return Ok(true);
    }
    for column in NAMES {
        if needle.is_in(text(row, column)?) {
            return Ok(true);
        }
    }
    Ok(false)
}
