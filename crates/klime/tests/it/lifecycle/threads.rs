//! Many threads at one client, and a server that fails in every way: nothing is lost, and nothing is taken twice.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use klime::{Client, Stats};
use serde_json::json;

use super::{LIMIT, quiet};
use crate::support::{Answer, Received, Server, balanced};

const THREADS: usize = 6;
const ROUNDS: usize = 150;
/// Each round enqueues four events and sends one.
const EVENTS: usize = THREADS * ROUNDS * 5;

/// Like `std`'s hash of a counter, but the same in each run.
fn scramble(n: usize) -> usize {
    (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29) as usize % 1000
}

/// What became of each message id at the server.
#[derive(Default)]
struct Ledger {
    requests: AtomicUsize,
    accepted: Mutex<HashSet<String>>,
    refused: Mutex<HashSet<String>>,
}

impl Ledger {
    fn answer(&self, received: &Received) -> Answer {
        let ids: Vec<String> =
            received.events().iter().map(|event| event["messageId"].as_str().unwrap().to_owned()).collect();
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        match scramble(number) {
            0..80 => Answer::status(503),
            80..120 => Answer::status(429).header("Retry-After", 0),
            120..180 => Answer::reset(),
            180..220 => {
                // One event cannot be split.
                self.settle(&self.refused, if ids.len() == 1 { ids } else { Vec::new() });
                Answer::status(413)
            }
            220..240 => Answer::raw("not HTTP"),
            240..280 => {
                self.settle(&self.refused, ids);
                Answer::status(400)
            }
            280..320 if !ids.is_empty() => {
                self.settle(&self.refused, vec![ids[0].clone()]);
                self.settle(&self.accepted, ids[1..].to_vec());
                let errors = json!([{ "index": 0, "message": "m", "code": "c" }]);
                let answer = json!({ "status": "ok", "accepted": ids.len() - 1, "failed": 1, "errors": errors });
                Answer::status(200).json(&answer)
            }
            320..360 => {
                self.settle(&self.accepted, ids);
                Answer::reset_mid_body()
            }
            360..400 => {
                self.settle(&self.accepted, ids);
                Answer::ok().close_after()
            }
            _ => {
                self.settle(&self.accepted, ids);
                Answer::ok()
            }
        }
    }

    /// A panic here fails the test.
    fn settle(&self, settled: &Mutex<HashSet<String>>, ids: Vec<String>) {
        for id in ids {
            let again = self.accepted.lock().unwrap().contains(&id) || self.refused.lock().unwrap().contains(&id);
            assert!(!again, "{id} came again after it was settled");
            settled.lock().unwrap().insert(id);
        }
    }
}

/// One thread's part: enqueue, send, flush, look.
fn hammer(client: &Client, thread: usize) {
    for round in 0..ROUNDS {
        let user = format!("{thread}-{round}");
        client.track("Clicked").user(&user).property("round", round).enqueue();
        client.identify(&user).trait_value("plan", "pro").enqueue();
        client.group(thread).user(&user).enqueue();
        client.enqueue_event(klime::Event::track("Dynamic").with_user(&user));
        let sending = client.track("Sent").user(&user).send();
        match round % 30 {
            0 => drop(client.flush_blocking(LIMIT)),
            10 => drop(smol::block_on(client.flush().within(Duration::from_millis(1)))),
            20 => drop(smol::block_on(sending)),
            _ => drop(sending),
        }
        balanced(client);
    }
}

/// Takes copies of the books until `over`, and checks each.
fn watch(client: &Client, over: &AtomicBool) {
    let mut before = Stats::default();
    while !over.load(Ordering::Relaxed) {
        let books = balanced(client);
        assert!(books.enqueued >= before.enqueued && books.accepted >= before.accepted, "{before:?} then {books:?}");
        assert!(books.pending as usize <= EVENTS);
        before = books;
        thread::yield_now();
    }
}

#[test]
fn nothing_is_lost_or_taken_twice_whatever_the_server_does() {
    let ledger = Arc::<Ledger>::default();
    let answering = Arc::clone(&ledger);
    let server = Server::answering(move |received| answering.answer(received));
    let client = quiet(server.endpoint())
        .flush_interval(Duration::from_millis(5))
        .retry_max_attempts(1000)
        .max_queue_size(EVENTS)
        .build()
        .unwrap();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| watch(&client, &over));
        let hammering: Vec<_> = (0..THREADS)
            .map(|n| {
                let client = &client;
                scope.spawn(move || hammer(client, n))
            })
            .collect();
        let joined: Vec<_> = hammering.into_iter().map(thread::ScopedJoinHandle::join).collect();
        over.store(true, Ordering::Relaxed);
        assert!(joined.iter().all(Result::is_ok));
    });
    let report = client.shutdown_blocking(6 * LIMIT);
    assert_eq!((report.dropped, report.pending), (0, 0));
    let books = balanced(&client);
    assert_eq!((books.enqueued as usize, books.dropped.total()), (EVENTS, 0));
    assert_eq!(books.accepted as usize, ledger.accepted.lock().unwrap().len());
    assert_eq!((books.rejected + books.failed) as usize, ledger.refused.lock().unwrap().len());
    assert!(books.retries > 0 && books.failed > 0 && books.rejected > 0, "{books:?}");
}

#[test]
fn bounds_hold_however_many_threads_push() {
    let client = quiet(Server::unused_port())
        .max_queue_size(50)
        .max_queue_bytes(200 * 1024)
        .flush_interval(Duration::from_millis(1))
        .build()
        .unwrap();
    let pushed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for n in 0..500 {
                    client.track("Clicked").user(n).property("fill", "x".repeat(n * 20)).enqueue();
                    pushed.fetch_add(1, Ordering::Relaxed);
                    let books = balanced(&client);
                    assert!(books.pending <= 50 && books.pending_bytes <= 200 * 1024, "{books:?}");
                }
            });
        }
    });
    assert_eq!(client.shutdown_blocking(Duration::ZERO).pending, 0);
    let books = balanced(&client);
    assert_eq!(books.enqueued as usize, pushed.load(Ordering::Relaxed));
    assert_eq!(books.enqueued, books.failed + books.dropped.total());
}

#[test]
fn threads_may_shut_down_while_others_enqueue() {
    let server = Server::start();
    let client = quiet(server.endpoint()).max_batch_size(5).build().unwrap();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for n in 0..200 {
                    client.track("Clicked").user(n).enqueue();
                    if n == 100 {
                        assert_eq!(client.shutdown_blocking(LIMIT).pending, 0);
                    }
                    balanced(&client);
                }
            });
        }
    });
    let books = balanced(&client);
    assert_eq!((books.pending, books.enqueued), (0, 1200));
    assert_eq!(books.accepted + books.dropped.closed, 1200);
    assert_eq!(books.accepted as usize, server.events().len());
}
