//! The import itself: records go to the client, windows are settled, the checkpoint follows.
//!
//! A thread reads and converts; this loop gives the events to the client, as many as may be outstanding, and settles windows as their
//! barriers end: what was refused goes into the refused file, then the counts and the checkpoint move behind the window. When anything
//! fails for good, nothing more is sent and the checkpoint stays before the first window that is not whole.

mod feed;
mod losses;
mod pace;
mod progress;
mod settle;
mod signals;
mod window;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use klime::{Client, ClientBuilder, Flush, Overflow, Stats};
use tokio::sync::mpsc;
use tokio::time::Interval;

use super::checkpoint::{Checkpoint, CheckpointFile};
use super::convert::Converter;
use super::counts::Counts;
use super::read::{Position, Reader};
use super::refused::RefusedFile;
use crate::clock;
use crate::exit::Exit;
use feed::Read;
use losses::Losses;
use pace::Pace;
pub(crate) use progress::grouped;
use progress::{Display, Progress};
use signals::Signals;
use window::{Item, MAX_OUTSTANDING, Windows};

/// How often progress is shown, and a window closed that nothing else closes.
const TICK: Duration = Duration::from_millis(200);
/// Between two checkpoints.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(250);
/// After Ctrl-C what is outstanding may take so long.
const GRACE: Duration = Duration::from_secs(10);
/// A client that is to send nothing more may take so long to notice.
const SHUTDOWN: Duration = Duration::from_secs(2);
/// The most bytes that may be with the client; far more than the windows let through.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// Everything that an import needs.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) reader: Reader,
    /// Where the reader is.
    pub(super) start: Position,
    pub(super) converter: Converter,
    pub(super) source_name: String,
    pub(super) total_bytes: Option<u64>,
    pub(super) checkpoint: Checkpoint,
    /// Where the checkpoint is kept; a stream may have none.
    pub(super) checkpoint_file: Option<CheckpointFile>,
    pub(super) refused: RefusedFile,
    pub(super) rate: Option<u32>,
    pub(super) json: bool,
}

/// How the SDK is set up for an import.
pub(super) fn client_settings(builder: ClientBuilder, retry_delay: Duration, patience: Duration) -> ClientBuilder {
    builder
        .max_batch_size(100)
        .max_queue_size(MAX_OUTSTANDING)
        .max_queue_bytes(QUEUE_BYTES)
        // Nothing may make room for something else; windows keep the queue from being full.
        .overflow(Overflow::DropNewest)
        .max_in_flight(8)
        .retry_initial_delay(retry_delay)
        .retry_max_attempts(attempts_within(retry_delay, patience))
        .flush_on_shutdown(false)
        .shutdown_timeout(Duration::ZERO)
}

/// How many attempts fit into the time, were they to fail at once and were each wait as long as it can be.
fn attempts_within(first_delay: Duration, patience: Duration) -> u32 {
    /// The SDK waits no longer between two attempts, unless the server asks for it.
    const LONGEST: Duration = Duration::from_secs(16);
    let (mut attempts, mut waited, mut delay) = (1, Duration::ZERO, first_delay.min(LONGEST));
    while waited + delay <= patience {
        waited += delay;
        delay = (delay * 2).min(LONGEST);
        attempts += 1;
    }
    attempts
}

/// How an import ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) counts: Counts,
    pub(super) books: Stats,
    /// Every record before it is settled.
    pub(super) position: Position,
    /// Why it did not come to the end of the source.
    pub(super) stopped: Option<Stop>,
    pub(super) refused_bytes: u64,
    pub(super) refused_path: std::path::PathBuf,
}

/// Why an import stops before the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) message: String,
    pub(super) exit: Exit,
}

impl Stop {
    fn unreachable(message: String) -> Self {
        Self { message, exit: Exit::Unreachable }
    }

    fn of(failure: losses::Failure) -> Self {
        let exit = if failure.may_pass { Exit::Unreachable } else { Exit::Refused };
        Self { message: failure.message, exit }
    }
}

/// The import at work.
struct Import {
    client: Client,
    losses: Arc<Losses>,
    inbox: mpsc::Receiver<Read>,
    backlog: VecDeque<Item>,
    windows: Windows<Flush>,
    pace: Option<Pace>,
    checkpoint: Checkpoint,
    checkpoint_file: Option<CheckpointFile>,
    checkpoint_at: Option<Instant>,
    refused: RefusedFile,
    /// How many events of this run are booked as sent and not accepted.
    lost: u64,
    source_name: String,
    total_bytes: Option<u64>,
    display: Display,
    ticks: Interval,
    phase: Phase,
}

/// What it is about to do.
#[derive(Debug)]
enum Phase {
    Reading,
    /// The source is at its end; what is outstanding is waited for.
    Ending,
    /// It is to stop, and waits for what is outstanding until then.
    Stopping(Stop, Instant),
    /// Nothing more is sent.
    Over(Option<Stop>),
}

