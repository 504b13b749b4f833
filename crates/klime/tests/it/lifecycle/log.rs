//! Losses become log lines, the last of them before the client's end is over. Each test is a process of its own, because the
//! notice thread logs by the process's subscriber.

#![cfg(feature = "tracing")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use klime::{Client, ClientBuilder, Event};
use serde_json::json;

use super::{LIMIT, quiet, track, track_all};
use crate::support::{Answer, Gate, Server, balanced, child};

/// The lines that the process's subscriber has written up to now.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().without_time().with_writer(move || writer.clone());
        subscriber.init();
        log
    }

    fn say(&self) {
        for line in String::from_utf8(self.0.lock().unwrap().clone()).unwrap().lines() {
            child::say(line);
        }
    }
}

/// Checks what is in the log when `run` has returned.
#[track_caller]
fn check(test: &str, run: impl FnOnce(), expected: &[&str]) {
    if child::role().is_some() {
        let log = Log::start();
        run();
        log.say();
        return;
    }
    let lines = child::run(&format!("lifecycle::log::{test}"), "run", &[]);
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_start()).collect();
    assert_eq!(lines, expected);
}

fn unconnected() -> ClientBuilder {
    quiet(Server::unused_port())
}

#[test]
fn loss_is_logged_when_the_last_drop_has_returned() {
    let run = || {
        let client = unconnected().build().unwrap();
        track(&client, "");
        balanced(&client);
    };
    check(
        "loss_is_logged_when_the_last_drop_has_returned",
        run,
        &["WARN klime: klime lost 1 event: 1 dropped as not valid; last problem: event name is empty"],
    );
}

#[test]
fn loss_within_the_second_after_a_line_is_logged_when_the_shutdown_is_over() {
    let run = || {
        // While its callback is told of the first loss, the thread that logs can write no line.
        let gate = Gate::new();
        let told = gate.clone();
        let client = unconnected()
            .before_send(|event: Event| (event.name() != Some("hidden")).then_some(event))
            .on_drop(move |_, _| told.pass())
            .build()
            .unwrap();
        track(&client, "");
        gate.wait_until_reached(1);
        track_all(&client, &["hidden", "hidden", ""]);
        gate.open();
        assert!(client.shutdown_blocking(LIMIT).is_complete());
        balanced(&client);
        // The process ends without the drop of the client.
        std::mem::forget(client);
    };
    check(
        "loss_within_the_second_after_a_line_is_logged_when_the_shutdown_is_over",
        run,
        &[
            "WARN klime: klime lost 1 event: 1 dropped as not valid; last problem: event name is empty",
            "WARN klime: klime lost 1 event: 1 dropped as not valid; last problem: event name is empty",
        ],
    );
}

#[test]
fn failed_events_are_an_error_with_what_klime_answered() {
    let run = || {
        let server = Server::scripted([Answer::status(401).json(&json!({ "error": "no such key" }))]);
        let client = quiet(server.endpoint()).build().unwrap();
        track_all(&client, &["a", "b"]);
        balanced(&client);
    };
    check(
        "failed_events_are_an_error_with_what_klime_answered",
        run,
        &["ERROR klime: klime lost 2 events: 2 failed; last problem: Klime answered 401 (no such key)"],
    );
}

#[test]
fn rejected_events_are_an_error_with_the_first_code() {
    let run = || {
        let errors = json!([{ "index": 1, "message": "m", "code": "missing_field" }]);
        let answer = json!({ "status": "ok", "accepted": 1, "failed": 1, "errors": errors });
        let server = Server::scripted([Answer::ok().json(&answer)]);
        let client = quiet(server.endpoint()).build().unwrap();
        track_all(&client, &["a", "b"]);
        balanced(&client);
    };
    check(
        "rejected_events_are_an_error_with_the_first_code",
        run,
        &[
            "ERROR klime: klime lost 1 event: 1 rejected; last problem: Klime refused 1 of the batch's events, the first with code \"missing_field\"",
        ],
    );
}

#[test]
fn nothing_is_logged_when_all_was_accepted() {
    let run = || {
        let server = Server::start();
        let client = quiet(server.endpoint()).build().unwrap();
        track(&client, "a");
        balanced(&client);
    };
    check("nothing_is_logged_when_all_was_accepted", run, &[]);
}

#[test]
fn disabled_client_logs_nothing() {
    let run = || {
        let client = Client::disabled();
        track_all(&client, &["a", ""]);
        balanced(&client);
    };
    check("disabled_client_logs_nothing", run, &[]);
}
