//! What waits to be told: bounded, and with single drops put together.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::unlogged::Unlogged;
use super::{Events, Lost, Notice};
use crate::clock;

/// At most this many notices wait for their callbacks…
const MOST_WAITING: usize = 1000;
/// …with events of at most this many bytes among them, or a single notice of any size.
const MOST_BYTES_WAITING: usize = 16 * 1024 * 1024;
/// Single drops that wait are told together, this many at most.
const MOST_TOGETHER: usize = 100;
/// Between two log lines.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

pub(super) enum Item {
    Notice(Notice),
    /// Called once everything before it is told.
    Then(Box<dyn FnOnce() + Send>),
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
    pub(super) fn log_at(&self) -> Option<Instant> {
        if self.unlogged.is_empty() {
            return None;
        }
        let next = self.last_log.and_then(|last| clock::later(last, LOG_INTERVAL));
        Some(next.unwrap_or_else(clock::now))
    }
}
