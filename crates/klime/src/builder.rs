//! [`ClientBuilder`]: the settings, their defaults and bounds, checked once in [`build`](ClientBuilder::build).

use std::env::{self, VarError};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::{BeforeSend, Client, Handle};
use crate::error::{ConfigError, SendError};
use crate::event::{Event, Library, MAX_EVENT_BYTES, note_process};
use crate::notices::{Callbacks, LogLevel, Notices};
use crate::pipeline::{Overflow, Pipeline, Settings};
use crate::response::BatchResponse;
use crate::stats::DropReason;
use crate::transport::http::{Http, HttpSettings};
use crate::transport::{DEFAULT_ENDPOINT, Endpoint, Roots, Target, Transport, without_secrets};
use crate::worker::Shared;

const WRITE_KEY_VARIABLE: &str = "KLIME_WRITE_KEY";
const ENDPOINT_VARIABLE: &str = "KLIME_ENDPOINT";
const DISABLED_VARIABLE: &str = "KLIME_DISABLED";

/// No header is longer with any server.
const MAX_WRITE_KEY_BYTES: usize = 4096;

/// A library's name and its version are in each event.
const MAX_LIBRARY_BYTES: usize = 100;

const SHORTEST: Millis = Millis(Duration::from_millis(1));

/// Settings for a [`Client`]. Setters never fail; [`build`](Self::build) checks everything.
///
/// # Examples
///
/// ```
/// use klime::Client;
/// use std::time::Duration;
///
/// let klime = Client::builder("your-write-key")
///     .flush_interval(Duration::from_secs(5))
///     .max_queue_size(10_000)
///     .on_error(|error, events| eprintln!("klime: {error}, {} events", events.len()))
///     .build()?;
/// assert_eq!(klime.queue_size(), 0);
/// # Ok::<(), klime::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    write_key: String,
    endpoint: String,
    /// What an error calls the two above: the variable, when it came from one.
    write_key_name: &'static str,
    endpoint_name: &'static str,
    allow_insecure_http: bool,
    disabled: bool,
    settings: Settings,
    http: HttpSettings,
    shutdown_timeout: Duration,
    callbacks: Callbacks,
    before_send: Option<BeforeSend>,
    transport: Option<Arc<dyn Transport>>,
    /// Name and version.
    library: Option<(String, String)>,
}

impl ClientBuilder {
    pub(crate) fn new(write_key: String) -> Self {
        Self {
            write_key,
            endpoint: DEFAULT_ENDPOINT.to_owned(),
            write_key_name: "write_key",
            endpoint_name: "endpoint",
            allow_insecure_http: false,
            disabled: false,
            settings: Settings {
                flush_interval: Duration::from_secs(2),
                max_batch_size: 20,
                max_queue_size: 1000,
                max_queue_bytes: 256 * 1024 * 1024,
                overflow: Overflow::DropOldest,
                retry_max_attempts: 5,
                retry_initial_delay: Duration::from_secs(1),
                max_in_flight: 4,
                flush_on_shutdown: true,
                show_dropped: false,
            },
            http: HttpSettings {
                connect_timeout: Duration::from_secs(5),
                request_timeout: Duration::from_secs(10),
                max_in_flight: 4,
                roots: Roots::system(),
            },
            shutdown_timeout: Duration::from_secs(5),
            callbacks: Callbacks::default(),
            before_send: None,
            transport: None,
            library: None,
        }
    }

