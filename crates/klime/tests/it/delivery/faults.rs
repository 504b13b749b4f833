//! Whatever happens to a request, it is tried as often as it should be, and everybody is told the same.

use std::time::Duration;

use klime::{Client, SendErrorKind};
use serde_json::json;

use super::setup::{LIMIT, builder, enqueue, message_ids, names};
use super::told::{Calls, Told};
use crate::support::{Answer, Server, balanced};

/// How often each batch is tried here.
const TRIES: usize = 3;
/// The events of the one batch.
const NAMES: [&str; 2] = ["Report Generated", "Invoice Paid"];

/// What becomes of the batch.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    Accepted,
    /// So many of its events are refused in a 2xx.
    Rejected(u64),
    Failed(SendErrorKind, Option<u16>),
}

const NO_ANSWER: End = End::Failed(SendErrorKind::Network, None);

/// Sends a batch of two to a server that answers so, and checks that `requests` requests and `end` are what becomes of it.
#[track_caller]
pub(super) fn check(case: &str, answers: impl IntoIterator<Item = Answer>, requests: usize, end: End) {
    check_within(LIMIT, case, answers, requests, end);
}

#[track_caller]
fn check_within(
    request_timeout: Duration,
    case: &str,
    answers: impl IntoIterator<Item = Answer>,
    requests: usize,
    end: End,
) {
    let server = Server::scripted(answers);
    let told = Told::default();
    let settings = builder(server.endpoint()).request_timeout(request_timeout);
    let settings = settings.retry_max_attempts(u32::try_from(TRIES).unwrap());
    let client = told.listen(settings).build().unwrap();
    enqueue(&client, NAMES);
    let report = client.flush_blocking(LIMIT);
    let counts = [report.accepted, report.rejected, report.failed, report.dropped, report.pending];
    assert_eq!(counts, end.counts(), "{case}: the report");
    let _ = client.shutdown_blocking(LIMIT);
    check_stats(case, &client, requests, end);
    check_requests(case, &server, requests);
    check_calls(case, &told.calls(), requests, end, &server);
}

#[track_caller]
fn check_stats(case: &str, client: &Client, requests: usize, end: End) {
    let stats = balanced(client);
    let counts = [stats.accepted, stats.rejected, stats.failed, stats.dropped.total(), stats.pending];
    assert_eq!(counts, end.counts(), "{case}: the books");
    assert_eq!((stats.requests, stats.retries), (requests as u64, requests as u64 - 1), "{case}: requests, retries");
}

/// The batch arrives whole and the same each time, unless the server hung up before it was through.
#[track_caller]
fn check_requests(case: &str, server: &Server, requests: usize) {
    // One that the client gave up may not have been read yet.
    server.wait_for_requests(requests);
    let received = server.requests();
    assert_eq!(received.len(), requests, "{case}: requests");
    let complete: Vec<_> = received.iter().filter(|request| request.complete).collect();
    for request in &complete {
        assert_eq!(names(request), NAMES, "{case}: the batch");
        assert_eq!(message_ids(request), message_ids(complete[0]), "{case}: the message ids");
    }
}

#[track_caller]
fn check_calls(case: &str, calls: &Calls, requests: usize, end: End, server: &Server) {
    assert!(calls.drops.is_empty(), "{case}: {calls:?}");
    let (successes, error) = match end {
        End::Accepted => (1, None),
        End::Rejected(_) => (1, Some((SendErrorKind::Rejected, Some(200)))),
        End::Failed(kind, status) => (0, Some((kind, status))),
    };
    assert_eq!(calls.successes.len(), successes, "{case}: {calls:?}");
    assert_eq!(calls.errors.len(), usize::from(error.is_some()), "{case}: {calls:?}");
    let (Some((kind, status)), [told]) = (error, calls.errors.as_slice()) else {
        return;
    };
    assert_eq!((told.kind, told.status, told.attempts as usize), (kind, status, requests), "{case}: {told:?}");
    if let End::Failed(..) = end {
        assert_eq!(told.names, NAMES, "{case}: {told:?}");
        let received = server.requests();
        let complete = received.iter().find(|request| request.complete);
        assert!(complete.is_none_or(|request| message_ids(request) == told.message_ids), "{case}: {told:?}");
    }
    assert!(kind != SendErrorKind::Network || told.chain.len() > 1, "{case}: no source, {told:?}");
}

