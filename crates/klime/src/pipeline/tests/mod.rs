//! The pipeline in virtual time: examples of each rule, and random schedules against a model.

mod random;
mod rules;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::*;
use crate::error::SendErrorKind;
use crate::response::{BatchResponse, ValidationError};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn settings() -> Settings {
    Settings {
        flush_interval: ms(2000),
        max_batch_size: 20,
        max_queue_size: 1000,
        max_queue_bytes: 256 * 1024 * 1024,
        overflow: Overflow::DropOldest,
        retry_max_attempts: 5,
        retry_initial_delay: ms(1000),
        max_in_flight: 4,
        flush_on_shutdown: true,
        show_dropped: true,
    }
}

/// How a server answers a request, for the tests.
#[derive(Debug, Clone)]
enum Answer {
    Ok,
    /// Refuses the events at these places, and says that it refused this many.
    Refuse(Vec<usize>, usize),
    /// A 503 or 429, perhaps with `Retry-After`.
    Busy(Option<Duration>),
    Bad,
    /// A 413 when there are more than so many events.
    Most(usize),
    Panic,
}

impl Answer {
    fn outcome(&self, batch: &Batch) -> Outcome {
        let status = |status| {
            let mut failure = Failure::of_kind(SendErrorKind::Status);
            failure.status = Some(status);
            failure
        };
        match self {
            Self::Ok => taken(BatchResponse::all_accepted(batch.len())),
            Self::Refuse(places, failed) => {
                let error = |place: &usize| ValidationError { index: *place, ..ValidationError::default() };
                let mut response = BatchResponse::all_accepted(batch.len());
                response.failed = *failed;
                response.errors = places.iter().map(error).collect();
                taken(response)
            }
            Self::Busy(retry_after) => Outcome::Transient { failure: status(503), retry_after: *retry_after },
            Self::Bad => Outcome::Permanent(status(400)),
            Self::Most(most) if batch.len() > *most => {
                Outcome::TooLarge { halves: batch.halves(), failure: status(413) }
            }
            Self::Most(_) => taken(BatchResponse::all_accepted(batch.len())),
            Self::Panic => Outcome::Died,
        }
    }
}

fn taken(response: BatchResponse) -> Outcome {
    Outcome::Taken { status: 200, response }
}

/// A pipeline, a clock that stands still until it is moved, and the requests that are under way.
struct World {
    pipeline: Pipeline,
    now: Instant,
    start: Instant,
    sending: Vec<Job>,
    effects: Vec<Effect>,
    enqueued: usize,
}

impl World {
    fn new(settings: Settings) -> Self {
        let now = clock::now();
        Self {
            pipeline: Pipeline::new(settings),
            now,
            start: now,
            sending: Vec::new(),
            effects: Vec::new(),
            enqueued: 0,
        }
    }

    /// Moves the clock to so many milliseconds after the start.
    fn at(&mut self, millis: u64) -> &mut Self {
        self.now = self.start + ms(millis);
        self
    }

    fn enqueue(&mut self, count: usize) -> &mut Self {
        for _ in 0..count {
            let _ = self.enqueue_padded(0);
        }
        self
    }

    fn enqueue_padded(&mut self, padding: usize) -> Result<Option<Instant>, DropReason> {
        let event = format!("{{\"n\":{},\"pad\":\"{}\"}}", self.enqueued, "x".repeat(padding + 20));
        self.enqueued += 1;
        self.pipeline.push(event.as_bytes(), || self.now)
    }

    fn send(&mut self) -> Reply {
        let reply: Reply = Arc::new(Ticket::new());
        let event = format!("{{\"n\":{},\"pad\":\"{}\"}}", self.enqueued, "x".repeat(20));
        self.enqueued += 1;
        if self.pipeline.push_urgent(event.as_bytes(), Arc::clone(&reply), self.now).is_err() {
            reply.fill(Ok(BatchResponse::default()));
        }
        reply
    }

    fn begin(&mut self, purpose: Purpose, deadline: Option<u64>) -> Arc<Ticket<Report>> {
        let ticket = Arc::new(Ticket::new());
        self.pipeline.begin(purpose, Arc::clone(&ticket), self.limits(deadline), false, self.now);
        self.carry_out();
        ticket
    }

    /// Limits that end so many milliseconds from now.
    fn limits(&self, deadline: Option<u64>) -> Limits {
        let deadline = deadline.map(|millis| self.now + ms(millis));
        Limits { give_up: deadline, deadline, are_provisional: false }
    }

    /// Lets workers take all that may go out now, and returns the events of each request.
    fn take(&mut self) -> Vec<Vec<u64>> {
        let mut taken = Vec::new();
        while let Next::Send(job) = self.pipeline.next(self.now) {
            taken.push(numbers(&job.batch));
            self.sending.push(job);
        }
        self.carry_out();
        taken
    }

    /// Settles the oldest request under way.
    fn settle(&mut self, answer: &Answer) -> &mut Self {
        let job = self.sending.remove(0);
        self.settle_job(job, answer, u32::MAX);
        self
    }

    fn settle_job(&mut self, job: Job, answer: &Answer, jitter: u32) {
        let outcome = answer.outcome(&job.batch);
        let Job { slot, batch } = job;
        drop(batch);
        self.pipeline.settle(slot, outcome, self.now, Jitter(jitter));
        self.pipeline.tick(self.now);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        for effect in self.pipeline.take_effects() {
            match effect {
                Effect::Over { ticket, report, .. } => ticket.fill(report),
                Effect::Answered { reply, answer, .. } => {
                    reply.fill(answer.map_err(|failure| SendError::new(failure, Vec::new())));
                }
                Effect::Notice(_) => self.effects.push(effect),
                Effect::InVain { reply, failure } => {
                    if let Some(reply) = reply {
                        reply.note(Err(SendError::timed_out(Some(failure))));
                    }
                }
            }
        }
    }

    /// When a worker would wake up next, in milliseconds after the start.
    fn wake_at(&self) -> Option<u128> {
        self.pipeline.wake_at(self.now).map(|at| (at - self.start).as_millis())
    }

    /// The books, after checking that they balance and say what is really there.
    #[track_caller]
    fn books(&self) -> Stats {
        let books = self.pipeline.stats();
        let Stats { enqueued, accepted, rejected, failed, dropped, pending, .. } = books;
        assert_eq!(enqueued, accepted + rejected + failed + dropped.total() + pending, "{books:?}");
        let urgent = self.pipeline.urgent.iter().map(|urgent| &urgent.batch);
        let slots = self.pipeline.slots.iter().flat_map(|slot| slot.parts.iter().chain([&*slot.batch]));
        let held: Vec<&Batch> = self.pipeline.queue.batches().chain(urgent).chain(slots).collect();
        assert_eq!(pending, held.iter().map(|batch| batch.len() as u64).sum::<u64>());
        assert_eq!(books.pending_bytes, held.iter().map(|batch| batch.event_bytes() as u64).sum::<u64>());
        books
    }
}

/// The numbers of a batch's events, read from its body.
fn numbers(batch: &Batch) -> Vec<u64> {
    let body: Value = serde_json::from_slice(batch.body()).unwrap();
    body["batch"].as_array().unwrap().iter().map(|event| event["n"].as_u64().unwrap()).collect()
}

fn report(ticket: &Ticket<Report>) -> Option<Report> {
    ticket.was_filled().then(|| ticket.wait_until(Some(clock::now())).unwrap())
}