/// Runs an import until it is complete, or has to stop.
///
/// # Errors
///
/// [`Stop`] when it could not begin: nothing was sent.
pub(super) async fn run(plan: Plan, builder: ClientBuilder) -> Result<Ended, Stop> {
    let losses = Losses::new();
    let noted = Arc::clone(&losses);
    let client = builder.on_error(move |error, events| noted.note(error, events)).build();
    let client = client.map_err(|error| Stop { message: error.to_string(), exit: Exit::Usage })?;
    let mut signals = Signals::new().map_err(|error| Stop::unreachable(error.to_string()))?;
    tokio::select! {
        answer = client.verify() => {
            answer.map_err(|error| Stop::of(losses::failure(&error)))?;
        }
        () = signals.next() => return Err(Stop::unreachable("interrupted".to_owned())),
    }
    let mut import = Import::new(plan, client, losses)?;
    while !matches!(import.phase, Phase::Over(_)) {
        import.step(&mut signals).await;
    }
    Ok(import.end())
}

impl Import {
    fn new(plan: Plan, client: Client, losses: Arc<Losses>) -> Result<Self, Stop> {
        let inbox = feed::start(plan.reader, plan.start, plan.converter)
            .map_err(|error| Stop::unreachable(format!("no thread can be started: {error}")))?;
        let mut import = Self {
            client,
            losses,
            inbox,
            backlog: VecDeque::new(),
            windows: Windows::new(),
            pace: plan.rate.map(|rate| Pace::new(rate, clock::now())),
            checkpoint: plan.checkpoint,
            checkpoint_file: plan.checkpoint_file,
            checkpoint_at: None,
            refused: plan.refused,
            lost: 0,
            source_name: plan.source_name,
            total_bytes: plan.total_bytes,
            display: Display::new(plan.json),
            ticks: tokio::time::interval(TICK),
            phase: Phase::Reading,
        };
        import.ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        import.checkpoint.refused = import.refused.part().clone();
        // Whether it can be written is better found out before anything is sent.
        import.save().map_err(Stop::unreachable)?;
        Ok(import)
    }

    /// Waits for whatever comes first, and does it.
    async fn step(&mut self, signals: &mut Signals) {
        let is_reading = matches!(self.phase, Phase::Reading);
        let may_feed = is_reading && !self.backlog.is_empty() && self.windows.has_room();
        let wants_more = is_reading && self.backlog.is_empty() && self.windows.has_room();
        let due = self.pace.map(|pace| pace.due());
        tokio::select! {
            biased;
            () = signals.next() => self.interrupt(),
            () = self.losses.wait_for_failure(), if !matches!(self.phase, Phase::Over(_)) => self.fail(),
            report = barrier(&mut self.windows) => self.settle(report),
            _ = self.ticks.tick() => self.tick(),
            read = self.inbox.recv(), if wants_more => self.take(read),
            () = until(due), if may_feed => self.feed(),
        }
        self.look_for_the_end();
    }

    fn tick(&mut self) {
        let now = clock::now();
        if self.windows.barrier().is_none() {
            self.close_window();
        }
        self.show(now);
        if matches!(&self.phase, Phase::Stopping(_, deadline) if *deadline <= now) {
            self.cut();
        }
    }

    fn show(&mut self, now: Instant) {
        let Checkpoint { counts, position, .. } = &self.checkpoint;
        let (records, refused, bytes) = (counts.records, counts.refused, position.bytes);
        self.display.show(Progress { records, refused, bytes, total_bytes: self.total_bytes }, now);
    }

    /// Stops reading, and lets what is outstanding arrive; the second time, at once.
    fn interrupt(&mut self) {
        if matches!(self.phase, Phase::Stopping(..)) {
            return self.cut();
        }
        self.stop(Stop::unreachable("interrupted".to_owned()));
    }

    fn stop(&mut self, stop: Stop) {
        self.backlog.clear();
        self.close_window();
        let now = clock::now();
        self.phase = Phase::Stopping(stop, now.checked_add(GRACE).unwrap_or(now));
    }

    /// Something failed for good: what is outstanding will not arrive either.
    fn fail(&mut self) {
        let failure = self.losses.failure().map(Stop::of);
        self.stop(failure.unwrap_or_else(|| Stop::unreachable("the import failed".to_owned())));
        self.cut();
    }

    /// Sends nothing more, and settles what has arrived.
    fn cut(&mut self) {
        // What is not sent is not settled, and will be sent when the import goes on.
        let _ = self.client.shutdown_blocking(SHUTDOWN);
        while !matches!(self.phase, Phase::Over(_)) && self.windows.barrier().is_some() {
            match self.windows.barrier().and_then(futures_util::FutureExt::now_or_never) {
                Some(report) => self.settle(report),
                None => break,
            }
        }
        self.over();
    }

    fn look_for_the_end(&mut self) {
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

    fn end(mut self) -> Ended {
        let mut stopped = match std::mem::replace(&mut self.phase, Phase::Ending) {
            Phase::Over(stopped) => stopped,
            _ => None,
        };
        self.refused.close();
        self.checkpoint.refused.is_whole = self.refused.part().is_whole;
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
            stopped,
            refused_bytes: self.refused.part().bytes,
            refused_path: self.refused.path().to_owned(),
        }
    }
}

/// Resolves when the barrier of the next window is over.
async fn barrier(windows: &mut Windows<Flush>) -> klime::Report {
    match windows.barrier() {
        Some(barrier) => barrier.await,
        None => std::future::pending().await,
    }
}

async fn until(due: Option<Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due.into()).await;
    }
}

#[cfg(test)]
mod tests;
