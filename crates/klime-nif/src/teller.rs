//! Tells the process that owns a client what its callbacks are to know.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rustler::{Encoder, LocalPid, OwnedEnv};

/// The process that logs what clients lose after their owners have ended.
static LOGGER: Mutex<Option<LocalPid>> = Mutex::new(None);

fn logger() -> MutexGuard<'static, Option<LocalPid>> {
    LOGGER.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn set_logger(process: LocalPid) {
    *logger() = Some(process);
}

/// The way from a client's notice thread to its process.
#[derive(Default)]
pub(crate) struct Teller {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    owner: Option<LocalPid>,
    /// The owner has ended, nobody listens any more.
    is_gone: bool,
    /// Something was told that the owner is not through with.
    is_busy: bool,
    /// The owner takes all there is at once.
    is_rushed: bool,
}

impl Teller {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_owner(&self, owner: LocalPid) {
        self.lock().owner = Some(owner);
    }

    /// Sends a message, and waits until the owner is through with it. So what waits to be told waits in the core, which bounds it.
    pub(crate) fn tell(&self, message: impl Encoder) {
        let mut state = self.lock();
        let Some(owner) = state.owner.filter(|_| !state.is_gone) else {
            return;
        };
        state.is_busy = true;
        drop(state);
        if !send(&owner, message) {
            return;
        }
        let mut state = self.lock();
        while state.is_busy && !state.is_gone && !state.is_rushed {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Sends a log line and does not wait. When the owner is no more, it goes to the process that logs in its place.
    pub(crate) fn mention(&self, message: impl Encoder + Copy) {
        let owner = self.lock().owner;
        if owner.is_some_and(|owner| send(&owner, message)) {
            return;
        }
        let logger = *logger();
        if let Some(logger) = logger {
            send(&logger, message);
        }
    }

    /// The owner is through with what it was told.
    pub(crate) fn was_told(&self) {
        self.lock().is_busy = false;
        self.changed.notify_all();
    }

    /// The owner is about to end, and takes what there is without being waited for. That is bounded, since the client takes no
    /// more events.
    pub(crate) fn rush(&self) {
        self.lock().is_rushed = true;
        self.changed.notify_all();
    }

    /// The owner has ended.
    pub(crate) fn leave(&self) {
        self.lock().is_gone = true;
        self.changed.notify_all();
    }
}

/// Sends a message from a thread that is not the VM's; `false` when the process is no more.
pub(crate) fn send(to: &LocalPid, message: impl Encoder) -> bool {
    // Not `send_and_clear`, which panics on a scheduler: there it is an error.
    OwnedEnv::new().run(|env| env.send(to, message).is_ok())
}
