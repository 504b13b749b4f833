//! The body of a request to `klime dev`: any bytes are judged without a panic. A body that is taken has as many events as are
//! judged; a taken event has what the protocol asks for, a refused one a known code and a sentence; what is kept of either is
//! the JSON that was sent. All of it can be noted and reported by the checks of an integration.

use jiff::Timestamp;
use serde_json::Value;

use crate::dev::checks::{Checks, Requests};
use crate::dev::event::{Event, Judged, Kind, Mode, Refusal, Status, Verdict};
use crate::dev::validate::{MAX_BATCH_EVENTS, judge};

pub(crate) const TOKENS: &[&str] = &[
    "{\"batch\":[",
    "]}",
    "\"type\":\"track\"",
    "\"type\":\"identify\"",
    "\"type\":\"group\"",
    "\"messageId\":",
    "\"timestamp\":\"2026-11-23T15:20:00.123Z\"",
    "\"timestamp\":",
    "\"event\":",
    "\"userId\":",
    "\"groupId\":",
    "\"properties\":{",
    "\"traits\":{",
    "\"context\":{\"library\":{\"name\":",
    "-9223372036854775809",
    "\\ud83d\\ude00",
    "\\ud800",
    "\\u0022",
    "1e999",
    "null",
    "[[[[[[[[",
    "created_at",
    "4242424242424242",
    "jane@acme.com",
];

const CODES: [&str; 5] = ["invalid_type", "missing_field", "anonymous_event", "invalid_field", "event_too_large"];

pub(crate) fn check(bytes: &[u8]) {
    let judged = match judge(bytes) {
        Ok(judged) => judged,
        Err(malformed) => {
            assert!(!malformed.to_string().is_empty());
            return;
        }
    };
    assert!(judged.len() <= MAX_BATCH_EVENTS, "{} events", judged.len());
    check_bodies(&judged, bytes);
    let mut checks = Checks::default();
    for (seq, judged) in (1..).zip(&judged) {
        let status = match &judged.verdict {
            Verdict::Taken(event) => check_taken(event),
            Verdict::Refused(refusal) => check_refused(refusal),
        };
        checks.note(seq, Timestamp::UNIX_EPOCH, judged, status);
    }
    for mode in [Mode::Companies, Mode::Individuals] {
        let report = checks.report(mode, false, Requests::default());
        assert!(report.iter().all(|check| !check.found.is_empty() && check.examples.len() <= 5), "{report:?}");
    }
}

/// What is kept is what was sent, number by number and letter by letter.
fn check_bodies(judged: &[Judged], bytes: &[u8]) {
    // What is nested deeper than a reader takes is judged, but cannot be compared.
    let Ok(sent) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let events = sent["batch"].as_array().expect("a body that is taken has a batch");
    assert_eq!(judged.len(), events.len());
    for (judged, event) in judged.iter().zip(events) {
        let kept: Value = serde_json::from_str(&judged.body).expect("what is kept is JSON");
        assert_eq!(&kept, event);
    }
}

fn check_taken(event: &Event) -> Status {
    assert!(!event.message_id.is_empty(), "{event:?}");
    let names = [&event.name, &event.user_id, &event.group_id];
    assert!(names.into_iter().flatten().all(|name| !name.is_empty()), "{event:?}");
    let is_whole = match event.kind {
        Kind::Track => event.name.is_some() && (event.user_id.is_some() || event.group_id.is_some()),
        Kind::Identify => event.user_id.is_some(),
        Kind::Group => event.group_id.is_some(),
    };
    assert!(is_whole, "{event:?}");
    Status::Accepted
}

fn check_refused(refusal: &Refusal) -> Status {
    assert!(CODES.contains(&refusal.code) && !refusal.message.is_empty(), "{refusal:?}");
    let kept = [&refusal.kind, &refusal.name, &refusal.user_id, &refusal.group_id, &refusal.message_id];
    assert!(kept.into_iter().flatten().all(|text| text.len() < 1000), "{refusal:?}");
    Status::Refused
}
