//! What there is to tell the app.

use std::sync::Arc;

use crate::error::{EnqueueError, Failure};
use crate::event::Event;
use crate::pipeline::Batch;
use crate::response::BatchResponse;
use crate::stats::DropReason;

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

    /// The other events of a batch of which more were refused than are here.
    pub(super) fn suspects(&self, refused: usize) -> Vec<Event> {
        match self {
            Self::Some(batch, places) if places.len() < refused => {
                let others = batch.events().enumerate().filter(|(place, _)| !places.contains(place));
                others.filter_map(|(_, event)| Event::from_wire(event)).collect()
            }
            _ => Vec::new(),
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
    pub(super) reason: DropReason,
    pub(super) count: usize,
    pub(super) events: Option<Events>,
    /// What was wrong with an event that is not valid.
    pub(super) problem: Option<EnqueueError>,
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

impl Notice {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Taken(response) => response.bytes(),
            Self::Failed(failure, events) => failure.response.as_ref().map_or(0, BatchResponse::bytes) + events.bytes(),
            Self::Dropped(lost) => lost.events.as_ref().map_or(0, Events::bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::SendErrorKind;

    #[test]
    fn what_the_server_said_counts_like_the_events() {
        let said = br#"{"accepted":0,"failed":1,"errors":[{"index":0,"message":"0123456789"}]}"#;
        let response = BatchResponse::from_json(said).unwrap();
        let bytes = response.bytes();
        assert!(bytes > 10);
        assert_eq!(Notice::Taken(response.clone()).bytes(), bytes);
        let mut failure = Failure::of_kind(SendErrorKind::Rejected);
        failure.response = Some(response);
        let events = Events::Loose(vec![b"{}".to_vec().into()]);
        assert_eq!(Notice::Failed(failure, events).bytes(), bytes + 2);
    }
}
