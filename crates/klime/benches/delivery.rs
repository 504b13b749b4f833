//! The whole way of 10,000 events: built, enqueued, put in batches, handed to a transport that takes them at once, settled and
//! flushed.
//!
//!     cargo bench -p klime --bench delivery
//!
//! One iteration is all of them, the last flush included; the second line of each figure is events a second. HTTP is not in it:
//! `bench/` measures the way to a server.

use std::time::Duration;

use divan::Bencher;
use divan::counter::ItemsCount;
use klime::{Client, ClientBuilder, Request, Response, Transport, TransportError};

const EVENTS: usize = 10_000;

fn main() {
    divan::main();
}

/// Takes everything at once, and says so like Klime.
#[derive(Debug)]
struct Null;

impl Transport for Null {
    fn send(&self, _request: &Request<'_>) -> Result<Response, TransportError> {
        Ok(Response::new(200).with_body(r#"{"status":"ok","accepted":100,"failed":0}"#))
    }
}

/// A client that drops nothing.
fn builder(batch: usize) -> ClientBuilder {
    Client::builder("bench").transport(Null).max_batch_size(batch).max_queue_size(EVENTS)
}

fn built(builder: ClientBuilder) -> Client {
    match builder.build() {
        Ok(client) => client,
        Err(error) => panic!("{error}"),
    }
}

fn enqueue(client: &Client, events: usize) {
    for row_count in 0..events {
        let event = client.track("Report Generated").user("usr_1f3a97c2").property("report_type", "revenue");
        event.property("row_count", row_count).enqueue();
    }
}

fn flush(client: &Client) {
    let report = client.flush_blocking(Duration::from_secs(60));
    assert!(report.is_complete(), "{report}");
}

#[divan::bench(args = [20, 100], sample_count = 50)]
fn by_batch_size(bencher: Bencher<'_, '_>, batch: usize) {
    let client = built(builder(batch));
    bencher.counter(ItemsCount::new(EVENTS)).bench(|| {
        enqueue(&client, EVENTS);
        flush(&client);
    });
}

#[divan::bench(sample_count = 50)]
fn from_four_threads(bencher: Bencher<'_, '_>) {
    let client = built(builder(100));
    bencher.counter(ItemsCount::new(EVENTS)).bench(|| {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| enqueue(&client, EVENTS / 4));
            }
        });
        flush(&client);
    });
}

/// Each event is decoded for the hook, and encoded again.
#[divan::bench(sample_count = 50)]
fn with_before_send(bencher: Bencher<'_, '_>) {
    let client = built(builder(100).before_send(Some));
    bencher.counter(ItemsCount::new(EVENTS)).bench(|| {
        enqueue(&client, EVENTS);
        flush(&client);
    });
}
