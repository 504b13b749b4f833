//! The vectors themselves are checked: a misspelt key or a wrong sum must not pass for a test.

use std::collections::HashSet;

use serde_json::Value;

use super::vectors::{self, Case, FILES};

/// Keys that an object must have, and keys that it may have.
struct Keys(&'static [&'static str], &'static [&'static str]);

const CASE: Keys = Keys(&["name", "calls", "requests", "outcome"], &["about", "options", "answers"]);
const REPEAT: Keys = Keys(&["repeat", "of"], &["from"]);
const OPTIONS: Keys = Keys(
    &[],
    &[
        "endpoint",
        "flush_interval",
        "max_batch_size",
        "max_queue_size",
        "max_queue_bytes",
        "overflow",
        "retry_max_attempts",
        "retry_initial_delay",
        "max_in_flight",
        "connect_timeout",
        "request_timeout",
        "shutdown_timeout",
        "flush_on_shutdown",
    ],
);
const TRACK: Keys =
    Keys(&["call", "event"], &["user_id", "group_id", "properties", "timestamp", "message_id", "ip", "fill_event_to"]);
const IDENTIFY: Keys = Keys(&["call", "user_id"], &["traits", "timestamp", "message_id", "ip"]);
const GROUP: Keys = Keys(&["call", "group_id"], &["user_id", "traits", "timestamp", "message_id", "ip"]);
const BARRIER: Keys = Keys(&["call"], &[]);
const ANSWER: Keys = Keys(&["status"], &["headers", "body", "text"]);
const FAULT: Keys = Keys(&["fault"], &[]);
const REQUEST: Keys = Keys(&[], &["events", "named", "path", "headers", "body_bytes", "min_delay", "complete"]);
const EVENT: Keys =
    Keys(&["type", "messageId", "timestamp", "context"], &["event", "userId", "groupId", "properties", "traits"]);
const OUTCOME: Keys = Keys(&[], &["enqueued", "accepted", "rejected", "failed", "dropped", "on_success", "on_error"]);
const DROPPED: Keys = Keys(
    &[],
    &["queue_full", "too_large", "invalid", "before_send", "closed", "shutdown_deadline", "disabled", "worker_died"],
);
const ON_ERROR: Keys = Keys(&["kind"], &["status", "attempts", "events"]);

impl Keys {
    fn check(&self, object: &Value, place: &str) {
        let object = object.as_object().unwrap_or_else(|| panic!("{place} is no object: {object}"));
        for key in self.0 {
            assert!(object.contains_key(*key), "{place} has no {key}");
        }
        for key in object.keys() {
            assert!([self.0, self.1].concat().contains(&key.as_str()), "{place} has an unknown key {key}");
        }
    }
}

#[test]
fn vectors_have_known_keys_only() {
    for file in FILES {
        for case in vectors::read(file) {
            CASE.check(&case, file);
            for list in ["calls", "answers", "requests"] {
                check_repeats(&case[list], file);
            }
        }
        for case in vectors::load(file) {
            check_case(&case, &format!("{file}, {}", case.name));
        }
    }
}

#[test]
fn names_of_cases_are_unique_and_in_snake_case() {
    let mut names = HashSet::new();
    for name in FILES.iter().flat_map(|file| vectors::load(file)).map(|case| case.name) {
        let is_snake_case = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        assert!(is_snake_case, "{name}");
        assert!(names.insert(name.clone()), "{name} is there twice");
    }
}

#[test]
fn vectors_keep_the_identity_of_the_books() {
    for case in FILES.iter().flat_map(|file| vectors::load(file)) {
        let count = |key: &str| case.outcome[key].as_u64().unwrap_or(0);
        let dropped: u64 =
            case.outcome["dropped"].as_object().into_iter().flatten().map(|(_, n)| n.as_u64().unwrap()).sum();
        let settled = count("accepted") + count("rejected") + count("failed") + dropped;
        assert_eq!(count("enqueued"), settled, "{}", case.name);
        let calls = case.calls.iter().filter(|call| !is_barrier(call)).count();
        assert_eq!(count("enqueued"), calls as u64, "{}", case.name);
        assert!(case.answers.len() <= case.requests.len(), "{}: an answer to no request", case.name);
    }
}

fn check_repeats(entries: &Value, place: &str) {
    for entry in entries.as_array().into_iter().flatten().filter(|entry| entry.get("repeat").is_some()) {
        REPEAT.check(entry, place);
        assert!(entry["repeat"].is_u64() && entry["of"].get("repeat").is_none(), "{place}: {entry}");
    }
}

fn check_case(case: &Case, place: &str) {
    OPTIONS.check(&case.options.clone().into(), place);
    for call in &case.calls {
        let keys = match call["call"].as_str() {
            Some("track") => TRACK,
            Some("identify") => IDENTIFY,
            Some("group") => GROUP,
            Some("flush" | "shutdown") => BARRIER,
            _ => panic!("{place}: unknown call {call}"),
        };
        keys.check(call, place);
    }
    for answer in &case.answers {
        match answer.get("fault") {
            None => ANSWER.check(answer, place),
            Some(fault) => {
                FAULT.check(answer, place);
                assert!(["hang", "reset", "refuse"].iter().any(|known| fault == known), "{place}: {fault}");
            }
        }
    }
    for request in &case.requests {
        REQUEST.check(request, place);
        for event in request["events"].as_array().into_iter().flatten() {
            EVENT.check(event, place);
        }
    }
    check_outcome(&case.outcome, place);
}

fn check_outcome(outcome: &Value, place: &str) {
    OUTCOME.check(outcome, place);
    if let Some(dropped) = outcome.get("dropped") {
        DROPPED.check(dropped, place);
    }
    for error in outcome["on_error"].as_array().into_iter().flatten() {
        ON_ERROR.check(error, place);
        let kinds = ["rejected", "status", "no_answer"];
        assert!(kinds.iter().any(|kind| error["kind"] == *kind), "{place}: {error}");
    }
}

fn is_barrier(call: &Value) -> bool {
    call["call"] == "flush" || call["call"] == "shutdown"
}
