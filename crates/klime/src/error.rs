//! What can go wrong, one type for each moment: [`ConfigError`] when a client is built, [`EnqueueError`] at the call,
//! [`SendError`] on delivery.
//!
//! None of them ever holds the write key or an event's content in its text.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::event::Event;
use crate::response::BatchResponse;
use crate::stats::DropReason;

/// A client could not be built: a setting is missing or out of its bounds.
///
/// The text names the setting, the value and the bounds; a write key is never shown.
///
/// # Examples
///
/// ```
/// let error = klime::Client::builder("key").max_batch_size(101).build().unwrap_err();
/// assert_eq!(error.setting(), "max_batch_size");
/// assert_eq!(error.to_string(), "max_batch_size is 101, it must be from 1 to 100");
/// ```
pub struct ConfigError(Box<ConfigProblem>);

struct ConfigProblem {
    setting: &'static str,
    problem: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ConfigError {
    pub(crate) fn new(setting: &'static str, problem: impl Into<String>) -> Self {
        Self(Box::new(ConfigProblem { setting, problem: problem.into(), source: None }))
    }

    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same problem, of a setting that the user knows by this name.
    pub(crate) fn about(mut self, setting: &'static str) -> Self {
        self.0.setting = setting;
        self
    }

    /// The setting at fault, by the name of its setter, or of its environment variable when it was read from there.
    #[must_use]
    pub fn setting(&self) -> &str {
        self.0.setting
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.setting, self.0.problem)
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_debug(f, "ConfigError", self)
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// An event was not taken into the queue. It is counted under [`kind`](Self::kind) all the same.
///
/// # Examples
///
/// ```
/// use klime::{Client, DropReason};
///
/// # let klime = Client::disabled();
/// let error = klime.track("").user("user_123").try_enqueue().unwrap_err();
/// assert_eq!(error.kind(), DropReason::Invalid);
/// assert!(error.is_invalid());
/// assert_eq!(error.to_string(), "event name is empty");
/// ```
#[derive(Clone)]
pub struct EnqueueError(Arc<EnqueueProblem>);

struct EnqueueProblem {
    reason: DropReason,
    problem: Cow<'static, str>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl EnqueueError {
    pub(crate) fn dropped(reason: DropReason) -> Self {
        Self(Arc::new(EnqueueProblem { reason, problem: reason.sentence().into(), source: None }))
    }

    pub(crate) fn invalid(problem: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(EnqueueProblem { reason: DropReason::Invalid, problem: problem.into(), source: None }))
    }

    pub(crate) fn unencodable(what: &str, source: serde_json::Error) -> Self {
        Self(Arc::new(EnqueueProblem {
            reason: DropReason::Invalid,
            problem: format!("{what} cannot be encoded as JSON").into(),
            source: Some(Box::new(source)),
        }))
    }

    pub(crate) fn unreadable(source: serde_json::Error) -> Self {
        Self(Arc::new(EnqueueProblem {
            reason: DropReason::Invalid,
            problem: "event cannot be read, it must be a JSON object".into(),
            source: Some(Box::new(source)),
        }))
    }

    pub(crate) fn refused(reason: DropReason, problem: Cow<'static, str>) -> Self {
        Self(Arc::new(EnqueueProblem { reason, problem, source: None }))
    }

    pub(crate) fn too_large(bytes: usize, most: usize) -> Self {
        Self(Arc::new(EnqueueProblem {
            reason: DropReason::TooLarge,
            problem: format!("event is {bytes} bytes of JSON, the most is {most}").into(),
            source: None,
        }))
    }

    /// Why the event was not taken; the reason that it is counted under.
    #[must_use]
    pub fn kind(&self) -> DropReason {
        self.0.reason
    }

    /// Whether the event itself is at fault (`Invalid` or `TooLarge`), so that trying again is no use.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        matches!(self.0.reason, DropReason::Invalid | DropReason::TooLarge)
    }
}

impl fmt::Display for EnqueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.problem)
    }
}

impl fmt::Debug for EnqueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_debug(f, "EnqueueError", self)
    }
}