    /// Settings with the write key, the endpoint and whether it is disabled from the environment, like
    /// [`Client::from_env`]; everything else can be set as always.
    ///
    /// # Errors
    ///
    /// As [`Client::from_env`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// let klime = klime::ClientBuilder::from_env()?.max_batch_size(100).build()?;
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(|name| env::var(name))
    }

    fn from_variables(variable: impl Fn(&str) -> Result<String, VarError>) -> Result<Self, ConfigError> {
        let read = |name: &'static str| match variable(name) {
            Ok(value) if value.trim().is_empty() => Ok(None),
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(ConfigError::new(name, "is not valid Unicode")),
        };
        let disabled = match read(DISABLED_VARIABLE)?.as_deref().map(str::trim) {
            None | Some("0" | "false") => false,
            Some("1" | "true") => true,
            Some(other) => return Err(ConfigError::new(DISABLED_VARIABLE, format!("is {other:?}, it must be 1 or 0"))),
        };
        let write_key = match read(WRITE_KEY_VARIABLE)? {
            Some(write_key) => write_key,
            None if disabled => String::new(),
            None => {
                return Err(ConfigError::new(WRITE_KEY_VARIABLE, "is not set, or blank; it must hold the write key"));
            }
        };
        let mut builder = Self::new(write_key).disabled(disabled);
        builder.write_key_name = WRITE_KEY_VARIABLE;
        if let Some(endpoint) = read(ENDPOINT_VARIABLE)? {
            builder = builder.endpoint(endpoint.trim());
            builder.endpoint_name = ENDPOINT_VARIABLE;
        }
        Ok(builder)
    }

    /// Sets where Klime is: the URL before `/v1/batch`. Default `https://i.klime.com`.
    ///
    /// An `https` URL, or an `http` one on loopback (`127.0.0.0/8`, `::1`, `localhost`); see
    /// [`allow_insecure_http`](Self::allow_insecure_http). A path is allowed, a slash at its end is ignored; a user name, a query,
    /// a fragment and a `/v1/batch` at its end are refused.
    ///
    /// # Examples
    ///
    /// ```
    /// use klime::Client;
    ///
    /// assert!(Client::builder("your-write-key").endpoint("https://proxy.acme.com/klime/").build().is_ok());
    ///
    /// let error = Client::builder("your-write-key").endpoint("ftp://acme.com").build().unwrap_err();
    /// assert_eq!(error.to_string(), "endpoint is \"ftp://acme.com\", it must begin with https:// or http://");
    /// ```
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = endpoint.into();
        self.endpoint_name = "endpoint";
        self
    }

    /// Sets the longest that an event waits for its batch to fill. Default 2 s; at least 1 ms, no maximum.
    pub fn flush_interval(mut self, interval: Duration) -> Self {
        self.settings.flush_interval = interval;
        self
    }

    /// Sets the most events in one request. As soon as that many wait they are sent. Default 20; from 1 to 100.
    ///
    /// It is never exceeded, whatever the backlog. A batch is cut earlier when it would exceed 10 MB.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # use klime::Client;
    /// # let recorder = klime::testing::Recorder::new();
    /// let klime = Client::builder("your-write-key")
    ///     .max_batch_size(2)
    ///     # .transport(recorder.clone())
    ///     .build()?;
    /// for number in 0..5 {
    ///     klime.track("Report Generated").user("user_123").property("number", number).enqueue();
    /// }
    /// let _ = klime.flush_blocking(std::time::Duration::from_secs(5));
    /// let stats = klime.stats();
    /// assert_eq!((stats.accepted, stats.requests), (5, 3));
    /// # }
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn max_batch_size(mut self, events: usize) -> Self {
        self.settings.max_batch_size = events;
        self
    }

    /// Sets the most events that may be pending: queued, in flight or in back-off. Default 1000; at least 1. Beyond it
    /// [`overflow`](Self::overflow) decides. It may be less than [`max_batch_size`](Self::max_batch_size).
    pub fn max_queue_size(mut self, events: usize) -> Self {
        self.settings.max_queue_size = events;
        self
    }

    /// Sets the most bytes of JSON that may be pending. Default 256 MiB; at least 200 KiB, so that any event fits. Beyond it
    /// [`overflow`](Self::overflow) decides.
    pub fn max_queue_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_queue_bytes = bytes;
        self
    }

    /// Sets what to drop when the queue is full. Default [`Overflow::DropOldest`]. Either way it is counted as
    /// [`QueueFull`](DropReason::QueueFull).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// use klime::{Client, DropReason, Overflow};
    ///
    /// let klime = Client::builder("your-write-key")
    ///     .max_queue_size(2)
    ///     .overflow(Overflow::DropNewest)
    ///     # .flush_interval(std::time::Duration::from_secs(3600))
    ///     # .transport(klime::testing::Recorder::new())
    ///     .build()?;
    /// klime.track("Button Clicked").user("user_1").enqueue();
    /// klime.track("Button Clicked").user("user_2").enqueue();
    ///
    /// let error = klime.track("Button Clicked").user("user_3").try_enqueue().unwrap_err();
    /// assert_eq!(error.kind(), DropReason::QueueFull);
    /// # }
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.settings.overflow = overflow;
        self
    }

    /// Sets the most requests made for a batch, the first included. Default 5; at least 1. With 1 nothing is retried.
    ///
    /// When they are spent the batch has failed: it goes to [`on_error`](Self::on_error).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// use klime::{Response, testing::Recorder};
    ///
    /// let klime_is_down = Recorder::new();
    /// klime_is_down.answer(Response::new(503)).answer(Response::new(503));
    ///
    /// let klime = klime_is_down.builder().retry_max_attempts(2).build()?;
    /// klime.track("Button Clicked").user("user_123").enqueue();
    /// let _ = klime.flush_blocking(std::time::Duration::from_secs(5));
    /// let stats = klime.stats();
    /// assert_eq!((stats.failed, stats.requests), (1, 2));
    /// # }
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn retry_max_attempts(mut self, attempts: u32) -> Self {
        self.settings.retry_max_attempts = attempts;
        self
    }

    /// Sets the longest wait before the first retry; it doubles with each further one, up to 16 s, and is cut by up to a half at
    /// random. Default 1 s; at least 1 ms.
    pub fn retry_initial_delay(mut self, delay: Duration) -> Self {
        self.settings.retry_initial_delay = delay;
        self
    }

    /// Sets the most batches under way at the same time, those in back-off included. Default 4; from 1 to 64. With 1 they go out
    /// strictly in order.
    ///
    /// A further connection is used only when a batch has been ready, and unsent, for 10 ms. Each one needs a thread.
    pub fn max_in_flight(mut self, batches: usize) -> Self {
        self.settings.max_in_flight = batches;
        self.http.max_in_flight = batches;
        self
    }

    /// Sets how long it may take to connect. Default 5 s; at least 1 ms. A [`transport`](Self::transport) of your own has its own.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.http.connect_timeout = timeout;
        self
    }

    /// Sets how long a whole request may take, connection and answer included. Default 10 s; at least 1 ms. Then it counts as not
    /// answered, and is retried. A [`transport`](Self::transport) of your own has its own.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.http.request_timeout = timeout;
        self
    }

    /// Sets how long `shutdown().await`, the install guard and the drop of the last handle may take. Default 5 s; no bounds.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// Sets whether a shutdown sends what is queued. Default `true`. With `false` it sends nothing more and drops it, reason
    /// [`ShutdownDeadline`](DropReason::ShutdownDeadline).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # use klime::Client;
    /// let klime = Client::builder("your-write-key")
    ///     .flush_on_shutdown(false)
    ///     # .flush_interval(std::time::Duration::from_secs(3600))
    ///     # .transport(klime::testing::Recorder::new())
    ///     .build()?;
    /// klime.track("Button Clicked").user("user_123").enqueue();
    /// let report = klime.shutdown_blocking(std::time::Duration::from_secs(5));
    /// assert_eq!((report.accepted, report.dropped), (0, 1));
    /// # }
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn flush_on_shutdown(mut self, flush: bool) -> Self {
        self.settings.flush_on_shutdown = flush;
        self
    }

    /// Sets whether an `http://` endpoint may be elsewhere than on loopback. The write key and all events can then be read on the
    /// way. Default `false`.
    ///
    /// # Examples
    ///
    /// ```
    /// use klime::Client;
    ///
    /// let inside = || Client::builder("your-write-key").endpoint("http://klime.internal:8080");
    /// assert_eq!(inside().build().unwrap_err().setting(), "endpoint");
    /// assert!(inside().allow_insecure_http(true).build().is_ok());
    /// ```
    pub fn allow_insecure_http(mut self, allow: bool) -> Self {
        self.allow_insecure_http = allow;
        self
    }

    /// Sets which certificate authorities to trust. Default [`Roots::system`]. Certificates are always checked.
    pub fn roots(mut self, roots: Roots) -> Self {
        self.http.roots = roots;
        self
    }

    /// Sets whether to build a [disabled](Client::disabled) client, which needs no write key. Default `false`. Bounds are checked
    /// all the same. On such a client `enqueue` is silent, while `send` and `verify` resolve to an error of kind `Dropped(Disabled)`.
    ///
    /// # Examples
    ///
    /// ```
    /// let klime = klime::Client::builder("").disabled(true).build()?;
    /// klime.track("Button Clicked").user("user_123").enqueue();
    /// assert_eq!(klime.stats().dropped.disabled, 1);
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }

    /// Sets what is called for each batch that failed for good, and for the events that Klime refused one by one (kind
    /// [`Rejected`](crate::SendErrorKind::Rejected)).
    ///
    /// All callbacks run one after another on a thread of their own: they may block, panic and use the client. When over 1000 (or
    /// 16 MiB of events) wait, further ones are skipped and counted in
    /// [`Stats::callbacks_skipped`](crate::Stats::callbacks_skipped). `shutdown` waits for them, within its time; `flush` does not.
    ///
    /// # Examples
    ///
    /// Keep what could not be delivered:
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// use klime::{Response, testing::Recorder};
    /// use std::sync::mpsc;
    ///
    /// let bad_key = Recorder::new();
    /// bad_key.answer(Response::new(401));
    ///
    /// let (lost, kept) = mpsc::channel();
    /// let klime = bad_key
    ///     .builder()
    ///     .on_error(move |error, events| {
    ///         assert_eq!(error.status_code(), Some(401));
    ///         for event in events {
    ///             let _ = lost.send(event.clone());
    ///         }
    ///     })
    ///     .build()?;
    /// klime.track("Button Clicked").user("user_123").enqueue();
    /// let _ = klime.shutdown_blocking(std::time::Duration::from_secs(5));
    /// assert_eq!(kept.try_recv().unwrap().name(), Some("Button Clicked"));
    /// # }
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn on_error(mut self, callback: impl Fn(&SendError, &[Event]) + Send + Sync + 'static) -> Self {
        self.callbacks.on_error = Some(Arc::new(callback));
        self
    }

    /// Sets what is called for each batch that Klime took, with its answer; some events may have been refused. Runs like
    /// [`on_error`](Self::on_error).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # use klime::Client;
    /// use std::sync::mpsc;
    ///
    /// let (accepted, counts) = mpsc::channel();
    /// let klime = Client::builder("your-write-key")
    ///     .on_success(move |answer| drop(accepted.send(answer.accepted)))
    ///     # .transport(klime::testing::Recorder::new())
    ///     .build()?;
    /// klime.track("Button Clicked").user("user_123").enqueue();
    /// let _ = klime.shutdown_blocking(std::time::Duration::from_secs(5));
    /// assert_eq!(counts.try_recv(), Ok(1));
    /// # }
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn on_success(mut self, callback: impl Fn(&BatchResponse) + Send + Sync + 'static) -> Self {
        self.callbacks.on_success = Some(Arc::new(callback));
        self
    }

    /// Sets what is called for events that the client dropped. Runs like [`on_error`](Self::on_error). Single drops for the same
    /// reason that wait are told together, at most 100 of them. A [disabled](Client::disabled) client calls nothing.
    ///
    /// With a [`before_send`](Self::before_send) hook the events are those that the hook returned; there are none when it dropped
    /// the event, or panicked.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # use klime::Client;
    /// use klime::DropReason;
    /// use std::sync::mpsc;
    ///
    /// let (lost, reasons) = mpsc::channel();
    /// let klime = Client::builder("your-write-key")
    ///     .on_drop(move |reason, events| drop(lost.send((reason, events.len()))))
    ///     # .transport(klime::testing::Recorder::new())
    ///     .build()?;
    /// klime.track("").user("user_123").enqueue();
    /// let _ = klime.shutdown_blocking(std::time::Duration::from_secs(5));
    /// assert_eq!(reasons.try_recv(), Ok((DropReason::Invalid, 1)));
    /// # }
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn on_drop(mut self, callback: impl Fn(DropReason, &[Event]) + Send + Sync + 'static) -> Self {
        self.callbacks.on_drop = Some(Arc::new(callback));
        self
    }

    /// Sets a hook that sees each event before it is taken, to change it, or to drop it by `None`: the place to remove what must not
    /// leave the process.
    ///
    /// It runs on the caller's thread, before the limits are checked, and costs a second encoding of each event. When it panics,
    /// the event is dropped, reason [`BeforeSend`](DropReason::BeforeSend).
    ///
    /// What was removed stays removed: callbacks and [`SendError::events`] get the event that the hook returned, and no event when it
    /// dropped it or panicked.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// use klime::{json, testing::Recorder};
    ///
    /// let recorder = Recorder::new();
    /// let klime = recorder
    ///     .builder()
    ///     .before_send(|mut event| {
    ///         event.properties_mut()?.remove("password");
    ///         Some(event)
    ///     })
    ///     .build()?;
    /// klime.track("Signed Up").user("user_123").properties(json!({ "plan": "pro", "password": "hunter2" })).enqueue();
    /// let _ = klime.flush_blocking(std::time::Duration::from_secs(5));
    ///
    /// let sent = recorder.assert_tracked("Signed Up");
    /// assert!(!sent.properties().unwrap().contains_key("password"));
    /// # }
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn before_send(mut self, hook: impl Fn(Event) -> Option<Event> + Send + Sync + 'static) -> Self {
        self.before_send = Some(Arc::new(hook));
        self
    }

    /// Sets what sends the requests, instead of the built-in HTTP. The endpoint and the write key still go into each request;
    /// time-outs, roots and proxies are the transport's own matter. [`Transport`] has an example.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets what gets the log lines about losses, one a second at most, in place of `tracing` and without the feature of that name:
    /// for programs that log by other means. Runs like [`on_error`](Self::on_error).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # use klime::Client;
    /// use klime::LogLevel;
    /// use std::sync::mpsc;
    ///
    /// let (line, lines) = mpsc::channel();
    /// let klime = Client::builder("your-write-key")
    ///     .on_log(move |level, text| drop(line.send((level, text.to_owned()))))
    ///     # .transport(klime::testing::Recorder::new())
    ///     .build()?;
    /// klime.track("").user("user_123").enqueue();
    /// let _ = klime.shutdown_blocking(std::time::Duration::from_secs(5));
    /// let text = "klime lost 1 event: 1 dropped as not valid; last problem: event name is empty";
    /// assert_eq!(lines.try_recv(), Ok((LogLevel::Warn, text.to_owned())));
    /// # }
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn on_log(mut self, log: impl Fn(LogLevel, &str) + Send + Sync + 'static) -> Self {
        self.callbacks.on_log = Some(Arc::new(log));
        self
    }

    /// Sets what events say they come from (`context.library`): for SDKs in other languages that build on this one. Default
    /// `rust-sdk` and this crate's version. Each of 1 to 100 bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # let recorder = klime::testing::Recorder::new();
    /// let klime = klime::Client::builder("your-write-key")
    ///     .library("lua-sdk", "0.1.0")
    ///     # .transport(recorder.clone())
    ///     .build()?;
    /// klime.identify("user_123").enqueue();
    /// # let _ = klime.flush_blocking(std::time::Duration::from_secs(5));
    /// # let event = &recorder.events()[0];
    /// assert_eq!(event.as_object()["context"]["library"]["name"], "lua-sdk");
    /// # }
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn library(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.library = Some((name.into(), version.into()));
        self
    }

    /// Checks the settings and starts the client: one thread that sends (more when the server is slow) and one for the callbacks.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] that names the setting, the value and the bounds: an option out of its bounds, a write key that is empty or
    /// that no header can carry, an endpoint that is no good. Also when a proxy in the environment is no good, or a thread could
    /// not be spawned.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = klime::Client::builder(" ").build().unwrap_err();
    /// assert_eq!(error.to_string(), "write_key is empty");
    /// ```
    pub fn build(mut self) -> Result<Client, ConfigError> {
        self.check_bounds()?;
        if self.disabled {
            return Ok(self.build_disabled());
        }
        check_write_key(&self.write_key).map_err(|error| error.about(self.write_key_name))?;
        note_process();
        let endpoint = Endpoint::parse(&self.endpoint, self.allow_insecure_http)
            .map_err(|error| error.about(self.endpoint_name))?;
        let target = Target::new(endpoint, self.write_key);
        let transport = match self.transport.take() {
            Some(transport) => transport,
            None => Arc::new(Http::new(&target, self.http.clone())?),
        };
        self.settings.show_dropped = self.callbacks.on_drop.is_some();
        let notices = Arc::new(Notices::new(self.callbacks));
        let max_in_flight = self.settings.max_in_flight;
        let library = library_of(self.library.as_ref());
        let pipeline = Pipeline::new(self.settings);
        let shared = Arc::new(Shared::new(pipeline, notices, transport, target, max_in_flight));
        let (before_send, shutdown_timeout) = (self.before_send, self.shutdown_timeout);
        let handle = Handle { shared, before_send, shutdown_timeout, library };
        // If it fails, the drop of the handle ends what has been started.
        let client = Client::from_handle(handle);
        let started = client.handle().shared.start();
        started.map_err(|error| ConfigError::new("thread", "could not be spawned").caused_by(error))?;
        Ok(client)
    }

    pub(crate) fn build_disabled(self) -> Client {
        let target = Target::nowhere();
        let notices = Arc::new(Notices::new(Callbacks::default()));
        let pipeline = Pipeline::disabled(self.settings);
        let shared = Arc::new(Shared::new(pipeline, notices, Arc::new(crate::transport::Nowhere), target, 0));
        let library = library_of(self.library.as_ref());
        Client::from_handle(Handle { shared, before_send: None, shutdown_timeout: Duration::ZERO, library })
    }

    fn check_bounds(&self) -> Result<(), ConfigError> {
        let Settings { max_batch_size, max_queue_size, max_queue_bytes, retry_max_attempts, max_in_flight, .. } =
            self.settings;
        at_least("flush_interval", Millis(self.settings.flush_interval), SHORTEST)?;
        within("max_batch_size", max_batch_size, 1, 100)?;
        at_least("max_queue_size", max_queue_size, 1)?;
        at_least("max_queue_bytes", max_queue_bytes, MAX_EVENT_BYTES)?;
        at_least("retry_max_attempts", retry_max_attempts, 1)?;
        at_least("retry_initial_delay", Millis(self.settings.retry_initial_delay), SHORTEST)?;
        within("max_in_flight", max_in_flight, 1, 64)?;
        if let Some((name, version)) = &self.library {
            within("library name's length in bytes", name.len(), 1, MAX_LIBRARY_BYTES)?;
            within("library version's length in bytes", version.len(), 1, MAX_LIBRARY_BYTES)?;
        }
        at_least("connect_timeout", Millis(self.http.connect_timeout), SHORTEST)?;
        at_least("request_timeout", Millis(self.http.request_timeout), SHORTEST)
    }
}

