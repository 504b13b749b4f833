//! What the client holds is bounded in bytes of the process, with a dead server and a queue that is full throughout.
//!
//! What the client holds is at most `1.25 × pending bytes`, one batch more (the one that overflow takes events from keeps its memory
//! until the last of them is gone), 16 MiB of notices when there are callbacks, and a fixed rest. With glibc's allocator as it is,
//! which keeps some of what was freed, the process grows by at most `2 × pending bytes` and those.

use std::fs;
use std::time::Duration;

use klime::Client;
use serde_json::value::RawValue;

use crate::support::{Gate, Server, balanced, child};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// The most that one request's body may be.
const BATCH: usize = 10 * MIB;
/// Threads, sockets, the books, what the allocator keeps.
const REST: usize = 5 * MIB;
/// Has glibc give every large block back as soon as it is freed, so that what is left is what the client holds.
const GIVE_BACK: [(&str, &str); 1] = [("MALLOC_MMAP_THRESHOLD_", "131072")];

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
    let notices = if load.with_callbacks { 16 * MIB } else { 0 };
    let rest = BATCH.min(100 * load.event_bytes) + notices + REST;
    for (variables, quarters) in [(&GIVE_BACK[..], 5), (&[], 8)] {
        let said = child::run(&format!("lifecycle::memory::{test}"), "push", variables);
        let numbers: Vec<usize> = said[0].split(' ').map(|number| number.parse().unwrap()).collect();
        let (growth, pending) = (numbers[0], numbers[1]);
        let bound = pending * quarters / 4 + rest;
        assert!(growth <= bound, "grew by {growth} bytes with {pending} pending, the bound is {bound}");
    }
}

#[test]
fn memory_is_bounded_for_events_of_300_bytes() {
    let load = Load { event_bytes: 300, max_queue_size: 10_000, pushed: 200_000, with_callbacks: false };
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
