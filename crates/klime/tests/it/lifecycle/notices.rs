//! What waits for callbacks is bounded; beyond that it is skipped and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use klime::{Client, DropReason, Overflow};

use super::{LIMIT, quiet, track, track_all};
use crate::support::{Gate, Server, balanced};

/// The events that the drop callback was given, and a gate that the first call of it waits at.
struct Slow {
    gate: Gate,
    calls: Arc<AtomicUsize>,
    events: Arc<AtomicUsize>,
    client: Client,
    _server: Server,
}

/// The queue is full already, so that each further event is dropped: as invalid without a name, else for want of room.
fn slow() -> Slow {
    let server = Server::start();
    let gate = Gate::new();
    let (calls, events) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let (blocked, calls_seen, events_seen) = (gate.clone(), Arc::clone(&calls), Arc::clone(&events));
    let client = quiet(server.endpoint())
        .max_queue_size(1)
        .overflow(Overflow::DropNewest)
        .on_drop(move |_: DropReason, events| {
            blocked.pass();
            calls_seen.fetch_add(1, Ordering::Relaxed);
            events_seen.fetch_add(events.len(), Ordering::Relaxed);
        })
        .build()
        .unwrap();
    track_all(&client, &["kept", ""]);
    gate.wait_until_reached(1);
    Slow { gate, calls, events, client, _server: server }
}

impl Slow {
    /// Lets the callbacks run, and returns how often they were called and with how many events.
    fn release(self) -> (usize, usize) {
        self.gate.open();
        assert!(self.client.shutdown_blocking(LIMIT).is_complete());
        balanced(&self.client);
        (self.calls.load(Ordering::Relaxed), self.events.load(Ordering::Relaxed))
    }
}

#[test]
fn callbacks_beyond_a_thousand_that_wait_are_skipped_and_counted() {
    let slow = slow();
    // One that differs from the one before cannot be told together with it.
    for _ in 0..500 {
        track(&slow.client, "too many");
        track(&slow.client, "");
    }
    for _ in 0..7 {
        track(&slow.client, "too many");
    }
    let books = balanced(&slow.client);
    assert_eq!((books.callbacks_skipped, books.dropped.invalid, books.dropped.queue_full), (7, 501, 507));
    assert_eq!(slow.release(), (1001, 1001));
}

#[test]
fn single_drops_that_wait_are_told_together() {
    let slow = slow();
    for _ in 0..250 {
        track(&slow.client, "too many");
    }
    assert_eq!(balanced(&slow.client).callbacks_skipped, 0);
    assert_eq!(slow.release(), (4, 251));
}

#[test]
fn callbacks_beyond_sixteen_mebibytes_that_wait_are_skipped_and_counted() {
    let slow = slow();
    let padding = "x".repeat(1024 * 1024);
    for _ in 0..20 {
        slow.client.track("big").user(1).property("padding", &padding).enqueue();
    }
    // 15 of them and their envelopes fit.
    assert_eq!(balanced(&slow.client).callbacks_skipped, 5);
    assert_eq!(balanced(&slow.client).dropped.too_large, 20);
    assert_eq!(slow.release(), (2, 16));
}

#[test]
fn nothing_is_skipped_where_nobody_listens() {
    let client = quiet(Server::unused_port()).build().unwrap();
    for _ in 0..3000 {
        track(&client, "");
    }
    assert_eq!((balanced(&client).callbacks_skipped, client.stats().dropped.invalid), (0, 3000));
}