impl Error for EnqueueError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// What kind of [`SendError`] it is.
///
/// # Examples
///
/// ```
/// use klime::{SendError, SendErrorKind};
///
/// fn is_worth_keeping(error: &SendError) -> bool {
///     match error.kind() {
///         SendErrorKind::Network => true,
///         SendErrorKind::Status => matches!(error.status_code(), Some(429 | 500..=599)),
///         _ => false,
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendErrorKind {
    /// Klime took the batch (2xx) but refused these events in it.
    Rejected,
    /// Klime answered with a status that is permanent, or that stayed transient until the attempts were spent.
    Status,
    /// No answer came: connection, TLS or time-out, until the attempts were spent.
    Network,
    /// The time given to `send_blocking` is over. The event stays with the client, which goes on trying. Its source is the
    /// [`SendError`] of the last attempt, if one has ended.
    Timeout,
    /// The client is shut down.
    Closed,
    /// The client dropped the event for this reason.
    Dropped(DropReason),
}

/// Events were not delivered.
///
/// Given to `on_error`, and returned by `send`. It holds the [`events`](Self::events) of a request that failed, so that they can be
/// kept and tried again.
///
/// # Examples
///
/// ```
/// use klime::{Client, SendErrorKind};
/// use std::time::Duration;
///
/// let klime = Client::new("your-write-key")?;
/// let _ = klime.shutdown_blocking(Duration::from_secs(1));
/// let error = klime.track("Invoice Paid").group("org_456").send_blocking(Duration::from_secs(1)).unwrap_err();
/// assert_eq!(error.kind(), SendErrorKind::Closed);
/// assert_eq!(error.to_string(), "client is shutdown");
/// # Ok::<(), klime::ConfigError>(())
/// ```
pub struct SendError(Box<SendProblem>);

pub(crate) struct SendProblem {
    pub(crate) failure: Failure,
    pub(crate) events: Vec<Event>,
    pub(crate) suspects: Vec<Event>,
}

/// A delivery that failed, before its events are decoded.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) kind: SendErrorKind,
    pub(crate) status: Option<u16>,
    pub(crate) attempts: u32,
    /// How many events it is about.
    pub(crate) events: usize,
    /// What the server said about it, or the innermost cause when it said nothing. Without the write key, and as text already:
    /// an error of the app's is not to be asked for it under a lock.
    pub(crate) detail: Option<String>,
    /// How long the server asked to be left alone.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) response: Option<BatchResponse>,
    pub(crate) source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Failure {
    pub(crate) fn of_kind(kind: SendErrorKind) -> Self {
        Self {
            kind,
            status: None,
            attempts: 0,
            events: 0,
            detail: None,
            retry_after: None,
            response: None,
            source: None,
        }
    }

    pub(crate) fn dropped(reason: DropReason) -> Self {
        Self::of_kind(match reason {
            DropReason::Closed => SendErrorKind::Closed,
            other => SendErrorKind::Dropped(other),
        })
    }
}

impl SendError {
    pub(crate) fn new(failure: Failure, events: Vec<Event>) -> Self {
        Self(Box::new(SendProblem { failure, events, suspects: Vec::new() }))
    }

    pub(crate) fn suspecting(mut self, suspects: Vec<Event>) -> Self {
        self.0.suspects = suspects;
        self
    }

    /// The time of who waits is over. The last attempt, if there was one, says why there is no better answer.
    pub(crate) fn timed_out(last: Option<Failure>) -> Self {
        let mut failure = Failure::of_kind(SendErrorKind::Timeout);
        if let Some(last) = last {
            (failure.status, failure.attempts, failure.retry_after) = (last.status, last.attempts, last.retry_after);
            failure.detail = Some(last.to_string());
            failure.source = Some(Arc::new(Self::new(last, Vec::new())));
        }
        Self::new(failure, Vec::new())
    }

    /// The event was refused at the call; it is given back, unless it is not valid.
    pub(crate) fn refused_at_call(error: EnqueueError, event: Option<Event>) -> Self {
        let mut failure = Failure::dropped(error.kind());
        let event = event.filter(|_| error.kind() != DropReason::Invalid);
        if error.is_invalid() {
            failure.source = Some(Arc::new(error));
        }
        Self::new(failure, event.into_iter().collect())
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> SendErrorKind {
        self.0.failure.kind
    }

    /// The HTTP status of the last answer; `None` when there was none.
    #[must_use]
    pub fn status_code(&self) -> Option<u16> {
        self.0.failure.status
    }

    /// How long Klime asked to be left alone with the last answer (`Retry-After`, at most 5 minutes are heeded); `None` when it did not.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.failure.retry_after
    }

