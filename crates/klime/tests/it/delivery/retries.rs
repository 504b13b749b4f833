//! Retries: the same events, later, and never too early.

use std::time::{Duration, SystemTime};

use klime::{Client, SendErrorKind};

use super::setup::{LIMIT, accepted, builder, enqueue, message_ids, names, numbered};
use super::told::{Told, chain};
use crate::support::{Answer, Server, balanced};

#[test]
fn each_try_has_the_same_bytes() {
    let server = Server::scripted([Answer::status(503), Answer::reset(), Answer::status(429), Answer::status(500)]);
    let client = builder(server.endpoint()).build().unwrap();
    client.identify("user_1").trait_value("plan", "pro").enqueue();
    enqueue(&client, numbered(3));
    assert_eq!(client.flush_blocking(LIMIT).accepted, 4);
    let requests = server.requests();
    assert_eq!(requests.len(), 5);
    assert!(requests.iter().all(|request| request.body == requests[0].body));
    let mut ids = message_ids(&requests[0]);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4, "each event has an id of its own");
    let stats = balanced(&client);
    assert_eq!((stats.requests, stats.retries), (5, 4));
}

#[test]
fn backoff_doubles_and_is_cut_by_half_at_most() {
    let server = Server::scripted(vec![Answer::status(503); 4]);
    let initial = Duration::from_millis(40);
    let client = builder(server.endpoint()).retry_initial_delay(initial).build().unwrap();
    enqueue(&client, ["Report Generated"]);
    assert_eq!(client.flush_blocking(LIMIT).accepted, 1);
    let requests = server.requests();
    assert_eq!(requests.len(), 5);
    for (retry, pair) in requests.windows(2).enumerate() {
        let (waited, least) = (pair[1].at - pair[0].at, initial * (1 << retry) / 2);
        assert!(waited >= least, "retry {retry} came after {waited:?}, not {least:?}");
    }
    balanced(&client);
}

/// Has one event answered 429, and checks that nothing at all arrives before `wait` is over, on any connection.
#[track_caller]
fn check_gate(retry_after: &str, wait: Duration) {
    let server = Server::scripted([Answer::status(429).header("Retry-After", retry_after)]);
    let client = builder(server.endpoint()).retry_max_attempts(1).max_batch_size(1).build().unwrap();
    // The error is there once the answer is settled, so from here on the client knows of the wait.
    let error = client.track("First").user("user_1").send_blocking(LIMIT).unwrap_err();
    assert_eq!((error.kind(), error.status_code()), (SendErrorKind::Status, Some(429)));
    enqueue(&client, numbered(5));
    let urgent = client.track("Urgent").user("user_1").send();
    assert_eq!(accepted(&client), 6);
    drop(urgent);
    let requests = server.requests();
    assert_eq!(requests.len(), 7);
    for request in &requests[1..] {
        let waited = request.at - requests[0].at;
        assert!(waited >= wait, "{:?} came after {waited:?}, not {wait:?}", names(request));
    }
    balanced(&client);
}

#[test]
fn retry_after_in_seconds_holds_back_the_whole_client() {
    check_gate("1", Duration::from_secs(1));
}

#[test]
fn retry_after_as_a_date_holds_back_the_whole_client() {
    // Dates are whole seconds, so this one is between one and two seconds away when it is made; a slow machine may
    // bring it nearer, and the wait is measured from the date itself.
    let made = now();
    let date = made + Duration::from_secs(2);
    let server = Server::scripted([Answer::status(503).header("Retry-After", httpdate::fmt_http_date(date))]);
    let client = builder(server.endpoint()).build().unwrap();
    enqueue(&client, ["Report Generated"]);
    assert_eq!(client.flush_blocking(LIMIT).accepted, 1);
    assert!(now() >= httpdate::parse_http_date(&httpdate::fmt_http_date(date)).unwrap(), "before the date");
    assert_eq!(server.requests().len(), 2);
    balanced(&client);
}

#[expect(clippy::disallowed_methods, reason = "an HTTP date in the future needs the time")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[test]
fn retry_after_that_makes_no_sense_leaves_the_backoff() {
    for value in ["soon", "", "-1", "1.5", "Sun, 06 Nov", "NaN"] {
        let server = Server::scripted([Answer::status(429).header("Retry-After", value)]);
        let client = builder(server.endpoint()).retry_initial_delay(Duration::from_millis(20)).build().unwrap();
        enqueue(&client, ["Report Generated"]);
        assert_eq!(client.flush_blocking(LIMIT).accepted, 1, "{value:?}");
        let requests = server.requests();
        assert!(requests[1].at - requests[0].at >= Duration::from_millis(10), "{value:?}");
        balanced(&client);
    }
}

#[test]
fn day_of_retry_after_does_not_hold_up_a_shutdown() {
    let server = Server::scripted([Answer::status(429).header("Retry-After", 86_400)]);
    let told = Told::default();
    let client = told.listen(builder(server.endpoint()).retry_max_attempts(1)).build().unwrap();
    let _ = client.track("First").user("user_1").send_blocking(LIMIT).unwrap_err();
    enqueue(&client, ["Second", "Third"]);
    // Nothing can be sent before the deadline, so it is not waited for; if it were, this test would last for minutes.
    let report = client.shutdown_blocking(Duration::from_secs(250));
    assert_eq!((report.dropped, report.unconfirmed), (2, 0));
    assert_eq!(told.calls().drops.iter().map(|(_, names)| names.len()).sum::<usize>(), 2);
    assert_eq!(server.requests().len(), 1);
    balanced(&client);
}

#[test]
fn send_has_the_same_retries() {
    let server = Server::scripted([Answer::status(503), Answer::reset()]);
    let client = builder(server.endpoint()).build().unwrap();
    let answer = client.track("Invoice Paid").group("org_456").send_blocking(LIMIT).unwrap();
    assert_eq!(answer.accepted, 1);
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.body == requests[0].body));
    balanced(&client);
}

#[test]
fn send_fails_when_its_attempts_are_spent_and_says_all_about_it() {
    let server = Server::scripted(vec![Answer::status(503).body(r#"{"error":"too busy"}"#); 2]);
    let client = builder(server.endpoint()).retry_max_attempts(2).build().unwrap();
    let error = client.track("Invoice Paid").group("org_456").send_blocking(LIMIT).unwrap_err();
    assert_eq!((error.kind(), error.status_code(), error.attempts()), (SendErrorKind::Status, Some(503), 2));
    assert_eq!(chain(&error), ["Klime answered 503 (too busy) after 2 attempts"]);
    let [event] = error.events() else { panic!("{error:?}") };
    assert_eq!(event.message_id(), message_ids(&server.requests()[0])[0]);
    balanced(&client);
}

#[test]
fn key_check_obeys_the_same_rules() {
    let server = Server::scripted([Answer::status(503), Answer::ok(), Answer::status(401)]);
    let client: Client = builder(server.endpoint()).build().unwrap();
    assert!(client.verify_blocking(LIMIT).is_ok());
    let error = client.verify_blocking(LIMIT).unwrap_err();
    assert_eq!((error.status_code(), error.attempts()), (Some(401), 1));
    assert!(server.requests().iter().all(|request| request.body == br#"{"batch":[]}"#));
    assert_eq!(balanced(&client).enqueued, 0);
}
