//! What `flush`, `shutdown`, `send` and `verify` return: futures for any executor. What they wait for has begun already, and goes
//! on without them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::Handle;
use crate::clock;
use crate::error::{EnqueueError, SendError};
use crate::pipeline::{Limits, Purpose, Reply};
use crate::response::BatchResponse;
use crate::stats::Report;
use crate::ticket::Ticket;
use crate::worker::Shared;

/// A shutdown gives up this long before its deadline, or a tenth of its time if that is less, so that the callbacks for what
/// was lost still run in time.
const TIME_FOR_CALLBACKS: Duration = Duration::from_millis(50);

/// However short `shutdown_timeout` is, there is this much time to call `within`.
const TIME_FOR_WITHIN: Duration = Duration::from_secs(1);

/// A flush or shutdown that has begun.
pub(crate) struct Ending {
    purpose: Purpose,
    began: Instant,
    deadline: Option<Instant>,
    /// The timeout, until it is clear that nobody says another one by `within`.
    provisional_timeout: Option<Duration>,
    ticket: Arc<Ticket<Report>>,
    shared: Arc<Shared>,
}

fn limits(purpose: Purpose, began: Instant, timeout: Option<Duration>) -> Limits {
    let Some(timeout) = timeout else {
        return Limits::default();
    };
    let reserve = match purpose {
        Purpose::Flush => Duration::ZERO,
        Purpose::Shutdown => TIME_FOR_CALLBACKS.min(timeout / 10),
    };
    let (give_up, deadline) = (clock::later(began, timeout - reserve), clock::later(began, timeout));
    Limits { give_up, deadline, are_provisional: false }
}

impl Handle {
    pub(super) fn flush(&self, timeout: Option<Duration>) -> Ending {
        let began = clock::now();
        self.begin(Purpose::Flush, began, limits(Purpose::Flush, began, timeout), false)
    }

    /// A flush that ends behind the callbacks of what it waits for.
    pub(super) fn flush_with_callbacks(&self) -> Ending {
        let began = clock::now();
        let ending = self.begin(Purpose::Flush, began, Limits::default(), true);
        // After a shutdown there may be no worker left that keeps the deadline which `within` may set.
        self.shared.ensure_worker();
        ending
    }

    pub(super) fn shutdown(&self, timeout: Duration) -> Ending {
        let began = clock::now();
        self.begin(Purpose::Shutdown, began, limits(Purpose::Shutdown, began, Some(timeout)), true)
    }

    /// A shutdown that takes `shutdown_timeout`, or what `within` says before the first poll.
    pub(super) fn shutdown_in_default_time(&self) -> Ending {
        let began = clock::now();
        let timeout = self.shutdown_timeout.max(TIME_FOR_WITHIN);
        let limits = limits(Purpose::Shutdown, began, Some(timeout));
        let mut ending = self.begin(Purpose::Shutdown, began, Limits { are_provisional: true, ..limits }, true);
        ending.provisional_timeout = Some(self.shutdown_timeout);
        // A future cannot keep its deadline by itself.
        self.shared.ensure_worker();
        ending
    }

    fn begin(&self, purpose: Purpose, began: Instant, limits: Limits, after_callbacks: bool) -> Ending {
        let after_callbacks = after_callbacks && !self.shared.notices.is_this_thread();
        let ticket = Arc::new(Ticket::new());
        let mut state = self.shared.lock();
        state.pipeline.begin(purpose, Arc::clone(&ticket), limits, after_callbacks, began);
        self.shared.release_and_recheck(state);
        let shared = Arc::clone(&self.shared);
        Ending { purpose, began, deadline: limits.deadline, provisional_timeout: None, ticket, shared }
    }

    pub(super) fn verify(&self) -> Sending {
        let sending = Sending::new();
        let now = clock::now();
        let mut state = self.shared.lock();
        let pushed = state.pipeline.push_key_check(sending.reply(), now);
        self.shared.release_and_recheck(state);
        if let Err(reason) = pushed {
            sending.refuse(EnqueueError::dropped(reason));
        }
        sending
    }
}

impl Ending {
    fn limit(&mut self, timeout: Duration) {
        self.provisional_timeout = None;
        let limits = limits(self.purpose, self.began, Some(timeout));
        self.deadline = limits.deadline;
        let mut state = self.shared.lock();
        state.pipeline.set_limits(&self.ticket, limits, clock::now());
        self.shared.release_and_recheck(state);
    }

    fn settle_timeout(&mut self) {
        if let Some(timeout) = self.provisional_timeout {
            self.limit(timeout);
        }
    }

