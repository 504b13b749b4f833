//! Whatever is wrong with an event is refused at the call, by name, and counted.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use klime::{Client, DropReason, Event, SendErrorKind, Track, json};
use serde::{Serialize, Serializer};

use super::{LIMIT, quiet};
use crate::support::{Server, balanced};

struct Failing;

impl Serialize for Failing {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("the value is out of order"))
    }
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half an id")?;
        Err(fmt::Error)
    }
}

#[derive(Serialize)]
struct HalfFailing {
    good: &'static str,
    bad: Failing,
}

/// Builds a bad event in each way that there is, and checks that it is refused with this message.
fn check(message: &str, build: impl Fn(&Client) -> Track<'_>) {
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    let error = build(&client).try_enqueue().unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (DropReason::Invalid, message));
    assert!(error.is_invalid());
    build(&client).enqueue();
    let error = build(&client).send_blocking(LIMIT).unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Dropped(DropReason::Invalid));
    assert_eq!(error.source().unwrap().to_string(), message);
    assert!(smol::block_on(build(&client).send()).is_err());
    check_dynamic(&client, message, build(&client).into_event());
    assert_eq!(balanced(&client).dropped.invalid, 5);
    assert!(client.shutdown_blocking(LIMIT).is_complete());
    assert_eq!(server.requests().len(), 0);
}

/// What is wrong with the dynamic form of an event shows when it is enqueued.
fn check_dynamic(client: &Client, message: &str, event: Event) {
    let error = client.try_enqueue_event(event).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (DropReason::Invalid, message));
}

#[test]
fn empty_names_and_ids_are_refused() {
    check("event name is empty", |client| client.track("").user(1));
    check("user id is empty", |client| client.track("a").user(""));
    check("group id is empty", |client| client.track("a").user(1).group(""));
    check("message id is empty", |client| client.track("a").user(1).message_id(""));
    let client = Client::disabled();
    assert_eq!(client.identify("").try_enqueue().unwrap_err().to_string(), "user id is empty");
    assert_eq!(client.group("").try_enqueue().unwrap_err().to_string(), "group id is empty");
    assert_eq!(client.group(1).user("").try_enqueue().unwrap_err().to_string(), "user id is empty");
    assert_eq!(balanced(&client).dropped.invalid, 3);
}

#[test]
fn properties_that_are_no_object_are_refused() {
    check("properties must be an object, not a number", |client| client.track("a").user(1).properties(7));
    check("properties must be an object, not a string", |client| client.track("a").user(1).properties("text"));
    check("properties must be an object, not a boolean", |client| client.track("a").user(1).properties(true));
    check("properties must be an object, not an array", |client| client.track("a").user(1).properties([("a", 1)]));
    let client = Client::disabled();
    let error = client.identify(1).traits([1]).try_enqueue().unwrap_err();
    assert_eq!(error.to_string(), "traits must be an object, not an array");
    balanced(&client);
}

#[test]
fn values_that_cannot_be_encoded_are_refused() {
    let keys = HashMap::from([((1, 2), "a pair is no key")]);
    check("properties cannot be encoded as JSON", |client| client.track("a").user(1).properties(&keys));
    check("properties cannot be encoded as JSON", |client| client.track("a").user(1).properties(Failing));
    check("properties cannot be encoded as JSON", |client| {
        client.track("a").user(1).properties(HalfFailing { good: "yes", bad: Failing })
    });
    check("property \"plan\" cannot be encoded as JSON", |client| client.track("a").user(1).property("plan", Failing));
    check("property \"plan\" cannot be encoded as JSON", |client| client.track("a").user(1).property("plan", &keys));
}

#[test]
fn values_that_no_reader_could_read_back_are_refused() {
    let nested = |levels: usize| (0..levels).fold(json!("x".repeat(300)), |inner, _| json!([inner]));
    let (deep, too_deep) = (nested(100), nested(101));
    check("property \"a\" nested deeper than 100 levels", |client| client.track("a").user(1).property("a", &too_deep));
    check("properties nested deeper than 100 levels", |client| {
        client.track("a").user(1).properties(json!({ "a": deep }))
    });
    let client = Client::disabled();
    let event = Event::track("a").with_user(1).with_property("a", too_deep);
    check_dynamic(&client, "event nested deeper than 100 levels", event);
    balanced(&client);
}

#[test]
fn cause_of_a_bad_value_is_kept() {
    let client = Client::disabled();
    let source = |track: Track<'_>| track.try_enqueue().unwrap_err().source().unwrap().to_string();
    let keys = HashMap::from([((1, 2), "a pair is no key")]);
    assert_eq!(source(client.track("a").user(1).properties(&keys)), "key must be a string");
    assert_eq!(source(client.track("a").user(1).property("plan", Failing)), "the value is out of order");
    balanced(&client);
}

#[test]
fn ids_that_cannot_be_formatted_are_refused() {
    check("user id cannot be formatted, its Display failed", |client| client.track("a").user(Failing));
    check("group id cannot be formatted, its Display failed", |client| client.track("a").group(Failing));
    check("message id cannot be formatted, its Display failed", |client| client.track("a").user(1).message_id(Failing));
    let client = Client::disabled();
    for (event, message) in [
        (Event::track("a").with_user(Failing), "user id cannot be formatted, its Display failed"),
        (Event::identify(Failing), "user id cannot be formatted, its Display failed"),
        (Event::group(Failing), "group id cannot be formatted, its Display failed"),
        (Event::group(1).with_message_id(Failing), "message id cannot be formatted, its Display failed"),
    ] {
        check_dynamic(&client, message, event);
    }
    balanced(&client);
}

