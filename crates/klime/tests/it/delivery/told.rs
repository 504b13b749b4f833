//! What the callbacks were told.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use klime::{BatchResponse, ClientBuilder, DropReason, Event, SendError, SendErrorKind};

/// Complete once the client is shut down: a shutdown waits for the callbacks.
#[derive(Clone, Debug, Default)]
pub(super) struct Told(Arc<Mutex<Calls>>);

#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    pub(super) errors: Vec<Failed>,
    pub(super) successes: Vec<BatchResponse>,
    pub(super) drops: Vec<(DropReason, Vec<String>)>,
}

/// One call of `on_error`.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    pub(super) kind: SendErrorKind,
    pub(super) status: Option<u16>,
    pub(super) attempts: u32,
    pub(super) names: Vec<String>,
    pub(super) message_ids: Vec<String>,
    /// The texts of the error and of all its sources.
    pub(super) chain: Vec<String>,
    pub(super) debug: String,
}

impl Told {
    pub(super) fn listen(&self, builder: ClientBuilder) -> ClientBuilder {
        let (success, error, drop) = (self.clone(), self.clone(), self.clone());
        builder
            .on_success(move |response| success.note(|calls| calls.successes.push(response.clone())))
            .on_error(move |failure, events| error.note(|calls| calls.errors.push(Failed::of(failure, events))))
            .on_drop(move |reason, events| drop.note(|calls| calls.drops.push((reason, names(events)))))
    }

    pub(super) fn calls(&self) -> Calls {
        self.note(|calls| calls.clone())
    }

    fn note<R>(&self, note: impl FnOnce(&mut Calls) -> R) -> R {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Failed {
    fn of(error: &SendError, events: &[Event]) -> Self {
        Self {
            kind: error.kind(),
            status: error.status_code(),
            attempts: error.attempts(),
            names: names(events),
            message_ids: events.iter().map(|event| event.message_id().to_owned()).collect(),
            chain: chain(error),
            debug: format!("{error:?} {error:#?}"),
        }
    }
}

fn names(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.name().unwrap_or_default().to_owned()).collect()
}

/// The texts of an error and of all its sources, the error's own first.
pub(super) fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    std::iter::successors(Some(error), |&error| error.source()).map(ToString::to_string).collect()
}
