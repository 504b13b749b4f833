//! Shutdown keeps its deadline, and says what is left.

use std::thread;
use std::time::Duration;

use klime::{Client, DropReason, SendErrorKind};

use super::{GRACE, LIMIT, names, quiet, timed, track, track_all, track_many};
use crate::support::{Answer, Gate, Server, balanced};

const SECOND: Duration = Duration::from_secs(1);

/// A client with two events that the server does not answer, and three behind them.
fn hung() -> (Server, Client) {
    let server = Server::answering(|_| Answer::hang());
    let client = quiet(server.endpoint()).max_batch_size(2).max_in_flight(1).build().unwrap();
    track_many(&client, 5);
    server.wait_for_requests(1);
    (server, client)
}

#[test]
fn shutdown_keeps_its_deadline_when_the_server_hangs() {
    let (_server, client) = hung();
    let (elapsed, report) = timed(|| client.shutdown_blocking(SECOND));
    assert!(elapsed < SECOND + GRACE, "{elapsed:?}");
    assert_eq!(report.to_string(), "0 accepted, 0 rejected, 0 failed, 5 dropped, 0 pending (2 of these unconfirmed)");
    assert_eq!(balanced(&client).dropped.shutdown_deadline, 5);
}

#[test]
fn shutdown_future_keeps_its_deadline_when_the_server_hangs() {
    let (_server, client) = hung();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (elapsed, report) = timed(|| runtime.block_on(client.shutdown().within(SECOND)));
    assert!(elapsed < SECOND + GRACE, "{elapsed:?}");
    assert_eq!((report.dropped, report.unconfirmed), (5, 2));
    balanced(&client);
}

#[test]
fn shutdown_whose_future_is_dropped_keeps_its_deadline() {
    let server = Server::answering(|_| Answer::hang());
    let client = quiet(server.endpoint()).shutdown_timeout(Duration::from_millis(100)).build().unwrap();
    track_many(&client, 5);
    // A barrier over the same events: it ends when the shutdown gives them up.
    let flush = client.flush();
    drop(client.shutdown());
    assert_eq!(smol::block_on(flush).dropped, 5);
    assert_eq!(balanced(&client).dropped.shutdown_deadline, 5);
}

#[test]
fn shutdown_without_time_drops_what_is_left() {
    let (_server, client) = hung();
    let report = client.shutdown_blocking(Duration::ZERO);
    assert_eq!((report.dropped, report.unconfirmed), (5, 2));
    balanced(&client);
}

#[test]
fn late_answer_to_a_given_up_batch_is_ignored() {
    let gate = Gate::new();
    let server = Server::scripted([Answer::held(&gate)]);
    let client = quiet(server.endpoint()).max_batch_size(1).build().unwrap();
    track(&client, "a");
    gate.wait_until_reached(1);
    assert_eq!(client.shutdown_blocking(Duration::ZERO).unconfirmed, 1);
    let before = balanced(&client);
    gate.open();
    // Its end shows that the worker is through with the answer.
    drop(server);
    assert_eq!(balanced(&client), before);
}

#[test]
fn shutdown_does_not_wait_for_a_retry_after_beyond_its_deadline() {
    let server = Server::answering(|_| Answer::status(429).header("Retry-After", 100));
    let client = quiet(server.endpoint()).build().unwrap();
    track_all(&client, &["a", "b"]);
    let (elapsed, report) = timed(|| client.shutdown_blocking(Duration::from_secs(60)));
    assert!(elapsed < LIMIT, "{elapsed:?}");
    assert_eq!((report.dropped, report.unconfirmed), (2, 0));
    assert_eq!(server.requests().len(), 1);
    balanced(&client);
}

#[test]
fn shutdown_does_not_wait_for_a_backoff_beyond_its_deadline() {
    let server = Server::answering(|_| Answer::status(503));
    let client = quiet(server.endpoint()).retry_initial_delay(Duration::from_secs(3600)).build().unwrap();
    track_all(&client, &["a", "b"]);
    let deadline = Duration::from_secs(7);
    let (elapsed, report) = timed(|| client.shutdown_blocking(deadline));
    assert!(elapsed < deadline, "{elapsed:?}");
    assert_eq!((report.dropped, report.unconfirmed), (2, 0));
    balanced(&client);
}

#[test]
fn shutdown_waits_for_a_retry_after_before_its_deadline() {
    let server = Server::scripted([Answer::status(429).header("Retry-After", 1)]);
    let client = quiet(server.endpoint()).build().unwrap();
    track(&client, "a");
    assert_eq!(client.shutdown_blocking(LIMIT).accepted, 1);
    assert_eq!(balanced(&client).retries, 1);
}

#[test]
fn within_gives_a_shutdown_more_time_than_the_setting() {
    let server = Server::scripted([Answer::status(429).header("Retry-After", 1)]);
    for timeout in [Duration::ZERO, Duration::from_millis(200)] {
        let client = quiet(server.endpoint()).shutdown_timeout(timeout).build().unwrap();
        track(&client, "a");
        let report = smol::block_on(client.shutdown().within(LIMIT));
        assert_eq!(report.accepted, 1, "{timeout:?}: {report}");
        balanced(&client);
    }
    let report = {
        let client = quiet(Server::unused_port()).retry_initial_delay(LIMIT).build().unwrap();
        track(&client, "a");
        smol::block_on(client.shutdown())
    };
    assert_eq!(report.dropped, 1);
}

