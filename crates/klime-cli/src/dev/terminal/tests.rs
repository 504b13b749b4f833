use std::cell::Cell;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Arrived, Format, Message, Writer, wait_while_it_moves};
use crate::dev::event::Status;
use crate::dev::store::{Appended, BatchRecord};
use crate::dev::validate::judge;

fn record() -> BatchRecord {
    BatchRecord {
        received_at: "2026-11-24T15:20:00.123Z".parse().unwrap(),
        status: 200,
        bytes: 100,
        gzip: false,
        took: std::time::Duration::from_millis(1),
        key: Some("wk_l…".to_owned()),
        user_agent: None,
        error: None,
        fault: None,
    }
}

fn arrived(events: &[Value], statuses: &[Status]) -> Arrived {
    let events = judge(json!({ "batch": events }).to_string().as_bytes()).unwrap();
    let seqs = 7..7 + events.len() as u64;
    Arrived {
        record: record(),
        events: events.into(),
        appended: Appended { batch: 3, seqs, statuses: statuses.to_vec() },
    }
}

fn written(format: Format, arrived: Vec<Arrived>, skipped: u64) -> String {
    let (queue, messages) = sync_channel(10);
    for arrived in arrived {
        queue.send(Message::Batch(Box::new(arrived))).unwrap();
    }
    drop(queue);
    let mut out = Vec::new();
    let mut writer = Writer { format, skipped: std::sync::Arc::new(skipped.into()), ..Writer::default() };
    writer
        .run(&messages, |lines| {
            out.extend_from_slice(lines);
            Ok(())
        })
        .unwrap();
    String::from_utf8(out).unwrap()
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn samples() -> Arrived {
    let event = |kind: &str, more: Value| {
        let mut event = json!({ "type": kind, "messageId": "m", "timestamp": "2026-11-24T15:19:59Z" });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let events = [
        event(
            "track",
            json!({ "event": "Report Generated", "userId": "u1", "groupId": "g1", "properties": { "pages": 3, "plan": "pro", "tags": ["a"], "more": {} } }),
        ),
        event("identify", json!({ "userId": "u1", "traits": { "email": "a@example.com" } })),
        event("group", json!({ "groupId": "g1" })),
        event("track", json!({ "event": "Report Generated" })),
    ];
    arrived(&events, &[Status::Accepted, Status::Duplicate, Status::Accepted, Status::Refused])
}

#[test]
fn each_event_is_a_line() {
    insta::assert_snapshot!(plain(&written(Format::Lines, vec![samples()], 0)), @r##"
15:20:00.123 ✓ track    Report Generated            user u1  group g1  more={0 keys} pages=3 plan="pro" tags=[1 items]
15:20:00.123 ≡ identify                             user u1  seen before, not counted again  email="a@example.com"
15:20:00.123 ✓ group                                group g1
15:20:00.123 ✗ track    Report Generated            anonymous_event: a track needs a "userId" or a "groupId"
"##);
}

#[test]
fn each_event_is_a_json_object_for_machines() {
    insta::assert_snapshot!(written(Format::Json, vec![samples()], 0), @r##"
{"seq":7,"status":"accepted","receivedAt":"2026-11-24T15:20:00.123Z","batch":3,"index":0,"type":"track","event":"Report Generated","userId":"u1","groupId":"g1","messageId":"m","timestamp":"2026-11-24T15:19:59.000Z","bytes":184,"body":{"event":"Report Generated","groupId":"g1","messageId":"m","properties":{"more":{},"pages":3,"plan":"pro","tags":["a"]},"timestamp":"2026-11-24T15:19:59Z","type":"track","userId":"u1"}}
{"seq":8,"status":"duplicate","receivedAt":"2026-11-24T15:20:00.123Z","batch":3,"index":1,"type":"identify","userId":"u1","messageId":"m","timestamp":"2026-11-24T15:19:59.000Z","bytes":119,"body":{"messageId":"m","timestamp":"2026-11-24T15:19:59Z","traits":{"email":"a@example.com"},"type":"identify","userId":"u1"}}
{"seq":9,"status":"accepted","receivedAt":"2026-11-24T15:20:00.123Z","batch":3,"index":2,"type":"group","groupId":"g1","messageId":"m","timestamp":"2026-11-24T15:19:59.000Z","bytes":82,"body":{"groupId":"g1","messageId":"m","timestamp":"2026-11-24T15:19:59Z","type":"group"}}
{"seq":10,"status":"refused","receivedAt":"2026-11-24T15:20:00.123Z","batch":3,"index":3,"type":"track","event":"Report Generated","messageId":"m","error":{"code":"anonymous_event","message":"a track needs a \"userId\" or a \"groupId\""},"bytes":94,"body":{"event":"Report Generated","messageId":"m","timestamp":"2026-11-24T15:19:59Z","type":"track"}}
"##);
}

#[test]
fn a_request_that_was_refused_as_a_whole_is_a_line() {
    let mut refused = arrived(&[], &[]);
    refused.record.status = 401;
    refused.record.error = Some("the header Authorization is missing".to_owned());
    let mut hit = arrived(&[], &[]);
    hit.record.status = 0;
    hit.record.fault = Some("hang".to_owned());
    let mut lines = plain(&written(Format::Lines, vec![refused, hit], 0));
    let mut json = arrived(&[], &[]);
    json.record.status = 503;
    json.record.error = Some("a fault that answers 503 was asked for".to_owned());
    json.record.fault = Some("status".to_owned());
    lines.push_str(&written(Format::Json, vec![json], 0));
    insta::assert_snapshot!(lines, @r##"
15:20:00.123 ✗ request  batch 3: 401, the header Authorization is missing
15:20:00.123 ! request  batch 3: fault hang, no answer
{"request":{"batch":3,"receivedAt":"2026-11-24T15:20:00.123Z","status":503,"events":0,"key":"wk_l…","error":"a fault that answers 503 was asked for","fault":"status"}}
"##);
}

#[test]
fn what_is_not_shown_is_said() {
    let lines = plain(&written(Format::Lines, vec![arrived(&[], &[])], 12));
    let json = written(Format::Json, vec![arrived(&[], &[])], 12);
    insta::assert_snapshot!(lines + &json, @r##"
12 events came faster than they could be shown here; the page and /dev/events have them
{"skipped":{"events":12}}
"##);
}

#[test]
fn event_data_gives_the_terminal_no_orders() {
    let hostile = "\u{1b}[2J\u{7}\r\n\u{9b}31m\u{202e}evil";
    let event = json!({
        "type": "track", "messageId": "m", "timestamp": "2026-11-24T15:19:59Z", "event": hostile, "userId": hostile, "groupId": hostile,
        "properties": { hostile: hostile },
    });
    let refused = json!({ "type": hostile, "event": hostile, "userId": hostile });
    let alone = arrived(std::slice::from_ref(&event), &[Status::Accepted]);
    let arrived = arrived(&[event.clone(), refused], &[Status::Accepted, Status::Refused]);
    let json = written(Format::Json, vec![alone], 0);
    assert!(json.trim_end().chars().all(|char| !char.is_control()), "{json:?}");
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["body"], event);
    let lines = written(Format::Lines, vec![arrived], 0);
    let styled_away = plain(&lines);
    assert_eq!(styled_away.lines().count(), 2, "{styled_away}");
    assert!(styled_away.chars().all(|char| char == '\n' || !char.is_control()), "{styled_away:?}");
    assert!(!styled_away.contains('\u{202e}'));
    assert!(!lines.contains("\u{1b}[2J"));
}

#[test]
fn the_end_waits_for_a_slow_reader_but_not_for_one_that_takes_nothing() {
    let (end, ended) = sync_channel(1);
    let asked = Cell::new(0);
    let moving = || {
        asked.set(asked.get() + 1);
        if asked.get() == 5 {
            end.send(()).unwrap();
        }
        asked.get()
    };
    wait_while_it_moves(&ended, Duration::from_millis(1), moving);
    assert_eq!(asked.get(), 5, "until the end, although each wait was too short");

    let asked = Cell::new(0);
    let stuck = || {
        asked.set(asked.get() + 1);
        7
    };
    wait_while_it_moves(&ended, Duration::from_millis(1), stuck);
    assert_eq!(asked.get(), 2);
}
