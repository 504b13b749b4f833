//! The example that sends history.

use std::collections::BTreeMap;
use std::io::Write;
use std::thread;

use serde_json::{Value, json};

use super::program::{Ended, Program};
use crate::support::{Answer, Gate, Server};

fn rows(count: usize) -> String {
    let row = |number| {
        let row = json!({
            "user": format!("user_{number}"), "event": "Order Placed", "time": "2024-05-01T14:00:00+02:00",
            "properties": { "number": number },
        });
        format!("{row}\n")
    };
    (1..=count).map(row).collect()
}

fn start(server: &Server, input: String) -> Program {
    let mut program = Program::start("backfill", &["orders-2024"], server);
    let mut stdin = program.take_stdin();
    // On a thread, for the program does not read while it waits. It may also end before it has read all.
    thread::spawn(move || stdin.write_all(input.as_bytes()));
    program
}

fn by_message_id(server: &Server) -> BTreeMap<String, Value> {
    let events = server.events();
    let count = events.len();
    let by_id: BTreeMap<_, _> =
        events.into_iter().map(|event| (event["messageId"].as_str().unwrap().to_owned(), event)).collect();
    assert_eq!(by_id.len(), count, "an event arrived twice");
    by_id
}

#[test]
fn rows_arrive_with_their_own_times_and_the_same_ids_in_each_run() {
    let runs = [(); 2].map(|()| {
        let server = Server::start();
        let ended = start(&server, rows(3)).end();
        assert!(ended.success, "{ended:?}");
        by_message_id(&server)
    });
    assert_eq!(runs[0], runs[1]);
    let second = &runs[0]["orders-2024-2"];
    assert_eq!(second["timestamp"], "2024-05-01T12:00:00.000Z");
    assert_eq!(second["userId"], "user_2");
    assert_eq!(second["properties"], json!({ "number": 2 }));
}

#[test]
fn rows_wait_where_the_queue_is_full() {
    let gate = Gate::new();
    let held = gate.clone();
    let server = Server::answering(move |request| match request.events().is_empty() {
        true => Answer::ok(),
        false => Answer::held(&held),
    });
    let program = start(&server, rows(2500));
    assert_eq!(program.line(), "orders-2024-1001 waits for room");
    gate.open();
    let Ended { success, lines } = program.end();
    assert!(success, "{lines:?}");
    let books = "2500 enqueued, 2500 accepted, 0 rejected, 0 failed, 0 dropped, 0 pending";
    assert_eq!(*lines.last().unwrap(), format!("2500 rows, 0 bad; {books}"));
    assert_eq!(by_message_id(&server).len(), 2500);
}

#[test]
fn bad_rows_do_not_stop_the_others() {
    let server = Server::start();
    let without_user = rows(1).replace("user_1", "");
    let ended = start(&server, format!("nonsense\n{without_user}{}", rows(2))).end();
    assert!(!ended.success);
    assert!(
        ended.lines[0].starts_with("4 rows, 2 bad; 3 enqueued, 2 accepted, 0 rejected, 0 failed, 1 dropped"),
        "{ended:?}"
    );
    assert_eq!(by_message_id(&server).len(), 2);
}

#[test]
fn wrong_key_is_found_before_the_first_row() {
    let server = Server::answering(|_| Answer::status(401));
    let ended = start(&server, rows(3)).end();
    assert!(!ended.success);
    assert_eq!((server.requests().len(), server.events().len()), (1, 0));
}

#[test]
fn backfill_that_loses_rows_fails() {
    let server = Server::scripted([Answer::ok(), Answer::status(400)]);
    let ended = start(&server, rows(3)).end();
    assert!(!ended.success);
    assert!(ended.lines[0].starts_with("3 rows, 0 bad; 3 enqueued, 0 accepted, 0 rejected, 3 failed"), "{ended:?}");
}

#[test]
fn backfill_stops_early_when_klime_takes_no_more() {
    let server = Server::answering(|request| match request.events().is_empty() {
        true => Answer::ok(),
        false => Answer::status(400),
    });
    let ended = start(&server, rows(20_000)).end();
    assert!(!ended.success);
    assert!(server.events().len() < 20_000);
}
