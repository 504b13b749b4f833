//! The process's default client. It is one for all tests of this process, so they take turns.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use klime::{Client, DropReason, SendErrorKind};

use super::{LIMIT, names, quiet};
use crate::support::{Server, balanced};

fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn client(server: &Server) -> Client {
    quiet(server.endpoint()).build().unwrap()
}

#[test]
fn installed_client_takes_events_from_anywhere() {
    let _turn = turn();
    let server = Server::start();
    let guard = client(&server).install().unwrap();
    klime::track("a").user(1).enqueue();
    thread::spawn(|| klime::identify(1).trait_value("plan", "pro").enqueue()).join().unwrap();
    assert!(klime::group(1).user(1).try_enqueue().is_ok());
    assert_eq!(smol::block_on(klime::flush()).accepted, 3);
    assert_eq!(klime::track("b").group(1).send_blocking(LIMIT).unwrap().accepted, 1);
    assert_eq!(balanced(&klime::client().unwrap()), balanced(guard.client()));
    let kinds: Vec<_> = server.events().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds, ["track", "identify", "group", "track"]);
}

#[test]
fn second_client_cannot_be_installed() {
    let _turn = turn();
    let server = Server::start();
    let first = client(&server);
    let _guard = first.install().unwrap();
    for client in [client(&server), first.clone()] {
        let error = client.install().unwrap_err();
        assert_eq!(error.to_string(), "a default klime client is installed already");
    }
    klime::track("a").user(1).enqueue();
    assert_eq!(balanced(&first).pending, 1);
}

#[test]
fn guard_uninstalls_and_drains() {
    let _turn = turn();
    let server = Server::start();
    let client = client(&server);
    let guard = client.install().unwrap();
    klime::track("a").user(1).enqueue();
    // Made for this client, and enqueued when it is installed no more.
    let late = klime::track("late").user(1);
    drop(guard);
    assert_eq!(names(&server), ["a"]);
    assert!(klime::client().is_none());
    assert_eq!(late.try_enqueue().unwrap_err().kind(), DropReason::Closed);
    assert_eq!(client.track("b").user(1).try_enqueue().unwrap_err().kind(), DropReason::Closed);
    assert_eq!(balanced(&client).dropped.closed, 2);
    let _guard = Client::disabled().install().unwrap();
}

#[test]
fn guard_drains_while_a_panic_unwinds() {
    let _turn = turn();
    let server = Server::start();
    let client = client(&server);
    let installed = client.clone();
    let panicked = thread::spawn(move || {
        let _guard = installed.install().unwrap();
        klime::track("a").user(1).enqueue();
        panic!("on purpose, to unwind past the guard");
    });
    assert!(panicked.join().is_err());
    assert_eq!(names(&server), ["a"]);
    assert!(klime::client().is_none());
    balanced(&client);
}

#[test]
fn events_for_no_client_are_dropped() {
    let _turn = turn();
    assert!(klime::client().is_none());
    klime::track("a").user(1).enqueue();
    let error = klime::identify(1).try_enqueue().unwrap_err();
    assert_eq!((error.kind(), error.to_string()), (DropReason::Disabled, "client is disabled".to_owned()));
    let error = klime::group(1).send_blocking(LIMIT).unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Dropped(DropReason::Disabled));
    assert_eq!(smol::block_on(klime::flush().within(LIMIT)), klime::Report::default());
}

#[test]
#[cfg(feature = "tracing")]
fn missing_client_is_warned_of_once() {
    use crate::support::child;

    const NAME: &str = "lifecycle::global::missing_client_is_warned_of_once";
    if child::role().is_none() {
        let warnings = child::run(NAME, "warn", &[]);
        assert_eq!(warnings, ["no default klime client is installed, events are dropped; see Client::install"]);
        return;
    }
    tracing::subscriber::set_global_default(warnings::Saying).unwrap();
    for _ in 0..3 {
        klime::track("a").user(1).enqueue();
        thread::spawn(|| klime::track("b").user(1).enqueue()).join().unwrap();
    }
}

/// A subscriber that says each event's message to the test's parent.
#[cfg(feature = "tracing")]
mod warnings {
    use std::fmt;

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Level, Metadata, Subscriber};

    use crate::support::child;

    #[derive(Debug)]
    pub(super) struct Saying;

    impl Subscriber for Saying {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "klime"
        }

        fn event(&self, event: &Event<'_>) {
            assert_eq!(*event.metadata().level(), Level::WARN);
            event.record(&mut SayMessage);
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    struct SayMessage;

    impl Visit for SayMessage {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            if field.name() == "message" {
                child::say(&format!("{value:?}"));
            }
        }
    }
}
