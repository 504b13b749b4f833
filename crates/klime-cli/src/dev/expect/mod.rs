//! What is expected to arrive: `--expect 'track:Report Generated'`.
//!
//! Expectations count accepted events as they come in; neither duplicates nor refused events fulfil one. Beside the counts they
//! remember, within bounds, what else came, so that an unmet expectation can be told together with what came near.

mod grammar;
mod near;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time;

use super::event::{Event, Judged, Kind, Status, Verdict};
use super::store::{Appended, BatchRecord};
use near::Seen;

/// How many events have to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many or more.
    AtLeast(u64),
    /// So many, and no more.
    Exactly(u64),
}

/// An expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Which call.
    pub kind: Kind,
    /// The name of a track, the user of an identify, the group of a group; `None` for any.
    pub target: Option<String>,
    /// How many.
    pub count: Count,
}

/// How things stand with all expectations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// All are met; a further event may still be one too many for an exact count.
    Met {
        /// Whether there is an exact count.
        may_break: bool,
    },
    /// Something has not come yet.
    Open,
    /// More came than was to come; that will not get better.
    Broken,
}

/// All expectations, and what has come so far.
#[derive(Debug)]
pub(crate) struct Expectations {
    all: Vec<Expectation>,
    progress: Mutex<Progress>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct Progress {
    counts: Vec<u64>,
    seen: Seen,
}

impl Expectation {
    fn is_for(&self, event: &Event) -> bool {
        self.kind == event.kind && self.target.as_deref().is_none_or(|target| target_of(event) == Some(target))
    }

    fn standing(&self, count: u64) -> Standing {
        match self.count {
            Count::AtLeast(wanted) if count >= wanted => Standing::Met { may_break: false },
            Count::Exactly(wanted) if count == wanted => Standing::Met { may_break: true },
            Count::Exactly(wanted) if count > wanted => Standing::Broken,
            _ => Standing::Open,
        }
    }
}

fn target_of(event: &Event) -> Option<&str> {
    match event.kind {
        Kind::Track => event.name.as_deref(),
        Kind::Identify => event.user_id.as_deref(),
        Kind::Group => event.group_id.as_deref(),
    }
}

impl Expectations {
    /// These, of which nothing has come yet.
    pub(crate) fn new(all: Vec<Expectation>) -> Self {
        let progress = Progress { counts: vec![0; all.len()], seen: Seen::default() };
        Self { all, progress: Mutex::new(progress), changed: watch::Sender::new(()) }
    }

    /// Whether nothing is expected.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Takes account of a request.
    pub(crate) fn note(&self, record: &BatchRecord, events: &[Judged], appended: &Appended) {
        {
            let mut progress = self.progress();
            progress.seen.note_request(record);
            for (judged, &status) in events.iter().zip(&appended.statuses) {
                match (&judged.verdict, status) {
                    (Verdict::Taken(event), Status::Accepted) => self.accept(&mut progress, event),
                    (Verdict::Refused(refusal), _) => progress.seen.note_refused(refusal),
                    (Verdict::Taken(_), _) => {}
                }
            }
        }
        self.changed.send_replace(());
    }

    fn accept(&self, progress: &mut Progress, event: &Event) {
        for (expectation, count) in self.all.iter().zip(&mut progress.counts) {
            *count += u64::from(expectation.is_for(event));
        }
        if let Some(target) = target_of(event).filter(|_| !self.all.is_empty()) {
            progress.seen.note_accepted(event.kind, target);
        }
    }

    /// How things stand.
    pub(crate) fn standing(&self) -> Standing {
        let progress = self.progress();
        let standings = self.all.iter().zip(&progress.counts).map(|(expectation, &count)| expectation.standing(count));
        standings.fold(Standing::Met { may_break: false }, |all, one| match (all, one) {
            (Standing::Broken, _) | (_, Standing::Broken) => Standing::Broken,
            (Standing::Open, _) | (_, Standing::Open) => Standing::Open,
            (Standing::Met { may_break: a }, Standing::Met { may_break: b }) => Standing::Met { may_break: a || b },
        })
    }

    /// Returns as soon as all are met or one is broken. An exact count keeps it waiting, because the next event could be one too
    /// many: until there was no request for as long as `quiet`, or without it for good.
    pub(crate) async fn settled(&self, quiet: Option<Duration>) {
        let mut changes = self.changed.subscribe();
        loop {
            changes.borrow_and_update();
            let next = changes.changed();
            let changed = match (self.standing(), quiet) {
                (Standing::Broken | Standing::Met { may_break: false }, _) => return,
                (Standing::Met { may_break: true }, Some(quiet)) => time::timeout(quiet, next).await,
                (Standing::Met { may_break: true }, None) | (Standing::Open, _) => Ok(next.await),
            };
            if !matches!(changed, Ok(Ok(()))) {
                return;
            }
        }
    }

    /// How many events and requests were refused.
    pub(crate) fn refused(&self) -> (u64, u64) {
        self.progress().seen.refused()
    }

    /// A sentence for each that is not met, with what came near.
    pub(crate) fn unmet(&self) -> Vec<String> {
        let progress = self.progress();
        let pairs = self.all.iter().zip(&progress.counts);
        let unmet = pairs.filter(|(expectation, count)| !matches!(expectation.standing(**count), Standing::Met { .. }));
        let sentence = |(expectation, count): (&Expectation, &u64)| {
            let near = progress.seen.near(expectation);
            let near = if near.is_empty() { String::new() } else { format!("; {}", near.join("; ")) };
            format!("expected {expectation}, got {count}{near}")
        };
        unmet.map(sentence).collect()
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
