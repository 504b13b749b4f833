mod appending;
mod counting;
mod files;
mod filtering;
mod replaying;
mod searching;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{BatchRecord, EventPage, Filter, Limits, Order, Page, Store};
use crate::dev::event::{Event, Judged, Kind, Library, Refusal, Verdict};

/// 2025-11-24T12:00:00Z and so many seconds.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_763_985_600 + seconds).unwrap()
}

fn memory() -> Store {
    Store::open(None, Limits::default()).unwrap()
}

fn request(second: i64) -> BatchRecord {
    BatchRecord {
        received_at: at(second),
        status: 200,
        bytes: 1_000,
        gzip: false,
        took: Duration::from_micros(1_500),
        key: Some("abcd…".to_owned()),
        user_agent: Some("test/1.0".to_owned()),
        error: None,
        fault: None,
    }
}

fn track(message_id: &str, name: &str, user: &str) -> Judged {
    taken(Kind::Track, message_id, Some(name), Some(user), None, Map::new())
}

fn taken(
    kind: Kind,
    message_id: &str,
    name: Option<&str>,
    user: Option<&str>,
    group: Option<&str>,
    fields: Map<String, Value>,
) -> Judged {
    let key = if kind == Kind::Track { "properties" } else { "traits" };
    let body =
        json!({ "type": kind, "messageId": message_id, "event": name, "userId": user, "groupId": group, key: fields });
    let event = Event {
        kind,
        message_id: message_id.to_owned(),
        timestamp: at(0),
        name: name.map(str::to_owned),
        user_id: user.map(str::to_owned),
        group_id: group.map(str::to_owned),
        fields,
        library: Some(Library { name: "rust-sdk".to_owned(), version: "1.0.0".to_owned() }),
    };
    Judged { body: body.to_string(), verdict: Verdict::Taken(event) }
}

fn refused(message: &str) -> Judged {
    let refusal = Refusal {
        code: "missing_field",
        message: message.to_owned(),
        kind: Some("track".to_owned()),
        name: Some("Half Sent".to_owned()),
        user_id: None,
        group_id: None,
        message_id: Some("r".to_owned()),
    };
    Judged { body: json!({ "type": "track", "event": "Half Sent" }).to_string(), verdict: Verdict::Refused(refusal) }
}

fn all() -> Filter {
    Filter { status: None, ..Filter::default() }
}

fn newest(store: &Store, filter: &Filter) -> EventPage {
    store.events(filter, None, Page { order: Order::NewestFirst { before: None }, limit: 1_000 }).unwrap()
}

fn seqs(page: &EventPage) -> Vec<u64> {
    page.rows.iter().map(|row| row.seq).collect()
}
