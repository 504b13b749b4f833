//! `klime dev` under load, with its page open: how many events a second it takes, how fast it answers, what it costs, and how long
//! the page's questions take with all of them stored.
//!
//! `cargo bench -p klime-cli --bench load [-- EVENTS [CONNECTIONS [FILE]]]`: a million events over 4 connections, unless
//! said otherwise, kept in memory or in a new file. The sender runs on the same machine and takes its share of it; each
//! connection sends its next batch when the last one was answered.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark measures time, and may stop at the first error"
)]

mod batch;
mod connection;
mod page;
mod process;
mod times;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use batch::{Batches, EVENTS_IN_BATCH};
use connection::Connection;
use page::Page;
use process::Dev;
use times::Times;

/// The page's questions are asked so often at the end.
const ROUNDS: usize = 20;

/// What to do, from the command line.
struct Plan {
    batches: u64,
    connections: u64,
    file: Option<String>,
}

impl Plan {
    fn read() -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        // Cargo says `--bench` when it measures, and nothing when it only tries whether a benchmark runs.
        let usual = if arguments.iter().any(|argument| argument == "--bench") { 1_000_000 } else { 2_000 };
        let mut given = arguments.into_iter().filter(|argument| !argument.starts_with("--"));
        let mut number = |usual: u64| given.next().map_or(usual, |text| text.parse().unwrap());
        let (events, connections) = (number(usual), number(4));
        Self { batches: events.div_ceil(EVENTS_IN_BATCH), connections, file: given.next() }
    }
}

fn main() {
    let plan = Plan::read();
    // Made before the clock runs, and before a connection could be idle for too long.
    let batches = (0..plan.connections).map(|_| Batches::new(plan.batches)).collect();
    let dev = Dev::start(plan.file.as_deref());
    let page = Page::open(dev.address());
    let (cpu, began) = (dev.cpu(), Instant::now());
    let answers = send(&plan, &dev, batches);
    let (took, cpu) = (began.elapsed(), dev.cpu() - cpu);
    let events = plan.batches * EVENTS_IN_BATCH;
    println!(
        "{events} events in {:.1} s over {} connections: {:.0} events/s",
        took.as_secs_f64(),
        plan.connections,
        events as f64 / took.as_secs_f64()
    );
    println!("{} MB of bodies, {} bytes an event", answers.bytes >> 20, answers.bytes / events);
    println!("answers: {}", answers.times);
    println!(
        "server: {:.1} s of CPU, {:.1} µs an event; resident {} MB, at most {} MB",
        cpu.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / events as f64,
        dev.resident_mb(),
        dev.most_resident_mb()
    );
    page.close();
    ask(&dev);
}

#[derive(Default)]
struct Answers {
    times: Times,
    bytes: u64,
}

/// Sends all batches, and checks that each event is accepted.
fn send(plan: &Plan, dev: &Dev, batches: Vec<Batches>) -> Answers {
    let next = AtomicU64::new(0);
    let mut all = Answers::default();
    thread::scope(|scope| {
        let sender = |batches| scope.spawn(|| send_some(plan, dev, batches, &next));
        let senders: Vec<_> = batches.into_iter().map(sender).collect();
        for sender in senders {
            let Answers { times, bytes } = sender.join().unwrap();
            all.times.extend(times);
            all.bytes += bytes;
        }
    });
    all
}

fn send_some(plan: &Plan, dev: &Dev, mut batches: Batches, next: &AtomicU64) -> Answers {
    let mut connection = Connection::open(dev.address());
    let mut answers = Answers::default();
    let expected = format!(r#"{{"status":"ok","accepted":{EVENTS_IN_BATCH},"failed":0}}"#);
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= plan.batches {
            return answers;
        }
        let body = batches.batch(number);
        answers.bytes += body.len() as u64;
        let began = Instant::now();
        let answer = connection.post("/v1/batch", body);
        answers.times.add(began.elapsed());
        assert_eq!((answer.status, answer.text()), (200, expected.as_str()));
    }
}

/// Asks what the page asks.
fn ask(dev: &Dev) {
    let mut connection = Connection::open(dev.address());
    for path in page::QUESTIONS {
        let mut times = Times::default();
        let mut status = 0;
        for _ in 0..ROUNDS {
            let began = Instant::now();
            status = connection.get(path).status;
            times.add(began.elapsed());
        }
        println!("{status} {path}: {times}");
    }
}
