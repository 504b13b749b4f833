//! What the callbacks were told, in the form of a vector's outcome.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use klime::{ClientBuilder, DropReason, Event, SendError, SendErrorKind, Stats};
use serde_json::{Value, json};

#[derive(Clone, Debug, Default)]
pub(super) struct Notices(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    successes: u64,
    errors: Vec<Value>,
    drops: BTreeMap<&'static str, u64>,
}

impl Notices {
    pub(super) fn listen(&self, builder: ClientBuilder) -> ClientBuilder {
        let (success, error, drop) = (self.clone(), self.clone(), self.clone());
        builder
            .on_success(move |_| success.0.lock().unwrap().successes += 1)
            .on_error(move |failure, events| error.0.lock().unwrap().errors.push(described(failure, events)))
            .on_drop(move |reason, events| {
                *drop.0.lock().unwrap().drops.entry(word(reason)).or_default() += events.len() as u64;
            })
    }

    /// Compares the books and the callbacks with what a case expects.
    pub(super) fn compare(&self, expected: &Value, stats: &Stats) -> Result<(), String> {
        let told = self.0.lock().unwrap();
        let counts = [
            ("enqueued", stats.enqueued),
            ("accepted", stats.accepted),
            ("rejected", stats.rejected),
            ("failed", stats.failed),
            ("pending", stats.pending),
            ("on_success", told.successes),
        ];
        for (name, count) in counts {
            let wanted = expected[name].as_u64().unwrap_or(0);
            if count != wanted {
                return Err(format!("{name} is {count}, not {wanted}; {stats:?}"));
            }
        }
        for reason in REASONS {
            let counted = stats.dropped.count(reason);
            let told = told.drops.get(word(reason)).copied().unwrap_or(0);
            let wanted = expected["dropped"][word(reason)].as_u64().unwrap_or(0);
            // After a shutdown nothing need be left that could call back.
            let is_told = told == wanted || reason == DropReason::Closed;
            if counted != wanted || !is_told {
                return Err(format!("dropped as {reason:?}: counted {counted}, told {told}, not {wanted}"));
            }
        }
        compare_errors(expected["on_error"].as_array().map_or(&[], Vec::as_slice), &told.errors)
    }
}

fn compare_errors(expected: &[Value], told: &[Value]) -> Result<(), String> {
    let is_same =
        expected.len() == told.len() && expected.iter().zip(told).all(|(expected, told)| is_told(expected, told));
    if is_same { Ok(()) } else { Err(format!("on_error was told {told:?}, not {expected:?}")) }
}

/// Whether a call was as expected: keys that are not expected are not compared, events by number or by name.
fn is_told(expected: &Value, told: &Value) -> bool {
    expected.as_object().unwrap().iter().all(|(key, expected)| match expected.as_u64() {
        Some(count) if key == "events" => told["events"].as_array().unwrap().len() as u64 == count,
        _ => told[key] == *expected,
    })
}

fn described(error: &SendError, events: &[Event]) -> Value {
    let kind = match error.kind() {
        SendErrorKind::Rejected => "rejected",
        SendErrorKind::Status => "status",
        SendErrorKind::Network => "no_answer",
        other => panic!("on_error of kind {other:?}"),
    };
    let names: Vec<Option<&str>> = events.iter().map(Event::name).collect();
    json!({ "kind": kind, "status": error.status_code(), "attempts": error.attempts(), "events": names })
}

const REASONS: [DropReason; 8] = [
    DropReason::QueueFull,
    DropReason::TooLarge,
    DropReason::Invalid,
    DropReason::BeforeSend,
    DropReason::Closed,
    DropReason::ShutdownDeadline,
    DropReason::Disabled,
    DropReason::WorkerDied,
];

fn word(reason: DropReason) -> &'static str {
    match reason {
        DropReason::QueueFull => "queue_full",
        DropReason::TooLarge => "too_large",
        DropReason::Invalid => "invalid",
        DropReason::BeforeSend => "before_send",
        DropReason::Closed => "closed",
        DropReason::ShutdownDeadline => "shutdown_deadline",
        DropReason::Disabled => "disabled",
        DropReason::WorkerDied => "worker_died",
        other => panic!("the vectors know no {other:?}"),
    }
}
