//! One stored event, whole: as it is read from the table and as it is shown.

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::Appended;
use super::columns::Columns;
use super::readable::is_readable;
use crate::dev::event::{Judged, Library, Status};
use crate::dev::stamp;
use crate::dev::validate::shortened;

/// A stored event with everything that is known of it. Serialized, it is the object that `/dev/events` answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Its number; a later event has a higher one, and none is used twice.
    pub seq: u64,
    /// What became of it.
    pub status: Status,
    /// When it arrived.
    #[serde(serialize_with = "stamp::serialize")]
    pub received_at: Timestamp,
    /// The number of its batch.
    pub batch: u64,
    /// Its place in the batch, from 0.
    pub index: u64,
    /// Its type, whatever a refused event says there.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The name of a tracked event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The user, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The group, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// The message id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// When it happened, as the app says. Refused events have none.
    #[serde(serialize_with = "stamp::serialize_optional", skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// The SDK that sent it. Refused events have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub library: Option<Library>,
    /// The groups that an accepted track counts for. The store does not know them; who asked fills them in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RowError>,
    /// The accepted event that has the same message id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<u64>,
    /// The size of the body.
    pub bytes: u64,
    /// The event's JSON as it was sent. In an answer it is the start of it as a text when readers could not take it.
    #[serde(serialize_with = "as_json")]
    pub body: String,
}

/// Why an event was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowError {
    /// For example `missing_field`.
    pub code: String,
    /// A sentence.
    pub message: String,
}

impl Row {
    /// The row of an event that was just appended, without what only the store knows (`groups`, `duplicate_of`). `None` if the batch
    /// has no event in this place.
    #[must_use]
    pub fn of_appended(appended: &Appended, received_at: Timestamp, index: usize, judged: &Judged) -> Option<Self> {
        let columns = Columns::of(judged);
        Some(Self {
            seq: appended.seqs.start + index as u64,
            status: *appended.statuses.get(index)?,
            received_at,
            batch: appended.batch,
            index: index as u64,
            kind: columns.kind.map(str::to_owned),
            event: columns.name.map(str::to_owned),
            user_id: columns.user_id.map(str::to_owned),
            group_id: columns.group_id.map(str::to_owned),
            message_id: columns.message_id.map(str::to_owned),
            timestamp: columns.timestamp,
            library: columns.library.cloned(),
            groups: Vec::new(),
            error: columns
                .refusal
                .map(|refusal| RowError { code: refusal.code.to_owned(), message: refusal.message.clone() }),
            duplicate_of: None,
            bytes: judged.body.len() as u64,
            body: judged.body.clone(),
        })
    }
}

/// So many characters of a body are shown that can be shown only as text.
const MAX_SHOWN: usize = 1_000;

/// A body that would make the whole answer unreadable, or is no JSON (someone has written into the file), is shown as text.
fn as_json<S: Serializer>(body: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match serde_json::from_str::<&RawValue>(body) {
        Ok(json) if is_readable(body) => json.serialize(serializer),
        _ => serializer.serialize_str(&shortened(body, MAX_SHOWN)),
    }
}

/// The columns that `read` takes, in its order.
pub(super) const COLUMNS: &str = "seq, status, received_at, batch, position, type, event, user_id, group_id, message_id, \
     timestamp, library_name, library_version, error_code, error_message, duplicate_of, body";

/// The columns of text that a search looks at, by their place in `COLUMNS`.
pub(super) const BODY: usize = 16;
/// See [`BODY`]: event, user, group, error code and message, type.
pub(super) const NAMES: [usize; 6] = [6, 7, 8, 13, 14, 5];

pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let body: String = row.get(BODY)?;
    let code: Option<String> = row.get(13)?;
    let library: Option<String> = row.get(11)?;
    Ok(Row {
        seq: unsigned(row, 0)?,
        status: status(row.get(1)?),
        received_at: stamp::from_micros(row.get(2)?),
        batch: unsigned(row, 3)?,
        index: unsigned(row, 4)?,
        kind: row.get(5)?,
        event: row.get(6)?,
        user_id: row.get(7)?,
        group_id: row.get(8)?,
        message_id: row.get(9)?,
        timestamp: row.get::<_, Option<i64>>(10)?.map(stamp::from_micros),
        library: match library {
            Some(name) => Some(Library { name, version: row.get::<_, Option<String>>(12)?.unwrap_or_default() }),
            None => None,
        },
        groups: Vec::new(),
        error: match code {
            Some(code) => Some(RowError { code, message: row.get::<_, Option<String>>(14)?.unwrap_or_default() }),
            None => None,
        },
        duplicate_of: row.get::<_, Option<i64>>(15)?.map(from_sql),
        bytes: body.len() as u64,
        body,
    })
}

/// A text column without copying it; empty when it is absent.
pub(super) fn text<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> rusqlite::Result<&'r str> {
    match row.get_ref(column)? {
        ValueRef::Text(bytes) => Ok(std::str::from_utf8(bytes).unwrap_or_default()),
        _ => Ok(""),
    }
}

pub(super) fn unsigned(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(from_sql)
}

/// SQLite's integers are signed; ours start at 0 and never come near the end.
pub(super) fn from_sql(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// See [`from_sql`].
pub(super) fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn status_code(status: Status) -> i64 {
    match status {
        Status::Accepted => 0,
        Status::Refused => 1,
        Status::Duplicate => 2,
    }
}

pub(super) fn status(code: i64) -> Status {
    match code {
        0 => Status::Accepted,
        2 => Status::Duplicate,
        _ => Status::Refused,
    }
}
