//! The end of a request: who gets to know, what is tried again, and the books.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::barrier::Settled;
use super::batch::Batch;
use super::outcome::{Outcome, Refused};
use super::queue::Evicted;
use super::retry::{Jitter, backoff};
use super::slot::{Slot, State};
use super::{Effect, Pipeline};
use crate::clock;
use crate::error::{Failure, SendErrorKind};
use crate::notices::{Events, Lost, Notice};
use crate::response::BatchResponse;
use crate::stats::{DropReason, Report};

impl Pipeline {
    /// Settles the request of a slot. One that a shutdown has given up already is ignored.
    pub(crate) fn settle(&mut self, slot: u64, outcome: Outcome, now: Instant, jitter: Jitter) {
        let Some(place) = self.slots.iter().position(|held| held.id == slot) else {
            if let Outcome::Transient { failure, .. } = outcome {
                self.effects.push(Effect::InVain { reply: None, failure });
            }
            return;
        };
        let slot = self.slots.swap_remove(place);
        match outcome {
            Outcome::Taken { status, response } => self.taken(slot, status, response, now),
            Outcome::Transient { failure, retry_after } => self.transient(slot, failure, retry_after, now, jitter),
            Outcome::Permanent(failure) | Outcome::TooLarge { halves: None, failure } => {
                self.failed(slot, failure, now)
            }
            Outcome::TooLarge { halves: Some(halves), .. } => self.split(slot, halves, now),
            Outcome::Died => self.give_up_batch(slot, DropReason::WorkerDied, now),
        }
    }

    fn taken(&mut self, slot: Slot, status: u16, response: BatchResponse, now: Instant) {
        let batch = Arc::clone(&slot.batch);
        let refused = Refused::of(&response, batch.len());
        self.books.accepted += (batch.len() - refused.total) as u64;
        self.books.rejected += refused.total as u64;
        self.forget(&batch, false, &|report: &mut Report, covered| {
            let rejected = refused.among_first(usize::try_from(covered).unwrap_or(usize::MAX)) as u64;
            report.rejected += rejected;
            report.accepted += covered - rejected;
        });
        if batch.len() > 0 {
            self.effects.push(Effect::Notice(Notice::Taken(response.clone())));
        }
        let mut answer = Ok(response.clone());
        if refused.total > 0 {
            let mut failure = Failure::of_kind(SendErrorKind::Rejected);
            failure.status = Some(status);
            failure.attempts = slot.attempts;
            failure.events = refused.total;
            failure.response = Some(response);
            answer = Err(failure.clone());
            let events = Events::Some(Arc::clone(&batch), refused.named);
            self.effects.push(Effect::Notice(Notice::Failed(failure, events)));
        }
        self.advance(slot, answer, batch, now);
    }

    fn transient(
        &mut self,
        mut slot: Slot,
        mut failure: Failure,
        retry_after: Option<Duration>,
        now: Instant,
        jitter: Jitter,
    ) {
        let open_again = retry_after.and_then(|wait| clock::later(now, wait));
        self.gate = self.gate.max(open_again);
        failure.retry_after = retry_after;
        if slot.attempts >= self.settings.retry_max_attempts {
            return self.failed(slot, failure, now);
        }
        if self.sends_nothing_more() {
            self.effects.push(Effect::InVain { reply: None, failure });
            return self.give_up_batch(slot, DropReason::ShutdownDeadline, now);
        }
        let wait = backoff(self.settings.retry_initial_delay, slot.attempts, jitter);
        slot.state = State::Until(clock::later(now, wait).map(|due| open_again.map_or(due, |open| open.max(due))));
        failure.attempts = slot.attempts;
        self.effects.push(Effect::InVain { reply: slot.reply.clone(), failure });
        self.slots.push(slot);
    }

    /// Whether a shutdown has begun that is not to flush.
    fn sends_nothing_more(&self) -> bool {
        self.closed.is_some() && !self.settings.flush_on_shutdown
    }

    fn failed(&mut self, slot: Slot, mut failure: Failure, now: Instant) {
        let batch = Arc::clone(&slot.batch);
        failure.attempts = slot.attempts;
        failure.events = batch.len();
        self.books.failed += batch.len() as u64;
        self.forget(&batch, false, &|report: &mut Report, covered| report.failed += covered);
        if batch.len() > 0 {
            let events = Events::All(Arc::clone(&batch));
            self.effects.push(Effect::Notice(Notice::Failed(failure.clone(), events)));
        }
        self.advance(slot, Err(failure), batch, now);
    }