    pub(super) fn wait(self) -> Report {
        if let Some(report) = self.ticket.wait_until(self.deadline) {
            return report;
        }
        // The deadline has passed. This thread ends the wait itself, however busy the workers are.
        let mut state = self.shared.lock();
        state.pipeline.tick(clock::now());
        self.shared.release_and_recheck(state);
        self.ticket.wait_until(None).unwrap_or_default()
    }
}

/// Dropped, it is waited for no more; what it was told last holds.
impl Drop for Ending {
    fn drop(&mut self) {
        self.settle_timeout();
    }
}

macro_rules! ending_future {
    ($(#[$docs:meta])* $name:ident) => {
        $(#[$docs])*
        #[must_use = "it has begun already; await it for the report"]
        pub struct $name(Option<Ending>);

        impl $name {
            pub(crate) fn of(ending: Ending) -> Self {
                Self(Some(ending))
            }
        }

        impl Future for $name {
            type Output = Report;

            fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Report> {
                match &mut self.0 {
                    Some(ending) => {
                        ending.settle_timeout();
                        ending.ticket.poll(context)
                    }
                    None => Poll::Ready(Report::default()),
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

ending_future! {
    /// A flush that has begun; resolves to its [`Report`]. From [`Client::flush`](crate::Client::flush).
    ///
    /// `Send + Unpin + 'static`, for any executor. Dropping it ends the wait, not the flush.
    Flush
}

ending_future! {
    /// A shutdown that has begun; resolves to its [`Report`]. From [`Client::shutdown`](crate::Client::shutdown).
    ///
    /// `Send + Unpin + 'static`, for any executor. Dropping it ends the wait, not the shutdown.
    Shutdown
}

impl Flush {
    /// The flush of a client that is not there.
    pub(crate) fn of_nothing() -> Self {
        Self(None)
    }

    /// Ends the wait after `timeout` (from the call of `flush`), with what there is. The client goes on with the rest.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # let klime = klime::testing::Recorder::new().client();
    /// # smol::block_on(async {
    /// let report = klime.flush().within(std::time::Duration::from_secs(2)).await;
    /// assert!(report.is_complete(), "not all delivered: {report}");
    /// # });
    /// # }
    /// ```
    pub fn within(mut self, timeout: Duration) -> Self {
        if let Some(ending) = &mut self.0 {
            ending.limit(timeout);
        }
        self
    }
}

impl Shutdown {
    /// Sets how long it may take (from the call of `shutdown`) instead of `shutdown_timeout`. What is left then is dropped.
    ///
    /// To be called before the first poll.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # let klime = klime::testing::Recorder::new().client();
    /// # smol::block_on(async {
    /// let report = klime.shutdown().within(std::time::Duration::from_secs(20)).await;
    /// assert_eq!(report.dropped, 0, "{report}");
    /// # });
    /// # }
    /// ```
    pub fn within(mut self, timeout: Duration) -> Self {
        if let Some(ending) = &mut self.0 {
            ending.limit(timeout);
        }
        self
    }
}

/// An event on its way, or a check of the write key; resolves to Klime's answer. From [`send`](crate::Track::send) and
/// [`verify`](crate::Client::verify).
///
/// `Send + Unpin + 'static`, for any executor. Dropping it ends the wait and does not take the event back.
///
/// Resolves to [`SendError`] when the event was not accepted: refused by Klime, failed for good, or dropped by the client.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "testing")] {
/// # let klime = klime::testing::Recorder::new().client();
/// # smol::block_on(async {
/// // Both are under way before the first answer.
/// let first = klime.track("Invoice Paid").group("org_456").send();
/// let second = klime.track("Invoice Paid").group("org_789").send();
/// assert_eq!(first.await?.accepted + second.await?.accepted, 2);
/// # Ok::<(), klime::SendError>(())
/// # }).unwrap();
/// # }
/// ```
#[must_use = "it is on its way already; await it for the answer"]
pub struct Sending(Reply);

impl Sending {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Ticket::new()))
    }

    pub(super) fn reply(&self) -> Reply {
        Arc::clone(&self.0)
    }

    /// Answers for an event that was not taken.
    pub(super) fn refuse(&self, error: EnqueueError) {
        self.0.fill(Err(SendError::refused_at_call(error, None)));
    }

    pub(crate) fn wait(self, timeout: Duration) -> Result<BatchResponse, SendError> {
        let deadline = clock::later(clock::now(), timeout);
        let ended = self.0.wait_until(deadline).or_else(|| self.0.take_note());
        ended.unwrap_or_else(|| Err(SendError::timed_out(None)))
    }
}

impl Future for Sending {
    type Output = Result<BatchResponse, SendError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(context)
    }
}

impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").field("answered", &self.0.was_filled()).finish_non_exhaustive()
    }
}
