//! The `before_send` hook sees each event before anything else does, and nothing passes it by.

use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use klime::{Client, DropReason, Event, SendErrorKind, json};

use super::{LIMIT, message_ids, names, quiet, track, track_all};
use crate::support::{Server, balanced};

fn hooked(server: &Server, hook: impl Fn(Event) -> Option<Event> + Send + Sync + 'static) -> Client {
    quiet(server.endpoint()).before_send(hook).build().unwrap()
}

#[test]
fn event_that_the_hook_keeps_back_is_dropped() {
    let server = Server::start();
    let client = hooked(&server, |event| (event.name() != Some("secret")).then_some(event));
    track_all(&client, &["a", "secret", "b"]);
    let error = client.track("secret").user(1).try_enqueue().unwrap_err();
    assert_eq!(error.kind(), DropReason::BeforeSend);
    assert_eq!(error.to_string(), "event was dropped by the before_send hook");
    assert!(!error.is_invalid());
    let error = client.track("secret").user(1).send_blocking(LIMIT).unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Dropped(DropReason::BeforeSend));
    assert_eq!(
        client.try_enqueue_event(Event::track("secret").with_user(1)).unwrap_err().kind(),
        DropReason::BeforeSend
    );
    assert_eq!(client.flush_blocking(LIMIT).accepted, 2);
    assert_eq!(names(&server), ["a", "b"]);
    assert_eq!(balanced(&client).dropped.before_send, 4);
}

#[test]
fn event_is_never_let_through_when_the_hook_panics() {
    let server = Server::start();
    let shown = Arc::<Mutex<Vec<(DropReason, Vec<Event>)>>>::default();
    let seen = Arc::clone(&shown);
    let client = quiet(server.endpoint())
        .before_send(|event| {
            assert_ne!(event.name(), Some("bad"), "on purpose");
            Some(event)
        })
        .on_drop(move |reason, events| seen.lock().unwrap().push((reason, events.to_vec())))
        .build()
        .unwrap();
    track_all(&client, &["a", "bad", "b"]);
    assert_eq!(client.shutdown_blocking(LIMIT).accepted, 2);
    assert_eq!(names(&server), ["a", "b"]);
    // Nobody has taken out of it what must not be shown.
    assert_eq!(*shown.lock().unwrap(), [(DropReason::BeforeSend, Vec::new())]);
    assert_eq!(balanced(&client).dropped.before_send, 1);
}

#[test]
fn what_is_refused_is_given_back_as_the_hook_left_it() {
    let client = hooked(&Server::start(), |mut event| {
        event.properties_mut()?.remove("email");
        Some(event)
    });
    let _ = client.shutdown_blocking(LIMIT);
    let fields = json!({ "email": "user@example.com", "plan": "pro" });
    let error = client.track("a").user(1).properties(&fields).send_blocking(LIMIT).unwrap_err();
    assert_eq!(error.events()[0].properties(), json!({ "plan": "pro" }).as_object());
    let event = Event::track("b").with_user(1).with_properties(&fields);
    let error = smol::block_on(client.send_event(event)).unwrap_err();
    assert_eq!(error.events()[0].properties(), json!({ "plan": "pro" }).as_object());
    balanced(&client);
}

#[test]
fn hook_may_change_everything() {
    let server = Server::start();
    let client = hooked(&server, |mut event| {
        event.properties_mut()?.remove("email");
        Some(event.with_message_id("changed").with_user("hashed").with_property("added", true))
    });
    let fields = json!({ "email": "user@example.com", "plan": "pro" });
    let id = client.track("a").user("user_123").properties(&fields).try_enqueue().unwrap();
    assert_eq!(id.as_str(), "changed");
    let event = Event::track("b").with_user("user_123").with_properties(&fields);
    assert_eq!(client.try_enqueue_event(event).unwrap().as_str(), "changed");
    client.track("c").user("user_123").properties(&fields).send_blocking(LIMIT).unwrap();
    assert!(client.flush_blocking(LIMIT).is_complete());
    for event in server.events() {
        assert_eq!(event["properties"], json!({ "plan": "pro", "added": true }));
        assert_eq!((&event["messageId"], &event["userId"]), (&json!("changed"), &json!("hashed")));
    }
    assert_eq!(balanced(&client).accepted, 3);
}

#[test]
fn hook_may_put_another_event_in_its_place() {
    let server = Server::start();
    let client = hooked(&server, |event| Some(Event::identify(event.user_id()?).with_traits(json!({ "seen": true }))));
    track(&client, "a");
    assert!(client.flush_blocking(LIMIT).is_complete());
    assert_eq!(server.events()[0]["type"], "identify");
    assert_eq!(server.events()[0]["traits"], json!({ "seen": true }));
    balanced(&client);
}

#[test]
fn what_the_hook_makes_of_an_event_is_checked() {
    let server = Server::start();
    let client = hooked(&server, |event| match event.name()? {
        "empty id" => Some(event.with_message_id("")),
        "empty user" => Some(event.with_user("")),
        "wrong kind" => Some(event.with_traits(json!({ "a": 1 }))),
        _ => Some(event.with_property("fill", "x".repeat(200 * 1024))),
    });
    let refused = |name: &str| {
        let error = client.track(name).user(1).try_enqueue().unwrap_err();
        (error.kind(), error.to_string())
    };
    assert_eq!(refused("empty id"), (DropReason::Invalid, "message id is empty".to_owned()));
    assert_eq!(refused("empty user"), (DropReason::Invalid, "user id is empty".to_owned()));
    let wrong_kind = "event of type track has properties, not traits".to_owned();
    assert_eq!(refused("wrong kind"), (DropReason::Invalid, wrong_kind));
    assert_eq!(refused("too large").0, DropReason::TooLarge);
    let books = balanced(&client);
    assert_eq!((books.dropped.invalid, books.dropped.too_large, books.pending), (3, 1, 0));
}

#[test]
fn hook_may_make_a_large_event_fit() {
    let server = Server::start();
    let client = hooked(&server, |mut event| {
        event.properties_mut()?.remove("fill");
        Some(event)
    });
    let large = "x".repeat(300 * 1024);
    assert!(client.track("a").user(1).property("fill", large).try_enqueue().is_ok());
    assert_eq!(client.flush_blocking(LIMIT).accepted, 1);
    assert_eq!(server.events()[0].get("properties"), None);
    balanced(&client);
}

#[test]
fn hook_runs_on_the_thread_of_the_caller() {
    let server = Server::start();
    let caller = thread::current().id();
    let client = hooked(&server, move |event| {
        assert_eq!(thread::current().id(), caller);
        Some(event)
    });
    track(&client, "a");
    assert_eq!(client.flush_blocking(LIMIT).accepted, 1);
    balanced(&client);
}

#[test]
fn hook_may_use_the_client() {
    let server = Server::start();
    let slot = Arc::<OnceLock<Client>>::default();
    let in_hook = Arc::clone(&slot);
    let client = hooked(&server, move |event| {
        if event.name() == Some("a") {
            let client = in_hook.get()?;
            track(client, "from the hook");
            assert_eq!(client.flush_blocking(LIMIT).accepted, 1);
            balanced(client);
        }
        Some(event)
    });
    // The hook keeps the client alive for ever, so it is shut down by hand.
    slot.set(client.clone()).unwrap();
    let id = client.track("a").user(1).try_enqueue().unwrap();
    assert_eq!(client.shutdown_blocking(LIMIT).accepted, 1);
    assert_eq!(names(&server), ["from the hook", "a"]);
    assert_eq!(message_ids(&server)[1], id.as_str());
    balanced(&client);
}
