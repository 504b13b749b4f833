//! How fast events are appended, and how long the page's questions take, with a million events stored.
//!
//! `cargo bench -p klime-cli --bench queries [-- EVENTS [FILE]]`; with a file the store is there and not in memory.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark measures time, and may stop at the first error"
)]

mod events;
mod questions;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use klime_cli::dev::customers::Customers;
use klime_cli::dev::event::{Status, Verdict};
use klime_cli::dev::store::{Limits, Store};

use self::events::{event, now, record};
use self::questions::{ask_for_events, ask_for_the_rest};

const EVENTS: u64 = 1_000_000;
const TRIED_EVENTS: u64 = 2_000;
const BATCH: u64 = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Cargo says `--bench` when it measures, and nothing when it only tries whether a benchmark runs.
    let usual = if arguments.iter().any(|argument| argument == "--bench") { EVENTS } else { TRIED_EVENTS };
    let mut given = arguments.into_iter().filter(|argument| !argument.starts_with("--"));
    let events = given.next().map_or(usual, |events| events.parse().unwrap());
    let path = given.next().map(PathBuf::from);
    let mut store = Store::open(path.as_deref(), Limits::default()).unwrap();
    let mut customers = Customers::default();
    fill(&mut store, &mut customers, events);
    println!(
        "stored {}, {} MB of bodies, {:?} users and groups",
        store.event_counts().stored,
        store.stats(now()).storage.bytes >> 20,
        customers.counts()
    );
    ask_for_events(&store, &customers, events);
    ask_for_the_rest(&store, &customers);
    append_to_a_full_store(&mut store, events);
    let (began, mut replayed) = (Instant::now(), 0_u64);
    store.replay(|_| replayed += 1).unwrap();
    println!("replay of {replayed} events: {:?}", began.elapsed());
    if let Some(path) = path {
        let began = Instant::now();
        drop(store);
        println!("closed in {:?}", began.elapsed());
        let began = Instant::now();
        store = Store::open(Some(&path), Limits::default()).unwrap();
        println!("opened again in {:?}, {} events", began.elapsed(), store.event_counts().stored);
    }
    let began = Instant::now();
    store.reset().unwrap();
    println!("reset in {:?}", began.elapsed());
}

fn fill(store: &mut Store, customers: &mut Customers, events: u64) {
    let (mut appending, mut folding, mut slowest) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let (mut part, mut in_part) = (Duration::ZERO, 0);
    for batch in 0..events / BATCH {
        let judged: Vec<_> = (batch * BATCH..(batch + 1) * BATCH).map(event).collect();
        let began = Instant::now();
        let appended = store.append(&record(batch), &judged).unwrap();
        let appended_in = began.elapsed();
        let began = Instant::now();
        for (judged, status) in judged.iter().zip(&appended.statuses) {
            if let (Verdict::Taken(event), Status::Accepted) = (&judged.verdict, status) {
                customers.apply(event);
            }
        }
        folding += began.elapsed();
        appending += appended_in;
        slowest = slowest.max(appended_in);
        (part, in_part) = (part + appended_in, in_part + BATCH);
        if in_part == 100_000 {
            println!("  append: {:>9.0} events/s", in_part as f64 / part.as_secs_f64());
            (part, in_part) = (Duration::ZERO, 0);
        }
    }
    let rate = |took: Duration| events as f64 / took.as_secs_f64();
    println!(
        "append: {:.0} events/s, slowest batch {slowest:?}; customers: {:.0} events/s",
        rate(appending),
        rate(folding)
    );
}

/// When the store is full each append has to make room.
fn append_to_a_full_store(store: &mut Store, from: u64) {
    let more = from / 5;
    let (mut took, mut slowest) = (Duration::ZERO, Duration::ZERO);
    for batch in from / BATCH..(from + more) / BATCH {
        let judged: Vec<_> = (batch * BATCH..(batch + 1) * BATCH).map(event).collect();
        let began = Instant::now();
        store.append(&record(batch), &judged).unwrap();
        took += began.elapsed();
        slowest = slowest.max(began.elapsed());
    }
    println!("append to the full store: {:.0} events/s, slowest batch {slowest:?}", more as f64 / took.as_secs_f64());
}
