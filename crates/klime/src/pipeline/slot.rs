//! Slots: what is under way. A batch keeps its slot until it is settled, back-off included.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::Reply;
use super::batch::Batch;

/// One of at most `max_in_flight` batches under way.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) id: u64,
    pub(super) batch: Arc<Batch>,
    /// The other parts of a batch that was split, sent one after another.
    pub(super) parts: VecDeque<Batch>,
    /// Requests made for `batch`.
    pub(super) attempts: u32,
    pub(super) state: State,
    /// Who waits for the answer, when the batch is that of a `send`.
    pub(super) reply: Option<Reply>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// A worker is in HTTP with it.
    Sending,
    /// It goes out at this time; `None` means not before a shutdown gives it up.
    Until(Option<Instant>),
}

impl Slot {
    pub(super) fn is_sending(&self) -> bool {
        self.state == State::Sending
    }

    /// When it wants to be sent next; `None` while it is being sent.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.state {
            State::Sending => None,
            State::Until(due) => due,
        }
    }
}
