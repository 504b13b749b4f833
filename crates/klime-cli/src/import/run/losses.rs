//! What the client tells of events that were not accepted, by their message ids.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use klime::{Event, SendError, SendErrorKind};
use tokio::sync::Notify;

/// What happened to an event that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// Klime does not take it: trying the same again is no use.
    Refused { code: String, message: String },
    /// Its request failed, and may succeed later.
    Failed,
}

/// A failure that ends the import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) message: String,
    /// Whether the same may succeed later by itself.
    pub(super) may_pass: bool,
}

/// The losses that are not settled yet. The client's callbacks fill it.
#[derive(Debug, Default)]
pub(super) struct Losses {
    state: Mutex<State>,
    failed: Notify,
}

#[derive(Debug, Default)]
struct State {
    by_id: HashMap<String, Loss>,
    failure: Option<Failure>,
    /// How many events were refused that Klime did not name.
    unnamed: u64,
}

impl Losses {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what the client tells.
    pub(super) fn note(&self, error: &SendError, events: &[Event]) {
        let losses = match error.kind() {
            SendErrorKind::Rejected => return self.note_rejected(error, events),
            // What is wrong is the batch, not the key or the server.
            SendErrorKind::Status if matches!(error.status_code(), Some(400 | 413 | 422)) => {
                let code = format!("status_{}", error.status_code().unwrap_or_default());
                Loss::Refused { code, message: error.to_string() }
            }
            _ => Loss::Failed,
        };
        let is_failure = losses == Loss::Failed;
        let mut state = self.lock();
        state.by_id.extend(events.iter().map(|event| (event.message_id().to_owned(), losses.clone())));
        if is_failure && state.failure.is_none() {
            state.failure = Some(failure(error));
        }
        drop(state);
        if is_failure {
            self.failed.notify_one();
        }
    }

    fn note_rejected(&self, error: &SendError, events: &[Event]) {
        let Some(response) = error.response() else { return };
        let mut errors: Vec<_> = response.errors.iter().collect();
        // The events are those that the answer names, in their order in the batch.
        errors.sort_by_key(|error| error.index);
        let mut state = self.lock();
        let unnamed = response.failed.saturating_sub(errors.len());
        state.unnamed += unnamed as u64;
        for (event, error) in events.iter().zip(errors) {
            let refused = Loss::Refused { code: error.code.clone(), message: error.message.clone() };
            state.by_id.insert(event.message_id().to_owned(), refused);
        }
    }

    /// Whether one of these events failed.
    pub(super) fn has_failed<'i>(&self, mut ids: impl Iterator<Item = &'i str>) -> bool {
        let state = self.lock();
        state.failure.is_some() && ids.any(|id| state.by_id.get(id) == Some(&Loss::Failed))
    }

    /// What happened to an event, if it was not accepted.
    pub(super) fn take(&self, id: &str) -> Option<Loss> {
        let mut state = self.lock();
        if state.by_id.is_empty() { None } else { state.by_id.remove(id) }
    }

    /// The first failure that ends the import.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.lock().failure.clone()
    }

    /// Resolves when there is one.
    pub(super) async fn wait_for_failure(&self) {
        if self.failure().is_none() {
            self.failed.notified().await;
        }
    }

    pub(super) fn unnamed(&self) -> u64 {
        self.lock().unnamed
    }
}

/// The failure that an error is.
pub(super) fn failure(error: &SendError) -> Failure {
    let may_pass = match error.kind() {
        // The statuses that the SDK tries again.
        SendErrorKind::Status => matches!(error.status_code(), Some(408 | 425 | 429 | 500..)),
        SendErrorKind::Network | SendErrorKind::Timeout => true,
        _ => false,
    };
    Failure { message: error.to_string(), may_pass }
}
