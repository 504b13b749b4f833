//! The books as users see them: [`Stats`], [`Report`], [`DropReason`].
//!
//! At every moment `enqueued = accepted + rejected + failed + dropped + pending`.

use std::fmt;

use crate::serialize::serialize_fields;

/// Why the client dropped an event instead of sending it. Each one has its count in [`Dropped`].
///
/// # Examples
///
/// ```
/// use klime::{Client, DropReason};
///
/// let klime = Client::disabled();
/// klime.track("Button Clicked").user("user_123").enqueue();
/// assert_eq!(klime.stats().dropped.count(DropReason::Disabled), 1);
/// assert_eq!(DropReason::Disabled.to_string(), "client is disabled");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// The queue was at `max_queue_size` or `max_queue_bytes`; with [`Overflow::DropOldest`](crate::Overflow::DropOldest) it was
    /// the oldest one waiting, else the new one.
    QueueFull,
    /// The event is over 200 KB of JSON.
    TooLarge,
    /// The event is not valid: an empty name or id, properties that are no object or cannot be encoded, a time before 1970 or
    /// after 9999.
    Invalid,
    /// The `before_send` hook returned `None`, or panicked.
    BeforeSend,
    /// The client was shut down before the call.
    Closed,
    /// It was pending when the deadline of a shutdown passed, or when a shutdown began with `flush_on_shutdown(false)`.
    ShutdownDeadline,
    /// The client is a disabled one.
    Disabled,
    /// The transport panicked while it had the event.
    WorkerDied,
}

impl DropReason {
    /// Every reason, in the order of [`Dropped`]'s fields.
    pub(crate) const ALL: [Self; 8] = [
        Self::QueueFull,
        Self::TooLarge,
        Self::Invalid,
        Self::BeforeSend,
        Self::Closed,
        Self::ShutdownDeadline,
        Self::Disabled,
        Self::WorkerDied,
    ];

    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::QueueFull => "queue is full",
            Self::TooLarge => "event is too large",
            Self::Invalid => "event is not valid",
            Self::BeforeSend => "event was dropped by the before_send hook",
            Self::Closed => "client is shutdown",
            Self::ShutdownDeadline => "event was pending at the deadline of the shutdown",
            Self::Disabled => "client is disabled",
            Self::WorkerDied => "the transport panicked",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

/// How many events were dropped, by [`DropReason`].
///
/// # Examples
///
/// ```
/// let klime = klime::Client::disabled();
/// klime.track("Button Clicked").user("user_123").enqueue();
/// klime.track("").user("user_123").enqueue();
/// let dropped = klime.stats().dropped;
/// assert_eq!((dropped.disabled, dropped.invalid, dropped.total()), (1, 1, 2));
/// assert_eq!(klime::json!(dropped)["disabled"], 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each field is the count of the DropReason of its name, which is documented there")]
pub struct Dropped {
    pub queue_full: u64,
    pub too_large: u64,
    pub invalid: u64,
    pub before_send: u64,
    pub closed: u64,
    pub shutdown_deadline: u64,
    pub disabled: u64,
    pub worker_died: u64,
}

serialize_fields!(Dropped {
    queue_full,
    too_large,
    invalid,
    before_send,
    closed,
    shutdown_deadline,
    disabled,
    worker_died
});

impl Dropped {
    /// The count of one reason.
    #[must_use]
    pub fn count(&self, reason: DropReason) -> u64 {
        let mut counts = *self;
        *counts.slot(reason)
    }

    /// The sum over all reasons.
    #[must_use]
    pub fn total(&self) -> u64 {
        DropReason::ALL.iter().map(|reason| self.count(*reason)).sum()
    }

    pub(crate) fn add(&mut self, reason: DropReason, events: u64) {
        *self.slot(reason) += events;
    }

    fn slot(&mut self, reason: DropReason) -> &mut u64 {
        match reason {
            DropReason::QueueFull => &mut self.queue_full,
            DropReason::TooLarge => &mut self.too_large,
            DropReason::Invalid => &mut self.invalid,
            DropReason::BeforeSend => &mut self.before_send,
            DropReason::Closed => &mut self.closed,
            DropReason::ShutdownDeadline => &mut self.shutdown_deadline,
            DropReason::Disabled => &mut self.disabled,
            DropReason::WorkerDied => &mut self.worker_died,
        }
    }
}

/// A consistent copy of a client's books, from [`Client::stats`](crate::Client::stats).
///
/// All counts are events since the client was built, except `pending…`, which are what is there now, and the last three.
///
/// # Examples
///
/// ```
/// let klime = klime::Client::disabled();
/// klime.track("Button Clicked").user("user_123").enqueue();
/// let stats = klime.stats();
/// assert_eq!((stats.enqueued, stats.dropped.disabled, stats.pending), (1, 1, 0));
/// ```
///
/// As JSON, for a metrics endpoint:
///
/// ```
/// let stats = klime::json!(klime::Client::disabled().stats());
/// assert_eq!((&stats["pending"], &stats["dropped"]["queue_full"]), (&0.into(), &0.into()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Every event that was given to the client, refused ones too.
    pub enqueued: u64,
    /// Klime took it.
    pub accepted: u64,
    /// Klime answered 2xx, but refused this event of the batch.
    pub rejected: u64,
    /// Its request failed for good: a permanent status, or all attempts spent.
    pub failed: u64,
    /// The client dropped it, by reason.
    pub dropped: Dropped,
    /// Queued, in flight or in back-off.
    pub pending: u64,
    /// The JSON bytes of the pending events; at most `max_queue_bytes`.
    pub pending_bytes: u64,
    /// Requests made, retries included.
    pub requests: u64,
    /// Requests that were a further attempt for the same events.
    pub retries: u64,
    /// Callbacks that were not called because too many waited.
    pub callbacks_skipped: u64,
}

