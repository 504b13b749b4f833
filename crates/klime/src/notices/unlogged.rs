//! Losses that no log line has told yet.

use super::{LogLevel, Notice, OnLog};
use crate::error::SendErrorKind;
use crate::stats::{DropReason, Dropped};

/// Losses that no log line has told yet.
#[derive(Debug, Default, Clone)]
pub(super) struct Unlogged {
    dropped: Dropped,
    failed: u64,
    rejected: u64,
    pub(super) skipped: u64,
    last_problem: Option<String>,
}

impl Unlogged {
    pub(super) fn is_empty(&self) -> bool {
        self.lost() + self.skipped == 0
    }

    pub(super) fn note(&mut self, notice: &Notice) {
        match notice {
            Notice::Taken(_) => {}
            Notice::Failed(failure, _) => {
                match failure.kind {
                    SendErrorKind::Rejected => self.rejected += failure.events as u64,
                    _ => self.failed += failure.events as u64,
                }
                self.last_problem = Some(failure.to_string());
            }
            Notice::Dropped(lost) => {
                self.dropped.add(lost.reason, lost.count as u64);
                // Of the other reasons the count says it all.
                if let Some(problem) = lost.problem.as_ref().filter(|problem| problem.is_invalid()) {
                    self.last_problem = Some(problem.to_string());
                }
            }
        }
    }

    /// What a disabled client drops, and a `before_send` hook, is dropped by order: no loss to warn of.
    fn dropped(&self) -> u64 {
        self.dropped.total() - self.dropped.disabled - self.dropped.before_send
    }

    fn lost(&self) -> u64 {
        self.failed + self.rejected + self.dropped()
    }

    /// Writes the line: by the app's function if it has given one, else by `tracing`.
    pub(super) fn log(&self, on_log: Option<&OnLog>) {
        let level = if self.failed + self.rejected > 0 { LogLevel::Error } else { LogLevel::Warn };
        match on_log {
            Some(on_log) => on_log(level, &self.text()),
            None => self.trace(level),
        }
    }

    #[cfg(feature = "tracing")]
    fn trace(&self, level: LogLevel) {
        let text = self.text();
        match level {
            LogLevel::Error => tracing::error!(target: "klime", "{text}"),
            LogLevel::Warn => tracing::warn!(target: "klime", "{text}"),
        }
    }

    #[cfg(not(feature = "tracing"))]
    fn trace(&self, _: LogLevel) {}

    fn text(&self) -> String {
        let reasons = DropReason::ALL.map(|reason| (self.dropped.count(reason), label(reason)));
        let outcomes = [(self.failed, Some("failed")), (self.rejected, Some("rejected"))];
        let parts: Vec<String> = outcomes
            .into_iter()
            .chain(reasons)
            .filter(|(count, _)| *count > 0)
            .filter_map(|(count, label)| Some(format!("{count} {}", label?)))
            .collect();
        let events = if self.lost() == 1 { "event" } else { "events" };
        let lost = (self.lost() > 0).then(|| format!("lost {} {events}: {}", self.lost(), parts.join(", ")));
        let callbacks = if self.skipped == 1 { "callback" } else { "callbacks" };
        let skipped = (self.skipped > 0).then(|| format!("skipped {} {callbacks}", self.skipped));
        let problem = self.last_problem.as_ref().map(|problem| format!("last problem: {problem}"));
        let sentence: Vec<String> = [lost, skipped, problem].into_iter().flatten().collect();
        format!("klime {}", sentence.join("; "))
    }
}

/// How a log line calls the events that were dropped for a reason; `None` when it does not.
fn label(reason: DropReason) -> Option<&'static str> {
    match reason {
        DropReason::QueueFull => Some("dropped for a full queue (max_queue_size, max_queue_bytes)"),
        DropReason::TooLarge => Some("dropped as too large"),
        DropReason::Invalid => Some("dropped as not valid"),
        DropReason::Closed => Some("dropped after the shutdown"),
        DropReason::ShutdownDeadline => Some("dropped at the deadline of the shutdown"),
        DropReason::WorkerDied => Some("dropped because the transport panicked"),
        DropReason::BeforeSend | DropReason::Disabled => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notices::Lost;

    #[test]
    fn what_is_dropped_by_order_is_no_loss() {
        let mut unlogged = Unlogged::default();
        for reason in [DropReason::Disabled, DropReason::BeforeSend] {
            unlogged.note(&Notice::Dropped(Lost::new(reason, 3)));
        }
        assert!(unlogged.is_empty());
        unlogged.note(&Notice::Dropped(Lost::new(DropReason::QueueFull, 2)));
        unlogged.note(&Notice::Dropped(Lost::new(DropReason::Closed, 1)));
        unlogged.skipped = 4;
        assert_eq!(
            unlogged.text(),
            "klime lost 3 events: 2 dropped for a full queue (max_queue_size, max_queue_bytes), 1 dropped after the shutdown; \
             skipped 4 callbacks"
        );
    }

    #[test]
    fn skipped_callbacks_are_told_without_losses_too() {
        let mut unlogged = Unlogged { skipped: 1, ..Unlogged::default() };
        assert_eq!(unlogged.text(), "klime skipped 1 callback");
        unlogged.note(&Notice::Dropped(Lost::new(DropReason::Closed, 1)));
        assert_eq!(unlogged.text(), "klime lost 1 event: 1 dropped after the shutdown; skipped 1 callback");
    }
}
