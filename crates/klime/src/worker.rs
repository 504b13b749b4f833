//! The threads that drive the pipeline, and what they share with the client's handles.
//!
//! Workers are identical. Each asks the pipeline what to do, makes the request without the lock, settles it, and asks again.
//! One that has nothing to do parks: as the timekeeper, with a timer, if there is none yet, else as a spare. Before a worker
//! goes into HTTP it makes sure that there is a timekeeper. So nobody hands a batch to anybody, and `enqueue` wakes a thread only
//! when there is something to do before the timekeeper's timer ends.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use crate::clock;
use crate::error::SendError;
use crate::notices::{Events, Notices};
use crate::pipeline::{Effect, Jitter, Job, Next, Outcome, Pipeline};
use crate::stats::Report;
use crate::ticket::Ticket;
use crate::transport::{Request, Target, Transport};

/// What handles, futures and workers share.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    timekeeper: Condvar,
    spares: Condvar,
    pub(crate) notices: Arc<Notices>,
    transport: Arc<dyn Transport>,
    target: Target,
    most_workers: usize,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) pipeline: Pipeline,
    crew: Crew,
}

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread drives a pipeline, so that waiting for one here may mean waiting for oneself.
pub(crate) fn is_this_thread() -> bool {
    IS_WORKER.try_with(Cell::get).unwrap_or(false)
}

/// Who drives the pipeline.
#[derive(Debug, Default)]
struct Crew {
    workers: usize,
    /// The timekeeper's sleep, if there is one.
    timekeeper: Option<Sleep>,
    /// Workers that sleep without a timer.
    spares: usize,
    /// How many of them have been called and are not awake yet.
    spares_called: usize,
    /// Somebody has been called for what is due, and has not asked the pipeline yet.
    is_called: bool,
    /// The last handle is gone: nothing comes any more.
    orphaned: bool,
}

/// Until when somebody sleeps; `None` is until called.
#[derive(Debug, Clone, Copy)]
struct Sleep(Option<Instant>);

impl Sleep {
    fn is_longer_than(self, time: Instant) -> bool {
        self.0.is_none_or(|until| until > time)
    }
}

/// How a worker sleeps.
#[derive(Debug, Clone, Copy)]
enum Rank {
    Timekeeper,
    Spare,
}

impl Crew {
    /// Who has to be woken for something that is due at `due`, if anybody. Workers that are awake ask the pipeline by
    /// themselves before they sleep.
    fn call_for(&mut self, due: Instant, now: Instant) -> Option<Rank> {
        if due > now {
            // The timekeeper only has to know of an earlier time.
            self.timekeeper.filter(|sleep| sleep.is_longer_than(due))?;
            self.timekeeper = Some(Sleep(Some(due)));
            return Some(Rank::Timekeeper);
        }
        if self.is_called {
            return None;
        }
        let rank = self.call_spare().or(self.timekeeper.map(|_| Rank::Timekeeper))?;
        self.is_called = true;
        Some(rank)
    }

    fn call_spare(&mut self) -> Option<Rank> {
        if self.spares == self.spares_called {
            return None;
        }
        self.spares_called += 1;
        Some(Rank::Spare)
    }
}

impl Shared {
    pub(crate) fn new(
        pipeline: Pipeline,
        notices: Arc<Notices>,
        transport: Arc<dyn Transport>,
        target: Target,
        max_in_flight: usize,
    ) -> Self {
        Self {
            state: Mutex::new(State { pipeline, crew: Crew::default() }),
            timekeeper: Condvar::new(),
            spares: Condvar::new(),
            notices,
            transport,
            target,
            most_workers: max_in_flight + 1,
        }
    }

