//! Flush and shutdown: barriers over what is pending, their deadlines, and the end.

use std::sync::Arc;
use std::time::Instant;

use super::barrier::{Barrier, BehindCallbacks, Limits, Purpose};
use super::slot::Slot;
use super::{Effect, Pipeline};
use crate::error::Failure;
use crate::stats::{DropReason, Report};
use crate::ticket::Ticket;

impl Pipeline {
    /// Begins a flush (all that is pending now is to be sent) or a shutdown (and no event is taken any more). The ticket gets
    /// the report.
    pub(crate) fn begin(
        &mut self,
        purpose: Purpose,
        ticket: Arc<Ticket<Report>>,
        limits: Limits,
        after_callbacks: bool,
        now: Instant,
    ) {
        let ended = self.shutdown_report.filter(|_| purpose == Purpose::Shutdown && self.is_empty());
        if let Some(report) = ended {
            self.effects.push(Effect::Over { ticket, report, after_callbacks: false });
            return;
        }
        self.queue.make_all_due(now);
        let report = Report { pending: self.books.pending, ..Report::default() };
        let position = self.queue.position();
        self.barriers.push(Barrier { purpose, position, report, limits, after_callbacks, ticket });
        if purpose == Purpose::Shutdown {
            self.closed.get_or_insert(DropReason::Closed);
            if !self.settings.flush_on_shutdown {
                self.give_up_waiting();
            }
        }
        self.tick(now);
    }

    /// Gives a flush or shutdown that is under way other limits.
    pub(crate) fn set_limits(&mut self, ticket: &Arc<Ticket<Report>>, limits: Limits, now: Instant) {
        for barrier in self.barriers.iter_mut().filter(|barrier| Arc::ptr_eq(&barrier.ticket, ticket)) {
            barrier.limits = limits;
        }
        for behind in self.behind_callbacks.iter_mut().filter(|behind| Arc::ptr_eq(&behind.ticket, ticket)) {
            behind.deadline = limits.deadline;
        }
        self.tick(now);
    }

    /// Ends what is over at this time.
    pub(crate) fn tick(&mut self, now: Instant) {
        if self.must_give_up(now) {
            self.give_up_waiting();
            for slot in std::mem::take(&mut self.slots) {
                self.give_up_slot(slot);
            }
        }
        let mut index = 0;
        while let Some(barrier) = self.barriers.get(index) {
            if barrier.is_over(now) {
                let barrier = self.barriers.remove(index);
                self.end(barrier, now);
            } else {
                index += 1;
            }
        }
        let effects = &mut self.effects;
        self.behind_callbacks.retain(|behind| {
            let is_late = behind.deadline.is_some_and(|deadline| deadline <= now);
            if is_late {
                let ticket = Arc::clone(&behind.ticket);
                effects.push(Effect::Over { ticket, report: behind.report, after_callbacks: false });
            }
            !is_late && !behind.ticket.was_filled()
        });
    }

    fn end(&mut self, barrier: Barrier, now: Instant) {
        let mut report = barrier.report;
        if report.pending > 0 {
            let sending = self.slots.iter().filter(|slot| slot.is_sending());
            report.unconfirmed += sending.map(|slot| barrier.waits_for(&slot.batch)).sum::<u64>();
        }
        if barrier.purpose == Purpose::Shutdown {
            self.shutdown_report = Some(report);
        }
        let Barrier { ticket, limits: Limits { deadline, .. }, .. } = barrier;
        let after_callbacks = barrier.after_callbacks && deadline.is_none_or(|deadline| deadline > now);
        if after_callbacks {
            self.behind_callbacks.push(BehindCallbacks { deadline, report, ticket: Arc::clone(&ticket) });
        }
        self.effects.push(Effect::Over { ticket, report, after_callbacks });
    }

    /// Whether a shutdown has to drop what is left: its deadline has come, or nothing can be sent before it.
    fn must_give_up(&self, now: Instant) -> bool {
        if self.closed != Some(DropReason::Closed) || self.is_empty() {
            return false;
        }
        // Of several shutdowns the most patient one decides. When none waits any more, nobody does.
        let shutdowns = self.barriers.iter().filter(|barrier| barrier.purpose == Purpose::Shutdown);
        let mut latest = now;
        for shutdown in shutdowns {
            match shutdown.limits.give_up {
                None => return false,
                Some(give_up) => latest = latest.max(give_up),
            }
        }
        let can_send_in_time = || self.send_at().is_some_and(|at| at < latest);
        latest <= now || !(self.slots.iter().any(Slot::is_sending) || can_send_in_time())
    }

    /// Drops all that is not in HTTP right now.
    fn give_up_waiting(&mut self) {
        while let Some(batch) = self.queue.pop() {
            self.drop_batch(&Arc::new(batch), DropReason::ShutdownDeadline, false);
        }
        for urgent in std::mem::take(&mut self.urgent) {
            let batch = Arc::new(urgent.batch);
            self.drop_batch(&batch, DropReason::ShutdownDeadline, false);
            let answer = Err(Failure::dropped(DropReason::ShutdownDeadline));
            self.effects.push(Effect::Answered { reply: urgent.reply, answer, batch });
        }
        let (sending, waiting) = std::mem::take(&mut self.slots).into_iter().partition(Slot::is_sending);
        self.slots = sending;
        for slot in Vec::<Slot>::into_iter(waiting) {
            self.give_up_slot(slot);
        }
    }

    fn is_empty(&self) -> bool {
        self.slots.is_empty() && self.urgent.is_empty() && self.queue.events() == 0
    }

    /// Whether it is shut down and nobody waits for anything any more.
    pub(crate) fn is_finished(&self) -> bool {
        let are_told = || self.behind_callbacks.iter().all(|behind| behind.ticket.was_filled());
        self.closed.is_some() && self.is_empty() && self.barriers.is_empty() && are_told()
    }

    /// The times to come at which a flush or shutdown may be over.
    pub(super) fn barrier_times(&self, now: Instant) -> impl Iterator<Item = Instant> {
        let barriers = self.barriers.iter().flat_map(|barrier| [barrier.limits.give_up, barrier.limits.deadline]);
        let behind = self.behind_callbacks.iter().map(|behind| behind.deadline);
        barriers.chain(behind).flatten().filter(move |time| *time > now)
    }
}
