//! What the app gets to know: callbacks and log lines, on a thread of their own.
//!
//! Nothing here holds a lock while it calls out, so a callback may use the client, be slow, or panic. What waits to be told is
//! bounded; beyond that it is skipped and counted. Losses become log lines, at most one a second, with counts.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use crate::clock;
use crate::error::{EnqueueError, Failure, SendError, SendErrorKind};
use crate::event::Event;
use crate::pipeline::Batch;
use crate::response::BatchResponse;
use crate::stats::{DropReason, Dropped};

/// At most this many notices wait for their callbacks…
pub(crate) const MOST_WAITING: usize = 1000;
/// …with events of at most this many bytes among them, or a single notice of any size.
pub(crate) const MOST_BYTES_WAITING: usize = 16 * 1024 * 1024;
/// Single drops that wait are told together, this many at most.
const MOST_TOGETHER: usize = 100;
/// Between two log lines.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

type OnError = dyn Fn(&SendError, &[Event]) + Send + Sync;
type OnSuccess = dyn Fn(&BatchResponse) + Send + Sync;
type OnDrop = dyn Fn(DropReason, &[Event]) + Send + Sync;

/// The app's callbacks.
#[derive(Clone, Default)]
pub(crate) struct Callbacks {
    pub(crate) on_error: Option<Arc<OnError>>,
    pub(crate) on_success: Option<Arc<OnSuccess>>,
    pub(crate) on_drop: Option<Arc<OnDrop>>,
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callbacks")
            .field("on_error", &self.on_error.is_some())
            .field("on_success", &self.on_success.is_some())
            .field("on_drop", &self.on_drop.is_some())
            .finish()
    }
}

/// Events as JSON, decoded only when a callback is called with them.
#[derive(Debug)]
pub(crate) enum Events {
    All(Arc<Batch>),
    Some(Arc<Batch>, Vec<usize>),
    Loose(Vec<Box<[u8]>>),
}

impl Events {
    pub(crate) fn decode(&self) -> Vec<Event> {
        match self {
            Self::All(batch) => batch.events().filter_map(Event::from_wire).collect(),
            Self::Some(batch, places) => {
                places.iter().filter_map(|place| batch.event(*place)).filter_map(Event::from_wire).collect()
            }
            Self::Loose(events) => events.iter().filter_map(|json| Event::from_wire(json)).collect(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::All(batch) | Self::Some(batch, _) => batch.body().len(),
            Self::Loose(events) => events.iter().map(|event| event.len()).sum(),
        }
    }
}

/// Events that the client dropped.
#[derive(Debug)]
pub(crate) struct Lost {
    reason: DropReason,
    count: usize,
    events: Option<Events>,
    /// What was wrong with an event that is not valid.
    problem: Option<EnqueueError>,
}

impl Lost {
    pub(crate) fn new(reason: DropReason, count: usize) -> Self {
        Self { reason, count, events: None, problem: None }
    }

    pub(crate) fn showing(self, events: Option<Events>) -> Self {
        Self { events, ..self }
    }

    pub(crate) fn because(self, problem: EnqueueError) -> Self {
        Self { problem: Some(problem), ..self }
    }
}

/// Something to tell the app.
#[derive(Debug)]
pub(crate) enum Notice {
    /// A batch was taken, some of its events perhaps refused.
    Taken(BatchResponse),
    /// Events were refused, or their request failed for good.
    Failed(Failure, Events),
    Dropped(Lost),
}

enum Item {
    Notice(Notice),
    /// Called once everything before it is told.
    Then(Box<dyn FnOnce() + Send>),
}

/// Losses that no log line has told yet.
#[derive(Debug, Default, Clone)]
struct Unlogged {
    dropped: Dropped,
    failed: u64,
    rejected: u64,
    skipped: u64,
    last_problem: Option<String>,
}

impl Unlogged {
    fn is_empty(&self) -> bool {
        // A disabled client drops by order; that is no loss to warn of.
        self.dropped.total() + self.failed + self.rejected + self.skipped == self.dropped.disabled
    }

