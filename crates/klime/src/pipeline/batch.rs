//! A batch: the JSON of its events in one buffer that is the request's body.
//!
//! An event is copied in once, when it is enqueued; from then on it is only pointed at. The oldest events can be taken out
//! again (overflow), and a sealed batch can be split (413).

use std::ops::Range;

const OPEN: &[u8] = b"{\"batch\":[";
const CLOSE: &[u8] = b"]}";

/// The most bytes that a batch's body may have.
pub(crate) const MAX_BATCH_BYTES: usize = 10 * 1024 * 1024;

/// Buffers below this are doubled when they are full, larger ones grow by a quarter, so that little memory lies idle.
const DOUBLED_BELOW: usize = 4 * 1024;

/// Events that go in one request.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Batches are numbered in the order in which they were begun; the halves of a split keep the number.
    pub(super) number: u64,
    /// How many events of this batch stood before the first one that is in it now.
    pub(super) offset: usize,
    /// `{"batch":[` and the events, with commas between them.
    body: Vec<u8>,
    /// Where each event ends in `body`.
    ends: Vec<usize>,
    /// How many events were taken out at the front.
    removed: usize,
    sealed: bool,
}

impl Batch {
    pub(super) fn new(number: u64, buffer: Buffer) -> Self {
        let Buffer { mut body, mut ends } = buffer;
        body.clear();
        body.extend_from_slice(OPEN);
        ends.clear();
        Self { number, offset: 0, body, ends, removed: 0, sealed: false }
    }

    /// A sealed batch of these events.
    pub(super) fn of<'a>(number: u64, events: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut batch = Self::new(number, Buffer::default());
        for event in events {
            batch.push(event);
        }
        batch.seal();
        batch
    }

    /// How many events are in it.
    pub(crate) fn len(&self) -> usize {
        self.ends.len() - self.removed
    }

    /// Whether `event` still fits under the byte limit.
    pub(super) fn has_room_for(&self, event: &[u8]) -> bool {
        let comma = usize::from(!self.ends.is_empty());
        self.body.len() + comma + event.len() + CLOSE.len() <= MAX_BATCH_BYTES
    }

    /// How many events were ever pushed. Those that were taken out count: their bytes are still in the buffer.
    pub(super) fn pushed(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn push(&mut self, event: &[u8]) {
        self.reserve(event.len() + 1 + CLOSE.len());
        if !self.ends.is_empty() {
            self.body.push(b',');
        }
        self.body.extend_from_slice(event);
        self.ends.push(self.body.len());
    }

    fn reserve(&mut self, bytes: usize) {
        let spare = self.body.capacity() - self.body.len();
        if spare < bytes && self.body.capacity() >= DOUBLED_BELOW {
            self.body.reserve_exact(bytes.max(self.body.capacity() / 4));
        }
    }

    /// Takes the oldest event out and shows it.
    pub(super) fn remove_oldest(&mut self) -> Option<&[u8]> {
        if self.len() == 0 {
            return None;
        }
        let range = self.range(self.removed);
        self.removed += 1;
        self.offset += 1;
        self.body.get(range)
    }

    /// Makes the body whole; nothing is added from then on.
    pub(super) fn seal(&mut self) {
        if self.sealed {
            return;
        }
        self.sealed = true;
        if self.len() == 0 {
            self.body.truncate(OPEN.len());
            self.ends.clear();
            self.removed = 0;
        }
        self.body.extend_from_slice(CLOSE);
        self.release_removed();
        let start = self.body_start();
        // What stood before the first event is an event that was taken out, always longer than the opening.
        if let Some(opening) = self.body.get_mut(start..start + OPEN.len()) {
            opening.copy_from_slice(OPEN);
        }
    }

    /// Lets go of the memory of events that were taken out, if it is worth the copy.
    fn release_removed(&mut self) {
        let start = self.body_start();
        if start <= self.body.len() / 8 {
            return;
        }
        self.body = self.body.get(start..).unwrap_or_default().to_vec();
        self.ends.drain(..self.removed);
        for end in &mut self.ends {
            *end -= start;
        }
        self.removed = 0;
    }

    fn body_start(&self) -> usize {
        self.range(self.removed).start.saturating_sub(OPEN.len())
    }

    fn range(&self, index: usize) -> Range<usize> {
        let start = match index.checked_sub(1).and_then(|before| self.ends.get(before)) {
            Some(end) => end + 1,
            None => OPEN.len(),
        };
        start..self.ends.get(index).copied().unwrap_or(start)
    }

    /// The request's body.
    pub(crate) fn body(&self) -> &[u8] {
        self.body.get(self.body_start()..).unwrap_or_default()
    }

    /// The JSON of the event at `index`.
    pub(crate) fn event(&self, index: usize) -> Option<&[u8]> {
        if index >= self.len() {
            return None;
        }
        self.body.get(self.range(self.removed + index))
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|index| self.event(index))
    }

    /// The sum of the events' bytes, which is what counts for `max_queue_bytes`.
    pub(super) fn event_bytes(&self) -> usize {
        self.events().map(<[u8]>::len).sum()
    }

    /// Two batches of half the events each; `None` when there is nothing to split.
    pub(crate) fn halves(&self) -> Option<(Self, Self)> {
        if self.len() < 2 {
            return None;
        }
        let middle = self.len() / 2;
        let mut first = Self::of(self.number, self.events().take(middle));
        let mut second = Self::of(self.number, self.events().skip(middle));
        first.offset = self.offset;
        second.offset = self.offset + middle;
        Some((first, second))
    }

    /// How much memory the body takes, for tests.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.body.capacity()
    }

    pub(super) fn into_buffer(self) -> Buffer {
        Buffer { body: self.body, ends: self.ends }
    }
}

