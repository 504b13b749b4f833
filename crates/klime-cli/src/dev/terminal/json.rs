//! Lines for machines: one JSON object each, told apart by their first key.
//!
//! An event is the row that `/dev/events` answers (`seq` comes first), without what only the store knows (`groups`, `duplicateOf`).
//! A request that was refused as a whole, or that a fault hit, is `{"request":{…}}`. Events that came faster than they could be written
//! are `{"skipped":{"events":n}}`; they are in the store all the same.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use super::Arrived;
use crate::dev::stamp;
use crate::dev::store::Row;

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
        if let Some(row) = Row::of_appended(&arrived.appended, record.received_at, index, judged) {
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