impl End {
    /// Accepted, rejected, failed, dropped and pending.
    fn counts(self) -> [u64; 5] {
        let events = NAMES.len() as u64;
        match self {
            Self::Accepted => [events, 0, 0, 0, 0],
            Self::Rejected(rejected) => [events - rejected, rejected, 0, 0, 0],
            Self::Failed(..) => [0, 0, events, 0, 0],
        }
    }
}

#[test]
fn refused_connection_is_no_answer() {
    let told = Told::default();
    let client = told.listen(builder(Server::unused_port()).retry_max_attempts(2)).build().unwrap();
    enqueue(&client, NAMES);
    assert_eq!(client.flush_blocking(LIMIT).failed, 2);
    let _ = client.shutdown_blocking(LIMIT);
    check_stats("refused", &client, 2, NO_ANSWER);
    let calls = told.calls();
    let [error] = calls.errors.as_slice() else { panic!("{calls:?}") };
    assert_eq!((error.kind, error.status, error.attempts), (SendErrorKind::Network, None, 2));
    assert_eq!(error.names, NAMES);
    let why = error.chain.last().unwrap();
    let text = format!("network error, no answer from Klime after 2 attempts: {why}");
    assert_eq!(error.chain, [text.as_str(), "the connection failed", why]);
    assert!(why.to_lowercase().contains("refused"), "{why}");
}

#[test]
fn broken_connection_is_tried_again() {
    check("reset once", [Answer::reset()], 2, End::Accepted);
    check("closed mid-request once", [Answer::refuse_mid_request()], 2, End::Accepted);
    check("closed without an answer", [Answer::raw("")], 2, End::Accepted);
    check("reset each time", vec![Answer::reset(); TRIES], TRIES, NO_ANSWER);
    check("closed mid-request each time", vec![Answer::refuse_mid_request(); TRIES], TRIES, NO_ANSWER);
    check("reset, closed, reset", [Answer::reset(), Answer::raw(""), Answer::reset()], TRIES, NO_ANSWER);
}

#[test]
fn answer_that_is_no_http_is_no_answer() {
    for bytes in ["SSH-2.0-OpenSSH_9.6\r\n\r\n", "\r\n\r\n", "HTTP/1.1 two hundred OK\r\n\r\n", "HTTP/1.1 200 OK"] {
        check(bytes, [Answer::raw(bytes)], 2, End::Accepted);
    }
    let endless_head = format!("HTTP/1.1 200 OK\r\nX-Fill: {}", "x".repeat(1 << 20));
    check("a head of a megabyte", [Answer::raw(endless_head)], 2, End::Accepted);
}

