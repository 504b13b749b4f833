//! `testing::Recorder`, as users check their own instrumentation with it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use klime::testing::Recorder;
use klime::{Client, EventKind, Response, SendErrorKind, TransportError, json};

use crate::support::balanced;

const LIMIT: Duration = Duration::from_secs(10);

fn flushed(record: impl FnOnce(&Client)) -> Recorder {
    let recorder = Recorder::new();
    let client = recorder.client();
    record(&client);
    assert!(client.flush_blocking(LIMIT).is_complete());
    balanced(&client);
    recorder
}

fn panic_of<R>(check: impl FnOnce() -> R) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(check)) else { panic!("the check did not fail") };
    *panic.downcast::<String>().unwrap()
}

#[test]
fn recorder_keeps_what_was_sent() {
    let recorder = flushed(|client| {
        client.track("Signed Up").user(1).property("plan", "free").enqueue();
        client.track("Signed Up").user(2).property("plan", "pro").enqueue();
        client.identify(2).trait_value("name", "Stefan").enqueue();
        client.group(3).user(2).traits(json!({ "name": "Acme Inc" })).enqueue();
    });
    let kinds: Vec<_> = recorder.events().iter().map(klime::Event::kind).collect();
    assert_eq!(kinds, [EventKind::Track, EventKind::Track, EventKind::Identify, EventKind::Group]);
    assert_eq!(recorder.tracked("Signed Up").len(), 2);
    assert_eq!(recorder.assert_tracked("Signed Up").properties().unwrap()["plan"], "pro");
    assert_eq!(recorder.assert_identified(2).traits().unwrap()["name"], "Stefan");
    assert_eq!(recorder.assert_grouped(3).user_id().as_deref(), Some("2"));
    recorder.assert_not_tracked("Sign Up Failed");
    assert_eq!((recorder.requests(), recorder.batches()[0].len()), (1, 4));
    recorder.clear();
    assert_eq!((recorder.requests(), recorder.events().len()), (0, 0));
}

#[test]
fn failed_assertions_say_what_was_there_instead() {
    let recorder = flushed(|client| {
        client.track("Signed Up").user(1).enqueue();
        client.identify(1).enqueue();
    });
    let there = "\"Signed Up\", identify";
    assert_eq!(
        panic_of(|| recorder.assert_tracked("Sign Up")),
        format!("no event \"Sign Up\" was tracked, but {there}")
    );
    assert_eq!(panic_of(|| recorder.assert_identified(2)), format!("user \"2\" was not identified, but {there}"));
    assert_eq!(panic_of(|| recorder.assert_grouped(3)), format!("there was no group event for \"3\", but {there}"));
    assert_eq!(panic_of(|| recorder.assert_not_tracked("Signed Up")), "event \"Signed Up\" was tracked 1 time");
    let nothing = panic_of(|| Recorder::new().assert_tracked("Sign Up"));
    assert_eq!(nothing, "no event \"Sign Up\" was tracked; nothing was sent (was it flushed?)");
}

#[test]
fn scripted_answers_are_given_in_order() {
    let recorder = Recorder::new();
    recorder.answer(Response::new(503)).fail(TransportError::new(io::Error::other("broken")));
    let client = recorder.client();
    client.track("a").user(1).enqueue();
    assert_eq!(client.flush_blocking(LIMIT).accepted, 1);
    let ids: Vec<_> = recorder.batches().iter().map(|batch| batch[0].message_id().to_owned()).collect();
    assert_eq!(ids, [ids[0].clone(), ids[0].clone(), ids[0].clone()]);
    assert_eq!(recorder.events().len(), 1);
    let books = balanced(&client);
    assert_eq!((books.requests, books.retries), (3, 2));
}

#[test]
fn what_was_not_taken_is_not_among_the_events() {
    let recorder = Recorder::new();
    recorder.answer(Response::new(400).with_body(r#"{"error":"bad"}"#));
    let client = recorder.client();
    let error = client.track("a").user(1).send_blocking(LIMIT).unwrap_err();
    assert_eq!((error.kind(), error.to_string()), (SendErrorKind::Status, "Klime answered 400 (bad)".to_owned()));
    recorder.assert_not_tracked("a");
    assert_eq!(recorder.batches()[0][0].name(), Some("a"));
    balanced(&client);
}

#[test]
fn refused_events_reach_the_caller() {
    let recorder = Recorder::new();
    let answer = json!({ "status": "ok", "accepted": 0, "failed": 1, "errors": [{ "index": 0, "code": "c" }] });
    recorder.answer(Response::new(200).with_body(answer.to_string()));
    let client = recorder.client();
    let error = client.track("a").user(1).send_blocking(LIMIT).unwrap_err();
    assert_eq!((error.kind(), error.response().unwrap().errors[0].code.as_str()), (SendErrorKind::Rejected, "c"));
    assert_eq!(balanced(&client).rejected, 1);
}

#[test]
fn broken_connection_keeps_its_cause() {
    let recorder = Recorder::new();
    recorder.fail(TransportError::new(io::Error::other("cable cut")));
    let client = recorder.builder().retry_max_attempts(1).build().unwrap();
    let error = client.track("a").user(1).send_blocking(LIMIT).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (SendErrorKind::Network, 1));
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "cable cut");
    balanced(&client);
}

#[test]
fn clone_is_another_handle_to_the_same_recording() {
    let recorder = Recorder::new();
    let clone = recorder.clone();
    let client = clone.builder().max_batch_size(1).max_in_flight(1).build().unwrap();
    client.track("a").user(1).enqueue();
    client.track("b").user(1).enqueue();
    assert!(client.verify_blocking(LIMIT).is_ok());
    assert!(client.shutdown_blocking(LIMIT).is_complete());
    assert_eq!(recorder.events(), clone.events());
    assert_eq!(recorder.requests(), 3);
    assert_eq!(format!("{recorder:?}"), "Recorder { requests: 3, .. }");
    balanced(&client);
}
