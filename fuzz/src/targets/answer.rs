//! The whole loop: whatever the server answers, each flush and shutdown ends, and the books say what the protocol says.
//!
//! One request at a time and a script of answers make the end predictable: a model goes through the same answers and has to
//! come to the same counts.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use klime::{BatchResponse, Client, Request, Response, Stats, Transport, TransportError};

use super::retry_after::retry::parse_retry_after;
use super::{LIMIT, balanced};
use crate::input::Input;

pub(crate) const TOKENS: &[&str] = &[
    "\u{0}",
    "3\u{0}",
    "{\"status\":\"ok\",\"accepted\":1,\"failed\":1,\"errors\":[{\"index\":0}]}\u{0}",
    "{\"error\":\"no\"}\u{0}",
    "Sun, 06 Nov 1994 08:49:37 GMT\u{0}",
];

const ATTEMPTS: u32 = 2;

/// What the server does with one request.
#[derive(Debug, Clone)]
enum Step {
    Answer(Response),
    NoAnswer,
    Panic,
}

impl Step {
    fn read(input: &mut Input<'_>) -> Self {
        let status = match input.byte() {
            0 => return Self::NoAnswer,
            1 => return Self::Panic,
            2..100 => 200,
            100..130 => 413,
            130..160 => 503,
            160..180 => 429,
            180..200 => 400,
            200..210 => 202,
            _ => u16::from_be_bytes([input.byte(), input.byte()]),
        };
        let retry_after = String::from_utf8_lossy(input.line()).into_owned();
        Self::Answer(Response::new(status).with_header("Retry-After", &retry_after).with_body(input.line()))
    }

    /// Whether it keeps the whole client waiting for longer than this target wants to.
    fn closes_the_gate(&self) -> bool {
        #[expect(clippy::disallowed_methods, reason = "a date in a header is compared with the calendar")]
        let now = SystemTime::now();
        match self {
            Self::Answer(answer) => answer
                .retry_after()
                .and_then(|header| parse_retry_after(header, now))
                .is_some_and(|wait| !wait.is_zero()),
            Self::NoAnswer | Self::Panic => false,
        }
    }
}

#[derive(Debug)]
struct Server(Mutex<VecDeque<Step>>);

impl Transport for Server {
    fn send(&self, _request: &Request<'_>) -> Result<Response, TransportError> {
        let step = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match step {
            None => Ok(Response::new(200)),
            Some(Step::Answer(answer)) => Ok(answer),
            Some(Step::NoAnswer) => Err(TransportError::new("no answer")),
            // Like a panic, but the driver's hook does not take it for a finding.
            Some(Step::Panic) => std::panic::resume_unwind(Box::new("the transport panics")),
        }
    }
}

/// What has to become of the events.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fate {
    accepted: u64,
    rejected: u64,
    failed: u64,
    died: u64,
    requests: u64,
}

impl Fate {
    fn of(batches: Vec<usize>, mut steps: VecDeque<Step>) -> Self {
        let mut fate = Self::default();
        let mut to_do: VecDeque<(usize, u32)> = batches.into_iter().map(|events| (events, 1)).collect();
        while let Some((events, attempt)) = to_do.pop_front() {
            fate.requests += 1;
            let count = events as u64;
            match steps.pop_front().unwrap_or_else(|| Step::Answer(Response::new(200))) {
                Step::Panic => fate.died += count,
                Step::NoAnswer if attempt < ATTEMPTS => to_do.push_front((events, attempt + 1)),
                Step::NoAnswer => fate.failed += count,
                Step::Answer(answer) => match answer.status() {
                    200..300 => {
                        let refused = refused(&answer, events) as u64;
                        fate.rejected += refused;
                        fate.accepted += count - refused;
                    }
                    408 | 425 | 429 | 500..600 if attempt < ATTEMPTS => to_do.push_front((events, attempt + 1)),
                    413 if events > 1 => {
                        to_do.push_front((events - events / 2, 1));
                        to_do.push_front((events / 2, 1));
                    }
                    _ => fate.failed += count,
                },
            }
        }
        fate
    }

    fn in_books(books: &Stats) -> Self {
        let Stats { accepted, rejected, failed, requests, dropped, .. } = *books;
        Self { accepted, rejected, failed, died: dropped.worker_died, requests }
    }
}

fn refused(answer: &Response, events: usize) -> usize {
    let Some(answer) = BatchResponse::from_json(answer.body()) else {
        return 0;
    };
    let named = (0..events).filter(|index| answer.errors.iter().any(|error| error.index == *index)).count();
    named.max(answer.failed).min(events)
}

/// How many events the callbacks were given.
#[derive(Debug, Default)]
struct Told {
    failed: AtomicU64,
    dropped: AtomicU64,
}

pub(crate) fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (events, most) = (usize::from(input.below(9)), usize::from(input.below(5)) + 1);
    let mut steps = VecDeque::new();
    while !input.is_empty() && steps.len() < 16 {
        steps.push_back(Step::read(&mut input));
    }
    let told = Arc::new(Told::default());
    let client = client(steps.clone(), most, &told);
    for index in 0..events {
        client.track("Event").user(index).enqueue();
        balanced(&client);
    }
    if steps.iter().any(Step::closes_the_gate) {
        return end_early(&client, events as u64);
    }
    let report = client.flush_blocking(LIMIT);
    assert_eq!(report.pending, 0, "the flush did not end");
    let sizes: Vec<usize> = (0..events).step_by(most).map(|first| most.min(events - first)).collect();
    let books = balanced(&client);
    assert_eq!(Fate::in_books(&books), Fate::of(sizes, steps), "{books:?}");
    // What was settled before the flush is not in its report.
    let reported = [report.accepted, report.rejected, report.failed, report.dropped];
    let booked = [books.accepted, books.rejected, books.failed, books.dropped.total()];
    assert!(reported.iter().zip(booked).all(|(reported, booked)| *reported <= booked), "{report}, {books:?}");
    assert!(client.shutdown_blocking(LIMIT).is_complete(), "nothing was left to shut down");
    // Refused events that the answer does not name are not among those that are shown.
    let failed = told.failed.load(Ordering::SeqCst);
    assert!((books.failed..=books.failed + books.rejected).contains(&failed), "{failed} shown, {books:?}");
    assert_eq!(told.dropped.load(Ordering::SeqCst), books.dropped.total(), "{books:?}");
}

/// The server asks for a wait that is longer than the shutdown: it gives up, and says what it dropped.
fn end_early(client: &Client, events: u64) {
    let report = client.shutdown_blocking(Duration::from_millis(900));
    assert_eq!(report.pending, 0);
    let books = balanced(client);
    assert_eq!((books.pending, books.enqueued), (0, events), "{books:?}");
}

fn client(steps: VecDeque<Step>, most: usize, told: &Arc<Told>) -> Client {
    let (failed, dropped) = (Arc::clone(told), Arc::clone(told));
    Client::builder("fuzz-write-key")
        .transport(Server(Mutex::new(steps)))
        .max_batch_size(most)
        .max_in_flight(1)
        .flush_interval(Duration::from_secs(3600))
        .retry_max_attempts(ATTEMPTS)
        .retry_initial_delay(Duration::from_millis(1))
        .on_error(move |error, events| {
            assert_eq!(error.events().len(), events.len());
            assert!(!error.to_string().is_empty());
            failed.failed.fetch_add(events.len() as u64, Ordering::SeqCst);
        })
        .on_drop(move |_, events| {
            dropped.dropped.fetch_add(events.len() as u64, Ordering::SeqCst);
        })
        .build()
        .expect("the settings are right")
}
