//! What SDKs in other languages need of this one: events that are JSON, another library's name, log lines and losses that are
//! theirs, flushes that end behind callbacks.

use std::sync::Arc;
use std::time::Duration;

use klime::{Client, DropReason, Event, LogLevel, SendErrorKind};
use serde_json::{Value, json};

use super::{LIMIT, quiet, timed};
use crate::support::watched::Watched;
use crate::support::{Answer, Gate, Server, balanced};

fn enqueue(client: &Client, event: &Value) {
    client.try_enqueue_json(event.to_string().as_bytes()).unwrap();
}

#[test]
fn json_becomes_the_event_that_it_says() {
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    enqueue(&client, &json!({ "type": "track", "event": "Paid", "userId": 42, "properties": { "plan": "pro" } }));
    // Not of the common shape, so each key is looked at.
    let whole = json!({
        "type": "group", "groupId": 7, "userId": "u", "messageId": "m", "timestamp": "2026-11-23T16:20:00+01:00",
        "traits": {}, "future": [1], "event": null, "context": { "ip": "203.0.113.7" },
    });
    enqueue(&client, &whole);
    assert!(client.flush_blocking(LIMIT).is_complete());

    let events = server.events();
    let library = json!({ "name": "rust-sdk", "version": env!("CARGO_PKG_VERSION") });
    assert_eq!(events[0]["userId"], 42);
    assert_eq!(events[0]["properties"], json!({ "plan": "pro" }));
    assert_eq!(events[0]["context"], json!({ "library": library }));
    let expected = json!({
        "type": "group", "groupId": 7, "userId": "u", "messageId": "m", "timestamp": "2026-11-23T15:20:00.000Z",
        "future": [1], "context": { "ip": "203.0.113.7", "library": library },
    });
    assert_eq!(events[1], expected);
    assert_eq!(balanced(&client).accepted, 2);
}

