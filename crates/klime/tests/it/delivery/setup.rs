//! Clients and events as these tests want them.

use std::time::Duration;

use klime::{Client, ClientBuilder, Roots};

use crate::support::{Received, balanced};

/// Only failures last this long.
pub(super) const LIMIT: Duration = Duration::from_secs(20);

pub(super) const KEY: &str = "test-key";

/// A client that retries at once and sends by size or flush, never by time.
pub(super) fn builder(endpoint: impl Into<String>) -> ClientBuilder {
    Client::builder(KEY)
        .endpoint(endpoint)
        .flush_interval(Duration::from_secs(3600))
        .retry_initial_delay(Duration::from_millis(1))
}

/// The authorities that nobody has to name; none of them knows a test's server.
pub(super) fn known_roots() -> Vec<Roots> {
    vec![
        Roots::system(),
        #[cfg(feature = "bundled-roots")]
        Roots::bundled(),
    ]
}

pub(super) fn enqueue(client: &Client, names: impl IntoIterator<Item = impl AsRef<str>>) {
    for name in names {
        client.track(name).user("user_1").enqueue();
    }
}

/// `count` names, in the order in which they are to arrive.
pub(super) fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("Event {number:04}")).collect()
}

/// Flushes, and returns how many events were accepted so far. A flush's own report leaves out those that were settled
/// before it began.
#[track_caller]
pub(super) fn accepted(client: &Client) -> u64 {
    let report = client.flush_blocking(LIMIT);
    assert_eq!(report.pending, 0, "{report}");
    balanced(client).accepted
}

pub(super) fn names(request: &Received) -> Vec<String> {
    texts(request, "event")
}

pub(super) fn message_ids(request: &Received) -> Vec<String> {
    texts(request, "messageId")
}

fn texts(request: &Received, field: &str) -> Vec<String> {
    request.events().iter().map(|event| event[field].as_str().unwrap().to_owned()).collect()
}
