//! `/dev/live`: the stream of what arrives.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use crate::support::http::connect;
use crate::support::{Dev, track};

/// A failure limit, not a pace.
const PATIENCE: Duration = Duration::from_secs(20);
/// So many events of 15 KB each.
const MUCH: u64 = 1_000;

/// A reader of the stream.
struct Live(BufReader<TcpStream>);

/// One event of the stream.
#[derive(Debug, PartialEq)]
struct Frame {
    id: Option<u64>,
    event: String,
    data: Value,
}

impl Live {
    #[track_caller]
    fn open(dev: &Dev, query: &str, headers: &str) -> Self {
        Self::on(connect(dev.address()), query, headers)
    }

    #[track_caller]
    fn on(mut stream: TcpStream, query: &str, headers: &str) -> Self {
        // By HTTP/1.0 the answer is not chunked.
        write!(stream, "GET /dev/live?{query} HTTP/1.0\r\nHost: localhost\r\n{headers}\r\n").unwrap();
        let mut reader = BufReader::new(stream);
        let mut lines = String::new();
        while !lines.ends_with("\r\n\r\n") {
            reader.read_line(&mut lines).unwrap();
        }
        assert!(lines.starts_with("HTTP/1.0 200"), "{lines}");
        assert!(lines.contains("text/event-stream") && lines.contains("no-store"), "{lines}");
        Self(reader)
    }

    /// The next event. Comments are none.
    #[track_caller]
    fn next(&mut self) -> Frame {
        let mut frame = Frame { id: None, event: String::new(), data: Value::Null };
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).expect("an event in time") > 0, "the stream has ended");
            match line.trim_end().split_once(": ") {
                Some(("id", id)) => frame.id = Some(id.parse().unwrap()),
                Some(("event", event)) => frame.event = event.to_owned(),
                Some(("data", data)) => frame.data = serde_json::from_str(data).unwrap(),
                Some(_) => {}
                None if frame.event.is_empty() => {}
                None => return frame,
            }
        }
    }

    /// The ids of so many events.
    #[track_caller]
    fn ids(&mut self, count: usize) -> Vec<u64> {
        (0..count).map(|_| self.next()).map(|frame| frame.id.unwrap_or_else(|| panic!("{frame:?}"))).collect()
    }
}

fn many(range: std::ops::Range<u64>) -> Vec<Value> {
    range.map(|n| track("A", &format!("m{n}"))).collect()
}

#[test]
fn what_arrives_is_streamed_as_rows() {
    let dev = Dev::start(&[]);
    dev.send(&[track("Before", "m0")]);
    let mut live = Live::open(&dev, "", "");
    dev.send(&[track("A", "m1"), json!({ "type": "page" }), track("A", "m1")]);
    let frames = [live.next(), live.next(), live.next()];
    assert_eq!(frames.each_ref().map(|frame| frame.id), [Some(2), Some(3), Some(4)]);
    assert_eq!(
        frames.each_ref().map(|frame| frame.data["status"].as_str().unwrap()),
        ["accepted", "refused", "duplicate"]
    );
    assert_eq!(frames[0].data, dev.get("/dev/wait?after=1&timeout=0").json()["events"][0]);
}

#[test]
fn a_reader_goes_on_where_it_was() {
    let dev = Dev::start(&[]);
    dev.send(&many(0..50));
    assert_eq!(Live::open(&dev, "from=0", "").ids(50), (1..=50).collect::<Vec<_>>());
    assert_eq!(Live::open(&dev, "from=45", "").ids(5), (46..=50).collect::<Vec<_>>());
    assert_eq!(Live::open(&dev, "from=3", "Last-Event-ID: 48\r\n").ids(2), [49, 50]);
    let refused = dev.ask("GET", "/dev/live", "Last-Event-ID: x\r\n", b"").unwrap();
    assert_eq!(refused.error(), "the header Last-Event-ID must be the number of an event");
}

#[test]
fn a_filter_holds_for_the_stream_too() {
    let dev = Dev::start(&[]);
    let mut live = Live::open(&dev, "event=B&status=accepted", "");
    dev.send(&many(0..100));
    dev.send(&[track("B", "b1"), track("B", "b1"), track("B", "b2")]);
    assert_eq!(live.ids(2), [101, 103]);
}

/// A connection whose reader takes so little at a time that the server soon has to wait for it.
fn narrow(dev: &Dev) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&dev.address().into()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    socket.into()
}

/// More than the buffers between the server and a reader hold.
fn send_much(dev: &Dev) {
    for batch in 0..MUCH / 100 {
        let mut events = many(batch * 100..batch * 100 + 100);
        for event in &mut events {
            event["properties"] = json!({ "text": "x".repeat(15_000) });
        }
        assert_eq!(dev.send(&events).status, 200);
    }
}

#[test]
fn a_slow_reader_misses_nothing() {
    let dev = Dev::start(&[]);
    let mut live = Live::on(narrow(&dev), "", "");
    send_much(&dev);
    assert_eq!(live.ids(MUCH as usize), (1..=MUCH).collect::<Vec<_>>());
}

#[test]
fn a_slow_reader_is_told_of_what_had_to_go() {
    let dev = Dev::start(&["--max-events", "200"]);
    let mut live = Live::on(narrow(&dev), "", "");
    send_much(&dev);
    let (mut next, mut skipped) = (1, 0);
    while next <= MUCH {
        let frame = live.next();
        if frame.event == "skipped" {
            assert_eq!((frame.data["from"].as_u64(), frame.data["to"].as_u64()), (Some(next), frame.id));
            skipped += frame.data["count"].as_u64().unwrap();
        } else {
            assert_eq!((frame.event.as_str(), frame.id), ("event", Some(next)));
        }
        next = frame.id.unwrap() + 1;
    }
    // It is seen from this, too, that the server has waited for this reader.
    assert!(skipped > 0);
}

