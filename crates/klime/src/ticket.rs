//! A value that somebody waits for: by a future on any executor, or on a thread.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::clock;

/// Filled once by the client, taken once by the one who waits.
pub(crate) struct Ticket<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
}

struct State<T> {
    value: Option<T>,
    note: Option<T>,
    was_filled: bool,
    waker: Option<Waker>,
}

impl<T> Ticket<T> {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State { value: None, note: None, was_filled: false, waker: None }),
            filled: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands the value over; only the first one counts. Wakes an executor, so no other lock may be held.
    pub(crate) fn fill(&self, value: T) {
        let mut state = self.lock();
        if state.was_filled {
            return;
        }
        state.value = Some(value);
        state.was_filled = true;
        let waker = state.waker.take();
        drop(state);
        self.filled.notify_all();
        if let Some(waker) = waker {
            // An executor that panics must not take the SDK's thread with it.
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
    }

    /// Leaves what the wait ends with should its time be over first. Returns what is of no use any more, to be dropped by the
    /// caller.
    pub(crate) fn note(&self, value: T) -> Option<T> {
        let mut state = self.lock();
        if state.was_filled { Some(value) } else { state.note.replace(value) }
    }

    /// What was noted last. The value itself comes first, if it has come meanwhile.
    pub(crate) fn take_note(&self) -> Option<T> {
        let mut state = self.lock();
        state.value.take().or_else(|| state.note.take())
    }

    pub(crate) fn was_filled(&self) -> bool {
        self.lock().was_filled
    }

    /// Pending again after the value was taken.
    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<T> {
        // A waker is the executor's: it is cloned and dropped without the lock.
        let waker = context.waker().clone();
        let mut state = self.lock();
        if let Some(value) = state.value.take() {
            return Poll::Ready(value);
        }
        let earlier = state.waker.replace(waker);
        drop(state);
        drop(earlier);
        Poll::Pending
    }

    /// Waits on this thread until the value is there, or the deadline has passed; `None` waits for as long as it takes.
    pub(crate) fn wait_until(&self, deadline: Option<Instant>) -> Option<T> {
        let mut state = self.lock();
        loop {
            if state.value.is_some() {
                return state.value.take();
            }
            state = match deadline {
                None => self.filled.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(clock::now());
                    if left.is_zero() {
                        return None;
                    }
                    self.filled.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl<T> fmt::Debug for Ticket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("was_filled", &self.was_filled()).finish_non_exhaustive()
    }
}
