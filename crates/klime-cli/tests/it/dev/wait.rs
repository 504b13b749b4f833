//! `/dev/wait` and `/dev/reset`: tests without polling.

use std::thread;

use serde_json::json;

use crate::support::{Dev, track};

/// Returns when klime dev says that somebody waits, having looked at all that was there.
fn until_waiting(dev: &Dev) {
    const TRIES: usize = 10_000;
    assert!((0..TRIES).any(|_| dev.get("/dev/stats").json()["waiting"] == 1), "nobody waits");
}

#[test]
fn a_wait_ends_with_the_event_that_was_missing() {
    let dev = Dev::start(&[]);
    dev.send(&[track("A", "m1"), track("B", "m2")]);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| dev.get("/dev/wait?event=A&count=3&timeout=60"));
        until_waiting(&dev);
        dev.send(&[track("B", "m3"), track("A", "m4")]);
        dev.send(&[track("A", "m4")]);
        dev.send(&[track("A", "m5"), track("A", "m6")]);
        let answer = waiting.join().unwrap();
        assert_eq!(answer.status, 200);
        let ids: Vec<_> =
            answer.json()["events"].as_array().unwrap().iter().map(|row| row["messageId"].clone()).collect();
        assert_eq!(ids, ["m1", "m4", "m5"]);
    });
}

#[test]
fn a_wait_that_is_over_says_what_has_come() {
    let dev = Dev::start(&[]);
    dev.send(&[track("A", "m1")]);
    let answer = dev.get("/dev/wait?event=A&count=2&timeout=1");
    assert_eq!(answer.status, 504);
    assert_eq!(answer.error(), "1 of 2 events that match have arrived within 1 s");
    assert_eq!(
        (answer.json()["matched"].clone(), answer.json()["events"][0]["messageId"].clone()),
        (json!(1), json!("m1"))
    );
}

#[test]
fn what_is_there_is_found_without_waiting() {
    let dev = Dev::start(&[]);
    for batch in 0..10 {
        let events: Vec<_> = (0..100).map(|n| track("A", &format!("{batch}-{n}"))).collect();
        dev.send(&events);
    }
    let answer = dev.get("/dev/wait?count=1000&timeout=0");
    assert_eq!((answer.status, answer.json()["matched"].clone()), (200, json!(1000)));
    assert_eq!(dev.get("/dev/wait?after=999&timeout=0").json()["events"][0]["seq"], 1000);
    assert_eq!(dev.get("/dev/wait?after=1000&timeout=0").status, 504);
}

#[test]
fn an_answer_has_a_bounded_size_and_says_where_to_go_on() {
    const EVENTS: u64 = 100;
    let dev = Dev::start(&[]);
    let text = "x".repeat(190_000);
    for number in 1..=EVENTS {
        let mut event = track("A", &format!("m{number}"));
        event["notOfTheProtocol"] = json!(text);
        assert_eq!(dev.send(&[event]).status, 200);
    }
    let (mut seqs, mut after) = (Vec::new(), 0);
    loop {
        let count = EVENTS - after;
        let answer = dev.get(&format!("/dev/wait?count={count}&after={after}&timeout=0"));
        assert_eq!(answer.status, 200);
        assert!(answer.body.len() < 17 << 20, "{} bytes", answer.body.len());
        let answer = answer.json();
        assert_eq!(answer["matched"], count);
        seqs.extend(answer["events"].as_array().unwrap().iter().map(|row| row["seq"].as_u64().unwrap()));
        let Some(next) = answer["next"].as_u64() else { break };
        assert_eq!(seqs.last(), Some(&next));
        after = next;
    }
    assert_eq!(seqs, (1..=EVENTS).collect::<Vec<_>>());
}

#[test]
fn a_wait_after_an_event_that_there_never_was_is_refused() {
    let dev = Dev::start(&[]);
    dev.send(&[track("A", "m1")]);
    let answer = dev.get("/dev/wait?after=500&timeout=0");
    assert_eq!(answer.status, 400);
    assert!(answer.error().starts_with("after=500: the newest event is 1, "), "{}", answer.error());
}

#[test]
fn a_bad_parameter_is_named() {
    let dev = Dev::start(&[]);
    for (query, names) in [
        ("count=0", "count=0: must be a whole number from 1 to 1000"),
        ("timeout=301", "timeout=301: must be a whole number from 0 to 300"),
        ("evnt=A", "unknown parameter evnt=A; "),
    ] {
        let answer = dev.get(&format!("/dev/wait?{query}"));
        assert_eq!((answer.status, answer.error().contains(names)), (400, true), "{}", answer.text());
    }
}

#[test]
fn a_reset_forgets_events_and_goes_on_counting() {
    let dev = Dev::start(&["--fault", "503,rate=0.001"]);
    dev.send(&[track("A", "m1"), json!({})]);
    let answer = dev.post("/dev/reset", &json!({}));
    assert_eq!(answer.status, 200);
    let events = &answer.json()["events"];
    assert_eq!((&events["accepted"], &events["refused"], &events["stored"]), (&json!(0), &json!(0), &json!(0)));
    assert_eq!(dev.get("/dev/wait?status=all&timeout=0").status, 504);
    assert_eq!(dev.get("/dev/fault").json(), json!({ "faults": [] }));
    // The same message id is new again; numbers are not used twice.
    dev.send(&[track("A", "m1")]);
    let found = dev.get("/dev/wait?timeout=0").json();
    assert_eq!((&found["events"][0]["seq"], &found["events"][0]["status"]), (&json!(3), &json!("accepted")));
}

#[test]
fn a_reset_starts_a_wait_anew() {
    let dev = Dev::start(&[]);
    dev.send(&[track("A", "m1")]);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| dev.get("/dev/wait?count=2&timeout=60").json());
        until_waiting(&dev);
        dev.post("/dev/reset", &json!({}));
        dev.send(&[track("A", "m2"), track("A", "m3")]);
        let ids: Vec<_> =
            waiting.join().unwrap()["events"].as_array().unwrap().iter().map(|row| row["messageId"].clone()).collect();
        assert_eq!(ids, ["m2", "m3"]);
    });
}
