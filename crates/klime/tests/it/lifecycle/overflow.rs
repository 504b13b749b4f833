//! The queue's bounds hold for everything pending, and each event that gives way is counted and shown.

use std::sync::{Arc, Mutex};

use klime::{Client, ClientBuilder, DropReason, Overflow};

use super::{LIMIT, ids_of, message_ids, quiet, track_many};
use crate::support::{Answer, Gate, Server, balanced};

type Shown = Arc<Mutex<Vec<String>>>;

/// A client that keeps the ids of the events that the queue had no place for.
fn shown(builder: ClientBuilder) -> (Client, Shown) {
    let shown = Shown::default();
    let kept = Arc::clone(&shown);
    let client = builder
        .on_drop(move |reason, events| {
            assert_eq!(reason, DropReason::QueueFull);
            kept.lock().unwrap().extend(ids_of(events));
        })
        .build()
        .unwrap();
    (client, shown)
}

/// Tracks an event of exactly this many bytes.
fn track_bytes(client: &Client, bytes: usize) -> Result<klime::MessageId, klime::EnqueueError> {
    let event = |fill: usize| client.track("Sized").user(1).property("fill", "x".repeat(fill));
    let empty = serde_json::to_vec(&event(0).into_event()).unwrap().len();
    event(bytes - empty).try_enqueue()
}

#[test]
fn full_queue_drops_the_oldest_event_and_counts_each() {
    let server = Server::start();
    let (client, shown) = shown(quiet(server.endpoint()).max_queue_size(5).max_batch_size(100));
    let ids = track_many(&client, 12);
    let books = balanced(&client);
    assert_eq!((books.dropped.queue_full, books.pending, client.queue_size()), (7, 5, 5));
    let report = client.shutdown_blocking(LIMIT);
    assert_eq!((report.accepted, report.dropped), (5, 0));
    assert_eq!(message_ids(&server), ids[7..]);
    assert_eq!(*shown.lock().unwrap(), ids[..7]);
    balanced(&client);
}

#[test]
fn full_queue_refuses_the_new_event_and_counts_each() {
    let server = Server::start();
    let (client, shown) = shown(quiet(server.endpoint()).max_queue_size(5).overflow(Overflow::DropNewest));
    let ids = track_many(&client, 5);
    for n in 0..7 {
        let error = client.track("late").user(1).message_id(n).try_enqueue().unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (DropReason::QueueFull, "queue is full".to_owned()));
        assert!(!error.is_invalid());
    }
    assert_eq!(balanced(&client).dropped.queue_full, 7);
    assert_eq!(client.shutdown_blocking(LIMIT).accepted, 5);
    assert_eq!(message_ids(&server), ids);
    assert_eq!(*shown.lock().unwrap(), ["0", "1", "2", "3", "4", "5", "6"]);
    balanced(&client);
}

#[test]
fn queue_of_one_holds_one_event() {
    let server = Server::start();
    let client = quiet(server.endpoint()).max_queue_size(1).max_batch_size(2).build().unwrap();
    let ids = track_many(&client, 3);
    assert_eq!(balanced(&client).dropped.queue_full, 2);
    assert_eq!(client.flush_blocking(LIMIT).accepted, 1);
    assert_eq!(message_ids(&server), ids[2..]);
    balanced(&client);
}

#[test]
fn events_in_flight_count_for_the_bound() {
    let gate = Gate::new();
    let server = Server::scripted([Answer::held(&gate)]);
    let builder = quiet(server.endpoint()).max_queue_size(4).max_batch_size(2).max_in_flight(1);
    let (client, shown) = shown(builder);
    let mut ids = track_many(&client, 2);
    gate.wait_until_reached(1);
    ids.extend(track_many(&client, 3));
    let books = balanced(&client);
    assert_eq!((books.pending, books.dropped.queue_full), (4, 1));
    gate.open();
    assert!(client.shutdown_blocking(LIMIT).is_complete());
    assert_eq!(*shown.lock().unwrap(), ids[2..3]);
    assert_eq!(message_ids(&server), [&ids[..2], &ids[3..]].concat());
    balanced(&client);
}

