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
        self.expect_barrier_at(limits);
        let ended = self.shutdown_report.filter(|_| purpose == Purpose::Shutdown && self.is_empty());
        if let Some(report) = ended {
            // It has the same result, but callbacks of the first one may still have to run.
            self.effects.push(Effect::LastChanceToLog);
            self.finish(ticket, report, limits, after_callbacks, now);
            return;
        }
        self.queue.make_all_due(now);
        let report = Report { pending: self.books.pending, ..Report::default() };
        let position = self.queue.position();
        self.has_ended_barriers |= report.pending == 0;
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
        // Most often it is the one that has just begun.
        if let Some(barrier) = self.barriers.iter_mut().rev().find(|barrier| Arc::ptr_eq(&barrier.ticket, ticket)) {
            barrier.limits = limits;
        }
        for behind in self.behind_callbacks.iter_mut().filter(|behind| Arc::ptr_eq(&behind.ticket, ticket)) {
            behind.deadline = limits.deadline;
        }
        self.expect_barrier_at(limits);
        self.tick(now);
    }

    /// A time that is no longer true costs one look too many, so times are only ever added here.
    fn expect_barrier_at(&mut self, limits: Limits) {
        self.next_barrier_time = limits.times().chain(self.next_barrier_time).min();
    }

    /// Ends what is over at this time.
    pub(crate) fn tick(&mut self, now: Instant) {
        if self.must_give_up(now) {
            self.give_up_waiting();
            for slot in std::mem::take(&mut self.slots) {
                self.give_up_slot(slot);
            }
        }
        let is_time = self.next_barrier_time.is_some_and(|time| time <= now);
        // There may be thousands of barriers, so they are looked at only when one is over.
        if is_time || self.has_ended_barriers {
            self.has_ended_barriers = false;
            let (over, waiting): (Vec<Barrier>, _) =
                std::mem::take(&mut self.barriers).into_iter().partition(|barrier| barrier.is_over(now));
            self.barriers = waiting;
            for barrier in over {
                self.end(barrier, now);
            }
        }
        self.end_those_behind_callbacks(now);
        if is_time {
            let barriers = self.barriers.iter().flat_map(|barrier| barrier.limits.times());
            let behind = self.behind_callbacks.iter().filter_map(|behind| behind.deadline);
            self.next_barrier_time = barriers.chain(behind).filter(|time| *time > now).min();
        }
    }

    fn end_those_behind_callbacks(&mut self, now: Instant) {
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
            self.effects.push(Effect::LastChanceToLog);
        }
        self.finish(barrier.ticket, report, barrier.limits, barrier.after_callbacks, now);
    }

    /// Gives out a report, behind the callbacks that are still to run if that is wanted.
    fn finish(
        &mut self,
        ticket: Arc<Ticket<Report>>,
        report: Report,
        limits: Limits,
        after_callbacks: bool,
        now: Instant,
    ) {
        let deadline = limits.deadline;
        let after_callbacks = after_callbacks && deadline.is_none_or(|deadline| deadline > now);
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
        let (mut latest, mut are_final) = (now, true);
        for shutdown in shutdowns {
            are_final &= !shutdown.limits.are_provisional;
            match shutdown.limits.give_up {
                None => return false,
                Some(give_up) => latest = latest.max(give_up),
            }
        }
        if latest > now && !are_final {
            return false;
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
        let (sending, waiting): (Vec<Slot>, Vec<Slot>) =
            std::mem::take(&mut self.slots).into_iter().partition(Slot::is_sending);
        self.slots = sending;
        for slot in waiting {
            self.give_up_slot(slot);
        }
        let parts: Vec<_> = self.slots.iter_mut().flat_map(|slot| std::mem::take(&mut slot.parts)).collect();
        for part in parts {
            self.drop_batch(&Arc::new(part), DropReason::ShutdownDeadline, false);
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
}
