//! One file for each target, with what it checks at its head.

pub(crate) mod answer;
pub(crate) mod endpoint;
pub(crate) mod event_builder;
pub(crate) mod event_json;
pub(crate) mod ingest_body;
pub(crate) mod response_body;
pub(crate) mod retry_after;

use std::time::Duration;

use klime::{Client, Stats};

/// Far longer than anything here takes: a wait that ends by it has failed.
const LIMIT: Duration = Duration::from_secs(10);

/// Checks that a client's books balance, and returns them.
fn balanced(client: &Client) -> Stats {
    let books = client.stats();
    let Stats { enqueued, accepted, rejected, failed, dropped, pending, .. } = books;
    assert_eq!(enqueued, accepted + rejected + failed + dropped.total() + pending, "{books:?}");
    books
}