    fn note(&mut self, notice: &Notice) {
        match notice {
            Notice::Taken(_) => {}
            Notice::Failed(failure, _) => {
                match failure.kind {
                    SendErrorKind::Rejected => self.rejected += failure.events as u64,
                    _ => self.failed += failure.events as u64,
                }
                self.last_problem = Some(failure.to_string());
            }
            Notice::Dropped(lost) => {
                self.dropped.add(lost.reason, lost.count as u64);
                if let Some(problem) = &lost.problem {
                    self.last_problem = Some(problem.to_string());
                }
            }
        }
    }

    #[cfg(feature = "tracing")]
    fn log(&self) {
        let Self { dropped, failed, rejected, skipped, last_problem } = self;
        let reasons: Vec<String> = DropReason::ALL
            .into_iter()
            .filter(|reason| *reason != DropReason::Disabled && dropped.count(*reason) > 0)
            .map(|reason| format!("{} {reason}", dropped.count(reason)))
            .collect();
        let text = format!(
            "klime lost events: {failed} failed, {rejected} rejected, {} dropped ({}), {skipped} callbacks skipped; {}",
            dropped.total() - dropped.disabled,
            if reasons.is_empty() { "none".to_owned() } else { reasons.join(", ") },
            last_problem.as_deref().unwrap_or("no further detail"),
        );
        if *failed + *rejected > 0 {
            tracing::error!(target: "klime", "{text}");
        } else {
            tracing::warn!(target: "klime", "{text}");
        }
    }

    #[cfg(not(feature = "tracing"))]
    fn log(&self) {}
}

#[derive(Default)]
struct State {
    items: VecDeque<Item>,
    bytes: usize,
    skipped: u64,
    unlogged: Unlogged,
    last_log: Option<Instant>,
    closed: bool,
}

/// The notices of one client, and the thread that tells them.
pub(crate) struct Notices {
    callbacks: Callbacks,
    state: Mutex<State>,
    arrived: Condvar,
    thread: OnceLock<ThreadId>,
}

impl Notices {
    /// Notices without a thread yet.
    pub(crate) fn new(callbacks: Callbacks) -> Self {
        Self { callbacks, state: Mutex::default(), arrived: Condvar::new(), thread: OnceLock::new() }
    }

    pub(crate) fn start(self: &Arc<Self>) -> std::io::Result<()> {
        let notices = Arc::clone(self);
        let thread = thread::Builder::new().name("klime-notices".to_owned()).spawn(move || notices.run())?;
        let _ = self.thread.set(thread.thread().id());
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody wants to see dropped events.
    pub(crate) fn shows_dropped(&self) -> bool {
        self.callbacks.on_drop.is_some()
    }

    /// Whether this is the thread that calls the callbacks.
    pub(crate) fn is_this_thread(&self) -> bool {
        self.thread.get() == Some(&thread::current().id())
    }

    /// How many callbacks were skipped.
    pub(crate) fn skipped(&self) -> u64 {
        self.lock().skipped
    }

    pub(crate) fn post(&self, notice: Notice) {
        if matches!(notice, Notice::Taken(_)) && self.callbacks.on_success.is_none() {
            return;
        }
        let mut state = self.lock();
        state.unlogged.note(&notice);
        let wanted = match &notice {
            Notice::Taken(_) => self.callbacks.on_success.is_some(),
            Notice::Failed(..) => self.callbacks.on_error.is_some(),
            Notice::Dropped(lost) => lost.events.is_some() && self.callbacks.on_drop.is_some(),
        };
        if wanted {
            state.add(notice);
        }
        drop(state);
        self.arrived.notify_one();
    }

    /// Whether there is a thread to tell anything.
    pub(crate) fn has_thread(&self) -> bool {
        self.thread.get().is_some()
    }

    /// Calls `then` once everything before it is told.
    pub(crate) fn then(&self, then: impl FnOnce() + Send + 'static) {
        self.lock().items.push_back(Item::Then(Box::new(then)));
        self.arrived.notify_one();
    }

    /// Ends the thread once everything is told.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    fn run(&self) {
        let mut state = self.lock();
        loop {
            if let Some(item) = state.take() {
                drop(state);
                self.tell(item);
                state = self.lock();
                continue;
            }
            let log_at = state.log_at();
            let now = clock::now();
            if log_at.is_some_and(|at| at <= now || state.closed) {
                let unlogged = std::mem::take(&mut state.unlogged);
                state.last_log = Some(now);
                drop(state);
                // The app's subscriber is as foreign as a callback.
                let _ = catch_unwind(AssertUnwindSafe(|| unlogged.log()));
                state = self.lock();
            } else if state.closed {
                return;
            } else {
                state = match log_at {
                    None => self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner),
                    Some(at) => {
                        let left = at.saturating_duration_since(now);
                        self.arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                    }
                };
            }
        }
    }

