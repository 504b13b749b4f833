use serde_json::json;

use super::super::{BatchCounts, BatchRecord, EventCounts, Limits, Store};
use super::{all, at, memory, newest, refused, request, seqs, track};
use crate::dev::event::Status;

#[test]
fn events_are_numbered_in_the_order_of_their_batches() {
    let mut store = memory();
    let first = store.append(&request(0), &[track("a", "A", "u1"), track("b", "B", "u1")]).unwrap();
    let second = store.append(&request(1), &[track("c", "C", "u1")]).unwrap();
    assert_eq!((first.batch, first.seqs), (1, 1..3));
    assert_eq!((second.batch, second.seqs), (2, 3..4));
    assert_eq!(seqs(&newest(&store, &all())), [3, 2, 1]);
    assert_eq!(store.latest_seq(), 3);
}

#[test]
fn duplicates_are_found_across_batches_and_within_one() {
    let mut store = memory();
    let first = store.append(&request(0), &[track("a", "A", "u1"), track("a", "A", "u1")]).unwrap();
    assert_eq!(first.statuses, [Status::Accepted, Status::Duplicate]);
    let second = store.append(&request(1), &[track("b", "A", "u1"), track("a", "A", "u1")]).unwrap();
    assert_eq!(second.statuses, [Status::Accepted, Status::Duplicate]);
    assert_eq!(store.event(4).unwrap().unwrap().duplicate_of, Some(1));
}

#[test]
fn a_refused_event_makes_no_later_one_a_duplicate() {
    let mut store = memory();
    let appended = store.append(&request(0), &[refused("no userId"), track("r", "A", "u1")]).unwrap();
    assert_eq!(appended.statuses, [Status::Refused, Status::Accepted]);
}

#[test]
fn a_request_without_events_is_kept_too() {
    let mut store = memory();
    let appended = store.append(&request(0), &[]).unwrap();
    assert_eq!((appended.batch, appended.seqs), (1, 1..1));
    assert_eq!(store.batches(None, 10).unwrap().batches.len(), 1);
}

#[test]
fn the_oldest_events_go_when_there_are_too_many() {
    let mut store = Store::open(None, Limits { max_events: 100, ..Limits::default() }).unwrap();
    for number in 0..250 {
        let appended = store.append(&request(number), &[track(&format!("m{number}"), "A", "u1")]).unwrap();
        assert_eq!(appended.statuses, [Status::Accepted]);
        assert!(store.event_counts().stored <= 100);
    }
    let EventCounts { accepted, stored, pruned, .. } = store.event_counts();
    assert_eq!((accepted, stored + pruned), (250, 250));
    let page = newest(&store, &all());
    assert_eq!(page.rows.len() as u64, stored);
    assert_eq!(page.rows.first().map(|row| row.seq), Some(250));
    assert!(store.event(1).unwrap().is_none());
    let again = store.append(&request(300), &[track("m0", "A", "u1"), track("m249", "A", "u1")]).unwrap();
    assert_eq!(again.statuses, [Status::Accepted, Status::Duplicate]);
}

#[test]
fn the_oldest_events_go_when_they_take_too_much() {
    let mut store = Store::open(None, Limits { max_bytes: 5_000, ..Limits::default() }).unwrap();
    for number in 0..200 {
        store.append(&request(number), &[track(&format!("m{number}"), "A", "u1")]).unwrap();
        assert!(store.stats(at(0)).storage.bytes <= 5_000);
    }
    assert!(store.event_counts().stored > 20);
}

#[test]
fn the_oldest_batches_go_when_there_are_too_many_even_without_events() {
    let mut store = Store::open(None, Limits { max_batches: 50, ..Limits::default() }).unwrap();
    for number in 0..120 {
        let status = [200, 401, 503][number % 3];
        store.append(&BatchRecord { status, ..request(0) }, &[]).unwrap();
        let kept = store.batches(None, 1_000).unwrap().batches;
        assert!(kept.len() <= 50 && kept.len() > number.min(40), "{} of {number}", kept.len());
    }
    let counts = store.stats(at(0)).batches;
    assert_eq!(counts, BatchCounts { total: 120, accepted: 40, refused: 40, failed: 40 });
}

#[test]
fn numbers_go_on_after_a_reset() {
    let mut store = memory();
    store.append(&request(0), &[track("a", "A", "u1")]).unwrap();
    store.reset().unwrap();
    assert_eq!(store.event_counts(), EventCounts::default());
    assert!(newest(&store, &all()).rows.is_empty());
    let appended = store.append(&request(1), &[track("a", "A", "u1")]).unwrap();
    assert_eq!((appended.batch, appended.seqs), (2, 2..3));
    assert_eq!(appended.statuses, [Status::Accepted]);
}

#[test]
fn a_row_is_shown_as_the_contract_has_it() {
    let mut store = memory();
    store
        .append(&request(0), &[track("a", "A", "u1"), refused("userId or groupId is missing"), track("a", "A", "u1")])
        .unwrap();
    let rows = newest(&store, &all()).rows;
    let shown = serde_json::to_value(&rows).unwrap();
    let body =
        json!({ "type": "track", "messageId": "a", "event": "A", "userId": "u1", "groupId": null, "properties": {} });
    let library = json!({ "name": "rust-sdk", "version": "1.0.0" });
    let expected = json!([
        { "seq": 3, "status": "duplicate", "receivedAt": "2025-11-24T12:00:00.000Z", "batch": 1, "index": 2, "type": "track",
          "event": "A", "userId": "u1", "messageId": "a", "timestamp": "2025-11-24T12:00:00.000Z", "library": library,
          "duplicateOf": 1, "bytes": body.to_string().len(), "body": body },
        { "seq": 2, "status": "refused", "receivedAt": "2025-11-24T12:00:00.000Z", "batch": 1, "index": 1, "type": "track",
          "event": "Half Sent", "messageId": "r", "error": { "code": "missing_field", "message": "userId or groupId is missing" },
          "bytes": 36, "body": { "type": "track", "event": "Half Sent" } },
        { "seq": 1, "status": "accepted", "receivedAt": "2025-11-24T12:00:00.000Z", "batch": 1, "index": 0, "type": "track",
          "event": "A", "userId": "u1", "messageId": "a", "timestamp": "2025-11-24T12:00:00.000Z", "library": library,
          "bytes": body.to_string().len(), "body": body },
    ]);
    assert_eq!(shown, expected);
}
