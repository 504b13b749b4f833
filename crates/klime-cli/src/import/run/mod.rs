//! The import itself: records go to the client, windows are settled, the checkpoint follows.
//!
//! A thread reads and converts; this loop gives the events to the client, as many as may be outstanding, and settles windows as their
//! barriers end: what was refused goes into the refused file, then the counts and the checkpoint move behind the window. When anything
//! fails for good, nothing more is sent and the checkpoint stays before the first window that is not whole.

mod ending;
mod feed;
mod losses;
mod pace;
mod progress;
mod reach;
mod settings;
mod settle;
mod window;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use klime::{Client, ClientBuilder, Flush, Report};
use tokio::sync::mpsc;
use tokio::time::Interval;

use super::checkpoint::{Checkpoint, CheckpointFile};
use super::convert::Converter;
use super::read::{Position, Reader};
use super::refused::RefusedFile;
use crate::clock;
use crate::exit::Exit;
use crate::print;
use crate::signals::Signals;
pub(super) use ending::Ended;
use ending::Stop;
use feed::Read;
use losses::Losses;
use pace::Pace;
use progress::{Display, Progress};
pub(crate) use progress::{behind, counted, grouped};
use reach::Reach;
pub(super) use reach::Waiting;
pub(super) use settings::client_settings;
use window::{Item, Windows};

/// How often progress is shown, and a window closed that nothing else closes.
const TICK: Duration = Duration::from_millis(200);
/// Between two checkpoints.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(250);

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
    pub(super) waiting: Waiting,
    pub(super) json: bool,
}

/// The import at work.
struct Import {
    client: Client,
    losses: Arc<Losses>,
    reach: Reach,
    inbox: mpsc::Receiver<Read>,
    backlog: VecDeque<Item>,
    windows: Windows<Flush>,
    pace: Option<Pace>,
    checkpoint: Checkpoint,
    /// What it was before a last record that the end of the source alone has ended.
    before_open_end: Option<Checkpoint>,
    checkpoint_file: Option<CheckpointFile>,
    checkpoint_at: Option<Instant>,
    refused: RefusedFile,
    /// Whether nothing was sent before this run.
    was_unsent: bool,
    /// Where it began.
    began_at: Position,
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
    let asking = build(builder.clone().retry_max_attempts(1))?;
    let client = build(builder.on_error(move |error, events| noted.note(error, events)))?;
    let mut signals = Signals::listen().map_err(|error| Stop::unreachable(error.to_string()))?;
    let mut reach = Reach::new(asking, plan.waiting.clone(), clock::now());
    let mut display = Display::new(plan.json);
    let met = tokio::select! {
        met = reach.meet(&mut display, Progress::of(&plan.checkpoint, plan.total_bytes)) => met,
        _ = signals.next() => Err(Stop::unreachable("interrupted".to_owned())),
    };
    display.clear();
    met?;
    let mut import = Import::new(plan, client, losses, reach, display)?;
    while !matches!(import.phase, Phase::Over(_)) {
        import.step(&mut signals).await;
    }
    Ok(import.end())
}

fn build(builder: ClientBuilder) -> Result<Client, Stop> {
    builder.build().map_err(|error| Stop { message: error.to_string(), exit: Exit::Usage })
}

impl Import {
    fn new(plan: Plan, client: Client, losses: Arc<Losses>, reach: Reach, display: Display) -> Result<Self, Stop> {
        let inbox = feed::start(plan.reader, plan.start, plan.converter)
            .map_err(|error| Stop::unreachable(format!("no thread can be started: {error}")))?;
        let mut checkpoint = plan.checkpoint;
        checkpoint.refused = plan.refused.part().clone();
        // Were it killed, nobody would know what was sent.
        let was_unsent = std::mem::take(&mut checkpoint.is_unsent);
        let mut import = Self {
            client,
            losses,
            reach,
            inbox,
            backlog: VecDeque::new(),
            windows: Windows::new(),
            pace: plan.rate.map(|rate| Pace::new(rate, clock::now())),
            began_at: checkpoint.position,
            checkpoint,
            before_open_end: None,
            checkpoint_file: plan.checkpoint_file,
            checkpoint_at: None,
            refused: plan.refused,
            was_unsent,
            lost: 0,
            source_name: plan.source_name,
            total_bytes: plan.total_bytes,
            display,
            ticks: tokio::time::interval(TICK),
            phase: Phase::Reading,
        };
        import.ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        import.begin().map_err(|message| Stop { message, exit: Exit::Usage })?;
        Ok(import)
    }

    /// Finds out whether what is to be written can be, before anything is sent.
    fn begin(&mut self) -> Result<(), String> {
        // First the checkpoint, which does not know what is set aside.
        self.save()?;
        if let Some(aside) = self.refused.set_aside()? {
            print::note(print::printable(&aside));
        }
        Ok(())
    }

    /// Waits for whatever comes first, and does it.
    async fn step(&mut self, signals: &mut Signals) {
        let is_reading = matches!(self.phase, Phase::Reading);
        let may_feed = is_reading && !self.backlog.is_empty() && self.windows.has_room();
        let wants_more = is_reading && self.backlog.is_empty() && self.windows.has_room();
        let due = self.pace.map(|pace| pace.due());
        tokio::select! {
            biased;
            _ = signals.next() => self.interrupt(),
            () = self.losses.wait_for_failure(), if !matches!(self.phase, Phase::Over(_)) => self.fail(),
            report = barrier(&mut self.windows) => self.settle_next(report),
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
        if let (Phase::Reading | Phase::Ending, Err(stop)) = (&self.phase, self.reach.watch(&self.client.stats(), now))
        {
            self.stop(stop);
            self.cut();
        }
        if matches!(&self.phase, Phase::Stopping(_, deadline) if *deadline <= now) {
            self.cut();
        }
    }

    fn show(&mut self, now: Instant) {
        let trouble = self.reach.told(now);
        self.display.show(Progress::of(&self.checkpoint, self.total_bytes), trouble.as_deref(), now);
    }

    /// Settles the next window, and remembers how it was before a record that may be half.
    fn settle_next(&mut self, report: Report) {
        if self.windows.is_next_open_ended() {
            self.before_open_end = Some(self.checkpoint.clone());
        }
        self.settle(report);
    }

    /// From where another run is to go on. A last line without a line end that is no event may have been half, so it is read again.
    fn resumable(&self) -> &Checkpoint {
        match &self.before_open_end {
            Some(before) if before.counts.accepted == self.checkpoint.counts.accepted => before,
            _ => &self.checkpoint,
        }
    }
}

/// Resolves when the barrier of the next window is over.
async fn barrier(windows: &mut Windows<Flush>) -> Report {
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
