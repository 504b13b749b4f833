//! [`Client`]: the handle that an app holds.

mod futures;
pub(crate) mod hand_over;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use futures::{Flush, Sending, Shutdown};
pub(crate) use hand_over::BeforeSend;

use crate::builder::ClientBuilder;
use crate::error::{AlreadyInstalled, ConfigError, EnqueueError, SendError};
use crate::event::{Anonymous, Event, Group, Identify, Library, MessageId, Target, Track};
use crate::global::{self, InstallGuard};
use crate::response::BatchResponse;
use crate::stats::{DropReason, Report, Stats};
use crate::worker::{self, Shared};

/// The client: takes events and sends them to Klime in the background.
///
/// A clone is another handle to the same client, and cheap. It is `Send + Sync`, works on any thread, and needs no async runtime.
///
/// Dropping the last handle shuts the client down like [`shutdown`](Self::shutdown), waiting for at most `shutdown_timeout`
/// (5 s). In async code call `shutdown().await` before, so that the wait blocks no executor thread.
///
/// # Examples
///
/// ```
/// use klime::{Client, json};
///
/// let klime = Client::new("your-write-key")?;
/// # let klime = Client::disabled();
/// klime.identify("user_123").traits(json!({ "email": "user@example.com" })).enqueue();
/// klime.track("Button Clicked").user("user_123").property("plan", "pro").enqueue();
/// klime.group("org_456").user("user_123").traits(json!({ "name": "Acme Inc" })).enqueue();
/// assert_eq!(klime.stats().enqueued, 3);
/// # Ok::<(), klime::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

/// What all clones of a client share; its end is the client's.
pub(crate) struct Handle {
    pub(crate) shared: Arc<Shared>,
    pub(crate) before_send: Option<BeforeSend>,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) library: Library,
}

impl Client {
    /// A client with the default settings. It starts two threads, and connects to nothing before there is an event.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the write key is empty or cannot be sent in a header, when the environment names a proxy that cannot be
    /// used, or when no thread can be spawned. Whether Klime knows the key is seen later; [`verify`](Self::verify) asks.
    ///
    /// # Examples
    ///
    /// ```
    /// use klime::Client;
    ///
    /// assert!(Client::new("your-write-key").is_ok());
    /// assert_eq!(Client::new("").unwrap_err().to_string(), "write_key is empty");
    /// ```
    pub fn new(write_key: impl Into<String>) -> Result<Self, ConfigError> {
        Self::builder(write_key).build()
    }

    /// Settings for a client that is not quite like the default; [`ClientBuilder`] lists them.
    ///
    /// # Examples
    ///
    /// ```
    /// let klime = klime::Client::builder("your-write-key").max_queue_size(10_000).build()?;
    /// assert_eq!(klime.queue_size(), 0);
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn builder(write_key: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(write_key.into())
    }

    /// A client from the environment: `KLIME_WRITE_KEY` (required), `KLIME_ENDPOINT` (optional), and `KLIME_DISABLED=1` for a
    /// [disabled](Self::disabled) one that needs no key.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] that names the variable, when the key is unset or blank, or a value is no good; and as
    /// [`new`](Self::new).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// let klime = klime::Client::from_env()?;
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn from_env() -> Result<Self, ConfigError> {
        ClientBuilder::from_env()?.build()
    }

    /// A client that sends nothing and starts no thread: each event is counted as dropped, reason
    /// [`Disabled`](crate::DropReason::Disabled). No callback is called, and nothing is logged.
    ///
    /// `enqueue` is silent. What waits for an answer gets none and says so: [`send`](Track::send), [`verify`](Self::verify) and their
    /// kin resolve to [`SendError`] of kind `Dropped(Disabled)`, and `try_enqueue` returns an [`EnqueueError`] of that kind.
    ///
    /// # Examples
    ///
    /// ```
    /// use klime::{Client, DropReason, SendErrorKind};
    /// use std::time::Duration;
    ///
    /// let klime = Client::disabled();
    /// klime.track("Button Clicked").user("user_123").enqueue();
    /// assert_eq!(klime.stats().dropped.disabled, 1);
    ///
    /// let error = klime.verify_blocking(Duration::from_secs(5)).unwrap_err();
    /// assert_eq!(error.kind(), SendErrorKind::Dropped(DropReason::Disabled));
    /// ```
    #[must_use]
    pub fn disabled() -> Self {
        ClientBuilder::new(String::new()).build_disabled()
    }

