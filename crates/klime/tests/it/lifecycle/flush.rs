//! Flush is a barrier: over what was enqueued before, and nothing else.

use std::collections::HashSet;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use klime::Client;
use serde_json::json;

use super::{LIMIT, message_ids, names, quiet, timed, track, track_all, track_many};
use crate::support::{Answer, Gate, Server, balanced};

#[test]
fn flush_waits_for_what_came_before_and_not_for_what_comes_after() {
    let server = Server::start();
    let client = quiet(server.endpoint()).max_batch_size(3).build().unwrap();
    track_all(&client, &["a", "b", "c"]);
    let flush = client.flush();
    track(&client, "later");
    assert!(smol::block_on(flush).is_complete());
    assert_eq!(names(&server), ["a", "b", "c"]);
    let books = balanced(&client);
    assert_eq!((books.accepted, books.pending), (3, 1));
}

#[test]
fn flush_counts_only_the_events_before_it_of_a_batch_that_is_shared() {
    let gate = Gate::new();
    let refused = json!({ "status": "ok", "accepted": 2, "failed": 1, "errors": [{ "index": 2, "code": "c" }] });
    let server = Server::scripted([Answer::held(&gate), Answer::status(200).json(&refused)]);
    let client = quiet(server.endpoint()).max_in_flight(1).build().unwrap();
    track(&client, "in flight");
    let first = client.flush();
    gate.wait_until_reached(1);
    track_all(&client, &["b", "c"]);
    let second = client.flush();
    track(&client, "d");
    let third = client.flush();
    gate.open();
    let reports = [first, second, third].map(smol::block_on);
    assert_eq!(reports.map(|report| (report.accepted, report.rejected)), [(1, 0), (3, 0), (3, 1)]);
    assert_eq!(server.requests().len(), 2);
    assert_eq!(balanced(&client).rejected, 1);
}

#[test]
fn overlapping_flushes_of_many_threads_each_cover_their_own_events() {
    let server = Arc::new(Server::start());
    let client = quiet(server.endpoint()).max_batch_size(7).build().unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let mine = track_many(&client, 5);
                    assert!(client.flush_blocking(LIMIT).is_complete());
                    let there: HashSet<String> = message_ids(&server).into_iter().collect();
                    assert!(mine.iter().all(|id| there.contains(id)));
                }
            });
        }
    });
    assert_eq!(balanced(&client).accepted, 200);
    assert_eq!(server.events().len(), 200);
}

#[test]
fn report_says_what_became_of_each_event() {
    let gate = Gate::new();
    let refused = json!({ "status": "ok", "accepted": 1, "failed": 1, "errors": [{ "index": 0, "code": "c" }] });
    let server = Server::scripted([Answer::held(&gate), Answer::status(200).json(&refused), Answer::status(400)]);
    let client = quiet(server.endpoint()).max_batch_size(2).max_queue_size(8).max_in_flight(1).build().unwrap();
    track_many(&client, 8);
    gate.wait_until_reached(1);
    let flush = client.flush();
    // Two of the queued ones have to give way.
    track_many(&client, 2);
    gate.open();
    let report = smol::block_on(flush);
    assert_eq!(report.to_string(), "3 accepted, 1 rejected, 2 failed, 2 dropped, 0 pending");
    assert!(!report.is_complete());
    assert!(client.flush_blocking(LIMIT).is_complete());
    assert_eq!(balanced(&client).enqueued, 10);
}

#[test]
fn deadline_ends_the_wait_and_the_client_goes_on() {
    let gate = Gate::new();
    let server = Server::scripted([Answer::held(&gate)]);
    let client = quiet(server.endpoint()).max_batch_size(2).max_in_flight(1).build().unwrap();
    track_many(&client, 3);
    gate.wait_until_reached(1);
    let by_future = smol::block_on(client.flush().within(Duration::from_millis(20)));
    let by_thread = client.flush_blocking(Duration::from_millis(20));
    for report in [by_future, by_thread] {
        assert_eq!(
            report.to_string(),
            "0 accepted, 0 rejected, 0 failed, 0 dropped, 3 pending (2 of these unconfirmed)"
        );
    }
    assert_eq!(balanced(&client).pending, 3);
    gate.open();
    assert!(client.flush_blocking(LIMIT).is_complete());
    assert_eq!(server.events().len(), 3);
    assert_eq!(balanced(&client).accepted, 3);
}

