//! Losses that no log line has told yet.

use super::Notice;
use crate::error::SendErrorKind;
#[cfg(feature = "tracing")]
use crate::stats::DropReason;
use crate::stats::Dropped;

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
        // A disabled client drops by order; that is no loss to warn of.
        self.dropped.total() + self.failed + self.rejected + self.skipped == self.dropped.disabled
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
                if let Some(problem) = &lost.problem {
                    self.last_problem = Some(problem.to_string());
                }
            }
        }
    }

    #[cfg(feature = "tracing")]
    pub(super) fn log(&self) {
        let Self { dropped, failed, rejected, skipped, last_problem } = self;
        let reasons: Vec<String> = DropReason::ALL
            .into_iter()
            .filter(|reason| *reason != DropReason::Disabled && dropped.count(*reason) > 0)
            .map(|reason| format!("{} {reason}", dropped.count(reason)))
            .collect();
        let text = format!(
            "klime lost events: {failed} failed, {rejected} rejected, {} dropped ({}), {skipped} callbacks skipped; {}",
            dropped.total() - dropped.disabled,
            if reasons.is_empty() { "none".to_owned() } else { reasons.join(", ") },
            last_problem.as_deref().unwrap_or("no further detail"),
        );
        if *failed + *rejected > 0 {
            tracing::error!(target: "klime", "{text}");
        } else {
            tracing::warn!(target: "klime", "{text}");
        }
    }

    #[cfg(not(feature = "tracing"))]
    pub(super) fn log(&self) {}
}
