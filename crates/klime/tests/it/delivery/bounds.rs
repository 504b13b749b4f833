//! No request is larger than it may be, whatever the backlog, and nothing is lost or sent twice because of it.

use klime::{Client, DropReason, Event};

use super::setup::{LIMIT, accepted, builder, enqueue, names, numbered};
use crate::support::{Answer, Gate, Server, balanced};

const MOST_EVENT_BYTES: usize = 200 * 1024;
const MOST_BATCH_BYTES: usize = 10 * 1024 * 1024;

#[test]
fn batch_is_never_above_its_size_whatever_the_backlog() {
    for (size, events) in [(1, 40), (7, 500), (20, 999), (100, 1000)] {
        let gate = Gate::new();
        let held = gate.clone();
        let server = Server::answering(move |_| Answer::held(&held));
        let client = builder(server.endpoint()).max_batch_size(size).build().unwrap();
        enqueue(&client, numbered(events));
        gate.wait_until_reached(1);
        gate.open();
        assert_eq!(accepted(&client), events as u64);
        let requests = server.requests();
        assert!(requests.iter().all(|request| (1..=size).contains(&request.events().len())));
        assert_eq!(requests.len(), events.div_ceil(size), "{events} events in batches of {size}");
        let mut arrived: Vec<String> = requests.iter().flat_map(names).collect();
        arrived.sort();
        assert_eq!(arrived, numbered(events));
    }
}

#[test]
fn batch_is_cut_before_10_mb_and_keeps_the_order() {
    let server = Server::start();
    let client = builder(server.endpoint()).max_batch_size(100).max_in_flight(1).build().unwrap();
    let fill = "x".repeat(200_000);
    for name in numbered(120) {
        client.track(name).user("user_1").property("fill", &fill).enqueue();
    }
    assert_eq!(accepted(&client), 120);
    let requests = server.requests();
    assert_eq!(requests.iter().flat_map(names).collect::<Vec<_>>(), numbered(120));
    let (last, full) = requests.split_last().unwrap();
    assert_eq!(full.len(), 2);
    for request in full {
        let event = request.body.len() / request.events().len();
        assert!((MOST_BATCH_BYTES - event..=MOST_BATCH_BYTES).contains(&request.body.len()), "{}", request.body.len());
    }
    assert!(last.body.len() <= MOST_BATCH_BYTES);
}

/// An event whose JSON is `bytes` long, given that of one without a fill.
fn event_of(bytes: usize, unfilled: usize) -> Event {
    Event::track("Report Generated").with_user("user_1").with_property("fill", "x".repeat(bytes - unfilled))
}

fn unfilled_bytes(client: &Client, server: &Server) -> usize {
    client.enqueue_event(event_of(0, 0));
    assert_eq!(client.flush_blocking(LIMIT).accepted, 1);
    server.requests()[0].body.len() - r#"{"batch":[]}"#.len()
}

#[test]
fn event_of_exactly_200_kb_arrives_and_one_byte_more_is_too_large() {
    let server = Server::start();
    let client = builder(server.endpoint()).build().unwrap();
    let unfilled = unfilled_bytes(&client, &server);
    client.try_enqueue_event(event_of(MOST_EVENT_BYTES, unfilled)).unwrap();
    let error = client.try_enqueue_event(event_of(MOST_EVENT_BYTES + 1, unfilled)).unwrap_err();
    assert_eq!(error.kind(), DropReason::TooLarge);
    assert_eq!(error.to_string(), "event is 204801 bytes of JSON, the most is 204800");
    let error = client.send_event(event_of(MOST_EVENT_BYTES + 1, unfilled));
    assert_eq!(client.flush_blocking(LIMIT).accepted, 1);
    drop(error);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].body.len(), MOST_EVENT_BYTES + r#"{"batch":[]}"#.len());
    let stats = balanced(&client);
    assert_eq!((stats.accepted, stats.dropped.too_large), (2, 2));
}
