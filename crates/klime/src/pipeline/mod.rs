//! The pipeline: the state machine that decides what is sent when, and keeps the books.
//!
//! It has no clock, no threads and does no I/O. Events come in by [`Pipeline::push`]; a worker asks [`Pipeline::next`] what
//! to do, does it without the lock, and reports by [`Pipeline::settle`]. What follows for others (callbacks, those who wait)
//! is gathered as [`Effect`]s, which the caller carries out after it has let go of the lock.
//!
//! ```text
//! push ─► queue ─► slot ─► (worker: HTTP) ─► settle ─┬─► books, barriers, effects
//!                   ▲                                │
//!                   └────── back-off, halves ◄───────┘
//! ```

mod barrier;
mod batch;
mod closing;
mod outcome;
mod queue;
mod retry;
mod settle;
mod slot;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use barrier::{Limits, Purpose};
pub(crate) use batch::Batch;
pub(crate) use outcome::Outcome;
pub(crate) use retry::Jitter;

use crate::clock;
use crate::error::{Failure, SendError};
use crate::notices::{Events, Lost, Notice};
use crate::response::BatchResponse;
use crate::stats::{DropReason, Report, Stats};
use crate::ticket::Ticket;
use barrier::{Barrier, BehindCallbacks};
use queue::Queue;
use slot::{Slot, State};

/// A further connection is used only when a batch has been ready, and unsent, for this long.
const PATIENCE: Duration = Duration::from_millis(10);

/// What to do with a new event when the queue is full. [`ClientBuilder::overflow`](crate::ClientBuilder::overflow) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Overflow {
    /// Drop the oldest event that waits in the queue, and take the new one. When all that is pending is in flight, the new one
    /// is dropped.
    #[default]
    DropOldest,
    /// Drop the new event.
    DropNewest,
}

/// The pipeline's part of a client's settings, checked by the builder.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) flush_interval: Duration,
    pub(crate) max_batch_size: usize,
    pub(crate) max_queue_size: usize,
    pub(crate) max_queue_bytes: usize,
    pub(crate) overflow: Overflow,
    pub(crate) retry_max_attempts: u32,
    pub(crate) retry_initial_delay: Duration,
    pub(crate) max_in_flight: usize,
    pub(crate) flush_on_shutdown: bool,
    /// Whether somebody wants to see the events that are dropped.
    pub(crate) show_dropped: bool,
}

/// Who waits for the answer to a batch of one.
pub(crate) type Reply = Arc<Ticket<Result<BatchResponse, SendError>>>;

/// What the holder of the lock has to do once it has let go of it.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Something for the callbacks and the log.
    Notice(Notice),
    /// A flush or shutdown is over.
    Over { ticket: Arc<Ticket<Report>>, report: Report, after_callbacks: bool },
    /// An attempt that decides nothing: who waits for the answer may run out of time before there is a better one. It may hold an
    /// error of the app's, so it is not to be dropped under the lock.
    InVain { reply: Option<Reply>, failure: Failure },
    /// A `send` or `verify` has its answer.
    Answered { reply: Reply, answer: Result<BatchResponse, Failure>, batch: Arc<Batch> },
}

/// What a worker has to do.
#[derive(Debug)]
pub(crate) enum Next {
    Send(Job),
    /// Nothing before [`Pipeline::wake_at`].
    Wait,
    /// Nothing any more.
    Exit,
}

/// One request to make.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) slot: u64,
    pub(crate) batch: Arc<Batch>,
}

/// A batch of one that stands before the queue.
#[derive(Debug)]
struct Urgent {
    batch: Batch,
    since: Instant,
    reply: Reply,
}

