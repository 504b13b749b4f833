//! The way of an event from the caller into the pipeline: encode, screen, check, push.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Client, Handle, Sending};
use crate::clock;
use crate::error::{EnqueueError, SendError};
use crate::event::{Draft, Encoded, Event, MAX_EVENT_BYTES, MessageId, Target};
use crate::notices::{Events, Lost, Notice};
use crate::pipeline::Reply;
use crate::stats::DropReason;

/// The app's hook that sees each event before it is taken.
pub(crate) type BeforeSend = Arc<dyn Fn(Event) -> Option<Event> + Send + Sync>;

/// Of an event that is JSON already, this much is read at most: ten times what it may have in the end.
const MAX_UNREAD_BYTES: usize = 10 * MAX_EVENT_BYTES;

/// What is shown of an event that must not be shown.
const NOTHING: &[u8] = &[];

/// Where an event goes.
pub(crate) enum Lane {
    Queue,
    /// Before all others; the answer is wanted.
    Urgent(Reply),
}

pub(crate) fn enqueue(target: Target<'_>, draft: Box<Draft>) -> Result<(), EnqueueError> {
    let handle = handle_of(&target)?;
    draft.encoded(target.library(), |encoded| handle.take_encoded(&encoded, Lane::Queue)).map(drop)
}

pub(crate) fn try_enqueue(target: Target<'_>, draft: Box<Draft>) -> Result<MessageId, EnqueueError> {
    let handle = handle_of(&target)?;
    draft.encoded(target.library(), |encoded| {
        let screened = handle.take_encoded(&encoded, Lane::Queue)?;
        Ok(screened.unwrap_or_else(|| encoded.message_id()))
    })
}

pub(crate) fn send(target: Target<'_>, draft: Box<Draft>) -> Sending {
    let sending = Sending::new();
    draft.encoded(target.library(), |encoded| {
        let handle = handle_of(&target);
        let taken = handle.and_then(|handle| handle.take_encoded(&encoded, Lane::Urgent(sending.reply())));
        if let Err(error) = taken {
            sending.refuse(error);
        }
    });
    sending
}

fn handle_of<'t>(target: &'t Target<'_>) -> Result<&'t Handle, EnqueueError> {
    target.client().map(Client::handle).ok_or_else(|| {
        warn_once();
        EnqueueError::dropped(DropReason::Disabled)
    })
}

/// No client is installed. That is a fault of the program, told once.
fn warn_once() {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        #[cfg(feature = "tracing")]
        // The only log line on the app's own thread. A subscriber that panics must not reach the app from here.
        let _ = catch_unwind(|| {
            tracing::warn!(target: "klime", "no default klime client is installed, events are dropped; see Client::install");
        });
    }
}

impl Handle {
    /// Takes an event of a fluent builder; returns its message id if the `before_send` hook has seen it.
    fn take_encoded(&self, encoded: &Encoded<'_>, lane: Lane) -> Result<Option<MessageId>, EnqueueError> {
        if let Some(problem) = &encoded.problem {
            return Err(self.refuse(problem.clone(), self.unscreened(encoded.json), &lane));
        }
        if self.before_send.is_none() {
            return self.push(encoded.json, lane).map(|()| None);
        }
        match Event::from_wire(encoded.json) {
            Some(event) => self.take_event(event, lane).map(Some),
            None => Err(self.refuse(EnqueueError::invalid("event cannot be decoded again"), NOTHING, &lane)),
        }
    }

    /// Takes an event that is JSON already.
    pub(super) fn take_json(&self, json: &[u8], lane: Lane) -> Result<MessageId, EnqueueError> {
        // What no removal of white space can make small enough is not worth reading.
        if json.len() > MAX_UNREAD_BYTES {
            return Err(self.refuse(EnqueueError::too_large(json.len(), MAX_EVENT_BYTES), NOTHING, &lane));
        }
        if let Some(draft) = Draft::from_json(json) {
            return draft.encoded(&self.library, |encoded| {
                let screened = self.take_encoded(&encoded, lane)?;
                Ok(screened.unwrap_or_else(|| encoded.message_id()))
            });
        }
        match Event::from_json(json) {
            Ok(event) => self.take_event(event, lane),
            Err(problem) => Err(self.refuse(problem, NOTHING, &lane)),
        }
    }

    /// Books an event that whoever converts events for this client has refused.
    pub(super) fn count_dropped(&self, error: EnqueueError, json: &[u8]) {
        let _ = self.refuse(error, self.unscreened(json), &Lane::Queue);
    }

    /// What may be shown of an event that the hook has not seen: nothing, if there is a hook.
    fn unscreened<'a>(&self, json: &'a [u8]) -> &'a [u8] {
        if self.before_send.is_some() { NOTHING } else { json }
    }

    /// Takes an event of the dynamic form.
    pub(super) fn take_event(&self, event: Event, lane: Lane) -> Result<MessageId, EnqueueError> {
        let event = self.screen(event, &lane)?;
        let message_id = event.owned_message_id();
        match event.encode(&self.library) {
            (json, None) => self.push(&json, lane).map(|()| message_id),
            (json, Some(problem)) => Err(self.refuse(problem, &json, &lane)),
        }
    }

    /// Shows an event to the `before_send` hook. When the hook panics, the event goes no further.
    fn screen(&self, event: Event, lane: &Lane) -> Result<Event, EnqueueError> {
        let Some(hook) = &self.before_send else {
            return Ok(event);
        };
        let screened = catch_unwind(AssertUnwindSafe(|| hook(event)));
        screened.ok().flatten().ok_or_else(|| self.refuse(EnqueueError::dropped(DropReason::BeforeSend), NOTHING, lane))
    }

    /// Gives an event's final JSON to the pipeline.
    fn push(&self, json: &[u8], lane: Lane) -> Result<(), EnqueueError> {
        if json.len() > MAX_EVENT_BYTES {
            return Err(self.refuse(EnqueueError::too_large(json.len(), MAX_EVENT_BYTES), json, &lane));
        }
        let mut state = self.shared.lock();
        let pushed = match &lane {
            Lane::Queue => state.pipeline.push(json, clock::now),
            Lane::Urgent(reply) => state.pipeline.push_urgent(json, Arc::clone(reply), clock::now()),
        };
        self.shared.release(state, pushed.ok().flatten());
        pushed.map(drop).map_err(|reason| self.tell_dropped(EnqueueError::dropped(reason), json, &lane))
    }

    /// Books an event that goes no further.
    fn refuse(&self, error: EnqueueError, json: &[u8], lane: &Lane) -> EnqueueError {
        self.shared.lock().pipeline.refuse(error.kind());
        self.tell_dropped(error, json, lane)
    }

    /// Shows a dropped event to whoever wants it.
    fn tell_dropped(&self, error: EnqueueError, json: &[u8], lane: &Lane) -> EnqueueError {
        let copy = || if json.is_empty() { Vec::new() } else { vec![json.into()] };
        let events = self.shared.notices.shows_dropped().then(|| Events::Loose(copy()));
        let lost = Lost::new(error.kind(), 1).showing(events).because(error.clone());
        // If no callback will see it, nobody needs it.
        let _ = self.shared.notices.post(Notice::Dropped(lost));
        if let Lane::Urgent(reply) = lane {
            reply.fill(Err(SendError::refused_at_call(error.clone(), Event::from_wire(json))));
        }
        error
    }
}
