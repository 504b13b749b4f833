//! What is done with a window of which the barrier is over.

use klime::Report;

use super::losses::Loss;
use super::progress::behind;
use super::window::{Entry, Fate, Window};
use super::{CHECKPOINT_EVERY, Import, Phase, Stop};
use crate::clock;
use crate::import::counts::Counts;
use crate::import::refused;

impl Import {
    /// Settles the next window, of which the barrier says this. If it is not whole, the import is over.
    pub(super) fn settle(&mut self, report: Report) {
        let Some(window) = self.windows.settle() else { return };
        if let Err(stop) = self.book(window, report) {
            let stop = match std::mem::replace(&mut self.phase, Phase::Ending) {
                Phase::Stopping(first, _) | Phase::Over(Some(first)) => first,
                _ => stop,
            };
            self.phase = Phase::Over(Some(stop));
        }
    }

    fn book(&mut self, window: Window, report: Report) -> Result<(), Stop> {
        self.check_whole(&window, report)?;
        let mut counts = self.checkpoint.counts.clone();
        let mut refused = Vec::new();
        let (position, last_start, last) = (window.end, window.last_start, window.last);
        for entry in window.entries {
            self.book_entry(entry, &mut counts, &mut refused);
        }
        if !refused.is_empty() {
            self.refused.append(&refused).map_err(|problem| self.at_line(&problem))?;
        }
        self.checkpoint.counts = counts;
        self.checkpoint.position = position;
        self.checkpoint.source.last_start = last_start;
        self.checkpoint.source.last = Some(last);
        self.checkpoint.refused_bytes = self.refused.bytes();
        let now = clock::now();
        match self.checkpoint_at.replace(now) {
            Some(at) if now.saturating_duration_since(at) < CHECKPOINT_EVERY => {
                self.checkpoint_at = Some(at);
                Ok(())
            }
            _ => self.save().map_err(|problem| self.at_line(&problem)),
        }
    }

    /// Checks that every event of the window has its answer, and that it is known which.
    fn check_whole(&self, window: &Window, report: Report) -> Result<(), Stop> {
        let ids = window.entries.iter().filter_map(|entry| match &entry.fate {
            Fate::Sent { id, .. } => Some(id.as_str()),
            Fate::Refused(_) | Fate::Skipped(_) => None,
        });
        if report.dropped + report.pending > 0 || self.losses.has_failed(ids) {
            let failure = self.losses.failure().map(Stop::of);
            return Err(failure.unwrap_or_else(|| Stop::unreachable("not everything was sent".to_owned())));
        }
        if report.rejected + report.failed > 0 && self.client.stats().callbacks_skipped > 0 {
            return Err(Stop::unreachable("more was refused than could be told apart".to_owned()));
        }
        Ok(())
    }

    fn book_entry(&self, entry: Entry, counts: &mut Counts, refused: &mut Vec<u8>) {
        let Entry { line, bytes, content, fate } = entry;
        let mut refuse = |code: &str, message: &str, id: Option<&str>| {
            counts.refuse(line, code, message);
            refused.extend(refused::entry(&self.source_name, line, (code, message), id, &content, bytes));
        };
        match fate {
            Fate::Sent { id, kind } => match self.losses.take(&id) {
                Some(Loss::Refused { code, message }) => refuse(&code, &message, Some(&id)),
                Some(Loss::Failed) | None => counts.accept(kind),
            },
            Fate::Refused(fault) => refuse(fault.code, &fault.message, None),
            Fate::Skipped(reason) => counts.skip(reason),
        }
    }

    fn at_line(&self, problem: &str) -> Stop {
        Stop::unreachable(format!("{}: {problem}", behind(self.checkpoint.position)))
    }

    /// Writes the checkpoint, behind what it says of the refused file.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(super) fn save(&mut self) -> Result<(), String> {
        self.refused.sync()?;
        if let Some(file) = &self.checkpoint_file {
            file.write(self.resumable())?;
        }
        Ok(())
    }
}
