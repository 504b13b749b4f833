//! How an import comes to its end: at the end of the source, by a failure, or because it is asked to stop.

use std::time::Duration;

use klime::Stats;

use super::{Import, Phase, losses};
use crate::clock;
use crate::exit::Exit;
use crate::import::counts::Counts;
use crate::import::read::Position;

/// After Ctrl-C what is outstanding may take so long.
const GRACE: Duration = Duration::from_secs(10);
/// A client that is to send nothing more may take so long to notice.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// How an import ended.
#[derive(Debug)]
pub(in crate::import) struct Ended {
    pub(in crate::import) counts: Counts,
    pub(in crate::import) books: Stats,
    /// Every record before it is settled.
    pub(in crate::import) position: Position,
    /// Whether all was settled before.
    pub(in crate::import) was_complete: bool,
    /// Why it did not come to the end of the source.
    pub(in crate::import) stopped: Option<Stop>,
    pub(in crate::import) refused_bytes: u64,
    pub(in crate::import) refused_path: std::path::PathBuf,
}

/// Why an import stops before the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) struct Stop {
    pub(in crate::import) message: String,
    pub(in crate::import) exit: Exit,
}

impl Stop {
    pub(super) fn unreachable(message: String) -> Self {
        Self { message, exit: Exit::Unreachable }
    }

    pub(super) fn of(failure: losses::Failure) -> Self {
        let exit = if failure.may_pass { Exit::Unreachable } else { Exit::Refused };
        Self { message: failure.message, exit }
    }
}

impl Import {
    /// Stops reading, and lets what is outstanding arrive; the second time, at once.
    pub(super) fn interrupt(&mut self) {
        if matches!(self.phase, Phase::Stopping(..)) {
            return self.cut();
        }
        self.stop(Stop::unreachable("interrupted".to_owned()));
    }

    pub(super) fn stop(&mut self, stop: Stop) {
        self.backlog.clear();
        self.close_window();
        let now = clock::now();
        self.phase = Phase::Stopping(stop, now.checked_add(GRACE).unwrap_or(now));
    }

    /// Something failed for good: what is outstanding will not arrive either.
    pub(super) fn fail(&mut self) {
        let failure = self.losses.failure().map(Stop::of);
        self.stop(failure.unwrap_or_else(|| Stop::unreachable("the import failed".to_owned())));
        self.cut();
    }

    /// Sends nothing more, and settles what has arrived.
    pub(super) fn cut(&mut self) {
        // What is not sent is not settled, and will be sent when the import goes on.
        let _ = self.client.shutdown_blocking(SHUTDOWN);
        while !matches!(self.phase, Phase::Over(_)) && self.windows.barrier().is_some() {
            match self.windows.barrier().and_then(futures_util::FutureExt::now_or_never) {
                Some(report) => self.settle_next(report),
                None => break,
            }
        }
        self.over();
    }

    pub(super) fn look_for_the_end(&mut self) {
        if matches!(self.phase, Phase::Ending | Phase::Stopping(..)) && self.windows.is_empty() {
            self.over();
        }
    }

    fn over(&mut self) {
        let stopped = match std::mem::replace(&mut self.phase, Phase::Over(None)) {
            Phase::Stopping(stop, _) => Some(stop),
            Phase::Over(stopped) => stopped,
            Phase::Reading | Phase::Ending => None,
        };
        self.phase = Phase::Over(stopped);
    }

    pub(super) fn end(mut self) -> Ended {
        let mut stopped = match std::mem::replace(&mut self.phase, Phase::Ending) {
            Phase::Over(stopped) => stopped,
            _ => None,
        };
        let is_unsent = self.was_unsent && self.client.stats().enqueued == 0;
        let whole = self.refused.whole();
        for known in self.before_open_end.iter_mut().chain([&mut self.checkpoint]) {
            known.is_unsent = is_unsent;
            known.refused.whole.clone_from(&whole);
        }
        if let Err(problem) = self.save() {
            stopped.get_or_insert(Stop::unreachable(problem));
        }
        self.show(clock::now());
        self.display.clear();
        let _ = self.client.shutdown_blocking(SHUTDOWN);
        Ended {
            counts: self.checkpoint.counts,
            books: self.client.stats(),
            position: self.checkpoint.position,
            was_complete: self.began_at.records > 0 && self.began_at == self.checkpoint.position && stopped.is_none(),
            stopped,
            refused_bytes: self.refused.part().bytes,
            refused_path: self.refused.path().to_owned(),
        }
    }
}
