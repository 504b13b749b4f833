//! Random schedules of everything that can happen, in virtual time, against what must hold at each step.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Action {
    Enqueue { count: usize, padding: usize },
    Send,
    Flush { deadline: Option<u64> },
    Shutdown { deadline: u64 },
    Advance { millis: u64 },
    Work,
    Settle { which: usize, answer: Answer, jitter: u32 },
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        6 => Just(Answer::Ok),
        2 => (prop::collection::vec(0_usize..12, 0..4), 0_usize..12).prop_map(|(places, failed)| Answer::Refuse(places, failed)),
        4 => prop::option::of(0_u64..4000).prop_map(|wait| Answer::Busy(wait.map(ms))),
        1 => Just(Answer::Bad),
        2 => (0_usize..6).prop_map(Answer::Most),
        1 => Just(Answer::Panic),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => (1_usize..15, 0_usize..400).prop_map(|(count, padding)| Action::Enqueue { count, padding }),
        2 => Just(Action::Send),
        2 => prop::option::of(0_u64..5000).prop_map(|deadline| Action::Flush { deadline }),
        1 => (0_u64..5000).prop_map(|deadline| Action::Shutdown { deadline }),
        6 => prop_oneof![0_u64..30, 0_u64..3000].prop_map(|millis| Action::Advance { millis }),
        8 => Just(Action::Work),
        8 => (0_usize..8, answer(), any::<u32>()).prop_map(|(which, answer, jitter)| Action::Settle { which, answer, jitter }),
    ]
}

fn any_settings() -> impl Strategy<Value = Settings> {
    (1_usize..12, 1_usize..60, 2000_usize..20_000, any::<bool>(), 1_u32..5, 1_usize..5, any::<bool>()).prop_map(
        |(max_batch_size, max_queue_size, max_queue_bytes, newest, attempts, max_in_flight, flush_on_shutdown)| {
            Settings {
                max_batch_size,
                max_queue_size,
                max_queue_bytes,
                overflow: if newest { Overflow::DropNewest } else { Overflow::DropOldest },
                retry_max_attempts: attempts,
                max_in_flight,
                flush_on_shutdown,
                ..settings()
            }
        },
    )
}

/// The world, and what is known of it from outside.
struct Model {
    world: World,
    settings: Settings,
    /// Nothing may be sent before this.
    gate: Instant,
    /// Events that must never be sent again.
    settled: HashSet<u64>,
    /// Each barrier, with the number of events that were pending.
    barriers: Vec<(Arc<Ticket<Report>>, u64)>,
    reports: Vec<(Report, u64)>,
    replies: Vec<Reply>,
}

impl Model {
    fn new(settings: Settings) -> Self {
        let world = World::new(settings.clone());
        let gate = world.now;
        let (barriers, reports, replies) = (Vec::new(), Vec::new(), Vec::new());
        Self { world, settings, gate, settled: HashSet::new(), barriers, reports, replies }
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Enqueue { count, padding } => {
                for _ in 0..*count {
                    let _ = self.world.enqueue_padded(*padding);
                }
            }
            Action::Send => self.replies.push(self.world.send()),
            Action::Flush { deadline } => self.begin(Purpose::Flush, *deadline),
            Action::Shutdown { deadline } => self.begin(Purpose::Shutdown, Some(*deadline)),
            Action::Advance { millis } => self.world.now += ms(*millis),
            Action::Work => self.work(),
            Action::Settle { which, answer, jitter } if !self.world.sending.is_empty() => {
                let which = which % self.world.sending.len();
                let job = self.world.sending.remove(which);
                self.settle(job, answer, *jitter);
            }
            Action::Settle { .. } => {}
        }
        self.world.carry_out();
        self.check();
    }

    fn begin(&mut self, purpose: Purpose, deadline: Option<u64>) {
        // A shutdown that joins one that is over has that one's report.
        let is_over = self.world.pipeline.shutdown_report.is_some() && self.world.books().pending == 0;
        let pending = self.world.books().pending;
        let ticket = self.world.begin(purpose, deadline);
        if !(purpose == Purpose::Shutdown && is_over) {
            self.barriers.push((ticket, pending));
        }
    }

    fn work(&mut self) {
        let before = self.world.sending.len();
        let taken = self.world.take();
        assert!(taken.is_empty() || self.world.now >= self.gate, "nothing is sent while the gate is closed");
        let is_closed = self.world.pipeline.closed.is_some();
        assert!(
            taken.is_empty() || !is_closed || self.settings.flush_on_shutdown,
            "a shutdown without flush sends nothing"
        );
        for job in &self.world.sending[before..] {
            assert!((1..=self.settings.max_batch_size).contains(&job.batch.len()));
        }
        for number in taken.into_iter().flatten() {
            assert!(!self.settled.contains(&number), "event {number} is sent again after it was settled");
        }
    }

    fn settle(&mut self, job: Job, answer: &Answer, jitter: u32) {
        let is_known = self.world.pipeline.slots.iter().any(|slot| slot.id == job.slot);
        let events = numbers(&job.batch);
        let goes_on = match answer {
            Answer::Busy(_) => true,
            Answer::Most(most) => events.len() > *most && events.len() > 1,
            _ => false,
        };
        if is_known && !goes_on {
            self.settled.extend(events);
        }
        if let (true, Answer::Busy(Some(wait))) = (is_known, answer) {
            self.gate = self.gate.max(self.world.now + *wait);
        }
        self.world.settle_job(job, answer, jitter);
    }

    fn check(&mut self) {
        let books = self.world.books();
        assert!(books.pending <= self.settings.max_queue_size as u64);
        assert!(books.pending_bytes <= self.settings.max_queue_bytes as u64);
        assert!(self.world.pipeline.slots.len() <= self.settings.max_in_flight);
        assert!(self.world.pipeline.slots.iter().all(|slot| slot.attempts <= self.settings.retry_max_attempts));
        let reports = &mut self.reports;
        self.barriers.retain(|(ticket, pending)| match report(ticket) {
            Some(report) => {
                reports.push((report, *pending));
                false
            }
            None => true,
        });
        for (report, pending) in self.reports.drain(..) {
            let Report { accepted, rejected, failed, dropped, pending: left, unconfirmed } = report;
            assert_eq!(accepted + rejected + failed + dropped + left, pending, "{report:?}");
            assert!(unconfirmed <= dropped + left, "{report:?}");
        }
    }

    /// Lets time pass until nothing is left to do, with a server that takes everything.
    fn drain(&mut self) {
        self.world.begin(Purpose::Flush, None);
        for _ in 0..10_000 {
            self.act(&Action::Work);
            match self.world.sending.pop() {
                Some(job) => self.settle(job, &Answer::Ok, 0),
                None if self.world.books().pending == 0 => return,
                None => self.world.now = self.world.pipeline.wake_at(self.world.now).expect("something is left to do"),
            }
        }
        panic!("it does not come to an end: {:?}", self.world.pipeline);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_books_balance_and_all_promises_hold(
        settings in any_settings(),
        actions in prop::collection::vec(action(), 1..120),
    ) {
        let mut model = Model::new(settings);
        for action in &actions {
            model.act(action);
        }
        model.drain();
        model.check();
        prop_assert!(model.barriers.is_empty(), "each barrier is over when nothing is pending");
        prop_assert!(model.replies.iter().all(|reply| reply.was_filled()), "each send has its answer");
        prop_assert_eq!(model.world.books().enqueued, model.world.enqueued as u64);
    }
}