#[test]
fn new_event_is_dropped_when_all_others_are_in_flight() {
    let gate = Gate::new();
    let server = Server::scripted([Answer::held(&gate)]);
    let (client, shown) = shown(quiet(server.endpoint()).max_queue_size(2).max_batch_size(2));
    let ids = track_many(&client, 2);
    gate.wait_until_reached(1);
    let error = client.track("new").user(1).message_id("new").try_enqueue().unwrap_err();
    assert_eq!(error.kind(), DropReason::QueueFull);
    assert_eq!(balanced(&client).dropped.queue_full, 1);
    gate.open();
    assert!(client.shutdown_blocking(LIMIT).is_complete());
    assert_eq!(message_ids(&server), ids);
    assert_eq!(*shown.lock().unwrap(), ["new"]);
    balanced(&client);
}

#[test]
fn event_that_waits_for_its_answer_counts_for_the_bound() {
    let gate = Gate::new();
    let server = Server::scripted([Answer::held(&gate)]);
    let client = quiet(server.endpoint()).max_queue_size(1).build().unwrap();
    let sending = client.track("a").user(1).send();
    gate.wait_until_reached(1);
    let error = client.track("b").user(1).send_blocking(LIMIT).unwrap_err();
    assert_eq!(error.kind(), klime::SendErrorKind::Dropped(DropReason::QueueFull));
    assert_eq!(error.to_string(), "queue is full");
    gate.open();
    assert_eq!(smol::block_on(sending).unwrap().accepted, 1);
    assert_eq!(balanced(&client).dropped.queue_full, 1);
}

#[test]
fn byte_bound_is_exact() {
    let server = Server::start();
    let builder = quiet(server.endpoint()).max_queue_bytes(200 * 1024).overflow(Overflow::DropNewest);
    let client = builder.build().unwrap();
    track_bytes(&client, 102_400).unwrap();
    track_bytes(&client, 102_400).unwrap();
    assert_eq!(balanced(&client).pending_bytes, 200 * 1024);
    let error = client.track("one more").user(1).try_enqueue().unwrap_err();
    assert_eq!(error.kind(), DropReason::QueueFull);
    assert_eq!(client.flush_blocking(LIMIT).accepted, 2);
    assert_eq!(balanced(&client).pending_bytes, 0);
}

#[test]
fn large_event_takes_the_place_of_as_many_small_ones_as_it_needs() {
    let server = Server::start();
    let (client, shown) = shown(quiet(server.endpoint()).max_queue_bytes(200 * 1024));
    let ids: Vec<String> = (0..5).map(|_| track_bytes(&client, 40_000).unwrap().into()).collect();
    let large: String = track_bytes(&client, 100_000).unwrap().into();
    let books = balanced(&client);
    assert_eq!((books.pending, books.pending_bytes, books.dropped.queue_full), (3, 180_000, 3));
    assert_eq!(client.shutdown_blocking(LIMIT).accepted, 3);
    assert_eq!(*shown.lock().unwrap(), ids[..3]);
    assert_eq!(message_ids(&server), [&ids[3..], &[large]].concat());
    balanced(&client);
}

#[test]
fn nothing_is_evicted_for_an_event_that_will_not_fit_anyway() {
    let gate = Gate::new();
    let server = Server::scripted([Answer::held(&gate)]);
    let client = quiet(server.endpoint()).max_queue_bytes(200 * 1024).max_batch_size(1).max_in_flight(1);
    let client = client.build().unwrap();
    track_bytes(&client, 150_000).unwrap();
    gate.wait_until_reached(1);
    track_bytes(&client, 10_000).unwrap();
    assert_eq!(track_bytes(&client, 100_000).unwrap_err().kind(), DropReason::QueueFull);
    assert_eq!(balanced(&client).pending, 2);
    gate.open();
    assert!(client.flush_blocking(LIMIT).is_complete());
    assert_eq!(balanced(&client).accepted, 2);
}
