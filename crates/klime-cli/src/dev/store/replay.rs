//! What was appended, given once more: customers and checks are not stored, they follow from the events.

use jiff::Timestamp;

use super::row::{COLUMNS, Row, read};
use super::{Store, StoreError};
use crate::dev::event::{Event, FAULT_INJECTED, Judged, Kind, Refusal, Status, Verdict};
use crate::dev::validate;

/// A stored event, as it was appended.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// Its number.
    pub seq: u64,
    /// When it arrived.
    pub received_at: Timestamp,
    /// What became of it.
    pub status: Status,
    /// What was sent, and what was said of it.
    pub judged: Judged,
}

impl Store {
    /// Gives every stored event, oldest first.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn replay(&self, mut give: impl FnMut(&Replayed)) -> Result<(), StoreError> {
        let mut all = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare(&format!("SELECT {COLUMNS} FROM events ORDER BY seq"))?;
            let mut rows = statement.query(())?;
            while let Some(row) = rows.next()? {
                give(&replayed(read(row)?));
            }
            Ok(())
        };
        all().map_err(self.failed("read from"))
    }
}

fn replayed(row: Row) -> Replayed {
    let verdict = match (row.error, row.kind.as_deref().and_then(Kind::of_word)) {
        (None, Some(kind)) => Verdict::Taken(Event {
            kind,
            // A body is as it was judged, unless someone has written into the file.
            fields: validate::fields_of(kind, &row.body).unwrap_or_default(),
            message_id: row.message_id.unwrap_or_default(),
            timestamp: row.timestamp.unwrap_or(row.received_at),
            name: row.event,
            user_id: row.user_id,
            group_id: row.group_id,
            library: row.library,
        }),
        (error, _) => Verdict::Refused(Refusal {
            code: error.as_ref().map_or("refused", |error| known_code(&error.code)),
            message: error.map(|error| error.message).unwrap_or_default(),
            kind: row.kind,
            name: row.event,
            user_id: row.user_id,
            group_id: row.group_id,
            message_id: row.message_id,
        }),
    };
    let judged = Judged { body: row.body, verdict };
    Replayed { seq: row.seq, received_at: row.received_at, status: row.status, judged }
}

/// A `Refusal` has its code from the program's text, not from a file.
fn known_code(code: &str) -> &'static str {
    const CODES: [&str; 6] =
        ["invalid_type", "missing_field", "anonymous_event", "invalid_field", "event_too_large", FAULT_INJECTED];
    CODES.into_iter().find(|known| *known == code).unwrap_or("refused")
}
