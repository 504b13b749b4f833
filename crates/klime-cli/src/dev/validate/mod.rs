//! What of a request's body keeps to the protocol.
//!
//! A body is taken apart in two steps, so that one bad event hurts only itself: first the request's shape, which leaves each event as
//! the text that was sent (`request.rs`), then each event by itself (`one.rs`), field by field. Bodies are hostile: everything that is
//! kept of a refused event is shortened, and nothing is read deeper or longer than its bound.
//!
//! It does not know HTTP, the store, or what was sent before: a `messageId` that was seen already is none of its business.

mod fields;
mod one;
mod request;
mod text;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::event::{Judged, Kind};

pub use request::Malformed;
pub(crate) use text::shortened;

/// The most events in one batch.
pub const MAX_BATCH_EVENTS: usize = 100;
/// The most bytes of one event's JSON.
pub const MAX_EVENT_BYTES: usize = 200 * 1024;
/// The most bytes of a request's body, decompressed.
pub const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// Judges each event of a request's body, in the order in which they were sent.
///
/// # Errors
///
/// The body is refused as a whole when it is not JSON, has no array `batch`, or holds more than [`MAX_BATCH_EVENTS`] events.
pub fn judge(body: &[u8]) -> Result<Vec<Judged>, Malformed> {
    let events = request::events(body)?;
    Ok(events.into_iter().map(RawValue::get).map(one::judge).collect())
}

/// Judges one event by itself.
#[must_use]
pub fn judge_event(json: &str) -> Judged {
    one::judge(json)
}

/// The properties of a track, or the traits of the others, from the body of an event that was taken. As in judging, what the protocol
/// does not name is passed over unread: it may hold what cannot be read. `None` if the body is no such event.
#[must_use]
pub fn fields_of(kind: Kind, body: &str) -> Option<Map<String, Value>> {
    one::fields_of(kind, body)
}

#[cfg(test)]
mod tests;
