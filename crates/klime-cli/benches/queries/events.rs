//! Made up events and requests: the same in each run.

use std::time::Duration;

use jiff::Timestamp;
use klime_cli::dev::event::{Event, Judged, Kind, Library, Refusal, Verdict};
use klime_cli::dev::store::BatchRecord;
use serde_json::{Map, Value, json};

const USERS: u64 = 20_000;
const GROUPS: u64 = 2_000;
/// Members of the group `g0`; the other users are in one of the other groups.
const MANY_MEMBERS: u64 = 5_000;
const START: i64 = 1_763_985_600;

pub(super) fn now() -> Timestamp {
    Timestamp::from_second(START + 86_400).unwrap()
}

pub(super) fn received(second: i64) -> Timestamp {
    Timestamp::from_second(START + second).unwrap()
}

pub(super) fn record(batch: u64) -> BatchRecord {
    BatchRecord {
        received_at: received(batch.cast_signed()),
        status: 200,
        bytes: 40_000,
        gzip: false,
        took: Duration::from_micros(900),
        key: Some("abcd…".to_owned()),
        user_agent: Some("klime-bench/1.0".to_owned()),
        error: None,
        fault: None,
    }
}

/// Evenly scattered numbers that repeat from run to run.
fn scatter(number: u64) -> u64 {
    let mixed = (number ^ (number >> 31)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 16
}

pub(super) fn message_id(number: u64) -> String {
    let (high, low) = (scatter(number), scatter(number + 7));
    format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", high & 0xffff_ffff, low & 0xffff, high >> 36, low >> 36, number)
}

pub(super) fn event(number: u64) -> Judged {
    let user = scatter(number) % USERS;
    let group = if user < MANY_MEMBERS { 0 } else { 1 + user % (GROUPS - 1) };
    let (user_id, group_id) = (format!("user_{user}"), format!("g{group}"));
    match number % 200 {
        0 => judged(
            Kind::Group,
            number,
            None,
            Some(user_id),
            Some(group_id),
            json!({ "name": format!("Acme {group}"), "plan": "pro" }),
        ),
        1 => judged(
            Kind::Identify,
            number,
            None,
            Some(user_id),
            None,
            json!({ "name": format!("User {user}"), "email": format!("user{user}@example.com") }),
        ),
        2 => refused(),
        3 | 4 => judged(
            Kind::Track,
            number.saturating_sub(4),
            Some("Report Generated"),
            Some(user_id),
            None,
            properties(number),
        ),
        5..9 => judged(Kind::Track, number, Some("Invoice Paid"), Some(user_id), Some(group_id), properties(number)),
        _ => judged(Kind::Track, number, Some(name(number)), Some(user_id), None, properties(number)),
    }
}

fn name(number: u64) -> &'static str {
    const NAMES: [&str; 8] = [
        "Report Generated",
        "Button Clicked",
        "File Uploaded",
        "Page Viewed",
        "Search Run",
        "Comment Added",
        "Member Invited",
        "Export Started",
    ];
    if number.is_multiple_of(99_991) {
        "Account Closed"
    } else {
        NAMES.get((scatter(number + 3) % 8) as usize).unwrap()
    }
}

fn properties(number: u64) -> Value {
    json!({ "report": "quarterly revenue by region", "rows": number % 977, "plan": "enterprise", "shared": number.is_multiple_of(3),
            "duration_ms": 12.5, "format": "application/pdf" })
}

fn judged(
    kind: Kind,
    number: u64,
    name: Option<&str>,
    user: Option<String>,
    group: Option<String>,
    fields: Value,
) -> Judged {
    let library = if number.is_multiple_of(50_021) { "elixir-sdk" } else { "rust-sdk" };
    let at = Timestamp::from_second(START - (scatter(number) % (40 * 86_400)).cast_signed()).unwrap();
    let mut body = json!({ "type": kind, "messageId": message_id(number), "timestamp": format!("{at:.3}"),
        "context": { "library": { "name": library, "version": "1.0.0" }, "ip": "203.0.113.7" } });
    let key = if kind == Kind::Track { "properties" } else { "traits" };
    for (key, value) in
        [("event", json!(name)), ("userId", json!(user)), ("groupId", json!(group)), (key, fields.clone())]
    {
        if !value.is_null() {
            body.as_object_mut().unwrap().insert(key.to_owned(), value);
        }
    }
    let event = Event {
        kind,
        message_id: message_id(number),
        timestamp: at,
        name: name.map(str::to_owned),
        user_id: user,
        group_id: group,
        fields: fields.as_object().cloned().unwrap_or_else(Map::new),
        library: Some(Library { name: library.to_owned(), version: "1.0.0".to_owned() }),
    };
    Judged { body: body.to_string(), verdict: Verdict::Taken(event) }
}

fn refused() -> Judged {
    let refusal = Refusal {
        code: "anonymous_event",
        message: "a track needs a userId or a groupId".to_owned(),
        kind: Some("track".to_owned()),
        name: Some("Button Clicked".to_owned()),
        user_id: None,
        group_id: None,
        message_id: None,
    };
    Judged {
        body: json!({ "type": "track", "event": "Button Clicked" }).to_string(),
        verdict: Verdict::Refused(refusal),
    }
}
