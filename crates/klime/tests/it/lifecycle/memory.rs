//! What the client holds is bounded in bytes of the process, with a dead server and a queue that is full throughout.
//!
//! The bound that is checked: `1.25 × pending bytes + 10 MiB for each batch under way, and one at an end of the queue + a fixed
//! rest`; with callbacks another 16 MiB for the notices that wait.

use std::fs;
use std::time::Duration;

use klime::Client;
use serde_json::value::RawValue;

use crate::support::{Gate, Server, balanced, child};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const MAX_IN_FLIGHT: usize = 2;
/// The most that one request's body may be.
const BATCH: usize = 10 * MIB;
/// Threads, sockets, the books, what the allocator keeps.
const REST: usize = 6 * MIB;

struct Load {
    event_bytes: usize,
    max_queue_size: usize,
    pushed: usize,
    with_callbacks: bool,
}

/// A line of `/proc/self/status`, in bytes.
fn status(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let kib: usize = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap();
    kib * KIB
}

/// Pushes the load at a client that cannot deliver it, and returns the growth of memory at its peak, and the most bytes that
/// were pending.
fn peak_growth(load: &Load) -> (usize, usize) {
    let mut builder = Client::builder("test-key")
        .endpoint(Server::unused_port())
        .flush_interval(Duration::from_millis(1))
        .max_queue_size(load.max_queue_size)
        .max_queue_bytes(64 * MIB)
        .max_batch_size(100)
        .max_in_flight(MAX_IN_FLIGHT)
        .retry_initial_delay(Duration::from_secs(3600));
    let gate = Gate::new();
    if load.with_callbacks {
        let blocked = gate.clone();
        builder = builder.on_drop(move |_, _| blocked.pass());
    }
    let client = builder.build().unwrap();
    // Raw JSON, so that encoding is not what this test spends its time on.
    let fill = RawValue::from_string(format!("\"{}\"", "x".repeat(load.event_bytes - 200))).unwrap();
    client.track("Warm Up").user(1).property("fill", &*fill).enqueue();
    let before = status("VmRSS");
    let mut most_pending = 0;
    for n in 0..load.pushed {
        client.track("Filled").user(n).property("fill", &*fill).enqueue();
        if n % 64 == 0 {
            most_pending = most_pending.max(balanced(&client).pending_bytes);
        }
    }
    let growth = status("VmHWM") - before;
    let books = balanced(&client);
    let is_full = books.pending as usize == load.max_queue_size || books.pending_bytes as usize > 63 * MIB;
    assert!(is_full && books.dropped.queue_full > 0 && books.accepted == 0, "{books:?}");
    gate.open();
    assert_eq!(client.shutdown_blocking(Duration::ZERO).accepted, 0);
    (growth, most_pending as usize)
}

/// Each load in a process of its own, so that they do not find each other's memory.
fn check(test: &str, load: &Load) {
    if child::role().is_some() {
        let (growth, pending) = peak_growth(load);
        child::say(&format!("{growth} {pending}"));
        return;
    }
    let said = child::run(&format!("lifecycle::memory::{test}"), "push", &[]);
    let numbers: Vec<usize> = said[0].split(' ').map(|number| number.parse().unwrap()).collect();
    let (growth, pending) = (numbers[0], numbers[1]);
    let notices = if load.with_callbacks { 16 * MIB } else { 0 };
    // A batch is never larger than the events in it can make it. The one that overflow takes its events from keeps all their
    // memory until the last one is gone.
    let batch = BATCH.min(100 * load.event_bytes);
    let bound = pending + pending / 4 + (MAX_IN_FLIGHT + 1) * batch + notices + REST;
    assert!(growth <= bound, "grew by {growth} bytes with {pending} pending, the bound is {bound}");
}

#[test]
fn memory_is_bounded_for_events_of_300_bytes() {
    let load = Load { event_bytes: 300, max_queue_size: 20_000, pushed: 400_000, with_callbacks: false };
    check("memory_is_bounded_for_events_of_300_bytes", &load);
}

#[test]
fn memory_is_bounded_for_events_of_10_kilobytes() {
    let load = Load { event_bytes: 10 * KIB, max_queue_size: 1000, pushed: 20_000, with_callbacks: false };
    check("memory_is_bounded_for_events_of_10_kilobytes", &load);
}

#[test]
fn memory_is_bounded_for_events_of_100_kilobytes() {
    let load = Load { event_bytes: 100 * KIB, max_queue_size: 1000, pushed: 13_000, with_callbacks: false };
    check("memory_is_bounded_for_events_of_100_kilobytes", &load);
}

#[test]
fn memory_is_bounded_while_callbacks_hang() {
    let load = Load { event_bytes: 10 * KIB, max_queue_size: 1000, pushed: 20_000, with_callbacks: true };
    check("memory_is_bounded_while_callbacks_hang", &load);
}
