//! What is measured: the calls, their pace, the options, and how long the collector takes to answer.

use std::time::Duration;

/// Options of the SDK under test; `None` leaves its default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    pub max_queue_size: Option<usize>,
    pub max_batch_size: Option<usize>,
    pub max_in_flight: Option<usize>,
}

/// One way to call an SDK.
#[derive(Debug, Clone, Copy)]
pub struct Mode {
    pub name: &'static str,
    pub title: &'static str,
    pub events: usize,
    /// Time from one call to the next; `None` calls as fast as the SDK returns.
    pub pace: Option<Duration>,
    pub answer_delay: Duration,
    pub settings: Settings,
}

const DEFAULTS: Settings = Settings {
    max_queue_size: None,
    max_batch_size: None,
    max_in_flight: None,
};
const ROOMY: Settings = Settings {
    max_queue_size: Some(1_000_000),
    max_batch_size: Some(100),
    max_in_flight: None,
};
const TENTH: Duration = Duration::from_millis(100);

const PACED: Mode = Mode {
    name: "paced",
    title: "Paced: 2,000 events/s, the server answers at once",
    events: 3_000,
    pace: Some(Duration::from_micros(500)),
    answer_delay: Duration::ZERO,
    settings: ROOMY,
};
const BURST: Mode = Mode {
    name: "burst",
    title: "Burst: 200,000 events, the server answers at once",
    events: 200_000,
    pace: None,
    ..PACED
};
const SLOW: Mode = Mode {
    name: "slow",
    title: "Slow: 5,000 events, the server answers after 100 ms",
    events: 5_000,
    answer_delay: TENTH,
    ..BURST
};

impl Mode {
    /// Every mode, in the order of a cycle.
    pub const ALL: &'static [Self] = &[
        PACED,
        Self {
            name: "paced-100ms",
            title: "Paced, the server answers after 100 ms",
            answer_delay: TENTH,
            ..PACED
        },
        BURST,
        SLOW,
        Self {
            name: "slow-8",
            title: "Slow, 8 requests in flight",
            settings: Settings {
                max_in_flight: Some(8),
                ..ROOMY
            },
            ..SLOW
        },
        Self {
            name: "loss",
            title: "Loss: 50,000 events at the default options, the server answers at once",
            events: 50_000,
            settings: DEFAULTS,
            ..BURST
        },
        Self {
            name: "memory",
            title: "Memory: 10,000 events in the queue, the server answers after 100 ms",
            events: 10_000,
            settings: Settings {
                max_queue_size: Some(10_000),
                ..ROOMY
            },
            ..SLOW
        },
    ];

    /// The mode of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|mode| mode.name == name)
    }
}
