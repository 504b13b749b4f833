//! Tells the app what became of its events, by way of a process that runs callbacks and writes log lines.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rustler::{Encoder, LocalPid, OwnedEnv};

/// The way from a client's notice thread to the process that tells the app.
#[derive(Default)]
pub(crate) struct Teller {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    listener: Option<LocalPid>,
    /// Something was told that the listener is not through with.
    is_busy: bool,
    /// The listener takes all there is at once.
    is_rushed: bool,
}

impl Teller {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a process from now on. What was told to one before is taken for told.
    pub(crate) fn set_listener(&self, listener: LocalPid) {
        let mut state = self.lock();
        state.listener = Some(listener);
        state.is_busy = false;
        drop(state);
        self.changed.notify_all();
    }

    /// Sends a message, and waits until the listener is through with it. So what waits to be told waits in the core, which bounds it.
    pub(crate) fn tell(&self, message: impl Encoder) {
        if !self.reach(&message) {
            return;
        }
        let mut state = self.lock();
        while state.is_busy && !state.is_rushed {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Sends a message to the listener, or to the next one if it ends meanwhile; `false` when there is none.
    fn reach(&self, message: &impl Encoder) -> bool {
        let mut ended = None;
        loop {
            let mut state = self.lock();
            let listener = match state.listener {
                Some(listener) if Some(listener) != ended => listener,
                _ => return false,
            };
            state.is_busy = true;
            drop(state);
            if send(&listener, message) {
                return true;
            }
            ended = Some(listener);
        }
    }

    /// The listener is through with what it was told.
    pub(crate) fn was_told(&self) {
        self.lock().is_busy = false;
        self.changed.notify_all();
    }

    /// The client is about to end: the listener takes what there is without being waited for. That is bounded, since the client takes
    /// no more events.
    pub(crate) fn rush(&self) {
        self.lock().is_rushed = true;
        self.changed.notify_all();
    }
}

/// Sends a message from a thread that is not the VM's; `false` when the process is no more.
pub(crate) fn send(to: &LocalPid, message: impl Encoder) -> bool {
    // Not `send_and_clear`, which panics on a scheduler: there it is an error.
    OwnedEnv::new().run(|env| env.send(to, message).is_ok())
}