    pub(crate) fn from_handle(handle: Handle) -> Self {
        Self { handle: Arc::new(handle) }
    }

    /// Begins a track event: a user or a group did something. The name should be "Object Action" in the past tense, such as
    /// `Report Generated`; not empty. It needs [`user`](Track::user) or [`group`](Track::group) before it can be sent.
    ///
    /// # Examples
    ///
    /// ```
    /// # let klime = klime::Client::disabled();
    /// klime.track("Report Generated").user("user_123").property("report_type", "revenue").enqueue();
    /// # assert_eq!(klime.stats().enqueued, 1);
    /// ```
    pub fn track(&self, name: impl AsRef<str>) -> Track<'_, Anonymous> {
        Track::new(Target::Borrowed(self), name.as_ref())
    }

    /// Begins an identify event: who a user is. The id is any type that prints; not empty.
    ///
    /// # Examples
    ///
    /// ```
    /// # let klime = klime::Client::disabled();
    /// klime.identify("user_123").traits(klime::json!({ "email": "user@example.com", "name": "Stefan" })).enqueue();
    /// # assert_eq!(klime.stats().enqueued, 1);
    /// ```
    pub fn identify(&self, user_id: impl fmt::Display) -> Identify<'_> {
        Identify::new(Target::Borrowed(self), user_id)
    }

    /// Begins a group event: what a group is, and with `.user(id)` that the user belongs to it. The id is any type that prints;
    /// not empty.
    ///
    /// # Examples
    ///
    /// ```
    /// # let klime = klime::Client::disabled();
    /// klime.group("org_456").user("user_123").traits(klime::json!({ "name": "Acme Inc" })).enqueue();
    /// # assert_eq!(klime.stats().enqueued, 1);
    /// ```
    pub fn group(&self, group_id: impl fmt::Display) -> Group<'_> {
        Group::new(Target::Borrowed(self), group_id)
    }

    /// Puts an event into the queue and returns at once, like the fluent [`enqueue`](crate::Track::enqueue). One that cannot be
    /// taken is dropped and counted.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # let recorder = klime::testing::Recorder::new();
    /// # let klime = recorder.client();
    /// klime.enqueue_event(klime::Event::track("Button Clicked").with_user("user_123"));
    /// # let _ = klime.flush_blocking(std::time::Duration::from_secs(5));
    /// # recorder.assert_tracked("Button Clicked");
    /// # }
    /// ```
    pub fn enqueue_event(&self, event: Event) {
        // The drop is in the books already.
        let _ = self.try_enqueue_event(event);
    }

    /// Like [`enqueue_event`](Self::enqueue_event), but says what became of it.
    ///
    /// # Errors
    ///
    /// [`EnqueueError`] when the event was dropped; its kind is the reason that it is counted under.
    ///
    /// # Examples
    ///
    /// ```
    /// # let klime = klime::Client::disabled();
    /// let anonymous = klime::Event::track("Button Clicked");
    /// let error = klime.try_enqueue_event(anonymous).unwrap_err();
    /// assert_eq!(error.to_string(), "track event has neither a user id nor a group id, it needs one at least");
    /// ```
    pub fn try_enqueue_event(&self, event: Event) -> Result<MessageId, EnqueueError> {
        self.handle.take_event(event, hand_over::Lane::Queue)
    }

    /// Sends an event at once, in a batch of its own, like the fluent [`send`](crate::Track::send).
    ///
    /// Resolves to [`SendError`] when the event was not accepted.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # let klime = klime::testing::Recorder::new().client();
    /// # smol::block_on(async {
    /// let answer = klime.send_event(klime::Event::track("Invoice Paid").with_group("org_456")).await?;
    /// assert_eq!(answer.accepted, 1);
    /// # Ok::<(), klime::SendError>(())
    /// # }).unwrap();
    /// # }
    /// ```
    pub fn send_event(&self, event: Event) -> Sending {
        let sending = Sending::new();
        if let Err(error) = self.handle.take_event(event, hand_over::Lane::Urgent(sending.reply())) {
            sending.refuse(error);
        }
        sending
    }

    /// Like [`send_event`](Self::send_event), waiting on this thread, for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`SendError`] when the event was not accepted; of kind [`Timeout`](crate::SendErrorKind::Timeout) when there was no answer in
    /// time.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # let klime = klime::testing::Recorder::new().client();
    /// let event = klime::Event::track("Invoice Paid").with_group("org_456");
    /// let answer = klime.send_event_blocking(event, std::time::Duration::from_secs(10))?;
    /// assert_eq!(answer.accepted, 1);
    /// # }
    /// # Ok::<(), klime::SendError>(())
    /// ```
    pub fn send_event_blocking(&self, event: Event, timeout: Duration) -> Result<BatchResponse, SendError> {
        self.send_event(event).wait(timeout)
    }

    /// Puts an event that is JSON already into the queue and returns at once: for stored lines, and for SDKs in other languages
    /// that build on this one.
    ///
    /// It is one object as [`Event`] has it: `type`, then `event`, `userId`, `groupId`, and `properties` or `traits`. Ids may be
    /// strings or integers. `messageId`, `timestamp` and `context.library` are added where they are missing, unknown fields are
    /// kept. The same JSON read as an [`Event`] and enqueued is the same event; this is faster.
    ///
    /// # Errors
    ///
    /// [`EnqueueError`] when the event was dropped; its kind is the reason that it is counted under. What is no JSON object, or has
    /// no type, is `Invalid`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # let recorder = klime::testing::Recorder::new();
    /// # let klime = recorder.client();
    /// let id = klime.try_enqueue_json(br#"{"type":"track","event":"Invoice Paid","userId":42}"#)?;
    /// # let _ = klime.flush_blocking(std::time::Duration::from_secs(5));
    /// # assert_eq!(id, recorder.assert_tracked("Invoice Paid").message_id());
    ///
    /// let error = klime.try_enqueue_json(br#"{"type":"track","event":"Invoice Paid"}"#).unwrap_err();
    /// assert_eq!(error.to_string(), "track event has neither a user id nor a group id, it needs one at least");
    /// # }
    /// # Ok::<(), klime::EnqueueError>(())
    /// ```
    pub fn try_enqueue_json(&self, event: &[u8]) -> Result<MessageId, EnqueueError> {
        self.handle.take_json(event, hand_over::Lane::Queue)
    }

    /// Sends an event that is JSON already at once, in a batch of its own. The JSON is that of
    /// [`try_enqueue_json`](Self::try_enqueue_json), the rest like [`send_event`](Self::send_event).
    ///
    /// Resolves to [`SendError`] when the event was not accepted.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # let klime = klime::testing::Recorder::new().client();
    /// # smol::block_on(async {
    /// let answer = klime.send_json(br#"{"type":"identify","userId":"user_123","traits":{"plan":"pro"}}"#).await?;
    /// assert_eq!(answer.accepted, 1);
    /// # Ok::<(), klime::SendError>(())
    /// # }).unwrap();
    /// # }
    /// ```
    pub fn send_json(&self, event: &[u8]) -> Sending {
        let sending = Sending::new();
        if let Err(error) = self.handle.take_json(event, hand_over::Lane::Urgent(sending.reply())) {
            sending.refuse(error);
        }
        sending
    }

    /// Counts and reports an event that never became JSON, because whoever converts events for this client has refused it: an SDK
    /// in another language that builds on this one. So the books hold every event that was given to it.
    ///
    /// `problem` says what was wrong, in a few words, without the event's content; it goes to the log. `event` is the JSON of as much
    /// of the event as can be shown to `on_drop`; nothing is shown of what is not an event's JSON.
    ///
    /// # Examples
    ///
    /// ```
    /// use klime::DropReason;
    ///
    /// # let klime = klime::Client::disabled();
    /// let event = br#"{"type":"track","event":"Button Clicked","userId":42}"#;
    /// klime.count_dropped(DropReason::Invalid, "properties hold a process id, which JSON cannot have", event);
    /// assert_eq!(klime.stats().dropped.invalid, 1);
    /// ```
    pub fn count_dropped(&self, reason: DropReason, problem: impl Into<Cow<'static, str>>, event: &[u8]) {
        self.handle.count_dropped(EnqueueError::refused(reason, problem.into()), event);
    }

    /// Sends everything that is pending now, and resolves to what became of it: a barrier over all events enqueued before,
    /// queued, in flight or in back-off. Works on any executor. The flush begins at the call; dropping the future only
    /// ends the wait.
    ///
    /// It takes as long as the retries take; [`within`](Flush::within) sets a deadline. Callbacks are not waited for.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # let klime = klime::testing::Recorder::new().client();
    /// # smol::block_on(async {
    /// klime.track("Report Generated").user("user_123").enqueue();
    /// let report = klime.flush().await;
    /// assert!(report.is_complete(), "{report}");
    /// assert_eq!(klime.stats().accepted, 1);
    /// # });
    /// # }
    /// ```
    pub fn flush(&self) -> Flush {
        Flush::of(self.handle.flush(None))
    }

    /// Like [`flush`](Self::flush), but resolves only after the callbacks for what it waited for have run. Log lines come one a
    /// second at most all the same, so the line for what was lost may come later. Called from a callback it cannot wait for that one, and is a `flush`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// static ACCEPTED: AtomicUsize = AtomicUsize::new(0);
    ///
    /// # let recorder = klime::testing::Recorder::new();
    /// let klime = klime::Client::builder("your-write-key")
    ///     .on_success(|answer| drop(ACCEPTED.fetch_add(answer.accepted, Ordering::Relaxed)))
    ///     # .transport(recorder)
    ///     .build()?;
    /// # smol::block_on(async {
    /// klime.track("Report Generated").user("user_123").enqueue();
    /// let report = klime.flush_with_callbacks().await;
    /// assert!(report.is_complete(), "{report}");
    /// assert_eq!(ACCEPTED.load(Ordering::Relaxed), 1);
    /// # });
    /// # }
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn flush_with_callbacks(&self) -> Flush {
        Flush::of(self.handle.flush_with_callbacks())
    }

    /// Like [`flush`](Self::flush), waiting on this thread, for at most `timeout`. What is pending then is counted as such in the
    /// report, and the client goes on with it.
    pub fn flush_blocking(&self, timeout: Duration) -> Report {
        self.handle.flush(Some(timeout)).wait()
    }

    /// Takes no more events, sends what is pending, and resolves to what became of it, at the latest after `shutdown_timeout`
    /// (5 s; [`within`](Shutdown::within) sets another): what is left then is dropped. Callbacks are waited for within that
    /// time, unless this is called from one.
    ///
    /// When nothing can be sent before the deadline, it does not wait for it. The shutdown begins at the call; dropping the
    /// future only ends the wait. Calling it again is no harm and has the same result. Events enqueued from now on are dropped,
    /// reason [`Closed`](crate::DropReason::Closed).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # let klime = klime::testing::Recorder::new().client();
    /// # smol::block_on(async {
    /// klime.track("Report Generated").user("user_123").enqueue();
    /// let report = klime.shutdown().await;
    /// assert!(report.is_complete(), "{report}");
    /// assert_eq!(klime.shutdown().await, report);
    /// # });
    /// # }
    /// ```
    pub fn shutdown(&self) -> Shutdown {
        Shutdown::of(self.handle.shutdown_in_default_time())
    }

    /// Like [`shutdown`](Self::shutdown), waiting on this thread, for at most `timeout` in place of `shutdown_timeout`.
    ///
    /// # Examples
    ///
    /// ```
    /// # let klime = klime::Client::new("your-write-key")?;
    /// let report = klime.shutdown_blocking(std::time::Duration::from_secs(5));
    /// assert!(report.is_complete(), "lost events: {report}");
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn shutdown_blocking(&self, timeout: Duration) -> Report {
        self.handle.shutdown(timeout).wait()
    }

    /// Checks the write key, without sending an event: resolves to `Ok` when Klime takes it.
    ///
    /// Resolves to [`SendError`] with status 401 when Klime knows no such key, or as [`send`](crate::Track::send); on a
    /// [disabled](Self::disabled) client always, of kind `Dropped(Disabled)`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn check(klime: klime::Client) {
    /// match klime.verify().await {
    ///     Ok(_) => println!("the write key is good"),
    ///     Err(error) if error.status_code() == Some(401) => println!("Klime does not know this write key"),
    ///     Err(error) => println!("could not be checked: {error}"),
    /// }
    /// # }
    /// ```
    pub fn verify(&self) -> Sending {
        self.handle.verify()
    }

    /// Like [`verify`](Self::verify), waiting on this thread, for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify); of kind [`Timeout`](crate::SendErrorKind::Timeout) when there was no answer in time.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// use klime::{Response, testing::Recorder};
    ///
    /// let recorder = Recorder::new();
    /// recorder.answer(Response::new(401));
    /// let error = recorder.client().verify_blocking(std::time::Duration::from_secs(5)).unwrap_err();
    /// assert_eq!(error.status_code(), Some(401));
    /// # }
    /// ```
    pub fn verify_blocking(&self, timeout: Duration) -> Result<BatchResponse, SendError> {
        self.handle.verify().wait(timeout)
    }

    /// A consistent copy of the books: at every moment `enqueued` is the sum of `accepted`, `rejected`, `failed`, `dropped` and
    /// `pending`. It takes a lock for a moment, so it may be called often.
    ///
    /// # Examples
    ///
    /// ```
    /// # let klime = klime::Client::disabled();
    /// let stats = klime.stats();
    /// assert_eq!(
    ///     stats.enqueued,
    ///     stats.accepted + stats.rejected + stats.failed + stats.dropped.total() + stats.pending
    /// );
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        let books = self.handle.shared.lock().pipeline.stats();
        Stats { callbacks_skipped: self.handle.shared.notices.skipped(), ..books }
    }

    /// How many events are pending: queued, in flight or in back-off. At most `max_queue_size`.
    #[must_use]
    pub fn queue_size(&self) -> usize {
        usize::try_from(self.stats().pending).unwrap_or(usize::MAX)
    }

    /// Makes this the process's default client, which [`klime::track`](crate::track), [`identify`](crate::identify()),
    /// [`group`](crate::group()) and [`flush`](crate::flush) work with. The guard takes it back and shuts the client down.
    ///
    /// # Errors
    ///
    /// [`AlreadyInstalled`] when there is one; it stays.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let _guard = klime::Client::disabled().install()?;
    /// klime::track("Button Clicked").user("user_123").enqueue();
    /// # Ok(())
    /// # }
    /// ```
    pub fn install(&self) -> Result<InstallGuard, AlreadyInstalled> {
        global::install(self)
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let ending = self.shutdown(self.shutdown_timeout);
        if !worker::is_this_thread() {
            // What was lost is in the log and went to `on_drop`.
            let _ = ending.wait();
        }
        self.shared.orphan();
    }
}
