//! The examples that do one thing and end.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::program::{Program, WRITE_KEY};
use crate::support::{Answer, Server};

/// The events without what is different in each run.
fn without_stamps(events: Vec<Value>) -> Vec<Value> {
    let strip = |mut event: Value| {
        for stamp in ["messageId", "timestamp", "context"] {
            assert!(event.as_object_mut().unwrap().remove(stamp).is_some(), "no {stamp} in {event}");
        }
        event
    };
    events.into_iter().map(strip).collect()
}

fn complete(accepted: usize) -> String {
    format!("{accepted} accepted, 0 rejected, 0 failed, 0 dropped, 0 pending")
}

#[test]
fn quickstart_sends_its_three_events() {
    let server = Server::start();
    let ended = Program::run("quickstart", &server);
    assert!(ended.success);
    assert_eq!(ended.lines, [complete(3)]);
    let expected = [
        json!({ "type": "identify", "userId": "user_123", "traits": { "email": "user@example.com", "name": "Stefan" } }),
        json!({
            "type": "track", "event": "Button Clicked", "userId": "user_123",
            "properties": { "button_name": "Sign up", "plan": "pro" },
        }),
        json!({
            "type": "group", "groupId": "org_456", "userId": "user_123",
            "traits": { "name": "Acme Inc", "plan": "enterprise" },
        }),
    ];
    assert_eq!(without_stamps(server.events()), expected);
    let requests = server.requests();
    assert_eq!(requests[0].header("Authorization"), Some(format!("Bearer {WRITE_KEY}").as_str()));
}

#[test]
fn events_of_all_threads_arrive() {
    let server = Server::start();
    let ended = Program::run("plain_threads", &server);
    assert!(ended.success);
    let events = server.events();
    let seen: HashSet<String> =
        events.iter().map(|event| format!("{} {}", event["userId"], event["properties"])).collect();
    assert_eq!((events.len(), seen.len()), (100, 100));
}

#[test]
fn lambda_answers_after_its_event_has_arrived() {
    let server = Server::start();
    let mut lambda = Program::start("lambda", &[], &server);
    for order in 1..=3 {
        lambda.write_line(&format!("user_123 order_{order}"));
        assert_eq!(lambda.line(), format!("placed: order_{order}"));
        let events = server.events();
        assert_eq!(events.len(), order);
        assert_eq!(events[order - 1]["properties"]["order"], format!("order_{order}"));
    }
    let ended = lambda.end();
    assert!(ended.success);
    assert_eq!(ended.lines, [complete(0)]);
}

#[test]
fn lambda_answers_in_time_when_klime_does_not() {
    let server = Server::scripted([Answer::hang()]);
    let mut lambda = Program::start("lambda", &[], &server);
    lambda.write_line("user_123 order_1");
    assert!(lambda.line().contains("1 pending (1 of these unconfirmed)"));
    assert_eq!(lambda.line(), "placed: order_1");
}

#[cfg(feature = "testing")]
#[test]
fn testing_instrumentation_runs_without_a_network() {
    let server = Server::start();
    let ended = Program::run("testing_instrumentation", &server);
    assert!(ended.success);
    assert_eq!(ended.lines.len(), 2);
    assert_eq!(server.connections(), 0);
}