#[derive(Debug)]
pub(crate) struct Pipeline {
    settings: Settings,
    books: Stats,
    queue: Queue,
    urgent: VecDeque<Urgent>,
    slots: Vec<Slot>,
    slots_opened: u64,
    /// Nothing is sent before this time: the server said so.
    gate: Option<Instant>,
    barriers: Vec<Barrier>,
    /// Some barrier waits for nothing any more.
    has_ended_barriers: bool,
    /// The earliest time at which a flush or shutdown may be over, if not before.
    next_barrier_time: Option<Instant>,
    behind_callbacks: Vec<BehindCallbacks>,
    /// Why no event is taken any more.
    closed: Option<DropReason>,
    /// What became of the last shutdown that has ended.
    shutdown_report: Option<Report>,
    /// When a batch was last begun or filled.
    last_news: Option<Instant>,
    effects: Vec<Effect>,
}

impl Pipeline {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            books: Stats::default(),
            queue: Queue::default(),
            urgent: VecDeque::new(),
            slots: Vec::new(),
            slots_opened: 0,
            gate: None,
            barriers: Vec::new(),
            has_ended_barriers: false,
            next_barrier_time: None,
            behind_callbacks: Vec::new(),
            closed: None,
            shutdown_report: None,
            last_news: None,
            effects: Vec::new(),
        }
    }

    /// A pipeline that drops everything as `Disabled`.
    pub(crate) fn disabled(settings: Settings) -> Self {
        Self { closed: Some(DropReason::Disabled), ..Self::new(settings) }
    }

    pub(crate) fn stats(&self) -> Stats {
        self.books
    }

    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Takes an event into the queue. When that begins or fills a batch, says when there is something to send, if a slot is free.
    ///
    /// # Errors
    ///
    /// Why the event was dropped; it is in the books.
    pub(crate) fn push(&mut self, event: &[u8], now: impl FnOnce() -> Instant) -> Result<Option<Instant>, DropReason> {
        self.admit(event.len())?;
        let Settings { max_batch_size, flush_interval, .. } = self.settings;
        let Some(now) = self.queue.push(event, max_batch_size, flush_interval, now) else {
            return Ok(None);
        };
        self.last_news = Some(now);
        Ok(self.send_at())
    }

    /// Takes an event that is sent before all others, in a batch of its own.
    ///
    /// # Errors
    ///
    /// Why the event was dropped; it is in the books.
    pub(crate) fn push_urgent(
        &mut self,
        event: &[u8],
        reply: Reply,
        now: Instant,
    ) -> Result<Option<Instant>, DropReason> {
        self.admit(event.len())?;
        let batch = Batch::of(self.queue.next_number(), [event]);
        self.urgent.push_back(Urgent { batch, since: now, reply });
        Ok(self.send_at())
    }

    /// Sends an empty batch, which checks the write key.
    ///
    /// # Errors
    ///
    /// Why nothing is sent any more.
    pub(crate) fn push_key_check(&mut self, reply: Reply, now: Instant) -> Result<(), DropReason> {
        if let Some(reason) = self.closed {
            return Err(reason);
        }
        let batch = Batch::of(self.queue.next_number(), []);
        self.urgent.push_back(Urgent { batch, since: now, reply });
        Ok(())
    }

    /// Counts an event that was refused before it came here.
    pub(crate) fn refuse(&mut self, reason: DropReason) {
        self.books.enqueued += 1;
        self.books.dropped.add(reason, 1);
    }

    /// Counts a new event, and makes room for it or drops it.
    fn admit(&mut self, bytes: usize) -> Result<(), DropReason> {
        if let Some(reason) = self.closed {
            self.refuse(reason);
            return Err(reason);
        }
        // What is under way cannot be taken back, so evicting must be worth it before it begins.
        let under_way = to_usize(self.books.pending) - self.queue.events();
        let bytes_under_way = to_usize(self.books.pending_bytes) - self.queue.bytes();
        let fits = |events: usize, held: usize| {
            events < self.settings.max_queue_size && held + bytes <= self.settings.max_queue_bytes
        };
        let fits_now = fits(under_way + self.queue.events(), bytes_under_way + self.queue.bytes());
        let can_fit = self.settings.overflow == Overflow::DropOldest && fits(under_way, bytes_under_way);
        if !fits_now && !can_fit {
            self.refuse(DropReason::QueueFull);
            return Err(DropReason::QueueFull);
        }
        while to_usize(self.books.pending) >= self.settings.max_queue_size
            || to_usize(self.books.pending_bytes) + bytes > self.settings.max_queue_bytes
        {
            if !self.evict_oldest() {
                break;
            }
        }
        self.books.enqueued += 1;
        self.books.pending += 1;
        self.books.pending_bytes += bytes as u64;
        Ok(())
    }

    fn evict_oldest(&mut self) -> bool {
        let Some(evicted) = self.queue.evict_oldest(self.settings.show_dropped) else {
            return false;
        };
        self.settle_evicted(&evicted);
        let lost = Lost::new(DropReason::QueueFull, 1).showing(evicted.json.map(|json| Events::Loose(vec![json])));
        self.effects.push(Effect::Notice(Notice::Dropped(lost)));
        true
    }

    /// Decides what a worker does now.
    pub(crate) fn next(&mut self, now: Instant) -> Next {
        self.tick(now);
        if self.is_finished() {
            return Next::Exit;
        }
        match self.start(now) {
            Some(job) => Next::Send(job),
            None => Next::Wait,
        }
    }

    /// Begins the next request that may go out now.
    fn start(&mut self, now: Instant) -> Option<Job> {
        if self.gate.is_some_and(|gate| gate > now) {
            return None;
        }
        let again =
            self.slots.iter_mut().filter(|slot| slot.due().is_some_and(|due| due <= now)).min_by_key(|slot| slot.due());
        if let Some(slot) = again {
            slot.state = State::Sending;
            slot.attempts += 1;
            self.books.requests += 1;
            self.books.retries += u64::from(slot.attempts > 1);
            return Some(Job { slot: slot.id, batch: Arc::clone(&slot.batch) });
        }
        if self.ready_at().is_none_or(|ready| ready > now) {
            return None;
        }
        let (batch, reply) = match self.urgent.pop_front() {
            Some(urgent) => (urgent.batch, Some(urgent.reply)),
            None => (self.queue.pop()?, None),
        };
        self.slots_opened += 1;
        let (id, batch) = (self.slots_opened, Arc::new(batch));
        let job = Job { slot: id, batch: Arc::clone(&batch) };
        self.slots.push(Slot { id, batch, parts: VecDeque::new(), attempts: 1, state: State::Sending, reply });
        self.books.requests += 1;
        Some(job)
    }

    /// When the next waiting batch may have a slot; `None` when none waits, or no slot is free.
    fn ready_at(&self) -> Option<Instant> {
        if self.slots.len() >= self.settings.max_in_flight {
            return None;
        }
        let since = self.urgent.front().map(|urgent| urgent.since).or_else(|| self.queue.front_due())?;
        // A gate that has just opened starts the wait anew, so that what it held back does not all go out at once.
        let since = self.gate.map_or(since, |gate| gate.max(since));
        if self.slots.is_empty() { Some(since) } else { clock::later(since, PATIENCE) }
    }

    /// When the next request may go out, as things stand.
    fn send_at(&self) -> Option<Instant> {
        let at = self.slots.iter().filter_map(Slot::due).chain(self.ready_at()).min()?;
        Some(self.gate.map_or(at, |gate| gate.max(at)))
    }

    /// When there is something to do next, if nothing happens before.
    pub(crate) fn wake_at(&self, now: Instant) -> Option<Instant> {
        // After the last batch a timer runs for one more interval, so that the next event needs no wake-up.
        let idle =
            self.last_news.and_then(|last| clock::later(last, self.settings.flush_interval)).filter(|idle| *idle > now);
        self.send_at().into_iter().chain(self.next_barrier_time).min().or(idle)
    }
}

fn to_usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
