//! What the app gets to know: callbacks and log lines, on a thread of their own.
//!
//! Nothing here holds a lock while it calls out, so a callback may use the client, be slow, or panic. What waits to be told is
//! bounded; beyond that it is skipped and counted. Losses become log lines with counts, at most one a second, and the last one
//! before a shutdown ends: a process that exits after it has its losses in the log. A flush is no reason for a further line: there
//! may be one for each request of a server.

mod notice;
mod unlogged;
mod waiting;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

pub(crate) use notice::{Events, Lost, Notice};

use crate::clock;
use crate::error::SendError;
use crate::event::Event;
use crate::response::BatchResponse;
use crate::stats::DropReason;
use waiting::{Item, Waiting};

type OnError = dyn Fn(&SendError, &[Event]) + Send + Sync;
type OnSuccess = dyn Fn(&BatchResponse) + Send + Sync;
type OnDrop = dyn Fn(DropReason, &[Event]) + Send + Sync;
type OnLog = dyn Fn(LogLevel, &str) + Send + Sync;

/// How grave a log line is; for [`ClientBuilder::on_log`](crate::ClientBuilder::on_log).
///
/// # Examples
///
/// ```
/// use klime::LogLevel;
///
/// assert!(LogLevel::Warn < LogLevel::Error);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LogLevel {
    /// Events were dropped by the client.
    Warn,
    /// Events were refused by Klime, or their requests failed for good.
    Error,
}

/// The app's callbacks.
#[derive(Clone, Default)]
pub(crate) struct Callbacks {
    pub(crate) on_error: Option<Arc<OnError>>,
    pub(crate) on_success: Option<Arc<OnSuccess>>,
    pub(crate) on_drop: Option<Arc<OnDrop>>,
    /// Instead of `tracing`.
    pub(crate) on_log: Option<Arc<OnLog>>,
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callbacks")
            .field("on_error", &self.on_error.is_some())
            .field("on_success", &self.on_success.is_some())
            .field("on_drop", &self.on_drop.is_some())
            .field("on_log", &self.on_log.is_some())
            .finish()
    }
}

/// The notices of one client, and the thread that tells them.
pub(crate) struct Notices {
    callbacks: Callbacks,
    state: Mutex<Waiting>,
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

    fn lock(&self) -> MutexGuard<'_, Waiting> {
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

    /// Takes a notice for its callback and for the log. Gives back one that no callback will see, to be dropped where the app's
    /// code may run: it may hold an error of the app's.
    pub(crate) fn post(&self, notice: Notice) -> Option<Notice> {
        let is_of_no_interest = matches!(notice, Notice::Taken(_)) && self.callbacks.on_success.is_none();
        if is_of_no_interest || !self.has_thread() {
            return Some(notice);
        }
        let mut state = self.lock();
        state.unlogged.note(&notice);
        let wanted = match &notice {
            Notice::Taken(_) => self.callbacks.on_success.is_some(),
            Notice::Failed(..) => self.callbacks.on_error.is_some(),
            Notice::Dropped(lost) => lost.events.is_some() && self.callbacks.on_drop.is_some(),
        };
        let unseen = if wanted { state.add(notice) } else { Some(notice) };
        drop(state);
        self.arrived.notify_one();
        unseen
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

    /// Has the losses up to now logged, without regard to when the last line was.
    pub(crate) fn log_now(&self) {
        if self.has_thread() {
            self.lock().items.push_back(Item::LogNow);
            self.arrived.notify_one();
        }
    }

    /// Ends the thread once everything is told.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    fn run(&self) {
        let mut state = self.lock();
        loop {
            let now = clock::now();
            if state.is_log_due(now) {
                let unlogged = std::mem::take(&mut state.unlogged);
                state.last_log = Some(now);
                drop(state);
                // The app's subscriber is as foreign as a callback.
                let _ = catch_unwind(AssertUnwindSafe(|| unlogged.log(self.callbacks.on_log.as_deref())));
                state = self.lock();
            } else if let Some(item) = state.take() {
                drop(state);
                self.tell(item);
                state = self.lock();
            } else if state.closed {
                return;
            } else {
                state = self.wait(state, now);
            }
        }
    }

    /// Waits for something to tell, or until the next log line may be written.
    fn wait<'a>(&self, state: MutexGuard<'a, Waiting>, now: Instant) -> MutexGuard<'a, Waiting> {
        match state.log_at(now) {
            None => self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(at) => {
                let left = at.saturating_duration_since(now);
                self.arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    fn tell(&self, item: Item) {
        // A panic in a callback is the callback's; the hook has printed it.
        let _ = catch_unwind(AssertUnwindSafe(|| match item {
            Item::Notice(notice) => self.call(notice),
            Item::Then(then) => then(),
            Item::LogNow => {}
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
                    let suspects = events.suspects(failure.events);
                    let error = SendError::new(failure, events.decode()).suspecting(suspects);
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
