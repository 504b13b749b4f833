//! Lines for machines: one JSON object each, told apart by their first key.
//!
//! An event is the row that `/dev/events` answers (`seq` comes first), without what only the store knows (`groups`, `duplicateOf`).
//! A request that was refused as a whole, or that a fault hit, is `{"request":{…}}`. Events that came faster than they could be written
//! are `{"skipped":{"events":n}}`; they are in the store all the same.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use super::Arrived;
use crate::dev::event::{Judged, Verdict};
use crate::dev::stamp;
use crate::dev::store::{Row, RowError};

pub(super) fn write(arrived: &Arrived, out: &mut impl Write) -> io::Result<()> {
    let record = &arrived.record;
    if record.error.is_some() || record.fault.is_some() {
        let request = Request {
            batch: arrived.appended.batch,
            received_at: stamp::rfc3339(record.received_at),
            status: record.status,
            events: arrived.events.len(),
            key: record.key.as_deref(),
            error: record.error.as_deref(),
            fault: record.fault.as_deref(),
        };
        line(&Line { request }, out)?;
    }
    for (index, judged) in arrived.events.iter().enumerate() {
        if let Some(row) = row(arrived, index, judged) {
            line(&row, out)?;
        }
    }
    Ok(())
}

pub(super) fn write_skipped(events: u64, out: &mut impl Write) -> io::Result<()> {
    line(&json!({ "skipped": { "events": events } }), out)
}

/// Characters that a terminal would obey, and that JSON lets stand in a string, are written as escapes.
fn line(object: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    let json = serde_json::to_string(object)?;
    let is_order = |char: char| ('\u{7f}'..='\u{9f}').contains(&char);
    let mut rest = json.as_str();
    while let Some((at, order)) = rest.char_indices().find(|(_, char)| is_order(*char)) {
        let (before, from) = rest.split_at(at);
        write!(out, "{before}\\u{:04x}", u32::from(order))?;
        rest = from.get(order.len_utf8()..).unwrap_or_default();
    }
    writeln!(out, "{rest}")
}

#[derive(Serialize)]
struct Line<'a> {
    request: Request<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    batch: u64,
    received_at: String,
    /// 0 if there was no answer.
    status: u16,
    events: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a str>,
}

fn row(arrived: &Arrived, index: usize, judged: &Judged) -> Option<Row> {
    let mut row = Row {
        seq: arrived.appended.seqs.start + index as u64,
        status: *arrived.appended.statuses.get(index)?,
        received_at: arrived.record.received_at,
        batch: arrived.appended.batch,
        index: index as u64,
        kind: None,
        event: None,
        user_id: None,
        group_id: None,
        message_id: None,
        timestamp: None,
        library: None,
        groups: Vec::new(),
        error: None,
        duplicate_of: None,
        bytes: judged.body.len() as u64,
        body: judged.body.clone(),
    };
    match &judged.verdict {
        Verdict::Taken(event) => {
            row.kind = Some(event.kind.word().to_owned());
            row.event.clone_from(&event.name);
            row.user_id.clone_from(&event.user_id);
            row.group_id.clone_from(&event.group_id);
            row.message_id = Some(event.message_id.clone());
            row.timestamp = Some(event.timestamp);
            row.library.clone_from(&event.library);
        }
        Verdict::Refused(refusal) => {
            row.kind.clone_from(&refusal.kind);
            row.event.clone_from(&refusal.name);
            row.user_id.clone_from(&refusal.user_id);
            row.group_id.clone_from(&refusal.group_id);
            row.message_id.clone_from(&refusal.message_id);
            row.error = Some(RowError { code: refusal.code.to_owned(), message: refusal.message.clone() });
        }
    }
    Some(row)
}
