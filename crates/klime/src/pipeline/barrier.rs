//! Barriers: a flush or a shutdown waits for the events that were pending when it was called, and for no others.

use std::sync::Arc;
use std::time::Instant;

use super::batch::Batch;
use crate::stats::Report;
use crate::ticket::Ticket;

/// A place in the stream of events.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    /// Batches with a lower number stand wholly before it…
    pub(super) next_number: u64,
    /// …but for the batch that was still open, of which this many events (counted from its very first) do.
    pub(super) open: Option<(u64, usize)>,
}

impl Position {
    /// How many of a batch's `events`, of which the first stands at `offset`, stand before it.
    fn covers(&self, number: u64, offset: usize, events: usize) -> usize {
        match self.open {
            Some((open, until)) if open == number => until.saturating_sub(offset).min(events),
            _ if number < self.next_number => events,
            _ => 0,
        }
    }
}

/// What a barrier ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Flush,
    Shutdown,
}

/// How long a flush or shutdown may take; `None` is for as long as it takes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    /// Whether they may still be changed. Until they are final a shutdown does not end early for want of time.
    pub(crate) are_provisional: bool,
    /// When a shutdown gives up what is left: a little before the deadline, so that the callbacks for it can still run.
    pub(crate) give_up: Option<Instant>,
    /// When it is over, come what may.
    pub(crate) deadline: Option<Instant>,
}

/// One waiting flush or shutdown.
#[derive(Debug)]
pub(super) struct Barrier {
    pub(super) purpose: Purpose,
    pub(super) position: Position,
    /// `report.pending` counts down to 0; the rest counts up.
    pub(super) report: Report,
    pub(super) limits: Limits,
    /// Whether it ends only behind the callbacks of what it waited for.
    pub(super) after_callbacks: bool,
    pub(super) ticket: Arc<Ticket<Report>>,
}

/// A barrier that is over but for the callbacks before it.
#[derive(Debug)]
pub(super) struct BehindCallbacks {
    pub(super) deadline: Option<Instant>,
    pub(super) report: Report,
    pub(super) ticket: Arc<Ticket<Report>>,
}

/// How `events` consecutive events of a batch were settled.
pub(super) struct Settled<'a> {
    pub(super) number: u64,
    pub(super) offset: usize,
    pub(super) events: usize,
    pub(super) unconfirmed: bool,
    /// Given how many of the events a barrier covers, adds what became of those to its report.
    pub(super) add: &'a dyn Fn(&mut Report, u64),
}

impl<'a> Settled<'a> {
    pub(super) fn of(batch: &Batch, unconfirmed: bool, add: &'a dyn Fn(&mut Report, u64)) -> Self {
        Self { number: batch.number, offset: batch.offset, events: batch.len(), unconfirmed, add }
    }
}

impl Limits {
    pub(super) fn times(self) -> impl Iterator<Item = Instant> {
        [self.give_up, self.deadline].into_iter().flatten()
    }
}

impl Barrier {
    /// Notes that events were settled, and says whether it waits for none any more.
    pub(super) fn note(&mut self, settled: &Settled<'_>) -> bool {
        let covered = self.position.covers(settled.number, settled.offset, settled.events) as u64;
        if covered > 0 {
            (settled.add)(&mut self.report, covered);
            self.report.pending -= covered;
            self.report.unconfirmed += if settled.unconfirmed { covered } else { 0 };
        }
        self.report.pending == 0
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.report.pending == 0 || self.limits.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// How many events of `batch` it waits for.
    pub(super) fn waits_for(&self, batch: &Batch) -> u64 {
        self.position.covers(batch.number, batch.offset, batch.len()) as u64
    }
}