    /// Spawns the first worker and the notice thread.
    pub(crate) fn start(self: &Arc<Self>) -> std::io::Result<()> {
        self.lock().crew.workers += 1;
        self.spawn_worker()?;
        self.notices.start().inspect_err(|_| self.orphan())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of the lock, calls a worker if there is something to do by `due`, and carries out what the pipeline asks for.
    pub(crate) fn release(self: &Arc<Self>, mut state: MutexGuard<'_, State>, due: Option<Instant>) {
        let effects = self.take_effects(&mut state);
        let call = due.and_then(|due| state.crew.call_for(due, clock::now()));
        drop(state);
        self.wake(call);
        self.carry_out(effects);
    }

    /// Like [`release`](Self::release), after a change that may need anything.
    pub(crate) fn release_and_recheck(self: &Arc<Self>, state: MutexGuard<'_, State>) {
        let now = clock::now();
        // Workers that have nothing left to do sleep on a timer that may be far away.
        let due = if state.pipeline.is_finished() { Some(now) } else { state.pipeline.wake_at(now) };
        self.release(state, due);
    }

    /// Sees to it that somebody is there for what is still to end, after the workers have ended.
    pub(crate) fn ensure_worker(self: &Arc<Self>) {
        let mut state = self.lock();
        let is_needed = state.crew.workers == 0 && !state.pipeline.is_finished() && self.notices.has_thread();
        state.crew.workers += usize::from(is_needed);
        drop(state);
        if is_needed {
            // Without one the end comes with the last callback, however late that is.
            let _ = self.spawn_worker();
        }
    }

    fn wake(&self, call: Option<Rank>) {
        match call {
            Some(Rank::Timekeeper) => self.timekeeper.notify_one(),
            Some(Rank::Spare) => self.spares.notify_one(),
            None => {}
        }
    }

    /// Takes what the pipeline asks for, and hands over what concerns the notice thread. That is done under the lock, so that the
    /// notices of all workers stand in the pipeline's order: a shutdown must not end before a callback that stood before it.
    /// The rest wakes others, for which the lock must be free.
    fn take_effects(self: &Arc<Self>, state: &mut State) -> Vec<Effect> {
        let effects = state.pipeline.take_effects();
        effects.into_iter().filter_map(|effect| self.hand_over(effect)).collect()
    }

    fn hand_over(self: &Arc<Self>, effect: Effect) -> Option<Effect> {
        match effect {
            Effect::Notice(notice) => return self.notices.post(notice).map(Effect::Notice),
            Effect::Over { ticket, report, after_callbacks: true } if self.notices.has_thread() => {
                let shared = Arc::clone(self);
                self.notices.then(move || shared.end(&ticket, report));
            }
            other => return Some(other),
        }
        None
    }

    fn end(self: &Arc<Self>, ticket: &Ticket<Report>, report: Report) {
        ticket.fill(report);
        // The workers may have waited for nothing but this.
        self.release_and_recheck(self.lock());
    }

    fn carry_out(self: &Arc<Self>, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Over { ticket, report, after_callbacks: false } => ticket.fill(report),
                // There is no notice thread to wait for.
                Effect::Over { ticket, report, after_callbacks: true } => self.end(&ticket, report),
                Effect::Notice(notice) => forget(notice),
                Effect::InVain { reply: None, failure } => forget(failure),
                Effect::InVain { reply: Some(reply), failure } => {
                    forget(reply.note(Err(SendError::timed_out(Some(failure)))));
                }
                Effect::Answered { reply, answer, batch } => {
                    reply.fill(answer.map_err(|failure| SendError::new(failure, Events::All(batch).decode())));
                }
            }
        }
    }

    /// The last handle is gone: the notice thread ends when the last worker has.
    pub(crate) fn orphan(&self) {
        let mut state = self.lock();
        state.crew.orphaned = true;
        let is_over = state.crew.workers == 0;
        drop(state);
        if is_over {
            self.notices.close();
        }
    }

    /// Spawns a worker that is counted already.
    fn spawn_worker(self: &Arc<Self>) -> std::io::Result<()> {
        let shared = Arc::clone(self);
        let spawned = thread::Builder::new().name("klime-worker".to_owned()).spawn(move || shared.work());
        if spawned.is_err() {
            self.lock().crew.workers -= 1;
        }
        spawned.map(drop)
    }

    fn work(self: Arc<Self>) {
        IS_WORKER.set(true);
        let mut state = self.lock();
        loop {
            state.crew.is_called = false;
            let next = state.pipeline.next(clock::now());
            let effects = self.take_effects(&mut state);
            match next {
                Next::Send(job) => {
                    let cover = state.find_cover(self.most_workers);
                    drop(state);
                    self.call(cover);
                    self.carry_out(effects);
                    let (slot, outcome) = self.make_request(job);
                    state = self.lock();
                    state.pipeline.settle(slot, outcome, clock::now(), jitter());
                }
                Next::Wait if effects.is_empty() => state = self.park(state),
                Next::Wait => {
                    // The world may change meanwhile, so it is asked again before this worker sleeps.
                    drop(state);
                    self.carry_out(effects);
                    state = self.lock();
                }
                Next::Exit => {
                    // In one step with the decision, so that whoever needs a worker after it sees that there is none.
                    state.crew.workers -= 1;
                    // A spare looks for itself whether it is over for it too, or else keeps the time from now on.
                    state.crew.spares_called = state.crew.spares;
                    let is_last = state.crew.workers == 0 && state.crew.orphaned;
                    drop(state);
                    self.carry_out(effects);
                    return self.leave(is_last);
                }
            }
        }
    }

    fn call(self: &Arc<Self>, cover: Cover) {
        match cover {
            Cover::Wake(call) => self.wake(call),
            // With fewer threads it is slower, no more.
            Cover::Spawn => drop(self.spawn_worker()),
        }
    }

    /// Makes the request of a job, without the lock.
    fn make_request(&self, job: Job) -> (u64, Outcome) {
        let Job { slot, batch } = job;
        let request = Request::new(&self.target, batch.body());
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let answer = self.transport.send(&request);
            Outcome::of(answer, &batch, clock::wall(), |text| self.target.scrub(text))
        }));
        let outcome = outcome.unwrap_or_else(|panic| {
            forget(panic);
            Outcome::Died
        });
        (slot, outcome)
    }

    /// Sleeps until there may be something to do.
    fn park<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let now = clock::now();
        let until = state.pipeline.wake_at(now);
        if let Some(timekeeper) = state.crew.timekeeper {
            if let Some(until) = until.filter(|until| timekeeper.is_longer_than(*until)) {
                state.crew.timekeeper = Some(Sleep(Some(until)));
                self.timekeeper.notify_one();
            }
            return self.park_as_spare(state);
        }
        state.crew.timekeeper = Some(Sleep(until));
        let mut state = match until {
            None => self.timekeeper.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(until) => {
                let left = until.saturating_duration_since(now);
                self.timekeeper.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        state.crew.timekeeper = None;
        state
    }

    fn park_as_spare<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.crew.spares += 1;
        while state.crew.spares_called == 0 {
            state = self.spares.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.crew.spares -= 1;
        state.crew.spares_called = state.crew.spares_called.saturating_sub(1);
        state
    }

    /// Has the other workers notice that this one ends, and the notice thread if it was the last.
    fn leave(&self, is_last: bool) {
        self.timekeeper.notify_all();
        self.spares.notify_all();
        if is_last {
            self.notices.close();
        }
    }
}

/// What a worker does before it goes into HTTP, so that somebody wakes up in time for what comes next.
#[derive(Debug, Clone, Copy)]
enum Cover {
    Wake(Option<Rank>),
    Spawn,
}

impl State {
    fn find_cover(&mut self, most_workers: usize) -> Cover {
        if self.crew.timekeeper.is_some() {
            let now = clock::now();
            let due = self.pipeline.wake_at(now);
            return Cover::Wake(due.and_then(|due| self.crew.call_for(due, now)));
        }
        let spare = self.crew.call_spare();
        if spare.is_none() && self.crew.workers < most_workers {
            self.crew.workers += 1;
            return Cover::Spawn;
        }
        Cover::Wake(spare)
    }
}

/// Drops what may hold an error or a panic of the app's, whose own `Drop` may panic.
fn forget<T>(value: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
}

fn jitter() -> Jitter {
    // Without randomness every back-off is its longest.
    Jitter(getrandom::u32().unwrap_or(u32::MAX))
}