serialize_fields!(Stats {
    enqueued,
    accepted,
    rejected,
    failed,
    dropped,
    pending,
    pending_bytes,
    requests,
    retries,
    callbacks_skipped
});

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { enqueued, accepted, rejected, failed, dropped, pending, .. } = self;
        let dropped = dropped.total();
        write!(
            f,
            "{enqueued} enqueued, {accepted} accepted, {rejected} rejected, {failed} failed, {dropped} dropped, \
             {pending} pending"
        )
    }
}

/// What became of the events that were pending when [`flush`](crate::Client::flush) or
/// [`shutdown`](crate::Client::shutdown) was called.
///
/// The first five fields add up to the number of those events; its text names them all, and `unconfirmed` when it is not 0.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "testing")] {
/// # let builder = klime::testing::Recorder::new().builder();
/// # let klime = builder.flush_interval(std::time::Duration::from_secs(3600)).build().unwrap();
/// klime.track("Button Clicked").user("user_123").enqueue();
/// let report = klime.flush_blocking(std::time::Duration::from_secs(5));
/// assert!(report.is_complete());
/// assert_eq!(report.to_string(), "1 accepted, 0 rejected, 0 failed, 0 dropped, 0 pending");
/// assert_eq!(klime::json!(report)["accepted"], 1);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
#[must_use = "a report says what was lost"]
pub struct Report {
    /// Klime took them.
    pub accepted: u64,
    /// Klime refused them one by one.
    pub rejected: u64,
    /// Their requests failed for good.
    pub failed: u64,
    /// The client dropped them; at a shutdown's deadline that is all that was left.
    pub dropped: u64,
    /// Still queued, in flight or in back-off when the deadline of a flush passed. The client goes on with them.
    pub pending: u64,
    /// Of `dropped` (after a shutdown) or `pending` (after a flush): they were sent, and had no answer at the deadline. Klime may
    /// have them.
    pub unconfirmed: u64,
}

serialize_fields!(Report { accepted, rejected, failed, dropped, pending, unconfirmed });

impl Report {
    /// Whether Klime accepted every event: nothing was rejected, failed, dropped or left.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.rejected + self.failed + self.dropped + self.pending == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, rejected, failed, dropped, pending, unconfirmed } = self;
        write!(f, "{accepted} accepted, {rejected} rejected, {failed} failed, {dropped} dropped, {pending} pending")?;
        // No further ones: they are among those dropped, or pending.
        if *unconfirmed > 0 { write!(f, " ({unconfirmed} of these unconfirmed)") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_own_count() {
        let mut dropped = Dropped::default();
        for (events, reason) in (1..).zip(DropReason::ALL) {
            dropped.add(reason, events);
        }
        for (events, reason) in (1..).zip(DropReason::ALL) {
            assert_eq!(dropped.count(reason), events, "{reason:?}");
        }
        assert_eq!(dropped.total(), 36);
    }

    #[test]
    fn unconfirmed_events_are_some_of_those_that_were_not_delivered() {
        let mut report = Report { accepted: 1, dropped: 6, ..Report::default() };
        assert_eq!(report.to_string(), "1 accepted, 0 rejected, 0 failed, 6 dropped, 0 pending");
        report.unconfirmed = 6;
        assert_eq!(
            report.to_string(),
            "1 accepted, 0 rejected, 0 failed, 6 dropped, 0 pending (6 of these unconfirmed)"
        );
    }

    #[test]
    fn books_serialize_with_their_fields_names() {
        let dropped = Dropped { queue_full: 1, worker_died: 8, ..Dropped::default() };
        let stats = Stats { enqueued: 10, accepted: 1, dropped, callbacks_skipped: 3, ..Stats::default() };
        assert_eq!(
            serde_json::to_string(&stats).unwrap(),
            concat!(
                r#"{"enqueued":10,"accepted":1,"rejected":0,"failed":0,"dropped":{"queue_full":1,"too_large":0,"#,
                r#""invalid":0,"before_send":0,"closed":0,"shutdown_deadline":0,"disabled":0,"worker_died":8},"#,
                r#""pending":0,"pending_bytes":0,"requests":0,"retries":0,"callbacks_skipped":3}"#
            )
        );
        let report = Report { accepted: 1, unconfirmed: 2, ..Report::default() };
        assert_eq!(
            serde_json::to_string(&report).unwrap(),
            r#"{"accepted":1,"rejected":0,"failed":0,"dropped":0,"pending":0,"unconfirmed":2}"#
        );
    }
}
