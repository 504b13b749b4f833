//! What has arrived, and what was made of it: one state under one lock.
//!
//! A request is judged before it gets here, so the lock is held for the store's transaction and for the folds over its events. Who
//! waits for events (`/dev/live`, `/dev/wait`) is not told of each one, but of the newest number, and reads the store at its own pace.
//!
//! Who has much to read does so in pieces of a few milliseconds (`read`), one reader at a time, and the lock goes round in turn. So ingest
//! waits for one piece at most however much is read, and readers never have more than one of the threads.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{Mutex, watch};
use tokio::task;

use super::attribution;
use super::checks::Checks;
use super::customers::Customers;
use super::event::{Judged, Mode, Status, Verdict};
use super::fair::{Fair, Held};
use super::fault::Faults;
use super::store::{Appended, BatchRecord, EventPage, Filter, Page, Store, StoreError};

/// How far things have come. A change of it is what waiting readers wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// The number of the newest event.
    pub(crate) latest_seq: u64,
    /// The number of the newest batch.
    pub(crate) latest_batch: u64,
    /// How often everything was forgotten.
    pub(crate) resets: u64,
}

/// The state of a `klime dev`.
#[derive(Debug)]
pub(crate) struct Collector {
    state: Fair<State>,
    /// Whoever has it may read the next piece.
    readers: Mutex<()>,
    /// Each who waits has a clone.
    waiting: Arc<()>,
    news: watch::Sender<News>,
    /// When it was started.
    pub(crate) started_at: Timestamp,
    /// The mode that was given on the command line.
    pub(crate) mode: Option<Mode>,
    /// Events that a file had let go before it was opened.
    gone_before: u64,
}

/// What the lock guards.
#[derive(Debug)]
pub(crate) struct State {
    /// Events and batches.
    pub(crate) store: Store,
    /// Users and groups.
    pub(crate) customers: Customers,
    /// What is wrong with the integration.
    pub(crate) checks: Checks,
    /// The faults that wait for requests.
    pub(crate) faults: Faults,
    /// How often everything was forgotten.
    pub(crate) resets: u64,
}

impl Collector {
    /// A state over a store, which may hold events of earlier runs.
    pub(crate) fn new(store: Store, started_at: Timestamp, mode: Option<Mode>) -> Result<Self, StoreError> {
        let news = News { latest_seq: store.latest_seq(), latest_batch: store.latest_batch(), resets: 0 };
        let (mut customers, mut checks) = (Customers::default(), Checks::default());
        let mut folds = Folds { customers: &mut customers, checks: &mut checks };
        store.replay(|event| folds.note(event.seq, event.received_at, &event.judged, event.status))?;
        let gone_before = store.event_counts().pruned;
        let state = State { store, customers, checks, faults: Faults::default(), resets: 0 };
        Ok(Self {
            state: Fair::new(state),
            readers: Mutex::new(()),
            waiting: Arc::default(),
            news: watch::Sender::new(news),
            started_at,
            mode,
            gone_before,
        })
    }

    /// The state, for a short time. A panic elsewhere leaves it as good as it was: each change is complete by itself.
    pub(crate) fn lock(&self) -> Held<'_, State> {
        self.state.lock()
    }

    /// How many accepted, refused and duplicate events customers and checks do not know of, because they were dropped in an earlier run.
    pub(crate) fn events_missing(&self, state: &State) -> u64 {
        if state.resets == 0 { self.gone_before } else { 0 }
    }

    /// Whoever waits for events is counted as long as it has this.
    pub(crate) fn waiting(&self) -> Arc<()> {
        Arc::clone(&self.waiting)
    }

    /// How many wait for events.
    pub(crate) fn count_waiting(&self) -> usize {
        Arc::strong_count(&self.waiting) - 1
    }

    /// Reads a piece, when it is this reader's turn. Between two of them others have the thread, and the store.
    pub(crate) async fn read<T>(&self, piece: impl FnOnce(&State) -> T) -> T {
        task::yield_now().await;
        let _turn = self.readers.lock().await;
        piece(&self.lock())
    }

    /// A page of events, as one piece.
    pub(crate) async fn events(&self, filter: &Filter, page: Page) -> Result<EventPage, StoreError> {
        self.read(|state| state.events(self.mode, filter, page)).await
    }

    /// Tells when something has changed.
    pub(crate) fn news(&self) -> watch::Receiver<News> {
        self.news.subscribe()
    }

    /// Keeps a batch and its events, and takes account of them. `kept` is called under the lock, so in the order of the numbers; it
    /// must not wait for anything.
    pub(crate) fn append(
        &self,
        batch: &BatchRecord,
        events: &[Judged],
        kept: impl FnOnce(&Appended),
    ) -> Result<Appended, StoreError> {
        let appended = {
            let mut state = self.lock();
            let appended = state.store.append(batch, events)?;
            let State { customers, checks, .. } = &mut *state;
            let mut folds = Folds { customers, checks };
            for ((seq, judged), &status) in appended.seqs.clone().zip(events).zip(&appended.statuses) {
                folds.note(seq, batch.received_at, judged, status);
            }
            kept(&appended);
            appended
        };
        self.news.send_modify(|news| {
            // Batches may get here in another order than they were stored in.
            news.latest_seq = news.latest_seq.max(appended.seqs.end.saturating_sub(1));
            news.latest_batch = news.latest_batch.max(appended.batch);
        });
        Ok(appended)
    }

    /// Forgets events, batches, customers, checks and faults.
    pub(crate) fn reset(&self) -> Result<(), StoreError> {
        let resets = {
            let mut state = self.lock();
            state.store.reset()?;
            state.customers = Customers::default();
            state.checks = Checks::default();
            state.faults = Faults::default();
            state.resets += 1;
            state.resets
        };
        self.news.send_modify(|news| news.resets = news.resets.max(resets));
        Ok(())
    }
}

impl State {
    /// The mode in force: what was asked for, else what the events suggest.
    pub(crate) fn mode(&self, asked: Option<Mode>) -> Mode {
        asked.unwrap_or_else(|| self.customers.likely_mode())
    }

    /// A page of events with the customers that they count for.
    pub(crate) fn events(&self, asked: Option<Mode>, filter: &Filter, page: Page) -> Result<EventPage, StoreError> {
        attribution::events(&self.store, &self.customers, self.mode(asked), filter, page)
    }
}

/// What is folded over all events, at once or when a store is opened again.
struct Folds<'a> {
    customers: &'a mut Customers,
    checks: &'a mut Checks,
}

impl Folds<'_> {
    fn note(&mut self, seq: u64, received_at: Timestamp, judged: &Judged, status: Status) {
        self.checks.note(seq, received_at, judged, status);
        if let (Verdict::Taken(event), Status::Accepted) = (&judged.verdict, status) {
            self.customers.apply(event);
        }
    }
}