    fn tell(&self, item: Item) {
        // A panic in a callback is the callback's; the hook has printed it.
        let _ = catch_unwind(AssertUnwindSafe(|| match item {
            Item::Notice(notice) => self.call(notice),
            Item::Then(then) => then(),
        }));
    }

    fn call(&self, notice: Notice) {
        match notice {
            Notice::Taken(response) => {
                if let Some(on_success) = &self.callbacks.on_success {
                    on_success(&response);
                }
            }
            Notice::Failed(failure, events) => {
                if let Some(on_error) = &self.callbacks.on_error {
                    let error = SendError::new(failure, events.decode());
                    on_error(&error, error.events());
                }
            }
            Notice::Dropped(lost) => {
                if let (Some(on_drop), Some(events)) = (&self.callbacks.on_drop, lost.events) {
                    on_drop(lost.reason, &events.decode());
                }
            }
        }
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notices").field("callbacks", &self.callbacks).finish_non_exhaustive()
    }
}

impl Notice {
    fn bytes(&self) -> usize {
        match self {
            Self::Taken(_) => 0,
            Self::Failed(_, events) => events.bytes(),
            Self::Dropped(lost) => lost.events.as_ref().map_or(0, Events::bytes),
        }
    }
}

impl State {
    fn add(&mut self, notice: Notice) {
        let bytes = notice.bytes();
        let too_many = self.items.len() >= MOST_WAITING;
        let too_large = self.bytes > 0 && self.bytes + bytes > MOST_BYTES_WAITING;
        if too_large || (too_many && !self.can_join(&notice)) {
            self.skipped += 1;
            self.unlogged.skipped += 1;
            return;
        }
        self.bytes += bytes;
        match notice {
            Notice::Dropped(lost) => self.add_dropped(lost),
            other => self.items.push_back(Item::Notice(other)),
        }
    }

    /// Whether a drop can be told together with the last one that waits.
    fn can_join(&self, notice: &Notice) -> bool {
        match (notice, self.items.back()) {
            (
                Notice::Dropped(Lost { reason, events: Some(Events::Loose(_)), .. }),
                Some(Item::Notice(Notice::Dropped(Lost {
                    reason: last, events: Some(Events::Loose(waiting)), ..
                }))),
            ) => reason == last && waiting.len() < MOST_TOGETHER,
            _ => false,
        }
    }

    fn add_dropped(&mut self, lost: Lost) {
        let notice = Notice::Dropped(lost);
        if !self.can_join(&notice) {
            self.items.push_back(Item::Notice(notice));
            return;
        }
        if let (
            Notice::Dropped(Lost { events: Some(Events::Loose(mut new)), .. }),
            Some(Item::Notice(Notice::Dropped(Lost { events: Some(Events::Loose(waiting)), .. }))),
        ) = (notice, self.items.back_mut())
        {
            waiting.append(&mut new);
        }
    }

    fn take(&mut self) -> Option<Item> {
        let item = self.items.pop_front()?;
        if let Item::Notice(notice) = &item {
            self.bytes -= notice.bytes();
        }
        Some(item)
    }

    /// When the next log line may be written; `None` when there is nothing to log.
    fn log_at(&self) -> Option<Instant> {
        if self.unlogged.is_empty() {
            return None;
        }
        let next = self.last_log.and_then(|last| clock::later(last, LOG_INTERVAL));
        Some(next.unwrap_or_else(clock::now))
    }
}
