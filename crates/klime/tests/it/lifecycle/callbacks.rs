//! Callbacks tell everything, once, in order, and cannot hurt.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use klime::{Client, ClientBuilder, DropReason, SendErrorKind};
use serde_json::json;

use super::{GRACE, LIMIT, ids_of, quiet, timed, track, track_all, track_many};
use crate::support::watched::Watched;
use crate::support::{Answer, Gate, Server, balanced};

/// What callbacks have told.
#[derive(Clone, Default)]
struct Told(Arc<Watched<Vec<String>>>);

impl Told {
    fn note(&self, line: impl Into<String>) {
        self.0.change(|lines| lines.push(line.into()));
    }

    fn lines(&self) -> Vec<String> {
        self.0.read(Vec::clone)
    }

    #[track_caller]
    fn wait_for(&self, count: usize) -> Vec<String> {
        self.0.wait_until(&format!("{count} callbacks"), Vec::clone, |lines| lines.len() >= count);
        self.lines()
    }

    /// Notes each notice with the ids of its events.
    fn listen(&self, builder: ClientBuilder) -> ClientBuilder {
        let [on_success, on_error, on_drop] = [self, self, self].map(Clone::clone);
        builder
            .on_success(move |response| on_success.note(format!("{} accepted", response.accepted)))
            .on_error(move |error, events| on_error.note(format!("{:?} {}", error.kind(), ids_of(events).join(" "))))
            .on_drop(move |reason, events| on_drop.note(format!("{reason:?} {}", ids_of(events).join(" "))))
    }
}

#[test]
fn callbacks_come_in_order_with_the_events_that_were_enqueued() {
    let refused = json!({ "status": "ok", "accepted": 1, "failed": 1, "errors": [{ "index": 1, "code": "c" }] });
    let gate = Gate::new();
    let answers = [Answer::held(&gate), Answer::status(400), Answer::status(200).json(&refused), Answer::status(401)];
    let server = Server::scripted(answers);
    let told = Told::default();
    let builder = quiet(server.endpoint()).max_batch_size(2).max_in_flight(1);
    let client = told.listen(builder).build().unwrap();
    let ids = track_many(&client, 8);
    let shutdown = client.shutdown().within(LIMIT);
    gate.open();
    assert_eq!(smol::block_on(shutdown).to_string(), "3 accepted, 1 rejected, 4 failed, 0 dropped, 0 pending");
    let expected = [
        "2 accepted".to_owned(),
        format!("Status {} {}", ids[2], ids[3]),
        "1 accepted".to_owned(),
        format!("Rejected {}", ids[5]),
        format!("Status {} {}", ids[6], ids[7]),
    ];
    assert_eq!(told.lines(), expected);
    balanced(&client);
}

#[test]
fn events_that_an_answer_does_not_name_are_suspects() {
    let answer = |failed: usize, errors: serde_json::Value| {
        Answer::status(200)
            .json(&json!({ "status": "ok", "accepted": 3 - failed.min(3), "failed": failed, "errors": errors }))
    };
    let named = json!({ "index": 1, "code": "c" });
    let answers = [
        answer(2, json!([named])),
        answer(1, json!([named])),
        answer(9, json!([])),
        answer(1, json!([{ "index": 7 }])),
    ];
    let server = Server::scripted(answers);
    let told = Told::default();
    let noted = told.clone();
    let client = quiet(server.endpoint())
        .max_batch_size(3)
        .max_in_flight(1)
        .on_error(move |error, events| {
            noted.note(format!("{}|{}", ids_of(events).join(" "), ids_of(error.suspects()).join(" ")))
        })
        .build()
        .unwrap();
    let ids = track_many(&client, 12);
    let _ = client.shutdown_blocking(LIMIT);
    let expected = [
        format!("{}|{} {}", ids[1], ids[0], ids[2]),
        format!("{}|", ids[4]),
        format!("|{}", ids[6..9].join(" ")),
        format!("|{}", ids[9..].join(" ")),
    ];
    assert_eq!(told.lines(), expected);
    assert_eq!(balanced(&client).rejected, 2 + 1 + 3 + 1);
}

