//! What of an event can be asked for, beside its body: the columns that are written, and the row that is shown.

use jiff::Timestamp;

use crate::dev::event::{Judged, Library, Refusal, Verdict};

/// What of an event goes into columns.
#[derive(Default)]
pub(super) struct Columns<'a> {
    pub(super) kind: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) user_id: Option<&'a str>,
    pub(super) group_id: Option<&'a str>,
    pub(super) message_id: Option<&'a str>,
    pub(super) timestamp: Option<Timestamp>,
    pub(super) library: Option<&'a Library>,
    pub(super) refusal: Option<&'a Refusal>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(judged: &'a Judged) -> Self {
        match &judged.verdict {
            Verdict::Taken(event) => Self {
                kind: Some(event.kind.word()),
                name: event.name.as_deref(),
                user_id: event.user_id.as_deref(),
                group_id: event.group_id.as_deref(),
                message_id: Some(&event.message_id),
                timestamp: Some(event.timestamp),
                library: event.library.as_ref(),
                refusal: None,
            },
            Verdict::Refused(refusal) => Self {
                kind: refusal.kind.as_deref(),
                name: refusal.name.as_deref(),
                user_id: refusal.user_id.as_deref(),
                group_id: refusal.group_id.as_deref(),
                message_id: refusal.message_id.as_deref(),
                refusal: Some(refusal),
                ..Self::default()
            },
        }
    }
}