/// The memory of a batch that is over, for the next one.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    body: Vec<u8>,
    ends: Vec<usize>,
}

impl Buffer {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { body: Vec::with_capacity(bytes), ends: Vec::new() }
    }

    pub(super) fn capacity(&self) -> usize {
        self.body.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn event(index: usize) -> Vec<u8> {
        format!("{{\"n\":{index},\"pad\":\"{}\"}}", "x".repeat(index % 7)).into_bytes()
    }

    fn numbers(body: &[u8]) -> Vec<u64> {
        let body: Value = serde_json::from_slice(body).unwrap();
        body["batch"].as_array().unwrap().iter().map(|event| event["n"].as_u64().unwrap()).collect()
    }

    proptest! {
        #[test]
        fn the_body_holds_what_was_pushed_and_not_taken_out(pushed in 0_usize..40, taken in 0_usize..50) {
            let mut batch = Batch::new(7, Buffer::default());
            for index in 0..pushed {
                batch.push(&event(index));
            }
            for index in 0..taken {
                let expected = (index < pushed).then(|| event(index));
                prop_assert_eq!(batch.remove_oldest().map(<[u8]>::to_vec), expected);
            }
            let left = (taken.min(pushed)..pushed).map(|n| n as u64).collect::<Vec<_>>();
            batch.seal();
            prop_assert_eq!(numbers(batch.body()), left.clone());
            prop_assert_eq!(batch.len(), left.len());
            prop_assert_eq!(batch.offset, taken.min(pushed));
            let bytes: usize = batch.events().map(<[u8]>::len).sum();
            prop_assert_eq!(batch.event_bytes(), bytes);
            match batch.halves() {
                None => prop_assert!(left.len() < 2),
                Some((first, second)) => {
                    prop_assert_eq!([numbers(first.body()), numbers(second.body())].concat(), left);
                    prop_assert_eq!(second.offset, first.offset + first.len());
                }
            }
        }
    }

    #[test]
    fn an_empty_batch_checks_a_key() {
        let mut batch = Batch::new(0, Buffer::default());
        batch.seal();
        assert_eq!(batch.body(), br#"{"batch":[]}"#);
        assert!(batch.halves().is_none());
    }

    #[test]
    fn the_byte_limit_is_that_of_the_body() {
        let mut batch = Batch::new(0, Buffer::default());
        batch.push(&event(1));
        let most = MAX_BATCH_BYTES - batch.body().len() - ",]}".len();
        let filler = serde_json::to_vec(&json!("x".repeat(most - 2))).unwrap();
        assert!(batch.has_room_for(&filler));
        assert!(!batch.has_room_for(&[&filler[..], b"x"].concat()));
        batch.push(&filler);
        batch.seal();
        assert_eq!(batch.body().len(), MAX_BATCH_BYTES);
    }
}
