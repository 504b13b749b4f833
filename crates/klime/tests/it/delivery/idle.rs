//! Idle connections: used again, and no event is lost with one.
//!
//! That none is used after 15 s cannot be seen here without waiting for as long; it is one setting of the HTTP crate. What
//! can be seen is why it does no harm if a connection has gone by then, and that one is used again before.

use super::setup::{LIMIT, builder, enqueue, names, numbered};
use crate::support::{Answer, Server, balanced};

#[test]
fn connection_is_used_again_after_any_answer() {
    let answers = [Answer::status(401).body("{}"), Answer::status(204), Answer::status(503), Answer::ok()];
    let server = Server::scripted(answers);
    let client = builder(server.endpoint()).build().unwrap();
    for name in numbered(5) {
        enqueue(&client, [name]);
        let _ = client.flush_blocking(LIMIT);
    }
    assert_eq!((server.requests().len(), server.connections()), (6, 1));
    assert_eq!(balanced(&client).failed, 1);
}

#[test]
fn announced_close_costs_no_retry() {
    let server = Server::scripted(vec![Answer::ok().close_after(); 5]);
    let client = builder(server.endpoint()).retry_max_attempts(1).build().unwrap();
    for name in numbered(5) {
        enqueue(&client, [name]);
        assert_eq!(client.flush_blocking(LIMIT).accepted, 1);
    }
    assert_eq!((server.requests().len(), server.connections()), (5, 5));
    assert_eq!(balanced(&client).retries, 0);
}

/// The server ends the connection after each answer and does not say so. Whether the client has seen that when it sends the
/// next batch is a matter of luck; the batch must arrive in any case.
#[test]
fn connection_closed_between_requests_costs_no_event() {
    let body = r#"{"status":"ok","accepted":1,"failed":0}"#;
    let closing = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let server = Server::scripted(vec![Answer::raw(closing); 30]);
    let client = builder(server.endpoint()).build().unwrap();
    for name in numbered(30) {
        enqueue(&client, [name]);
        assert_eq!(client.flush_blocking(LIMIT).accepted, 1);
    }
    assert_eq!(server.requests().iter().flat_map(names).collect::<Vec<_>>(), numbered(30));
    let stats = balanced(&client);
    assert_eq!((stats.accepted, stats.failed, stats.dropped.total()), (30, 0, 0));
}

#[test]
fn server_that_comes_back_gets_what_was_sent_while_it_was_away() {
    let server = Server::scripted([Answer::ok(), Answer::refuse_mid_request(), Answer::reset(), Answer::raw("")]);
    let client = builder(server.endpoint()).build().unwrap();
    for name in numbered(2) {
        enqueue(&client, [name]);
        assert_eq!(client.flush_blocking(LIMIT).accepted, 1);
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 5);
    assert_eq!(names(&requests[4]), names(&requests[2]));
    balanced(&client);
}