#[test]
fn a_reader_that_comes_again_is_told_of_what_has_gone() {
    let dev = Dev::start(&["--max-events", "100"]);
    dev.send(&many(0..100));
    dev.send(&many(100..150));
    let oldest = dev.get("/dev/events?limit=1&after=0").json()["events"][0]["seq"].as_u64().unwrap();
    for (query, headers) in [("", "Last-Event-ID: 3\r\n"), ("from=3&event=B", "")] {
        let skipped = Live::open(&dev, query, headers).next();
        let data = json!({ "from": 4, "to": oldest - 1, "count": oldest - 4 });
        assert_eq!(skipped, Frame { id: Some(oldest - 1), event: "skipped".to_owned(), data });
    }
    dev.post("/dev/reset", &json!({}));
    dev.send(&many(0..1));
    assert_eq!(Live::open(&dev, "from=3", "").ids(1), [151]);
}

#[cfg(unix)]
#[test]
fn readers_that_do_not_read_do_not_hold_up_the_end() {
    let dev = Dev::start(&[]);
    send_much(&dev);
    let idle: Vec<Live> = (0..10).map(|_| Live::on(narrow(&dev), "from=0", "")).collect();
    #[expect(clippy::disallowed_methods, reason = "a test measures how long the end takes")]
    let began = Instant::now();
    assert_eq!(dev.stop().code, Some(0));
    let took = began.elapsed();
    assert!(took < Duration::from_millis(1_500), "{took:?}");
    drop(idle);
}

#[test]
fn a_reader_with_a_tail_is_moved_forward_and_told() {
    let dev = Dev::start(&[]);
    for batch in 0..10 {
        dev.send(&many(batch * 100..batch * 100 + 100));
    }
    let mut live = Live::open(&dev, "from=100&tail=200", "");
    let skipped = live.next();
    assert_eq!(
        skipped,
        Frame { id: Some(800), event: "skipped".to_owned(), data: json!({ "from": 101, "to": 800, "count": 700 }) }
    );
    assert_eq!(live.ids(200), (801..=1000).collect::<Vec<_>>());
}

#[test]
fn batches_and_counts_come_when_they_are_asked_for() {
    let dev = Dev::start(&[]);
    let mut live = Live::open(&dev, "batches=1&stats=1&status=duplicate", "");
    assert_eq!(live.next().event, "stats");
    dev.send(&[track("A", "m1"), json!({})]);
    let batch = live.next();
    assert_eq!(
        (batch.event.as_str(), batch.id, &batch.data["accepted"], &batch.data["refused"]),
        ("batch", None, &json!(1), &json!(1))
    );
    let stats = live.next();
    assert_eq!(stats.data, json!({ "latestSeq": 2, "accepted": 1, "refused": 1, "duplicate": 0 }));
}

#[test]
fn a_reset_is_told() {
    let dev = Dev::start(&[]);
    let mut live = Live::open(&dev, "", "");
    dev.post("/dev/reset", &json!({}));
    assert_eq!(live.next().event, "reset");
    dev.send(&[track("A", "m1")]);
    assert_eq!(live.ids(1), [1]);
}

#[test]
fn a_reader_that_comes_again_is_told_of_a_reset_in_between() {
    let dev = Dev::start(&[]);
    dev.send(&many(0..3));
    let resets = dev.get("/dev/stats").json()["resets"].clone();
    dev.post("/dev/reset", &json!({}));
    dev.send(&many(0..1));
    let mut live = Live::open(&dev, &format!("from=3&resets={resets}"), "");
    assert_eq!(live.next().event, "reset");
    assert_eq!(live.ids(1), [4]);
    let resets = dev.get("/dev/stats").json()["resets"].clone();
    assert_eq!(Live::open(&dev, &format!("from=3&resets={resets}"), "").ids(1), [4]);
}

#[test]
fn a_reader_from_another_life_begins_anew_and_is_told() {
    let dev = Dev::start(&[]);
    dev.send(&many(0..3));
    for (query, headers) in [("", "Last-Event-ID: 500\r\n"), ("from=4&tail=100", "")] {
        let mut live = Live::open(&dev, query, headers);
        assert_eq!(live.next().event, "reset");
        assert_eq!(live.ids(3), [1, 2, 3]);
    }
    assert_eq!(Live::open(&dev, "from=2", "").ids(1), [3]);
}

#[test]
fn a_body_over_several_lines_is_one_event_of_the_stream() {
    let dev = Dev::start(&[]);
    let mut live = Live::open(&dev, "", "");
    let body = serde_json::to_string_pretty(&json!({ "batch": [track("A", "m1")] })).unwrap().replace('\n', "\r\n");
    dev.send_body(body.as_bytes(), "");
    assert_eq!(live.next().data["body"], track("A", "m1"));
    assert_eq!(dev.line()["body"], track("A", "m1"));
}

#[test]
fn many_readers_that_do_not_read_leave_the_others_alone() {
    let dev = Dev::start(&[]);
    let idle: Vec<Live> = (0..10).map(|_| Live::on(narrow(&dev), "from=0", "")).collect();
    send_much(&dev);
    assert_eq!(dev.get(&format!("/dev/wait?after={}&timeout=0", MUCH - 1)).json()["matched"], 1);
    drop(idle);
}
