//! The demo's small company, as the programs that send its events: one uses the SDK, one makes its request by hand.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use klime::{Client, ConfigError, Stats, json};
use ureq::Agent;

use super::action;
use super::month::{self, Member, Month};
use super::story::{COMPANIES, Habit};

/// Always the same story.
const SEED: u64 = 5546;

/// For all of the month to be taken; it takes a fraction of a second unless faults are asked for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The id of the event that is made by hand, and refused.
pub(super) const ANONYMOUS_ID: &str = "made-by-hand-1";

/// A client of the SDK, and what it is to send.
#[derive(Debug)]
pub(super) struct Sender {
    client: Client,
    /// Why the first events were lost that were, if any.
    first_error: Arc<OnceLock<String>>,
    endpoint: String,
    key: String,
    rng: Rng,
    /// Those who may come at any moment.
    visitors: Vec<Member>,
}

/// What was sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// The message id of each event.
    pub(super) ids: HashSet<String>,
    /// What became of them, as the SDK says, unless all were accepted.
    pub(super) trouble: Option<String>,
}

impl Sender {
    pub(super) fn new(endpoint: &str, key: &str) -> Result<Self, ConfigError> {
        let first_error = Arc::<OnceLock<String>>::default();
        let noted = Arc::clone(&first_error);
        let client = Client::builder(key)
            .on_error(move |error, _| drop(noted.set(error.to_string())))
            .endpoint(endpoint)
            // Only for addresses of this machine that are no loopback, by `--host`.
            .allow_insecure_http(true)
            .max_batch_size(100)
            .max_queue_size(10_000)
            // Batches in order, so that the month is told in order.
            .max_in_flight(1)
            .flush_interval(Duration::from_millis(100))
            .shutdown_timeout(Duration::from_millis(500))
            .build()?;
        let comes = |member: &Member| {
            let habit = COMPANIES.get(member.company).map(|company| company.habit);
            !matches!(habit, None | Some(Habit::QuietFor(_) | Habit::Never))
        };
        let visitors = month::members().into_iter().filter(comes).collect();
        let (endpoint, key) = (endpoint.to_owned(), key.to_owned());
        Ok(Self { client, first_error, endpoint, key, rng: Rng::with_seed(SEED), visitors })
    }

    /// Sends the month before `now`, and waits until it is settled.
    pub(super) fn send_month(&self, now: Timestamp) -> Sent {
        let Month { events, repeated } = Month::of(SEED, now);
        let mut sent = Sent::default();
        for event in events {
            sent.ids.insert(event.message_id().to_owned());
            self.client.enqueue_event(event);
        }
        let _ = self.client.flush_blocking(PATIENCE);
        sent.trouble = self.trouble();
        if let Some(event) = repeated {
            self.client.enqueue_event(event);
            let _ = self.client.flush_blocking(PATIENCE);
        }
        sent.ids.insert(ANONYMOUS_ID.to_owned());
        self.send_by_hand(now);
        sent
    }

    /// What became of the month's events that were not accepted, in numbers, and what the SDK said of the first ones.
    fn trouble(&self) -> Option<String> {
        // The books, because a flush knows nothing of what had failed before it.
        let Stats { rejected, failed, dropped, pending, .. } = self.client.stats();
        let counts =
            [(rejected, "refused"), (failed, "failed"), (dropped.total(), "dropped"), (pending, "still pending")];
        let counts: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        let why = self.first_error.get().map(|error| format!("; the SDK: {error}")).unwrap_or_default();
        (!counts.is_empty()).then(|| format!("{}{why}", counts.join(", ")))
    }

    /// The SDK sends no anonymous event, so this is how one gets to Klime: from a script without an SDK. Whether it has arrived is looked
    /// at later, as for all events.
    fn send_by_hand(&self, now: Timestamp) {
        let timestamp = now.saturating_sub(SignedDuration::from_hours(26)).unwrap_or(now);
        let event = json!({
            "type": "track", "event": "Newsletter Opened", "messageId": ANONYMOUS_ID,
            "timestamp": format!("{timestamp:.3}"), "properties": { "campaign": "autumn" }, "context": {},
        });
        let body = json!({ "batch": [event] }).to_string();
        let config = Agent::config_builder().timeout_global(Some(Duration::from_secs(5))).proxy(None);
        let post =
            Agent::from(config.user_agent("newsletter-script").build()).post(format!("{}/v1/batch", self.endpoint));
        let post = post.header("Authorization", format!("Bearer {}", self.key));
        let _ = post.header("Content-Type", "application/json").send(body);
    }

    /// Lets somebody do something now. Returns how long nothing else happens.
    pub(super) fn send_one(&mut self) -> Duration {
        let place = self.rng.usize(0..self.visitors.len().max(1));
        if let Some(member) = self.visitors.get(place) {
            let (name, _) = action::any(&mut self.rng);
            let event = month::track(member, name, &mut self.rng);
            self.client.enqueue_event(event);
        }
        Duration::from_millis(self.rng.u64(300..2500))
    }
}