#[test]
fn json_returns_the_id_that_goes_out() {
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    let new = client.try_enqueue_json(br#"{"type":"identify","userId":1}"#).unwrap();
    let given = client.try_enqueue_json(br#"{"type":"identify","userId":1,"messageId":"given"}"#).unwrap();
    assert!(client.flush_blocking(LIMIT).is_complete());
    assert_eq!(super::message_ids(&server), [new.as_str(), given.as_str()]);
    assert_eq!(given, "given");
}

#[test]
fn json_that_is_no_event_is_refused_and_says_why() {
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    let too_large =
        json!({ "type": "identify", "userId": 1, "traits": { "fill": "x".repeat(200 * 1024) } }).to_string();
    let deep = format!(r#"{{"type":"identify","userId":1,"traits":{{"a":{}{}}}}}"#, "[".repeat(200), "]".repeat(200));
    let not_read = vec![b' '; 3_000_000];
    let cases: [(&[u8], &str); 14] = [
        (&not_read, "event is 3000000 bytes of JSON, the most is 204800"),
        (b"", "event cannot be read, it must be a JSON object"),
        (b"[]", "event cannot be read, it must be a JSON object"),
        (b"{\"type\":\"identify\",\"userId\":1", "event cannot be read, it must be a JSON object"),
        (b"{\"type\":\"identify\",\"userId\":\"\xff\"}", "event cannot be read, it must be a JSON object"),
        (br#"{"type":"identify","userId":1}{}"#, "event cannot be read, it must be a JSON object"),
        (b"{}", "event has no type, or one that is not track, identify or group"),
        (br#"{"type":"alias"}"#, "event has no type, or one that is not track, identify or group"),
        (br#"{"type":"track","userId":1}"#, "event name is missing"),
        (br#"{"type":"track","event":"E"}"#, "track event has neither a user id nor a group id, it needs one at least"),
        (br#"{"type":"identify","userId":1.5}"#, "user id must be a string or an integer, not a fraction"),
        (br#"{"type":"identify","userId":1,"traits":[]}"#, "traits must be an object, not an array"),
        (too_large.as_bytes(), "event is 20"),
        (deep.as_bytes(), "traits nested deeper than 100 levels"),
    ];
    for (event, problem) in cases {
        let error = client.try_enqueue_json(event).unwrap_err();
        assert!(error.to_string().starts_with(problem), "{error} for {}", String::from_utf8_lossy(event));
    }
    let books = balanced(&client);
    assert_eq!((books.dropped.invalid, books.dropped.too_large, books.pending), (12, 2, 0));
}

#[test]
fn json_passes_the_before_send_hook() {
    let server = Server::start();
    let scrub = |mut event: Event| {
        event.properties_mut()?.remove("password");
        Some(event)
    };
    let client = quiet(server.endpoint()).before_send(scrub).build().unwrap();
    let event =
        json!({ "type": "track", "event": "E", "userId": 1, "properties": { "password": "hunter2", "plan": "pro" } });
    enqueue(&client, &event);
    let unseen = client.try_enqueue_json(br#"{"type":"track","event":"E","userId":1}"#).unwrap_err();
    assert_eq!(unseen.kind(), DropReason::BeforeSend);
    assert!(client.flush_blocking(LIMIT).is_complete());
    assert_eq!(server.events()[0]["properties"], json!({ "plan": "pro" }));
}

#[test]
fn json_is_sent_at_once_and_answered() {
    let server = Server::scripted([Answer::ok(), Answer::status(401)]);
    let client = quiet(server.endpoint()).build().unwrap();
    let event = br#"{"type":"track","event":"Paid","groupId":7}"#;
    assert_eq!(smol::block_on(client.send_json(event)).unwrap().accepted, 1);
    let refused = smol::block_on(client.send_json(event)).unwrap_err();
    assert_eq!((refused.status_code(), refused.events().len()), (Some(401), 1));
    let invalid = smol::block_on(client.send_json(b"{}")).unwrap_err();
    assert_eq!(invalid.kind(), SendErrorKind::Dropped(DropReason::Invalid));
    let books = balanced(&client);
    assert_eq!((books.accepted, books.failed, books.dropped.invalid), (1, 1, 1));
}

#[test]
fn another_library_names_itself_in_every_event() {
    let server = Server::start();
    let client = quiet(server.endpoint()).library("lua \"sdk\"", "0.1").build().unwrap();
    client.track("fluent").user(1).enqueue();
    client.enqueue_event(Event::identify(1));
    client.enqueue_event(client.track("dynamic").user(1).into_event());
    enqueue(&client, &json!({ "type": "identify", "userId": 1 }));
    enqueue(&client, &json!({ "type": "identify", "userId": 1, "context": {} }));
    assert!(client.flush_blocking(LIMIT).is_complete());
    let library = json!({ "name": "lua \"sdk\"", "version": "0.1" });
    assert!(server.events().iter().all(|event| event["context"]["library"] == library));

    for (name, version, problem) in [
        ("", "1", "library name's length in bytes is 0, it must be from 1 to 100"),
        ("lua", &*"1".repeat(101), "library version's length in bytes is 101, it must be from 1 to 100"),
    ] {
        let error = Client::builder("key").library(name, version).build().unwrap_err();
        assert_eq!(error.to_string(), problem);
    }
}

#[test]
fn loss_before_there_is_json_is_counted_logged_and_shown() {
    let server = Server::start();
    let told = Arc::new(Watched::<Vec<String>>::default());
    let [logged, shown] = [&told, &told].map(Arc::clone);
    let client = quiet(server.endpoint())
        .on_log(move |level, text| logged.change(|lines| lines.push(format!("{level:?} {text}"))))
        .on_drop(move |reason, events| {
            let names: Vec<_> = events.iter().filter_map(Event::name).collect();
            shown.change(|lines| lines.push(format!("{reason:?} {names:?}")));
        })
        .build()
        .unwrap();
    client.count_dropped(DropReason::Invalid, "a lua thread is no JSON", br#"{"type":"track","event":"E"}"#);
    let report = smol::block_on(client.flush_with_callbacks());
    assert!(report.is_complete());
    let books = balanced(&client);
    assert_eq!((books.enqueued, books.dropped.invalid), (1, 1));
    let mut lines = told.read(Vec::clone);
    lines.sort();
    let line = "Warn klime lost 1 event: 1 dropped as not valid; last problem: a lua thread is no JSON";
    assert_eq!(lines, ["Invalid [\"E\"]", line]);
}

/// A server may flush for each request.
#[test]
fn losses_are_logged_once_a_second_however_often_it_is_flushed() {
    const FLUSHES: usize = 200;
    let server = Server::start();
    let told = Arc::new(Watched::<Vec<String>>::default());
    let logged = Arc::clone(&told);
    let log = move |_, text: &str| logged.change(|lines| lines.push(text.to_owned()));
    let client = quiet(server.endpoint()).on_log(log).build().unwrap();
    let (took, ()) = timed(|| {
        for number in 0..FLUSHES {
            client.count_dropped(DropReason::Invalid, "no JSON", b"");
            assert!(smol::block_on(client.flush_with_callbacks()).is_complete());
            assert!(
                number > 0 || told.read(Vec::len) == 1,
                "there is nothing that the first line would have to wait for"
            );
        }
    });
    let lines = told.read(Vec::len);
    assert!(lines as u64 <= took.as_secs() + 1, "{lines} lines in {took:?}");

    // What is left is in the log when the shutdown is over.
    assert!(client.shutdown_blocking(LIMIT).is_complete());
    let counts =
        told.read(|lines| lines.iter().filter_map(|line| line.split(' ').nth(2)?.parse::<usize>().ok()).sum::<usize>());
    assert_eq!(counts, FLUSHES);
}

#[test]
fn what_a_hook_has_not_seen_is_not_shown() {
    let server = Server::start();
    let shown = Arc::new(Watched::<Vec<usize>>::default());
    let counts = Arc::clone(&shown);
    let client = quiet(server.endpoint())
        .before_send(Some)
        .on_drop(move |_, events| counts.change(|counts| counts.push(events.len())))
        .build()
        .unwrap();
    client.count_dropped(DropReason::Invalid, "no JSON", br#"{"type":"track","event":"E"}"#);
    assert!(smol::block_on(client.flush_with_callbacks()).is_complete());
    assert_eq!(shown.read(Vec::clone), [0]);
}

#[test]
fn failures_are_logged_as_errors_without_tracing() {
    let server = Server::scripted([Answer::status(400)]);
    let told = Arc::new(Watched::<Vec<LogLevel>>::default());
    let levels = Arc::clone(&told);
    let log = move |level, _: &str| levels.change(|levels| levels.push(level));
    let client = quiet(server.endpoint()).on_log(log).build().unwrap();
    client.identify(1).enqueue();
    assert_eq!(client.shutdown_blocking(LIMIT).failed, 1);
    assert_eq!(told.read(Vec::clone), [LogLevel::Error]);
}

#[test]
fn flush_with_callbacks_ends_behind_them() {
    let gate = Gate::new();
    let server = Server::start();
    let told = Arc::new(Watched::<usize>::default());
    let (held, count) = (gate.clone(), Arc::clone(&told));
    let client = quiet(server.endpoint())
        .max_batch_size(1)
        .on_success(move |_| {
            held.pass();
            count.change(|count| *count += 1);
        })
        .build()
        .unwrap();
    client.identify(1).enqueue();
    client.identify(2).enqueue();
    // A plain flush waits for the events alone.
    assert_eq!(client.flush_blocking(LIMIT).accepted, 2);
    assert_eq!(told.read(|count| *count), 0);

    let soon = Duration::from_millis(50);
    let (took, report) = timed(|| smol::block_on(client.flush_with_callbacks().within(soon)));
    assert!(report.is_complete());
    assert!(took >= soon && took < LIMIT, "{took:?}");

    client.identify(3).enqueue();
    let flush = client.flush_with_callbacks();
    gate.open();
    assert_eq!(smol::block_on(flush).accepted, 1);
    assert_eq!(told.read(|count| *count), 3);
}

#[test]
fn flush_with_callbacks_keeps_its_deadline_after_a_shutdown() {
    let gate = Gate::new();
    let server = Server::start();
    let held = gate.clone();
    let client = quiet(server.endpoint()).on_success(move |_| held.pass()).build().unwrap();
    client.identify(1).enqueue();
    let soon = Duration::from_millis(50);
    assert_eq!(client.shutdown_blocking(soon).accepted, 1);
    let (took, _) = timed(|| smol::block_on(client.flush_with_callbacks().within(soon)));
    assert!(took >= soon && took < LIMIT, "{took:?}");
    gate.open();
    assert!(smol::block_on(client.flush_with_callbacks()).is_complete());
}

#[test]
fn flush_with_callbacks_from_a_callback_does_not_wait_for_itself() {
    let server = Server::start();
    let client = Arc::new(Watched::<Option<Client>>::default());
    let done = Arc::new(Watched::<bool>::default());
    let (inside, ended) = (Arc::clone(&client), Arc::clone(&done));
    let built = quiet(server.endpoint())
        .on_success(move |_| {
            let client = inside.read(Option::clone).unwrap();
            assert!(smol::block_on(client.flush_with_callbacks().within(LIMIT)).is_complete());
            ended.change(|ended| *ended = true);
        })
        .build()
        .unwrap();
    client.change(|slot| *slot = Some(built.clone()));
    built.identify(1).enqueue();
    let (took, _) = timed(|| smol::block_on(built.flush_with_callbacks().within(LIMIT)));
    assert!(took < LIMIT);
    assert!(done.read(|ended| *ended));
    client.change(|slot| *slot = None);
}

#[test]
fn disabled_client_counts_json_too() {
    let client = Client::disabled();
    assert_eq!(client.try_enqueue_json(br#"{"type":"identify","userId":1}"#).unwrap_err().kind(), DropReason::Disabled);
    client.count_dropped(DropReason::Invalid, "no JSON", b"");
    assert!(smol::block_on(client.flush_with_callbacks()).is_complete());
    let books = balanced(&client);
    assert_eq!((books.dropped.disabled, books.dropped.invalid), (1, 1));
}
