//! What waits to be told: bounded, and with single drops put together.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::unlogged::Unlogged;
use super::{Events, Lost, Notice};
use crate::clock;

/// At most this many notices wait for their callbacks…
const MOST_WAITING: usize = 1000;
/// …with events and answers of at most this many bytes among them, or a single notice of any size.
const MOST_BYTES_WAITING: usize = 16 * 1024 * 1024;
/// Single drops that wait are told together, this many at most.
const MOST_TOGETHER: usize = 100;
/// Between two log lines.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

pub(super) enum Item {
    Notice(Notice),
    /// Called once everything before it is told.
    Then(Box<dyn FnOnce() + Send>),
    /// Losses before it are logged when it is reached; there is nothing else to do.
    LogNow,
}

#[derive(Default)]
pub(super) struct Waiting {
    pub(super) items: VecDeque<Item>,
    bytes: usize,
    pub(super) skipped: u64,
    pub(super) unlogged: Unlogged,
    pub(super) last_log: Option<Instant>,
    pub(super) closed: bool,
}

impl Waiting {
    /// Takes a notice, or counts it as skipped and gives it back.
    pub(super) fn add(&mut self, notice: Notice) -> Option<Notice> {
        let bytes = notice.bytes();
        let too_many = self.items.len() >= MOST_WAITING;
        let too_large = self.bytes > 0 && self.bytes + bytes > MOST_BYTES_WAITING;
        if too_large || (too_many && !self.can_join(&notice)) {
            self.skipped += 1;
            self.unlogged.skipped += 1;
            return Some(notice);
        }
        self.bytes += bytes;
        match notice {
            Notice::Dropped(lost) => self.add_dropped(lost),
            other => self.items.push_back(Item::Notice(other)),
        }
        None
    }

    /// Whether a drop can be told together with the last one that waits.
    fn can_join(&self, notice: &Notice) -> bool {
        match (notice, self.items.back()) {
            (
                Notice::Dropped(Lost { reason, events: Some(Events::Loose(_)), .. }),
                Some(Item::Notice(Notice::Dropped(Lost {
                    reason: last, events: Some(Events::Loose(waiting)), ..
                }))),
            ) => reason == last && waiting.len() < MOST_TOGETHER,
            _ => false,
        }
    }

    fn add_dropped(&mut self, lost: Lost) {
        let notice = Notice::Dropped(lost);
        if !self.can_join(&notice) {
            self.items.push_back(Item::Notice(notice));
            return;
        }
        if let (
            Notice::Dropped(Lost { events: Some(Events::Loose(mut new)), .. }),
            Some(Item::Notice(Notice::Dropped(Lost { events: Some(Events::Loose(waiting)), .. }))),
        ) = (notice, self.items.back_mut())
        {
            waiting.append(&mut new);
        }
    }

    pub(super) fn take(&mut self) -> Option<Item> {
        let item = self.items.pop_front()?;
        if let Item::Notice(notice) = &item {
            self.bytes -= notice.bytes();
        }
        Some(item)
    }

    /// When the next log line may be written; `None` when there is nothing to log.
    pub(super) fn log_at(&self, now: Instant) -> Option<Instant> {
        if self.unlogged.is_empty() {
            return None;
        }
        let next = self.last_log.and_then(|last| clock::later(last, LOG_INTERVAL));
        Some(next.unwrap_or(now))
    }

    /// Whether a log line is to be written before anything else: its time has come, or there may be no later one.
    pub(super) fn is_log_due(&self, now: Instant) -> bool {
        let is_last_chance = match self.items.front() {
            Some(item) => matches!(item, Item::LogNow),
            None => self.closed,
        };
        self.log_at(now).is_some_and(|at| at <= now || is_last_chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::BatchResponse;
    use crate::stats::DropReason;

    fn waiting(reason: DropReason) -> Waiting {
        let mut waiting = Waiting::default();
        waiting.unlogged.note(&Notice::Dropped(Lost::new(reason, 1)));
        waiting
    }

    #[test]
    fn losses_are_logged_at_once_and_then_once_a_second() {
        let start = clock::now();
        let mut waiting = waiting(DropReason::Invalid);
        let mut written = Vec::new();
        for millis in 0..3000 {
            let now = start + Duration::from_millis(millis);
            waiting.unlogged.note(&Notice::Dropped(Lost::new(DropReason::QueueFull, 1)));
            if waiting.is_log_due(now) {
                waiting.unlogged = Unlogged::default();
                waiting.last_log = Some(now);
                written.push(millis);
            }
        }
        assert_eq!(written, [0, 1000, 2000]);
        let now = start + Duration::from_millis(2999);
        assert_eq!(waiting.log_at(now), Some(start + Duration::from_secs(3)));
    }

    #[test]
    fn a_last_chance_does_not_wait_for_the_second() {
        let now = clock::now();
        let mut waiting = waiting(DropReason::Invalid);
        waiting.last_log = Some(now);
        waiting.add(Notice::Taken(BatchResponse::default()));
        waiting.items.push_back(Item::Then(Box::new(|| {})));
        waiting.items.push_back(Item::LogNow);
        assert!(!waiting.is_log_due(now), "a callback comes before");
        drop(waiting.take());
        assert!(!waiting.is_log_due(now), "the end of a flush is no last chance");
        drop(waiting.take());
        assert!(waiting.is_log_due(now));
    }

    #[test]
    fn end_of_the_client_does_not_wait_for_the_second() {
        let now = clock::now();
        let mut waiting = waiting(DropReason::Invalid);
        waiting.last_log = Some(now);
        assert!(!waiting.is_log_due(now));
        waiting.closed = true;
        assert!(waiting.is_log_due(now));
    }

    #[test]
    fn nothing_is_logged_when_nothing_was_lost() {
        let now = clock::now();
        for mut waiting in [Waiting::default(), waiting(DropReason::Disabled)] {
            waiting.closed = true;
            assert_eq!((waiting.log_at(now), waiting.is_log_due(now)), (None, false));
        }
    }
}
