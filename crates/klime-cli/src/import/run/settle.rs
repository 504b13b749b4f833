//! What is done with a window of which the barrier is over.

use klime::Report;

use super::losses::{Loss, Lost};
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
            self.lost += u64::from(self.book_entry(entry, &mut counts, &mut refused));
        }
        check_lost(self.lost, window.lost_before, report).map_err(|problem| self.at_line(&problem))?;
        if !refused.is_empty() {
            self.write_refused(&refused).map_err(|problem| self.at_line(&problem))?;
        }
        self.tell_of_repeats(&counts);
        self.checkpoint.counts = counts;
        self.checkpoint.position = position;
        self.checkpoint.source.last_start = last_start;
        self.checkpoint.source.last = Some(last);
        self.checkpoint.refused = self.refused.part().clone();
        let now = clock::now();
        match self.checkpoint_at.replace(now) {
            Some(at) if now.saturating_duration_since(at) < CHECKPOINT_EVERY => {
                self.checkpoint_at = Some(at);
                Ok(())
            }
            _ => self.save().map_err(|problem| self.at_line(&problem)),
        }
    }

    /// Tells of the first record that is lost behind the id of another one at once: it may be the mapping that is wrong.
    fn tell_of_repeats(&mut self, counts: &Counts) {
        let [before, other] = [&self.checkpoint.counts, counts].map(|counts| &counts.repeated.other);
        if let (0, Some(line)) = (before.count, other.lines.first()) {
            let problem = crate::print::printable(&other.first);
            self.display.warn(&format!("line {line}: {problem}; Klime counts each id once"));
        }
    }

    /// Checks that every event of the window has its answer, and that it is known which.
    fn check_whole(&self, window: &Window, report: Report) -> Result<(), Stop> {
        let ids = window.entries.iter().filter_map(|entry| match &entry.fate {
            Fate::Sent { id, .. } => Some(id.as_str()),
            Fate::Refused(..) | Fate::Skipped(_) => None,
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

    fn write_refused(&mut self, entries: &[u8]) -> Result<(), String> {
        if self.refused.make()? {
            let before = self.before_open_end.iter_mut();
            before.chain([&mut self.checkpoint]).for_each(|known| known.refused = self.refused.part().clone());
            self.save()?;
        }
        self.refused.append(entries)
    }

    /// Counts a record, and says whether it is one of those that the client counts as lost.
    fn book_entry(&self, entry: Entry, counts: &mut Counts, refused: &mut Vec<u8>) -> bool {
        let Entry { line, bytes, content, fate } = entry;
        let mut refuse = |code: &str, message: &str, id: Option<&str>| {
            counts.refuse(line, code, message);
            refused.extend(refused::entry(&self.source_name, line, (code, message), id, &content, bytes));
        };
        match fate {
            Fate::Sent { id, kind, repeat } => match self.losses.take(&id) {
                Some(Lost { loss: Loss::Refused { code, message }, is_counted }) => {
                    refuse(&code, &message, Some(&id));
                    return is_counted;
                }
                // A window with an event that failed is not settled.
                Some(_) | None => counts.accept(line, kind, repeat),
            },
            Fate::Refused(fault, id) => refuse(fault.code, &fault.message, id.as_deref()),
            Fate::Skipped(reason) => counts.skip(reason),
        }
        false
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

/// Checks that of the events until the end of a window as many are booked as lost as the client says: no fewer, or one of them would count as
/// accepted that was not.
fn check_lost(lost: u64, lost_before: u64, report: Report) -> Result<(), String> {
    let told = lost_before + report.rejected + report.failed;
    if lost >= told {
        return Ok(());
    }
    Err(format!(
        "Klime did not take {told} events of this run, but it is known of {lost} only which they are; nothing behind this line is counted"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_and_is_not_known_is_told() {
        let mut report = Report::default();
        (report.rejected, report.failed) = (2, 1);
        assert_eq!(check_lost(5, 2, report), Ok(()));
        assert_eq!(check_lost(6, 2, report), Ok(()), "one of a later window, that shares its id with one of this");
        let problem = check_lost(4, 2, report).unwrap_err();
        assert!(problem.starts_with("Klime did not take 5 events of this run, but it is known of 4 only"), "{problem}");
    }
}
