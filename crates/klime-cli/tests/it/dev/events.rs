//! `/dev/events`, `/dev/batches` and the export.

use serde_json::{Value, json};

use crate::support::http::{Answer, exchange};
use crate::support::{Dev, track};

fn seqs(answer: &Value) -> Vec<u64> {
    answer["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}

#[track_caller]
fn check(dev: &Dev, path: &str, found: &[u64], next: Option<u64>) {
    let answer = dev.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let answer = answer.json();
    assert_eq!((seqs(&answer), answer["next"].as_u64()), (found.to_vec(), next), "{path}");
}

/// Two batches: three events, one of them refused and one of them with another user and group; then a duplicate.
fn two_batches() -> Dev {
    let dev = Dev::start(&[]);
    let mut other = track("Invoice Paid", "b");
    other["userId"] = json!("user_2");
    other["groupId"] = json!("org 1");
    let anonymous = json!({
        "type": "track", "messageId": "c", "timestamp": "2026-11-24T15:20:00.123Z", "event": "Page Viewed",
    });
    assert_eq!(dev.send(&[track("Report Generated", "a"), other, anonymous]).status, 200);
    assert_eq!(dev.send(&[track("Report Generated", "a")]).status, 200);
    dev
}

#[test]
fn events_are_found_by_each_filter_and_by_several() {
    let dev = two_batches();
    check(&dev, "/dev/events", &[2, 1], None);
    check(&dev, "/dev/events?status=all", &[4, 3, 2, 1], None);
    check(&dev, "/dev/events?status=refused", &[3], None);
    check(&dev, "/dev/events?status=duplicate", &[4], None);
    check(&dev, "/dev/events?type=identify", &[], None);
    check(&dev, "/dev/events?event=Report%20Generated", &[1], None);
    check(&dev, "/dev/events?event=Report+Generated&status=all", &[4, 1], None);
    check(&dev, "/dev/events?userId=user_2", &[2], None);
    check(&dev, "/dev/events?groupId=org+1&userId=user_1", &[], None);
    check(&dev, "/dev/events?messageId=a&status=all", &[4, 1], None);
    check(&dev, "/dev/events?library=test-sdk&event=Invoice+Paid", &[2], None);
    check(&dev, "/dev/events?batch=2&status=all", &[4], None);
    check(&dev, "/dev/events?since=2000-01-01T00:00:00Z&until=2000-01-02T00:00:00Z", &[], None);
    check(&dev, "/dev/events?since=2000-01-01T00:00:00Z", &[2, 1], None);
    check(&dev, "/dev/events?search=INVOICE&status=all", &[2], None);
    check(&dev, "/dev/events?search=anonymous&status=all", &[3], None);
}

#[test]
fn events_come_in_pages_newest_or_oldest_first() {
    let dev = two_batches();
    check(&dev, "/dev/events?status=all&limit=3", &[4, 3, 2], Some(2));
    check(&dev, "/dev/events?status=all&limit=3&before=2", &[1], None);
    check(&dev, "/dev/events?status=all&limit=3&after=0", &[1, 2, 3], Some(3));
    check(&dev, "/dev/events?status=all&limit=3&after=3", &[4], None);
}

#[test]
fn an_event_is_shown_with_all_that_is_known() {
    let dev = two_batches();
    let event = dev.get("/dev/events/2").json();
    for (field, value) in [
        ("status", json!("accepted")),
        ("batch", json!(1)),
        ("index", json!(1)),
        ("type", json!("track")),
        ("event", json!("Invoice Paid")),
        ("userId", json!("user_2")),
        ("groups", json!(["org 1"])),
        ("timestamp", json!("2026-11-24T15:20:00.123Z")),
        ("library", json!({ "name": "test-sdk", "version": "1.0.0" })),
    ] {
        assert_eq!(event[field], value, "{field}");
    }
    assert_eq!(event["body"]["groupId"], json!("org 1"));
    let refused = dev.get("/dev/events/3").json();
    assert_eq!(refused["error"]["code"], json!("anonymous_event"));
    assert_eq!(dev.get("/dev/events/4").json()["duplicateOf"], json!(1));
}

#[test]
fn an_event_that_is_not_there_is_not_found() {
    let dev = two_batches();
    let missing = dev.get("/dev/events/99");
    assert_eq!((missing.status, missing.error().as_str()), (404, "there is no event 99, or no longer"));
    let bad = dev.get("/dev/events/first");
    assert_eq!((bad.status, bad.error().as_str()), (400, "first is no event's number"));
}

#[test]
fn a_bad_question_is_told_what_is_wrong_with_it() {
    let dev = Dev::start(&[]);
    for (path, error) in [
        ("/dev/events?limit=1001", "limit=1001: must be a whole number from 1 to 1000"),
        ("/dev/events?status=ok", "status=ok: must be one of accepted, refused, duplicate, all"),
        ("/dev/events?since=today", "since=today: must be a time as RFC 3339"),
        ("/dev/events?user=u1", "unknown parameter user=u1; there are status, type, event, userId"),
        ("/dev/events/1?limit=2", "unknown parameter limit=2; there are none here"),
        ("/dev/batches?limit=0", "limit=0: must be a whole number from 1 to 1000"),
        ("/dev/stats?mode=companies", "unknown parameter mode=companies; there are none here"),
        ("/dev/customers?sort=age", "sort=age: must be one of lastSeen, events7, events30, name, members"),
        ("/dev/customers?state=gone", "state=gone: must be one of active, quiet, idle"),
        ("/dev/customers?limit=501", "limit=501: must be a whole number from 1 to 500"),
        ("/dev/customers/g1?mode=teams", "mode=teams: must be one of companies, individuals"),
        ("/dev/fault?id=1", "unknown parameter id=1; there are none here"),
        ("/dev/export.ndjson?limit=5", "unknown parameter limit=5; there are status"),
    ] {
        let answer = dev.get(path);
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
        assert!(answer.error().starts_with(error), "{path}: {}", answer.error());
    }
}

#[test]
fn batches_are_shown_with_what_became_of_their_events() {
    let dev = two_batches();
    assert_eq!(dev.send_body(b"{}", "").status, 400);
    let batches = dev.get("/dev/batches").json();
    let batches = batches["batches"].as_array().unwrap();
    let counts = |at: usize| {
        ["id", "status", "events", "accepted", "refused", "duplicates"]
            .map(|field| batches[at][field].as_u64().unwrap())
    };
    assert_eq!(counts(2), [1, 200, 3, 2, 1, 0]);
    assert_eq!(counts(1), [2, 200, 1, 0, 0, 1]);
    assert_eq!(counts(0), [3, 400, 0, 0, 0, 0]);
    assert!(batches[0]["error"].as_str().unwrap().contains("batch"), "{}", batches[0]);
    assert!(batches[2]["tookMs"].as_f64().unwrap() > 0.0, "{}", batches[2]);
    assert_eq!(batches[2]["library"]["name"], json!("test-sdk"));
    let page = dev.get("/dev/batches?limit=1&before=3").json();
    assert_eq!((page["batches"][0]["id"].as_u64(), page["next"].as_u64()), (Some(2), Some(2)));
}

/// A request of HTTP/1.0, whose answer is not sent in chunks.
fn export(dev: &Dev, query: &str) -> Answer {
    let request = format!("GET /dev/export.ndjson{query} HTTP/1.0\r\nHost: {}\r\n\r\n", dev.address());
    exchange(dev.address(), request.as_bytes()).unwrap()
}

#[test]
fn an_export_is_one_event_a_line_oldest_first() {
    let dev = Dev::start(&[]);
    let body = "{\"batch\":[\n{\"type\":\"track\",\r\n \"messageId\":\"a\", \"timestamp\":\"2026-11-24T15:20:00.123Z\",\
                \n\"event\":\"Line\\nEnd\", \"userId\":\"u1\"}]}";
    assert_eq!(dev.send_body(body.as_bytes(), "").status, 200);
    let many: Vec<_> = (0..2_500).map(|number| track("Report Generated", &format!("m{number}"))).collect();
    many.chunks(100).for_each(|events| assert_eq!(dev.send(events).status, 200));
    let answer = export(&dev, "");
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let lines: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2_501);
    assert_eq!(lines[0]["event"], json!("Line\nEnd"));
    assert_eq!(lines[1..], many);
    assert_eq!(export(&dev, "?event=Line%0AEnd").text().lines().count(), 1);
    assert_eq!(export(&dev, "?event=Nothing").text(), "");
}

#[test]
fn an_event_that_readers_cannot_take_spoils_no_answer() {
    let dev = Dev::start(&[]);
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for (at, zzz) in [deep.as_str(), "\"\\ud800\"", "1e999"].into_iter().enumerate() {
        let event = track("A", &format!("m{at}")).to_string();
        let event = format!("{},\"zzz\":{zzz}}}", event.strip_suffix('}').unwrap());
        let answer =
            dev.send_body(format!("{{\"batch\":[{event},{{\"type\":\"page\",\"zzz\":{zzz}}}]}}").as_bytes(), "");
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let events = dev.get("/dev/events?status=all&after=0").json()["events"].clone();
    assert_eq!(events.as_array().unwrap().len(), 6);
    for event in events.as_array().unwrap() {
        let body = event["body"].as_str().unwrap();
        assert!(body.starts_with('{') && body.chars().count() <= 1_001, "{body}");
        assert_eq!(dev.get(&format!("/dev/events/{}", event["seq"])).json()["body"], body);
        assert_eq!(dev.line()["body"], body);
    }
    assert_eq!(dev.get("/dev/export.ndjson").text().lines().filter(|line| line.starts_with("{\"")).count(), 3);
}

#[test]
fn a_path_that_is_no_text_is_refused_as_all_else() {
    let dev = Dev::start(&[]);
    for path in ["/dev/customers/%ff", "/dev/events/%ff"] {
        let answer = dev.get(path);
        assert_eq!(answer.status, 400);
        assert!(answer.error().contains("cannot be read"), "{}", answer.error());
    }
}