#[test]
fn callback_sees_the_whole_event_as_it_was_sent() {
    let server = Server::scripted([Answer::status(400).json(&json!({ "error": "no test-key here" }))]);
    let told = Arc::<Mutex<Vec<klime::Event>>>::default();
    let seen = Arc::clone(&told);
    let client = quiet(server.endpoint())
        .on_error(move |error, events| {
            assert_eq!(error.events(), events);
            assert_eq!((error.kind(), error.status_code(), error.attempts()), (SendErrorKind::Status, Some(400), 1));
            assert_eq!(error.to_string(), "Klime answered 400 (no <write key> here)");
            seen.lock().unwrap().extend_from_slice(events);
        })
        .build()
        .unwrap();
    let builder = client.track("Clicked").user("user_123").group(7).property("plan", json!({ "deep": [1.5, null] }));
    builder.message_id("mine").ip([1, 2, 3, 4]).enqueue();
    let _ = client.shutdown_blocking(LIMIT);
    let told = told.lock().unwrap();
    assert_eq!(serde_json::to_value(&*told).unwrap(), server.requests()[0].json()["batch"]);
    assert_eq!((told[0].message_id(), told[0].ip()), ("mine", Some("1.2.3.4")));
    balanced(&client);
}

#[test]
fn blocked_callback_holds_up_neither_delivery_nor_flush() {
    let gate = Gate::new();
    let server = Server::start();
    let blocked = gate.clone();
    let client = quiet(server.endpoint()).max_batch_size(1).on_success(move |_| blocked.pass()).build().unwrap();
    track(&client, "a");
    gate.wait_until_reached(1);
    track_all(&client, &["b", "c"]);
    assert!(client.flush_blocking(LIMIT).is_complete());
    assert_eq!(client.track("d").user(1).send_blocking(LIMIT).unwrap().accepted, 1);
    assert_eq!(balanced(&client).accepted, 4);
    gate.open();
    assert!(client.shutdown_blocking(LIMIT).is_complete());
    balanced(&client);
}

#[test]
fn shutdown_waits_for_the_callbacks() {
    let gate = Gate::new();
    let server = Server::start();
    let told = Told::default();
    let (blocked, noting) = (gate.clone(), told.clone());
    let client = quiet(server.endpoint())
        .max_batch_size(1)
        .on_success(move |_| {
            blocked.pass();
            noting.note("told");
        })
        .build()
        .unwrap();
    track_all(&client, &["a", "b"]);
    let shutdown = client.shutdown().within(LIMIT);
    gate.wait_until_reached(1);
    gate.open();
    assert!(smol::block_on(shutdown).is_complete());
    assert_eq!(told.lines().len(), 2);
    balanced(&client);
}

#[test]
fn shutdown_waits_for_callbacks_no_longer_than_its_deadline() {
    let gate = Gate::new();
    let server = Server::start();
    let blocked = gate.clone();
    let client = quiet(server.endpoint()).on_success(move |_| blocked.pass()).build().unwrap();
    track(&client, "a");
    let deadline = Duration::from_secs(1);
    let (elapsed, report) = timed(|| client.shutdown_blocking(deadline));
    assert!(elapsed >= deadline && elapsed < deadline + GRACE, "{elapsed:?}");
    assert!(report.is_complete());
    gate.open();
    balanced(&client);
}

#[test]
fn panicking_callbacks_lose_nothing() {
    let server = Server::scripted([Answer::ok(), Answer::status(400), Answer::ok()]);
    let told = Told::default();
    let [on_success, on_error, on_drop] = [&told, &told, &told].map(Clone::clone);
    let client = quiet(server.endpoint())
        .max_batch_size(1)
        .max_in_flight(1)
        .on_success(move |_| {
            on_success.note("success");
            panic!("on purpose");
        })
        .on_error(move |_, _| {
            on_error.note("error");
            panic!("on purpose");
        })
        .on_drop(move |_, _| {
            on_drop.note("drop");
            panic!("on purpose");
        })
        .build()
        .unwrap();
    track_all(&client, &["a", "b", "c"]);
    assert_eq!(client.flush_blocking(LIMIT).pending, 0);
    assert_eq!((balanced(&client).accepted, balanced(&client).failed), (2, 1));
    track(&client, "");
    assert!(client.shutdown_blocking(LIMIT).is_complete());
    assert_eq!(told.lines(), ["success", "error", "success", "drop"]);
    balanced(&client);
}

