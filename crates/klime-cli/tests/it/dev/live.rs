//! `/dev/live`: the stream of what arrives.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::http::{connect, head};
use crate::support::{Dev, track};

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
        let mut stream = connect(dev.address());
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

#[test]
fn a_slow_reader_misses_nothing() {
    let dev = Dev::start(&[]);
    let mut live = Live::open(&dev, "", "");
    for batch in 0..100 {
        dev.send(&many(batch * 100..batch * 100 + 100));
    }
    assert_eq!(live.ids(10_000), (1..=10_000).collect::<Vec<_>>());
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
    let mut idle: Vec<TcpStream> = (0..20).map(|_| connect(dev.address())).collect();
    for stream in &mut idle {
        write!(stream, "GET /dev/live?from=0 HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        assert_eq!(head(&mut BufReader::new(stream)).unwrap().0, 200);
    }
    for batch in 0..20 {
        assert_eq!(dev.send(&many(batch * 100..batch * 100 + 100)).status, 200);
    }
    assert_eq!(dev.get("/dev/wait?after=1999&timeout=0").json()["matched"], 1);
}
