//! A value that tests can wait for.

use std::fmt::Debug;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a test waits before it fails. Only failures last this long.
const LIMIT: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(crate) struct Watched<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl<T> Watched<T> {
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    pub(crate) fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.lock())
    }

    /// Waits until `reached` says so, and panics with what was `seen` instead if that takes too long.
    #[track_caller]
    pub(crate) fn wait_until<S: Debug>(&self, what: &str, seen: impl Fn(&T) -> S, reached: impl Fn(&S) -> bool) {
        let waiting = |value: &mut T| !reached(&seen(value));
        let (value, wait) =
            self.changed.wait_timeout_while(self.lock(), LIMIT, waiting).unwrap_or_else(PoisonError::into_inner);
        if wait.timed_out() {
            let seen = seen(&value);
            // Released before the panic, or the server's drop would wait for this lock.
            drop(value);
            panic!("waited {LIMIT:?} for {what}, saw {seen:?}");
        }
    }

    /// Waits without a limit: for server threads, whose test has the limit.
    pub(crate) fn wait_unlimited(&self, reached: impl Fn(&T) -> bool) {
        let waiting = |value: &mut T| !reached(value);
        drop(self.changed.wait_while(self.lock(), waiting).unwrap_or_else(PoisonError::into_inner));
    }

    // A panicking handler must not hide its message behind a poisoned lock.
    fn lock(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
