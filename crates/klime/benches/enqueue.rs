//! What the call costs the caller, built and enqueued, hot: the same event over and over, a server that takes all at once.
//!
//!     cargo bench -p klime --bench enqueue
//!
//! One iteration is one whole call. Look at the median: the slow calls share a core with the worker. The cold call, which an
//! app makes, costs more; `bench/` measures that, and compares it with the peers.

use std::time::Duration;

use divan::Bencher;
use klime::{Client, ClientBuilder, Request, Response, Transport, TransportError, json};
use serde::Serialize;

fn main() {
    divan::main();
}

/// Takes everything at once.
#[derive(Debug)]
struct Null;

impl Transport for Null {
    fn send(&self, _request: &Request<'_>) -> Result<Response, TransportError> {
        Ok(Response::new(200))
    }
}

/// Has the whole client wait for five minutes.
#[derive(Debug)]
struct Closed;

impl Transport for Closed {
    fn send(&self, _request: &Request<'_>) -> Result<Response, TransportError> {
        Ok(Response::new(429).with_header("Retry-After", "300"))
    }
}

/// The queue is never full, unless the bench asks for that.
fn builder(transport: impl Transport) -> ClientBuilder {
    Client::builder("bench").transport(transport).max_batch_size(100).max_queue_size(1_000_000)
}

fn built(builder: ClientBuilder) -> Client {
    match builder.build() {
        Ok(client) => client,
        Err(error) => panic!("{error}"),
    }
}

#[derive(Serialize)]
struct Report<'a> {
    report_type: &'a str,
    format: &'a str,
    region: &'a str,
    duration_seconds: f64,
    row_count: u32,
}

const REPORT: Report<'_> =
    Report { report_type: "revenue", format: "xlsx", region: "eu-west", duration_seconds: 12.75, row_count: 482 };

/// Five properties, one by one.
fn enqueue_report(client: &Client) {
    client
        .track("Report Generated")
        .user("usr_1f3a97c2")
        .property("report_type", REPORT.report_type)
        .property("format", REPORT.format)
        .property("region", REPORT.region)
        .property("duration_seconds", REPORT.duration_seconds)
        .property("row_count", REPORT.row_count)
        .enqueue();
}

#[divan::bench]
fn property_by_property(bencher: Bencher<'_, '_>) {
    let client = built(builder(Null));
    bencher.bench(|| enqueue_report(&client));
}

#[divan::bench]
fn properties_by_json_macro(bencher: Bencher<'_, '_>) {
    let client = built(builder(Null));
    bencher.bench(|| {
        let properties = json!({
            "report_type": REPORT.report_type,
            "format": REPORT.format,
            "region": REPORT.region,
            "duration_seconds": REPORT.duration_seconds,
            "row_count": REPORT.row_count,
        });
        client.track("Report Generated").user("usr_1f3a97c2").properties(properties).enqueue();
    });
}

#[divan::bench]
fn properties_by_struct(bencher: Bencher<'_, '_>) {
    let client = built(builder(Null));
    bencher.bench(|| client.track("Report Generated").user("usr_1f3a97c2").properties(REPORT).enqueue());
}

#[divan::bench]
fn disabled(bencher: Bencher<'_, '_>) {
    let client = Client::disabled();
    bencher.bench(|| enqueue_report(&client));
}

/// Each call drops the oldest of 1000 events.
#[divan::bench]
fn full_queue(bencher: Bencher<'_, '_>) {
    let client = built(builder(Closed).max_queue_size(1000).shutdown_timeout(Duration::ZERO));
    for _ in 0..1000 {
        enqueue_report(&client);
    }
    bencher.bench(|| enqueue_report(&client));
}

/// Four callers and one client: what the lock costs.
#[divan::bench(threads = 4)]
fn four_threads(bencher: Bencher<'_, '_>) {
    let client = built(builder(Null));
    bencher.bench(|| enqueue_report(&client));
}