#[test]
fn shutdown_drains_what_is_queued() {
    let server = Server::start();
    let client = quiet(server.endpoint()).max_batch_size(2).max_in_flight(1).build().unwrap();
    track_all(&client, &["a", "b", "c", "d", "e"]);
    assert!(client.shutdown_blocking(LIMIT).is_complete());
    assert_eq!(names(&server), ["a", "b", "c", "d", "e"]);
    assert_eq!(balanced(&client).accepted, 5);
}

#[test]
fn shutdown_again_has_the_same_result() {
    let server = Server::scripted([Answer::status(400)]);
    let client = quiet(server.endpoint()).build().unwrap();
    track_all(&client, &["a", "b", "c"]);
    let report = client.shutdown_blocking(LIMIT);
    assert_eq!(client.shutdown_blocking(Duration::ZERO), report);
    assert_eq!(smol::block_on(client.shutdown()), report);
    assert_eq!((report.failed, balanced(&client).failed), (3, 3));
}

#[test]
fn concurrent_shutdowns_all_end_and_agree() {
    let gate = Gate::new();
    let server = Server::scripted([Answer::held(&gate)]);
    let client = quiet(server.endpoint()).max_batch_size(2).max_in_flight(1).build().unwrap();
    track_many(&client, 5);
    gate.wait_until_reached(1);
    let futures: Vec<_> = (0..4).map(|_| client.shutdown()).collect();
    let reports = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| client.shutdown_blocking(LIMIT))).collect();
        gate.open();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(reports.iter().all(klime::Report::is_complete), "{reports:?}");
    assert!(futures.into_iter().all(|future| smol::block_on(future).accepted == 5));
    assert_eq!(balanced(&client).accepted, 5);
}

#[test]
fn patient_shutdown_is_not_cut_short_by_an_impatient_one() {
    let gate = Gate::new();
    let server = Server::scripted([Answer::held(&gate)]);
    let client = quiet(server.endpoint()).max_batch_size(1).build().unwrap();
    track(&client, "a");
    gate.wait_until_reached(1);
    let patient = client.shutdown().within(LIMIT);
    let impatient = client.shutdown_blocking(Duration::from_millis(10));
    assert_eq!((impatient.accepted, impatient.unconfirmed), (0, 1));
    gate.open();
    assert_eq!(smol::block_on(patient).accepted, 1);
    balanced(&client);
}

#[test]
fn nothing_is_taken_after_a_shutdown() {
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    assert!(client.shutdown_blocking(LIMIT).is_complete());
    track(&client, "a");
    let error = client.track("b").user(1).try_enqueue().unwrap_err();
    assert_eq!((error.kind(), error.to_string()), (DropReason::Closed, "client is shutdown".to_owned()));
    let sent = client.track("c").user(1).send_blocking(LIMIT).unwrap_err();
    let awaited = smol::block_on(client.track("d").user(1).send()).unwrap_err();
    let verified = client.verify_blocking(LIMIT).unwrap_err();
    for error in [sent, awaited, verified] {
        assert_eq!((error.kind(), error.to_string()), (SendErrorKind::Closed, "client is shutdown".to_owned()));
        assert_eq!((error.attempts(), error.status_code()), (0, None));
    }
    assert!(client.flush_blocking(LIMIT).is_complete());
    assert_eq!(balanced(&client).dropped.closed, 4);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn send_that_is_given_up_says_so() {
    let server = Server::answering(|_| Answer::hang());
    let client = quiet(server.endpoint()).build().unwrap();
    let sending = client.track("a").user(1).send();
    server.wait_for_requests(1);
    assert_eq!(client.shutdown_blocking(Duration::ZERO).unconfirmed, 1);
    let error = smol::block_on(sending).unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Dropped(DropReason::ShutdownDeadline));
    assert_eq!(error.events()[0].name(), Some("a"));
    balanced(&client);
}

#[test]
fn shutdown_without_flush_sends_nothing_more() {
    let gate = Gate::new();
    let server = Server::scripted([Answer::held(&gate)]);
    let builder = quiet(server.endpoint()).flush_on_shutdown(false).max_batch_size(2).max_in_flight(1);
    let client = builder.build().unwrap();
    track_all(&client, &["a", "b", "c", "d", "e"]);
    gate.wait_until_reached(1);
    let shutdown = client.shutdown();
    assert_eq!(balanced(&client).dropped.shutdown_deadline, 3);
    gate.open();
    // What was in flight has its answer.
    let report = smol::block_on(shutdown);
    assert_eq!((report.accepted, report.dropped, report.unconfirmed), (2, 3, 0));
    assert_eq!(names(&server), ["a", "b"]);
    balanced(&client);
}

#[test]
fn shutdown_without_flush_tries_nothing_again() {
    let server = Server::answering(|_| Answer::status(503));
    let client = quiet(server.endpoint()).flush_on_shutdown(false).max_batch_size(1);
    let client = client.retry_max_attempts(1000).build().unwrap();
    track(&client, "a");
    server.wait_for_requests(1);
    let report = client.shutdown_blocking(LIMIT);
    assert_eq!(report.dropped, 1);
    // Retried, if at all, before the shutdown.
    assert_eq!(server.requests().len() as u64, balanced(&client).requests);
}