fn library_of(given: Option<&(String, String)>) -> Library {
    given.map_or(Library::RUST, |(name, version)| Library::new(name, version))
}

/// A time in the unit that every language's settings can be told in.
#[derive(PartialEq, PartialOrd)]
struct Millis(Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0.as_nanos() as f64 / 1e6)
    }
}

fn at_least<T: PartialOrd + fmt::Display>(setting: &'static str, value: T, least: T) -> Result<(), ConfigError> {
    if value >= least {
        return Ok(());
    }
    Err(ConfigError::new(setting, format!("is {value}, it must be at least {least}")))
}

fn within(setting: &'static str, value: usize, least: usize, most: usize) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(ConfigError::new(setting, format!("is {value}, it must be from {least} to {most}")))
}

/// The key goes into a header. It is never shown, so the place of a bad character is named.
fn check_write_key(write_key: &str) -> Result<(), ConfigError> {
    if write_key.trim().is_empty() {
        return Err(ConfigError::new("write_key", "is empty"));
    }
    if write_key.len() > MAX_WRITE_KEY_BYTES {
        let problem = format!("has {} bytes, it must have at most {MAX_WRITE_KEY_BYTES}", write_key.len());
        return Err(ConfigError::new("write_key", problem));
    }
    match write_key.char_indices().find(|(_, char)| !char.is_ascii_graphic()) {
        None => Ok(()),
        Some((place, char)) => {
            let code = u32::from(char);
            let is_line_end = write_key.trim_end_matches(['\r', '\n']).len() == place;
            let hint = if is_line_end { "; trim the line break at its end" } else { "" };
            let problem = format!("has U+{code:04X} at byte {place}, which no header can carry{hint}");
            Err(ConfigError::new("write_key", problem))
        }
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("write_key", &"<redacted>")
            .field("endpoint", &without_secrets(&self.endpoint))
            .field("allow_insecure_http", &self.allow_insecure_http)
            .field("disabled", &self.disabled)
            .field("settings", &self.settings)
            .field("http", &self.http)
            .field("shutdown_timeout", &self.shutdown_timeout)
            .field("callbacks", &self.callbacks)
            .field("before_send", &self.before_send.is_some())
            .field("library", &self.library)
            .field("transport", &self.transport.is_some())
            .finish()
    }
}