/// Calls every method of the client, as a callback may.
fn call_everything(client: &Client) {
    track(client, "from a callback");
    assert!(client.track("from a callback").user(1).try_enqueue().is_ok());
    assert!(client.identify(1).try_enqueue().is_ok());
    assert!(client.queue_size() > 0 && balanced(client).pending > 0);
    assert!(client.flush_blocking(LIMIT).is_complete());
    assert!(smol::block_on(client.flush()).is_complete());
    assert!(client.track("from a callback").user(1).send_blocking(LIMIT).is_ok());
    assert!(client.verify_blocking(LIMIT).is_ok());
    drop(client.clone());
    track(client, "last");
    assert_eq!(client.shutdown_blocking(LIMIT).accepted, 1);
    assert!(smol::block_on(client.shutdown()).is_complete());
    assert!(client.track("too late").user(1).try_enqueue().is_err());
}

/// Builds a client whose callback, the `which`th, gets the client once.
fn check_every_method_in(which: &str, provoke: impl FnOnce(&Client)) {
    let server = Server::answering(|received| match received.events().first() {
        Some(event) if event["event"] == "bad" => Answer::status(400),
        _ => Answer::ok(),
    });
    let slot = Arc::<Mutex<Option<Client>>>::default();
    let told = Told::default();
    let (callback_slot, noting) = (Arc::clone(&slot), told.clone());
    let callback = Arc::new(move |name: &str| {
        let client = callback_slot.lock().unwrap().take();
        if let Some(client) = client {
            call_everything(&client);
            noting.note(name);
        }
    });
    let builder = quiet(server.endpoint());
    let builder = match which {
        "on_success" => builder.on_success(move |_| callback("on_success")),
        "on_error" => builder.on_error(move |_, _| callback("on_error")),
        _ => builder.on_drop(move |_, _| callback("on_drop")),
    };
    let client = builder.build().unwrap();
    *slot.lock().unwrap() = Some(client.clone());
    provoke(&client);
    drop(client.flush());
    assert_eq!(told.wait_for(1), [which]);
    balanced(&client);
}

#[test]
fn success_callback_may_call_every_method() {
    check_every_method_in("on_success", |client| track(client, "good"));
}

#[test]
fn error_callback_may_call_every_method() {
    check_every_method_in("on_error", |client| track(client, "bad"));
}

#[test]
fn drop_callback_may_call_every_method() {
    check_every_method_in("on_drop", |client| track(client, ""));
}

#[test]
fn shutdown_from_a_callback_and_from_outside_both_end() {
    let server = Server::start();
    let slot = Arc::<Mutex<Option<Client>>>::default();
    let in_callback = Arc::clone(&slot);
    let told = Told::default();
    let noting = told.clone();
    let client = quiet(server.endpoint())
        .max_batch_size(1)
        .on_success(move |_| {
            let client = in_callback.lock().unwrap().take();
            if let Some(client) = client {
                noting.note(client.shutdown_blocking(LIMIT).is_complete().to_string());
            }
        })
        .build()
        .unwrap();
    *slot.lock().unwrap() = Some(client.clone());
    track(&client, "a");
    let (elapsed, report) = timed(|| client.shutdown_blocking(LIMIT));
    assert!(elapsed < LIMIT && report.is_complete(), "{elapsed:?} {report}");
    assert_eq!(told.wait_for(1), ["true"]);
    balanced(&client);
}

#[test]
fn drop_callback_gets_what_the_deadline_of_a_shutdown_drops() {
    let server = Server::answering(|_| Answer::hang());
    let told = Told::default();
    let builder = quiet(server.endpoint()).max_batch_size(2).max_in_flight(1);
    let client = told.listen(builder).build().unwrap();
    let ids = track_many(&client, 5);
    server.wait_for_requests(1);
    let report = client.shutdown_blocking(Duration::from_millis(500));
    assert_eq!((report.dropped, report.unconfirmed), (5, 2));
    let told = told.wait_for(3).join(" ").replace("ShutdownDeadline ", "");
    assert_eq!(super::sorted(told.split(' ').map(str::to_owned).collect()), super::sorted(ids));
    assert_eq!(balanced(&client).dropped.count(DropReason::ShutdownDeadline), 5);
}