#[test]
fn taken_batch_is_never_sent_again_however_its_answer_ends() {
    check("a body cut in two", [Answer::reset_mid_body()], 1, End::Accepted);
    check("no body at all", [Answer::raw("HTTP/1.1 202 Accepted\r\nContent-Length: 50\r\n\r\n")], 1, End::Accepted);
    check("a broken chunk", [Answer::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz")], 1, End::Accepted);
    check("HTTP/1.0 until the end", [Answer::raw("HTTP/1.0 200 OK\r\n\r\n{\"accepted\":2}")], 1, End::Accepted);
    check("more than announced", [Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}{}")], 1, End::Accepted);
}

#[test]
fn status_counts_when_an_error_answer_breaks_off() {
    let cut = |status| Answer::raw(format!("HTTP/1.1 {status} Cut\r\nContent-Length: 50\r\n\r\n{{\"error\":"));
    check("503 cut once", [cut(503)], 2, End::Accepted);
    check("503 cut each time", [cut(503), cut(503), cut(503)], TRIES, End::Failed(SendErrorKind::Status, Some(503)));
    check("400 cut", [cut(400)], 1, End::Failed(SendErrorKind::Status, Some(400)));
}

#[test]
fn hanging_server_is_left_at_the_request_timeout() {
    let timeout = Duration::from_millis(500);
    check_within(timeout, "hangs each time", vec![Answer::hang(); TRIES], TRIES, NO_ANSWER);
}

#[test]
fn trickled_head_is_left_at_the_request_timeout() {
    let (timeout, delay) = (Duration::from_millis(500), Duration::from_millis(100));
    check_within(timeout, "a slow head", vec![Answer::trickle(delay); TRIES], TRIES, NO_ANSWER);
}

#[test]
fn trickled_body_of_a_2xx_ends_at_the_request_timeout_and_was_accepted() {
    let answer = Answer::trickle_endless(Duration::from_micros(100));
    check_within(Duration::from_secs(1), "an endless body", [answer], 1, End::Accepted);
}

#[test]
fn slow_answer_within_the_time_is_an_answer() {
    check("byte by byte", [Answer::trickle(Duration::from_micros(100))], 1, End::Accepted);
}

#[test]
fn huge_body_is_not_read_to_its_end() {
    // A terabyte: neither time nor memory would do, and the time-out is longer than the test's limit.
    let timeout = Duration::from_secs(3600);
    check_within(timeout, "a terabyte", [Answer::huge_body(1 << 40)], 1, End::Accepted);
    check_within(timeout, "just over what is read", [Answer::huge_body((1 << 20) + 1)], 1, End::Accepted);
}

#[test]
fn interim_answer_is_not_the_answer() {
    for status in [100, 102, 103] {
        check(&format!("{status} before 200"), [Answer::interim_then_ok(status)], 1, End::Accepted);
    }
}

#[test]
fn body_that_cannot_be_read_changes_nothing() {
    for body in ["", "ok", "<html>", "[]", "null", "7", "{", "{\"accepted\":\"two\"}", "\u{feff}{}", "{\"errors\":{}}"]
    {
        check(body, [Answer::ok().body(body)], 1, End::Accepted);
    }
    check("no UTF-8", [Answer::ok().body([0xff, 0xfe, 0x00])], 1, End::Accepted);
    check("said to be gzip", [Answer::ok().header("Content-Encoding", "gzip").body("{}")], 1, End::Accepted);
}

#[test]
fn lying_answer_never_unbalances_the_books() {
    let error = |index: i64| json!({ "index": index, "message": "odd", "code": "odd" });
    let cases = [
        (json!({ "accepted": 1_000_000, "failed": 0 }), End::Accepted),
        (json!({ "accepted": 0, "failed": 0 }), End::Accepted),
        (json!({ "accepted": 2, "failed": 0, "errors": [error(7), error(-1)] }), End::Accepted),
        (json!({ "accepted": 2, "failed": 0, "errors": [error(1), error(1)] }), End::Rejected(1)),
        (json!({ "accepted": 2, "failed": u64::MAX, "errors": [] }), End::Rejected(2)),
        (json!({ "accepted": 0, "failed": 1, "errors": [error(0), error(1), error(2)] }), End::Rejected(2)),
        (json!({ "accepted": 0, "failed": 1 }), End::Rejected(1)),
    ];
    for (body, end) in cases {
        check(&body.to_string(), [Answer::ok().json(&body)], 1, end);
    }
}

#[test]
fn refusal_keeps_the_status_of_its_answer() {
    let server = Server::scripted([Answer::status(207).json(&json!({ "accepted": 0, "failed": 1 }))]);
    let client = builder(server.endpoint()).build().unwrap();
    let error = client.track("Invoice Paid").group("org_456").send_blocking(LIMIT).unwrap_err();
    assert_eq!((error.kind(), error.status_code()), (SendErrorKind::Rejected, Some(207)));
    assert_eq!(balanced(&client).rejected, 1);
}