    /// How many requests were made for these events; 0 when they never left the process. For kind
    /// [`Timeout`](SendErrorKind::Timeout), how many have ended.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.failure.attempts
    }

    /// The events that were not delivered, with their message ids. `on_error` gets the same slice.
    ///
    /// Empty when the event is not valid, for kind [`Timeout`](SendErrorKind::Timeout) (the client still has it), and when Klime
    /// said that it refused some events of a batch but not which: those are among the [`suspects`](Self::suspects).
    ///
    /// With a [`before_send`](crate::ClientBuilder::before_send) hook they are what the hook returned; empty when it dropped the
    /// event, or panicked.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.0.events
    }

    /// When Klime refused more events of a batch than it named: all events of the batch that it did not name. Those that it refused
    /// are among them; [`response`](Self::response) says how many were refused in all. Else empty.
    ///
    /// Sending them again under their message ids is safe, as an id counts once. Only `on_error` gets to see them.
    #[must_use]
    pub fn suspects(&self) -> &[Event] {
        &self.0.suspects
    }

    /// Klime's answer, for kind [`SendErrorKind::Rejected`]; else `None`.
    #[must_use]
    pub fn response(&self) -> Option<&BatchResponse> {
        self.0.failure.response.as_ref()
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.failure.fmt(f)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            SendErrorKind::Rejected => {
                write!(f, "Klime refused {} of the batch's events", self.events)?;
                if let Some(first) = self.response.as_ref().and_then(|response| response.errors.first()) {
                    write!(f, ", the first with code {:?}", first.code)?;
                }
                Ok(())
            }
            SendErrorKind::Status => {
                write!(f, "Klime answered {}", self.status.unwrap_or(0))?;
                if let Some(detail) = &self.detail {
                    write!(f, " ({detail})")?;
                }
                if let Some(wait) = self.retry_after {
                    write!(f, ", Retry-After {} s", wait.as_secs() + u64::from(wait.subsec_nanos() > 0))?;
                }
                self.write_attempts(f)
            }
            SendErrorKind::Network => {
                f.write_str("network error, no answer from Klime")?;
                self.write_attempts(f)?;
                match &self.detail {
                    Some(cause) => write!(f, ": {cause}"),
                    None => Ok(()),
                }
            }
            SendErrorKind::Timeout => match &self.detail {
                Some(last) => write!(f, "not taken in the time given, the client goes on trying; so far: {last}"),
                None => f.write_str("no answer in the time given, the client goes on trying"),
            },
            SendErrorKind::Closed => f.write_str(DropReason::Closed.sentence()),
            SendErrorKind::Dropped(reason) => f.write_str(reason.sentence()),
        }
    }
}

impl Failure {
    fn write_attempts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempts {
            0 | 1 => Ok(()),
            attempts => write!(f, " after {attempts} attempts"),
        }
    }
}

impl fmt::Debug for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_debug(f, "SendError", self)
    }
}

impl Error for SendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.failure.source.as_deref().map(|source| source as _)
    }
}

/// The text and its causes, because this is what a `main` that returns the error prints.
fn write_debug(f: &mut fmt::Formatter<'_>, name: &str, error: &(dyn Error + 'static)) -> fmt::Result {
    let text = error.to_string();
    write!(f, "{name}({text}")?;
    let mut cause = error.source();
    if text.ends_with(&innermost(error).to_string()) {
        // The text has it already.
        cause = None;
    }
    while let Some(error) = cause {
        write!(f, ": {error}")?;
        cause = error.source();
    }
    f.write_str(")")
}

/// The last one of a chain of causes, which says why.
pub(crate) fn innermost<'e>(mut error: &'e (dyn Error + 'static)) -> &'e (dyn Error + 'static) {
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

/// A default client is installed already; see [`Client::install`](crate::Client::install).
///
/// # Examples
///
/// ```
/// use klime::Client;
///
/// let _guard = Client::disabled().install()?;
/// let error = Client::disabled().install().unwrap_err();
/// assert_eq!(error.to_string(), "a default klime client is installed already");
/// # Ok::<(), klime::AlreadyInstalled>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlreadyInstalled(pub(crate) ());

impl fmt::Display for AlreadyInstalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a default klime client is installed already")
    }
}

