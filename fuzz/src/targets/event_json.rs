//! Events read from JSON: any bytes are taken or refused without a panic. An event that is read is the same when it is written
//! and read again; one that is enqueued arrives with everything that was in it, in a form that does not change any more. The bytes
//! given as they are (`try_enqueue_json`) become the same event.

use klime::testing::Recorder;
use klime::{Client, DropReason, Event};
use serde_json::{Map, Value};

use super::{LIMIT, balanced};

pub(crate) const TOKENS: &[&str] = &[
    "\"type\":\"track\"",
    "\"type\":\"identify\"",
    "\"type\":\"group\"",
    "\"messageId\":",
    "\"timestamp\":",
    "\"event\":",
    "\"userId\":",
    "\"groupId\":",
    "\"properties\":",
    "\"traits\":",
    "\"context\":",
    "\"2026-11-23T15:20:00.123Z\"",
    "\"9999-12-31T23:59:59.9999+00:00\"",
    "\"1969-12-31T23:59:59Z\"",
    "null",
    "{}",
    "\\ud800",
    "1e999",
    "-0.0",
];

pub(crate) fn check(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Event>(bytes) else {
        let error = Client::disabled().try_enqueue_json(bytes).expect_err("it is no event");
        assert_eq!(error.kind(), DropReason::Invalid, "{error}");
        return;
    };
    check_round_trip(&event, bytes);
    let recorder = Recorder::new();
    let client = recorder.client();
    let Some(arrived) = sent(&client, &recorder, &event) else {
        return;
    };
    check_arrived(event.as_object(), arrived.as_object());
    check_as_json(bytes, &event, &arrived);
    let again = sent(&client, &recorder, &arrived).expect("what arrived once is valid");
    assert_eq!(again, arrived, "it changed again");
}

/// The same bytes without the detour by an `Event`. What is added to them differs from one time to the next.
fn check_as_json(bytes: &[u8], event: &Event, arrived: &Event) {
    let recorder = Recorder::new();
    let client = recorder.client();
    let id = client.try_enqueue_json(bytes).expect("as an event it was valid");
    let report = client.flush_blocking(LIMIT);
    assert!(report.is_complete(), "{report}: {event:?}");
    let as_json = recorder.events().pop().expect("it arrived");
    assert_eq!(id, as_json.message_id());
    let given: Map<String, Value> = serde_json::from_slice(bytes).expect("it was read before");
    let comparable = |event: &Event| {
        let mut object = event.as_object().clone();
        object.retain(|key, _| given.contains_key(key) || !["messageId", "timestamp"].contains(&key.as_str()));
        object
    };
    assert_eq!(comparable(&as_json), comparable(arrived));
}

fn check_round_trip(event: &Event, bytes: &[u8]) {
    let mut given: Value = serde_json::from_slice(bytes).expect("it was read before");
    let stored = serde_json::to_vec(event).expect("what was read can be written");
    let again: Event = serde_json::from_slice(&stored).expect("what was written can be read");
    assert_eq!(&again, event);
    assert_eq!(again.as_object(), event.as_object());
    if given.get("messageId").is_none() {
        given["messageId"] = Value::from(event.message_id());
    }
    assert_eq!(serde_json::from_slice::<Value>(&stored).expect("it is JSON"), given);
    let _ = (format!("{event:?}"), event.name(), event.user_id(), event.group_id(), event.timestamp(), event.ip());
}

/// What arrived of an event; `None` when it was refused, which has to be in the books.
fn sent(client: &Client, recorder: &Recorder, event: &Event) -> Option<Event> {
    recorder.clear();
    let taken = client.try_enqueue_event(event.clone());
    let report = client.flush_blocking(LIMIT);
    let books = balanced(client);
    assert!(report.is_complete(), "{report}: {event:?}");
    match taken {
        Err(error) => {
            assert!(error.is_invalid() && !error.to_string().is_empty(), "{error}");
            assert_eq!(books.dropped.count(error.kind()), 1, "{books:?}");
            assert_eq!(recorder.requests(), 0);
            None
        }
        Ok(message_id) => {
            assert_eq!(message_id.as_str(), event.message_id());
            assert_eq!(books.dropped.total(), 0, "{books:?}");
            Some(recorder.events().pop().expect("it arrived"))
        }
    }
}

/// Nothing that was given is lost; only nulls and empty objects go, and the timestamp and the context get their form.
fn check_arrived(given: &Map<String, Value>, arrived: &Map<String, Value>) {
    for (key, value) in given {
        match key.as_str() {
            "timestamp" | "context" => assert!(arrived.contains_key(key)),
            _ if value.is_null() => assert!(!arrived.contains_key(key), "{key}"),
            "properties" | "traits" if !arrived.contains_key(key) => assert_eq!(value, &Value::Object(Map::new())),
            _ => assert_eq!(arrived.get(key), Some(value), "{key}"),
        }
    }
    let added = arrived.keys().filter(|key| !given.contains_key(*key));
    for key in added {
        assert!(["timestamp", "context", "messageId"].contains(&key.as_str()), "{key} was added");
    }
    if let Some(Value::Object(context)) = given.get("context") {
        for (key, value) in context {
            assert_eq!(arrived["context"].get(key), Some(value), "context {key}");
        }
    }
    let bytes = serde_json::to_vec(arrived).expect("it is JSON").len();
    assert!(bytes <= 200 * 1024, "{bytes} bytes arrived");
}
