//! The identity of the books, which every test asserts.

use klime::{Client, Stats};

/// Checks that a client's books balance, and returns them.
#[track_caller]
pub(crate) fn balanced(client: &Client) -> Stats {
    let books = client.stats();
    let Stats { enqueued, accepted, rejected, failed, dropped, pending, .. } = books;
    assert_eq!(enqueued, accepted + rejected + failed + dropped.total() + pending, "{books:?}");
    books
}