#[test]
fn times_before_1970_and_after_9999_are_refused() {
    let early = UNIX_EPOCH - Duration::from_secs(5);
    let late = UNIX_EPOCH + Duration::from_secs(253_402_300_800);
    check("timestamp is 5 s before 1970-01-01T00:00:00Z, the earliest that is taken", |client| {
        client.track("a").user(1).timestamp(early)
    });
    let too_late =
        "timestamp is 253402300800 s after 1970-01-01T00:00:00Z, later than the year 9999, the last that is taken";
    check(too_late, |client| client.track("a").user(1).timestamp(late));
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    for time in [UNIX_EPOCH, late - Duration::from_secs(2 * 24 * 3600)] {
        client.track("a").user(1).timestamp(time).try_enqueue().unwrap();
    }
    assert_eq!(client.flush_blocking(LIMIT).accepted, 2);
    let times: Vec<_> = server.events().iter().map(|event| event["timestamp"].clone()).collect();
    assert_eq!(times, ["1970-01-01T00:00:00.000Z", "9999-12-30T00:00:00.000Z"]);
    balanced(&client);
}

#[test]
fn first_of_several_faults_is_named() {
    check("event name is empty", |client| client.track("").user("").properties(7).timestamp(SystemTime::UNIX_EPOCH));
    check("user id is empty", |client| client.track("a").user("").properties(7));
}

#[test]
fn dynamic_events_are_checked_when_they_are_enqueued() {
    let client = Client::disabled();
    let read = |json: serde_json::Value| serde_json::from_value::<Event>(json).unwrap();
    for (event, message) in [
        (Event::track("a"), "track event has neither a user id nor a group id, it needs one at least"),
        (Event::track("").with_user(1), "event name is empty"),
        (Event::identify(""), "user id is empty"),
        (Event::group(""), "group id is empty"),
        (Event::track("a").with_user(1).with_traits(json!({})), "event of type track has properties, not traits"),
        (Event::identify(1).with_property("a", 1), "event of type identify has traits, not properties"),
        (Event::track("a").with_user(1).with_property("a", Failing), "property \"a\" cannot be encoded as JSON"),
        (Event::track("a").with_user(1).with_properties(1.5), "properties must be an object, not a fraction"),
        (read(json!({ "type": "track", "userId": 1 })), "event name is missing"),
        (read(json!({ "type": "track", "userId": 1, "event": 7 })), "event name must be a string, not a number"),
        (read(json!({ "type": "identify" })), "identify event has no user id"),
        (read(json!({ "type": "group", "userId": 1 })), "group event has no group id"),
        (read(json!({ "type": "identify", "userId": [] })), "user id must be a string or an integer, not an array"),
        (read(json!({ "type": "identify", "userId": 1.5 })), "user id must be a string or an integer, not a fraction"),
        (read(json!({ "type": "identify", "userId": 1, "traits": [] })), "traits must be an object, not an array"),
        (
            read(json!({ "type": "identify", "userId": 1, "timestamp": "soon" })),
            "timestamp is not in ISO 8601, it must be like 2026-11-23T15:20:00Z",
        ),
        (
            read(json!({ "type": "identify", "userId": 1, "timestamp": "2020-01-01T00:00:00" })),
            "timestamp has no time zone, it must be like 2026-11-23T15:20:00Z or 2026-11-23T16:20:00+01:00",
        ),
        (
            read(json!({ "type": "identify", "userId": 1, "timestamp": 1_795_447_200 })),
            "timestamp must be a string in ISO 8601, not a number",
        ),
        (read(json!({ "type": "identify", "userId": 1, "messageId": 7 })), "message id must be a string, not a number"),
        (read(json!({ "type": "identify", "userId": 1, "context": 7 })), "context must be an object"),
    ] {
        check_dynamic(&client, message, event);
    }
    balanced(&client);
    let error = serde_json::from_value::<Event>(json!({ "type": "page" })).unwrap_err();
    assert_eq!(error.to_string(), "event has no type, or one that is not track, identify or group");
}

#[test]
fn event_of_200_kb_is_taken_and_one_of_a_byte_more_is_not() {
    const MOST: usize = 200 * 1024;
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    let event = |fill: usize| client.track("Sized").user(1).property("fill", "x".repeat(fill));
    let fits = MOST - serde_json::to_vec(&event(0).into_event()).unwrap().len();
    event(fits).try_enqueue().unwrap();
    let error = event(fits + 1).try_enqueue().unwrap_err();
    assert_eq!(error.kind(), DropReason::TooLarge);
    assert_eq!(error.to_string(), "event is 204801 bytes of JSON, the most is 204800");
    assert!(error.is_invalid());
    let error = event(fits + 1).send_blocking(LIMIT).unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Dropped(DropReason::TooLarge));
    assert_eq!(client.flush_blocking(LIMIT).accepted, 1);
    assert_eq!(server.requests()[0].body.len(), MOST + r#"{"batch":[]}"#.len());
    assert_eq!(balanced(&client).dropped.too_large, 2);
}

#[test]
fn refused_events_are_shown_without_the_part_at_fault() {
    let shown = Arc::<Mutex<Vec<Event>>>::default();
    let seen = Arc::clone(&shown);
    let client = quiet(Server::unused_port())
        .on_drop(move |reason, events| {
            assert_eq!(reason, DropReason::Invalid);
            seen.lock().unwrap().extend_from_slice(events);
        })
        .build()
        .unwrap();
    client.track("a").user(1).message_id("1").property("good", 1).property("bad", Failing).enqueue();
    client.track("").user(1).message_id("2").enqueue();
    let _ = client.shutdown_blocking(LIMIT);
    let shown = shown.lock().unwrap();
    assert_eq!(super::ids_of(&shown), ["1", "2"]);
    assert_eq!(serde_json::Value::from(shown[0].properties().unwrap().clone()), json!({ "good": 1 }));
    balanced(&client);
}