    /// Puts the halves in the place of the batch. That was no attempt.
    fn split(&mut self, mut slot: Slot, halves: (Batch, Batch), now: Instant) {
        let (first, second) = halves;
        slot.batch = Arc::new(first);
        slot.parts.push_front(second);
        slot.state = State::Until(Some(now));
        if self.sends_nothing_more() {
            self.give_up_slot(slot);
        } else {
            self.await_turn(slot, now);
        }
    }

    fn await_turn(&mut self, mut slot: Slot, now: Instant) {
        slot.attempts = 0;
        slot.state = State::Until(Some(now));
        self.slots.push(slot);
    }

    /// Answers for a batch that is settled, and goes on with the slot's next part if there is one.
    fn advance(&mut self, mut slot: Slot, answer: Result<BatchResponse, Failure>, batch: Arc<Batch>, now: Instant) {
        if let Some(reply) = slot.reply.take() {
            self.effects.push(Effect::Answered { reply, answer, batch: Arc::clone(&batch) });
        }
        match slot.parts.pop_front() {
            Some(next) => {
                slot.batch = Arc::new(next);
                self.await_turn(slot, now);
            }
            None => drop(slot),
        }
        if let Ok(batch) = Arc::try_unwrap(batch) {
            self.queue.recycle(batch);
        }
    }

    /// Drops what a slot is busy with.
    fn give_up_batch(&mut self, slot: Slot, reason: DropReason, now: Instant) {
        let batch = Arc::clone(&slot.batch);
        self.drop_batch(&batch, reason, false);
        self.advance(slot, Err(Failure::dropped(reason)), batch, now);
    }

    /// Drops everything that a slot holds, the parts that were never sent included.
    pub(super) fn give_up_slot(&mut self, mut slot: Slot) {
        let sent = slot.is_sending();
        let parts = std::mem::take(&mut slot.parts);
        self.drop_batch(&slot.batch, DropReason::ShutdownDeadline, sent);
        for part in parts {
            self.drop_batch(&Arc::new(part), DropReason::ShutdownDeadline, false);
        }
        if let Some(reply) = slot.reply {
            let answer = Err(Failure::dropped(DropReason::ShutdownDeadline));
            self.effects.push(Effect::Answered { reply, answer, batch: slot.batch });
        }
    }

    /// Drops a batch that has no slot any more, or never had one.
    pub(super) fn drop_batch(&mut self, batch: &Arc<Batch>, reason: DropReason, unconfirmed: bool) {
        self.books.dropped.add(reason, batch.len() as u64);
        self.forget(batch, unconfirmed, &|report: &mut Report, covered| report.dropped += covered);
        if batch.len() > 0 {
            let events = self.settings.show_dropped.then(|| Events::All(Arc::clone(batch)));
            self.effects.push(Effect::Notice(Notice::Dropped(Lost::new(reason, batch.len()).showing(events))));
        }
    }

    /// Books an event that was dropped to make room.
    pub(super) fn settle_evicted(&mut self, evicted: &Evicted) {
        self.books.dropped.add(DropReason::QueueFull, 1);
        self.books.pending -= 1;
        self.books.pending_bytes -= evicted.bytes as u64;
        let add: &dyn Fn(&mut Report, u64) = &|report, covered| report.dropped += covered;
        let settled = Settled { number: evicted.number, offset: evicted.offset, events: 1, unconfirmed: false, add };
        self.note_settled(&settled);
    }

    /// The events of a batch are pending no more; `add` says what they are instead.
    fn forget(&mut self, batch: &Batch, unconfirmed: bool, add: &dyn Fn(&mut Report, u64)) {
        self.books.pending -= batch.len() as u64;
        self.books.pending_bytes -= batch.event_bytes() as u64;
        self.note_settled(&Settled::of(batch, unconfirmed, add));
    }

    fn note_settled(&mut self, settled: &Settled<'_>) {
        for barrier in &mut self.barriers {
            self.has_ended_barriers |= barrier.note(settled);
        }
    }
}
