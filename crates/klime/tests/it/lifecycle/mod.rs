//! The life of a client: input, flush, shutdown, callbacks, runtimes, bounds.

mod before_send;
mod callbacks;
mod contracts;
mod flush;
mod foreign;
mod global;
mod input;
mod languages;
mod last_drop;
mod log;
#[cfg(target_os = "linux")]
mod memory;
mod notices;
mod overflow;
mod panic_hook;
mod runtimes;
mod settings;
mod shutdown;
mod threads;

use std::time::{Duration, Instant};

use klime::{Client, ClientBuilder, Event};
use serde_json::Value;

use crate::support::Server;

/// Only failures last this long.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// What may come on top of a promised deadline.
const GRACE: Duration = Duration::from_millis(100);

/// A client that sends by time only after an hour, so that tests decide when; it retries at once.
fn quiet(endpoint: impl Into<String>) -> ClientBuilder {
    Client::builder("test-key")
        .endpoint(endpoint)
        .flush_interval(Duration::from_secs(3600))
        .retry_initial_delay(Duration::from_millis(1))
}

/// Tracks one event of this name.
fn track(client: &Client, name: &str) {
    client.track(name).user("user_123").enqueue();
}

fn track_all(client: &Client, names: &[&str]) {
    for name in names {
        track(client, name);
    }
}

/// Tracks `count` events and returns their message ids.
fn track_many(client: &Client, count: usize) -> Vec<String> {
    (0..count).map(|n| client.track("Clicked").user(n).try_enqueue().unwrap().into()).collect()
}

/// The names of the events that a server has seen.
fn names(server: &Server) -> Vec<String> {
    texts(&server.events(), "event")
}

/// The message ids of the events that a server has seen.
fn message_ids(server: &Server) -> Vec<String> {
    texts(&server.events(), "messageId")
}

fn texts(events: &[Value], key: &str) -> Vec<String> {
    events.iter().map(|event| event[key].as_str().unwrap().to_owned()).collect()
}

/// The message ids of events that a callback was given.
fn ids_of(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.message_id().to_owned()).collect()
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

/// How long something took, and what came of it. Compared only with deadlines that are promised.
#[expect(clippy::disallowed_methods, reason = "a promised deadline is measured")]
fn timed<R>(run: impl FnOnce() -> R) -> (Duration, R) {
    let began = Instant::now();
    let result = run();
    (began.elapsed(), result)
}