#[test]
fn hung_request_is_retried_after_the_deadline_of_a_flush() {
    let server = Server::scripted([Answer::hang()]);
    let client = quiet(server.endpoint()).request_timeout(Duration::from_millis(500)).build().unwrap();
    track(&client, "a");
    assert_eq!(client.flush_blocking(Duration::from_millis(1)).pending, 1);
    assert!(client.flush_blocking(LIMIT).is_complete());
    assert_eq!(message_ids(&server).iter().collect::<HashSet<_>>().len(), 1);
    let books = balanced(&client);
    assert_eq!((books.accepted, books.retries), (1, 1));
}

#[test]
fn flush_keeps_its_deadline_when_the_server_hangs() {
    let server = Server::answering(|_| Answer::hang());
    let client = quiet(server.endpoint()).shutdown_timeout(Duration::from_millis(1)).build().unwrap();
    track(&client, "a");
    let within = Duration::from_millis(500);
    let (by_future, report) = timed(|| smol::block_on(client.flush().within(within)));
    assert_eq!((report.pending, report.unconfirmed), (1, 1));
    let (by_thread, _) = timed(|| client.flush_blocking(within));
    for elapsed in [by_future, by_thread] {
        assert!(elapsed >= within && elapsed < within + Duration::from_secs(1), "{elapsed:?}");
    }
    assert_eq!(balanced(&client).pending, 1);
}

#[test]
fn flush_of_nothing_is_over_at_once() {
    let client = quiet(Server::unused_port()).build().unwrap();
    let ready = pin!(client.flush()).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(ready, Poll::Ready(report) if report.is_complete()));
    assert!(client.flush_blocking(Duration::ZERO).is_complete());
    assert!(client.flush_blocking(Duration::MAX).is_complete());
    assert_eq!(balanced(&client).requests, 0);
}

#[test]
fn dropping_the_future_does_not_take_the_events_back() {
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    track_all(&client, &["a", "b"]);
    drop(client.flush());
    server.wait_for_events(2);
    drop(client.track("c").user(1).send());
    server.wait_for_events(3);
    track(&client, "d");
    drop(client.shutdown());
    server.wait_for_events(4);
    assert!(client.shutdown_blocking(LIMIT).is_complete());
    assert_eq!(balanced(&client).accepted, 4);
}

#[test]
fn settled_future_that_is_polled_again_stays_pending() {
    let client = Client::disabled();
    let mut flush = pin!(client.flush());
    assert!(flush.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    assert!(flush.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    balanced(&client);
}

#[test]
fn endless_times_are_times_too() {
    let server = Server::scripted([Answer::status(503)]);
    let client = Client::builder("test-key")
        .endpoint(server.endpoint())
        .flush_interval(Duration::MAX)
        .connect_timeout(Duration::MAX)
        .request_timeout(Duration::MAX)
        .shutdown_timeout(Duration::MAX)
        .retry_initial_delay(Duration::from_millis(1))
        .build()
        .unwrap();
    track(&client, "a");
    assert_eq!(client.flush_blocking(Duration::MAX).accepted, 1);
    track(&client, "b");
    assert_eq!(smol::block_on(client.flush().within(Duration::MAX)).accepted, 1);
    assert_eq!(client.track("c").user(1).send_blocking(Duration::MAX).unwrap().accepted, 1);
    assert!(client.verify_blocking(Duration::MAX).is_ok());
    track(&client, "d");
    assert_eq!(smol::block_on(client.shutdown().within(Duration::MAX)).accepted, 1);
    assert!(client.shutdown_blocking(Duration::MAX).is_complete());
    assert_eq!(balanced(&client).accepted, 4);
}

#[test]
fn longest_initial_delay_is_cut_to_the_longest_backoff() {
    let server = Server::scripted([Answer::status(503)]);
    let client = quiet(server.endpoint()).retry_initial_delay(Duration::MAX).build().unwrap();
    track(&client, "a");
    // 8 to 16 s: too long for this shutdown, which therefore does not wait.
    assert_eq!(client.shutdown_blocking(Duration::from_secs(5)).dropped, 1);
    assert_eq!(server.requests().len(), 1);
    balanced(&client);
}
