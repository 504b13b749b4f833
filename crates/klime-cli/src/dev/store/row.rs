//! One stored event, whole: as it is read from the table and as it is shown.

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::dev::event::{Kind, Library, Status};
use crate::dev::stamp;

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
    /// The event's JSON as it was sent.
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

/// A body that is no JSON (someone has written into the file) is shown as text.
fn as_json<S: Serializer>(body: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match serde_json::from_str::<&RawValue>(body) {
        Ok(json) => json.serialize(serializer),
        Err(_) => serializer.serialize_str(body),
    }
}

/// The columns that `read` takes, in its order.
pub(super) const COLUMNS: &str = "seq, status, received_at, batch, position, type, event, user_id, group_id, message_id, \
     timestamp, library_name, library_version, error_code, error_message, duplicate_of, body";

pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let body: String = row.get(16)?;
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

pub(super) fn kind(text: &str) -> Option<Kind> {
    match text {
        "track" => Some(Kind::Track),
        "identify" => Some(Kind::Identify),
        "group" => Some(Kind::Group),
        _ => None,
    }
}

pub(super) fn kind_text(kind: Kind) -> &'static str {
    match kind {
        Kind::Track => "track",
        Kind::Identify => "identify",
        Kind::Group => "group",
    }
}
