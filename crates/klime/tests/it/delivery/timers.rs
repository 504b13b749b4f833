//! Sending by time: the timer outlives idleness and bad events. And sending nothing, where that was asked for.

use std::collections::HashMap;
use std::time::Duration;

use klime::{Client, DropReason};

use super::setup::{KEY, LIMIT, builder, enqueue, names, numbered};
use super::told::Told;
use crate::support::{Answer, Server, balanced};

const INTERVAL: Duration = Duration::from_millis(20);

fn with_interval(server: &Server, interval: Duration) -> Client {
    Client::builder(KEY).endpoint(server.endpoint()).flush_interval(interval).max_in_flight(1).build().unwrap()
}

#[test]
fn timer_still_works_after_idle_intervals() {
    let (server, clock) = (Server::start(), Server::start());
    let client = with_interval(&server, INTERVAL);
    // Another client is the clock: when its event arrives, several intervals of the first one have gone by.
    let slower = with_interval(&clock, INTERVAL * 4);
    for round in 1..=4 {
        enqueue(&client, ["Report Generated"]);
        server.wait_for_events(round);
        enqueue(&slower, ["Tick"]);
        clock.wait_for_events(round);
    }
    assert_eq!(server.requests().len(), 4);
    balanced(&client);
    balanced(&slower);
}

#[test]
fn event_waits_for_the_interval_and_no_shorter() {
    let server = Server::start();
    let client = with_interval(&server, INTERVAL);
    for round in 1..=3 {
        enqueue(&client, ["Report Generated"]);
        server.wait_for_events(round);
    }
    // Each was enqueued after the one before had come.
    let requests = server.requests();
    for pair in requests.windows(2) {
        assert!(pair[1].at - pair[0].at >= INTERVAL, "{:?}", pair[1].at - pair[0].at);
    }
    balanced(&client);
}

#[test]
fn timer_outlives_events_that_cannot_be_encoded() {
    let server = Server::start();
    let client = with_interval(&server, INTERVAL);
    let unencodable = HashMap::from([((1, 2), 3)]);
    for round in 1..=2 {
        enqueue(&client, ["Before"]);
        client.track("Bad").user("user_1").properties(&unencodable).enqueue();
        client.track("").user("user_1").enqueue();
        enqueue(&client, ["After"]);
        server.wait_for_events(2 * round);
    }
    let stats = balanced(&client);
    assert_eq!((stats.enqueued, stats.dropped.invalid), (8, 4));
    let arrived: Vec<String> = server.requests().iter().flat_map(names).collect();
    assert_eq!(arrived, ["Before", "After", "Before", "After"]);
}

#[test]
fn timer_outlives_answers_that_are_final() {
    let server = Server::scripted([Answer::status(401), Answer::status(400), Answer::ok().body("[]")]);
    let client = with_interval(&server, INTERVAL);
    for round in 1..=4 {
        enqueue(&client, ["Report Generated"]);
        server.wait_for_events(round);
    }
    let _ = client.flush_blocking(LIMIT);
    let stats = balanced(&client);
    assert_eq!((stats.failed, stats.accepted), (2, 2));
}

#[test]
fn full_batch_does_not_wait_for_the_interval() {
    let server = Server::start();
    let client = builder(server.endpoint()).max_batch_size(5).build().unwrap();
    for round in 1..=3 {
        enqueue(&client, numbered(5));
        server.wait_for_events(5 * round);
    }
    assert_eq!(server.requests().len(), 3);
    balanced(&client);
}

#[test]
fn shutdown_without_flush_sends_nothing() {
    let server = Server::start();
    let told = Told::default();
    let client = told.listen(builder(server.endpoint()).flush_on_shutdown(false)).build().unwrap();
    enqueue(&client, numbered(3));
    let report = client.shutdown_blocking(LIMIT);
    assert_eq!((report.dropped, report.unconfirmed), (3, 0));
    assert_eq!(told.calls().drops, [(DropReason::ShutdownDeadline, numbered(3))]);
    assert_eq!(balanced(&client).dropped.shutdown_deadline, 3);
    drop(client);
    assert_eq!((server.requests().len(), server.connections()), (0, 0));
}

#[test]
fn last_handle_delivers_what_is_queued() {
    let server = Server::start();
    let client = builder(server.endpoint()).build().unwrap();
    enqueue(&client, numbered(45));
    balanced(&client);
    drop(client.clone());
    assert_eq!(balanced(&client).dropped.total(), 0);
    drop(client);
    assert_eq!(server.events().len(), 45);
}