impl Error for AlreadyInstalled {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_one_pointer_wide_and_cross_threads() {
        fn check<E: Error + Send + Sync + 'static>(size: usize) {
            assert_eq!(size_of::<E>(), size);
        }
        check::<ConfigError>(size_of::<usize>());
        check::<EnqueueError>(size_of::<usize>());
        check::<SendError>(size_of::<usize>());
        check::<AlreadyInstalled>(0);
    }

    #[test]
    fn every_failure_says_what_happened() {
        let mut failure = Failure::of_kind(SendErrorKind::Status);
        failure.status = Some(503);
        failure.attempts = 5;
        failure.detail = Some("try later".to_owned());
        assert_eq!(failure.to_string(), "Klime answered 503 (try later) after 5 attempts");

        let mut failure = Failure::of_kind(SendErrorKind::Network);
        failure.attempts = 1;
        assert_eq!(failure.to_string(), "network error, no answer from Klime");
        failure.attempts = 5;
        failure.detail = Some("the tunnel is down".to_owned());
        assert_eq!(failure.to_string(), "network error, no answer from Klime after 5 attempts: the tunnel is down");

        let timeout = SendError::timed_out(None);
        assert_eq!(timeout.to_string(), "no answer in the time given, the client goes on trying");
        assert_eq!(Failure::dropped(DropReason::Closed).to_string(), "client is shutdown");
        assert_eq!(Failure::dropped(DropReason::QueueFull).to_string(), "queue is full");
    }

    #[test]
    fn a_timeout_tells_of_the_last_attempt() {
        let mut last = Failure::of_kind(SendErrorKind::Status);
        (last.status, last.attempts, last.events) = (Some(429), 2, 1);
        (last.detail, last.retry_after) = (Some("slow down".to_owned()), Some(Duration::from_millis(29_001)));
        let error = SendError::timed_out(Some(last));
        let text = "not taken in the time given, the client goes on trying; \
                    so far: Klime answered 429 (slow down), Retry-After 30 s after 2 attempts";
        assert_eq!(error.to_string(), text);
        assert_eq!((error.kind(), error.status_code(), error.attempts()), (SendErrorKind::Timeout, Some(429), 2));
        assert_eq!(error.retry_after(), Some(Duration::from_millis(29_001)));

        let mut last = Failure::of_kind(SendErrorKind::Network);
        (last.attempts, last.detail) = (1, Some("connection refused".to_owned()));
        last.source = Some(Arc::new(std::io::Error::other("connection refused")));
        let error = SendError::timed_out(Some(last));
        assert_eq!(error.status_code(), None);
        assert_eq!(error.source().unwrap().downcast_ref::<SendError>().unwrap().kind(), SendErrorKind::Network);
        assert_eq!(innermost(&error).to_string(), "connection refused");
    }

    #[test]
    fn debug_is_the_text_and_the_cause() {
        let unset = ConfigError::new("KLIME_WRITE_KEY", "is not set, or blank; it must hold the write key");
        let is = "ConfigError(KLIME_WRITE_KEY is not set, or blank; it must hold the write key)";
        assert_eq!(format!("{unset:?}"), is);
        let thread = ConfigError::new("thread", "could not be spawned").caused_by("out of memory");
        assert_eq!(format!("{thread:?}"), "ConfigError(thread could not be spawned: out of memory)");

        let cause = <serde_json::Error as serde::ser::Error>::custom("poisoned");
        let unencodable = EnqueueError::unencodable("properties", cause);
        assert_eq!(unencodable.to_string(), "properties cannot be encoded as JSON");
        assert_eq!(format!("{unencodable:?}"), "EnqueueError(properties cannot be encoded as JSON: poisoned)");
        let invalid = SendError::refused_at_call(unencodable, None);
        assert_eq!(
            format!("{invalid:?}"),
            "SendError(event is not valid: properties cannot be encoded as JSON: poisoned)"
        );

        let mut failure = Failure::of_kind(SendErrorKind::Network);
        failure.detail = Some("the tunnel is down".to_owned());
        let told_once = "SendError(network error, no answer from Klime: the tunnel is down)";
        assert_eq!(format!("{:?}", SendError::new(failure, Vec::new())), told_once);
    }
}
