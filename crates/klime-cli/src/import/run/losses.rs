//! What the client tells of events that were not accepted, by their message ids.
//!
//! Events that share an id are one to Klime, and nothing that is told of them tells them apart. So they share what happens to them:
//! as long as events of an id are outstanding, one loss is that of them all. An event may be taken for lost thereby that was accepted,
//! which does no harm as it counts once when it is sent again; one that was lost is never taken for accepted.

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

/// The events that are not settled yet, and which of them are lost. The client's callbacks fill it.
#[derive(Debug, Default)]
pub(super) struct Losses {
    state: Mutex<State>,
    failed: Notify,
}

#[derive(Debug, Default)]
struct State {
    by_id: HashMap<String, Outstanding>,
    failure: Option<Failure>,
}

/// The events of one id.
#[derive(Debug, Default)]
struct Outstanding {
    events: usize,
    loss: Option<Loss>,
    /// How many of the losses that the client counts are not booked yet.
    counted: usize,
}

/// What happened to an event that is outstanding no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) loss: Loss,
    /// Whether the client counts it too. If not, another event of its id or of its batch is lost, and it cannot be told which.
    pub(super) is_counted: bool,
}

impl State {
    fn lose(&mut self, event: &Event, loss: Loss, is_counted: bool) {
        let Some(outstanding) = self.by_id.get_mut(event.message_id()) else { return };
        outstanding.counted += usize::from(is_counted);
        // What failed is not settled, whatever else is said of it.
        if outstanding.loss != Some(Loss::Failed) {
            outstanding.loss = Some(loss);
        }
    }

    /// One event of this id is outstanding no more.
    fn leave(&mut self, id: &str) {
        let Some(outstanding) = self.by_id.get_mut(id) else { return };
        outstanding.events = outstanding.events.saturating_sub(1);
        if outstanding.events == 0 {
            self.by_id.remove(id);
        }
    }
}

impl Losses {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an event that is about to be given to the client.
    pub(super) fn expect(&self, id: &str) {
        let mut state = self.lock();
        match state.by_id.get_mut(id) {
            Some(outstanding) => outstanding.events += 1,
            None => drop(state.by_id.insert(id.to_owned(), Outstanding { events: 1, ..Outstanding::default() })),
        }
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
        events.iter().for_each(|event| state.lose(event, losses.clone(), true));
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
        let unnamed = response.failed.saturating_sub(events.len());
        let mut state = self.lock();
        for (event, error) in events.iter().zip(errors) {
            state.lose(event, Loss::Refused { code: error.code.clone(), message: error.message.clone() }, true);
        }
        let suspects = error.suspects();
        let message = unnamed_refusal(unnamed, suspects.len());
        // The client too takes the first ones for those that were refused.
        for (index, event) in suspects.iter().enumerate() {
            let loss = Loss::Refused { code: "refused_unnamed".to_owned(), message: message.clone() };
            state.lose(event, loss, index < unnamed);
        }
    }

    /// Whether one of these events failed.
    pub(super) fn has_failed<'i>(&self, mut ids: impl Iterator<Item = &'i str>) -> bool {
        let state = self.lock();
        state.failure.is_some()
            && ids.any(|id| state.by_id.get(id).is_some_and(|outstanding| outstanding.loss == Some(Loss::Failed)))
    }

    /// What happened to an event, if it was not accepted. It is outstanding no more.
    pub(super) fn take(&self, id: &str) -> Option<Lost> {
        let mut state = self.lock();
        let outstanding = state.by_id.get_mut(id)?;
        let loss = outstanding.loss.clone();
        let is_counted = outstanding.counted > 0;
        outstanding.counted = outstanding.counted.saturating_sub(1);
        state.leave(id);
        loss.map(|loss| Lost { loss, is_counted })
    }

    /// Notes that the client did not take an event.
    pub(super) fn forget(&self, id: &str) {
        self.lock().leave(id);
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
}

/// What is said of each event of a batch of which Klime refused some that it did not name.
fn unnamed_refusal(refused: usize, suspects: usize) -> String {
    match refused < suspects {
        true => {
            format!("Klime refused {refused} of {suspects} events and did not say which; this is one of the {suspects}")
        }
        false => "Klime refused it and did not say why".to_owned(),
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

#[cfg(test)]
mod tests {
    use klime::{Client, Request, Response, Transport, TransportError};

    use super::*;

    /// Answers every batch with this.
    struct Answer(u16, &'static str);

    impl Transport for Answer {
        fn send(&self, _: &Request<'_>) -> Result<Response, TransportError> {
            Ok(Response::new(self.0).with_body(self.1))
        }
    }

    /// How many of a batch of events with these ids are booked as lost, how many of them are counted, and how many the client counts.
    fn booked(ids: &[&str], answer: Answer) -> (usize, u64, u64) {
        let losses = Losses::new();
        let noted = Arc::clone(&losses);
        let builder = Client::builder("key").transport(answer).retry_max_attempts(1);
        let client = builder.on_error(move |error, events| noted.note(error, events)).build().unwrap();
        for id in ids {
            losses.expect(id);
            let event = format!(r#"{{"type":"track","event":"A","userId":"u","messageId":"{id}"}}"#);
            client.try_enqueue_json(event.as_bytes()).unwrap();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _report = runtime.block_on(client.flush_with_callbacks());
        let lost: Vec<_> = ids.iter().filter_map(|id| losses.take(id)).collect();
        assert!(losses.lock().by_id.is_empty());
        let stats = client.stats();
        let counted = lost.iter().filter(|lost| lost.is_counted).count() as u64;
        (lost.len(), counted, stats.rejected + stats.failed)
    }

    #[test]
    fn what_is_booked_for_its_id_or_its_batch_alone_is_not_counted() {
        let one = r#"{"accepted":2,"failed":1,"errors":[{"index":1,"code":"c","message":"m"}]}"#;
        let two_and_one_named = r#"{"accepted":3,"failed":2,"errors":[{"index":1,"code":"c","message":"m"}]}"#;
        let one_named_twice = r#"{"accepted":2,"failed":2,"errors":[{"index":1,"code":"c","message":"m"},{"index":1,"code":"c","message":"m"}]}"#;
        for (ids, answer, expected) in [
            (&["a", "b", "c"][..], Answer(200, one), (1, 1, 1)),
            (&["a", "a", "a"], Answer(200, one), (3, 1, 1)),
            (&["a", "b", "c", "d", "e"], Answer(200, two_and_one_named), (5, 2, 2)),
            (&["a", "b", "b", "a", "a"], Answer(200, two_and_one_named), (5, 2, 2)),
            (&["a", "b", "c", "d"], Answer(200, one_named_twice), (4, 2, 2)),
            (&["a", "b", "b"], Answer(400, "{}"), (3, 3, 3)),
        ] {
            assert_eq!(booked(ids, answer), expected, "{ids:?}");
        }
    }
}
