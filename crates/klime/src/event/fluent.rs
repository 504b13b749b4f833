//! The fluent builders: what `client.track(…)`, `client.identify(…)` and `client.group(…)` return.
//!
//! A track needs a user or a group. The builder's second parameter says whether it has one, and the bound stands on the
//! methods that send, because only there does the compiler print our sentence.

use std::fmt::Display;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::draft::{Draft, Target};
use super::{Event, EventKind, MessageId};
use crate::client::{Sending, hand_over};
use crate::error::{EnqueueError, SendError};
use crate::response::BatchResponse;

mod sealed {
    pub trait Sealed {}
}

/// A track event that has neither a user nor a group yet.
#[derive(Debug, Clone, Copy)]
pub struct Anonymous(());

/// A track event that has a user, a group or both.
#[derive(Debug, Clone, Copy)]
pub struct Attributed(());

/// Marks the events that may be sent: those with a user or a group. Implemented for [`Attributed`] and nothing else.
#[diagnostic::on_unimplemented(
    message = "this event has neither a user nor a group, and Klime takes no anonymous events",
    label = "call `.user(id)` or `.group(id)` before this",
    note = "use `.user(id)` for what a user did, `.group(id)` alone for what an organisation's webhook or cron job did, or both",
    note = "when the user is only known at run time, send inside `if let Some(user) = user {{ … }}`"
)]
pub trait HasUserOrGroup: sealed::Sealed {}

impl sealed::Sealed for Attributed {}
impl HasUserOrGroup for Attributed {}

/// A track event under construction; from [`Client::track`](crate::Client::track).
///
/// # Examples
///
/// ```
/// use klime::{Client, json};
///
/// let klime = Client::new("your-write-key")?;
/// # let klime = Client::disabled();
/// klime.track("Button Clicked")
///     .user("user_123")
///     .group("org_456")
///     .properties(json!({ "button_name": "Sign up" }))
///     .property("plan", "pro")
///     .enqueue();
/// # Ok::<(), klime::ConfigError>(())
/// ```
///
/// When the user is only known at run time:
///
/// ```
/// # let klime = klime::Client::disabled();
/// # let current_user: Option<u64> = Some(123);
/// let event = klime.track("Button Clicked").property("plan", "pro");
/// if let Some(user) = current_user {
///     event.user(user).enqueue();
/// }
/// # assert_eq!(klime.stats().enqueued, 1);
/// ```
///
/// Without a user and a group it does not compile:
///
/// ```compile_fail
/// # let klime = klime::Client::disabled();
/// klime.track("Button Clicked").enqueue();
/// ```
#[derive(Debug)]
#[must_use = "an event goes nowhere until `enqueue`, `try_enqueue`, `send` or `send_blocking`"]
pub struct Track<'c, S = Attributed> {
    draft: Box<Draft>,
    target: Target<'c>,
    state: PhantomData<S>,
}

/// An identify event under construction; from [`Client::identify`](crate::Client::identify).
///
/// # Examples
///
/// ```
/// use klime::json;
///
/// # let klime = klime::Client::disabled();
/// let event = klime
///     .identify("user_123")
///     .traits(json!({ "email": "user@example.com", "plan": "free" }))
///     .trait_value("plan", "pro")
///     .into_event();
/// assert_eq!(event.traits().unwrap()["plan"], "pro");
/// ```
#[derive(Debug)]
#[must_use = "an event goes nowhere until `enqueue`, `try_enqueue`, `send` or `send_blocking`"]
pub struct Identify<'c> {
    draft: Box<Draft>,
    target: Target<'c>,
}

/// A group event under construction; from [`Client::group`](crate::Client::group).
///
/// # Examples
///
/// ```
/// # let klime = klime::Client::disabled();
/// let event = klime.group("org_456").user("user_123").trait_value("plan", "enterprise").into_event();
/// assert_eq!((event.group_id().as_deref(), event.user_id().as_deref()), (Some("org_456"), Some("user_123")));
/// ```
#[derive(Debug)]
#[must_use = "an event goes nowhere until `enqueue`, `try_enqueue`, `send` or `send_blocking`"]
pub struct Group<'c> {
    draft: Box<Draft>,
    target: Target<'c>,
}

impl<'c> Track<'c, Anonymous> {
    pub(crate) fn new(target: Target<'c>, name: &str) -> Self {
        let mut draft = Draft::new(EventKind::Track);
        draft.set_name(name);
        Self { draft, target, state: PhantomData }
    }
}

impl<'c, S> Track<'c, S> {
    /// Says which user did it. Any type that prints: strings, integers, UUIDs, newtypes; not empty.
    pub fn user(mut self, id: impl Display) -> Track<'c> {
        self.draft.set_user(id);
        self.attributed()
    }

    /// Says in which group it happened, beside a user or alone. Any type that prints; not empty.
    pub fn group(mut self, id: impl Display) -> Track<'c> {
        self.draft.set_group(id);
        self.attributed()
    }

    fn attributed(self) -> Track<'c> {
        Track { draft: self.draft, target: self.target, state: PhantomData }
    }

    /// Merges an object into the properties: anything that serialises to one. `None` and `()` add nothing; of two values for
    /// a key the later one wins; NaN and infinities become `null`. What is no object makes the event invalid.
    ///
    /// # Examples
    ///
    /// ```
    /// use serde::Serialize;
    ///
    /// #[derive(Serialize)]
    /// struct Export {
    ///     format: &'static str,
    ///     rows: u32,
    /// }
    ///
    /// # let klime = klime::Client::disabled();
    /// let event = klime.track("Report Exported").properties(Export { format: "csv", rows: 42 }).into_event();
    /// assert_eq!(event.properties().unwrap()["rows"], 42);
    ///
    /// let error = klime.track("Report Exported").user("user_123").properties(42).try_enqueue().unwrap_err();
    /// assert_eq!(error.to_string(), "properties must be an object, not a number");
    /// ```
    pub fn properties(mut self, properties: impl Serialize) -> Self {
        self.draft.merge_fields(&properties);
        self
    }

    /// Sets one property, to anything that serialises.
    pub fn property(mut self, key: impl AsRef<str>, value: impl Serialize) -> Self {
        self.draft.add_field(key.as_ref(), &value);
        self
    }
}

impl<'c> Identify<'c> {
    pub(crate) fn new(target: Target<'c>, user_id: impl Display) -> Self {
        let mut draft = Draft::new(EventKind::Identify);
        draft.set_user(user_id);
        Self { draft, target }
    }
}

impl<'c> Group<'c> {
    pub(crate) fn new(target: Target<'c>, group_id: impl Display) -> Self {
        let mut draft = Draft::new(EventKind::Group);
        draft.set_group(group_id);
        Self { draft, target }
    }

    /// Says that this user belongs to the group. Any type that prints; not empty.
    pub fn user(mut self, id: impl Display) -> Self {
        self.draft.set_user(id);
        self
    }
}

macro_rules! traits {
    () => {
        /// Merges an object into the traits: anything that serialises to one. `None` and `()` add nothing; of two values
        /// for a key the later one wins; NaN and infinities become `null`. What is no object makes the event invalid.
        pub fn traits(mut self, traits: impl Serialize) -> Self {
            self.draft.merge_fields(&traits);
            self
        }

        /// Sets one trait: a string, a number, a boolean, or a date as ISO 8601 text.
        pub fn trait_value(mut self, key: impl AsRef<str>, value: impl Serialize) -> Self {
            self.draft.add_field(key.as_ref(), &value);
            self
        }
    };
}

impl Identify<'_> {
    traits!();
}

impl Group<'_> {
    traits!();
}

/// What all three builders can do; the bound is that of a track event's state.
macro_rules! common {
    ($($bound:tt)*) => {
        /// Sets when it happened; the default is now. From 1970 to 9999, kept to the millisecond; any other time makes the event
        /// invalid.
        ///
        /// # Examples
        ///
        /// ```
        /// use std::time::{Duration, UNIX_EPOCH};
        ///
        /// # let klime = klime::Client::disabled();
        /// let at = UNIX_EPOCH + Duration::from_millis(1_795_447_200_007);
        /// let event = klime.identify("user_123").timestamp(at).into_event();
        /// assert_eq!(event.timestamp(), Some(at));
        /// assert_eq!(event.as_object()["timestamp"], "2026-11-23T15:20:00.007Z");
        /// ```
        pub fn timestamp(mut self, timestamp: impl Into<SystemTime>) -> Self {
            self.draft.set_timestamp(timestamp.into());
            self
        }

        /// Sets the id that Klime recognises a repetition by; the default is a new UUID v4. Any type that prints; not empty.
        pub fn message_id(mut self, id: impl Display) -> Self {
            self.draft.set_message_id(id);
            self
        }

        /// Sets the user's IP address; the default is none.
        pub fn ip(mut self, ip: impl Into<IpAddr>) -> Self {
            self.draft.set_ip(ip.into());
            self
        }

        /// Puts the event into the queue and returns at once. Never blocks, does no I/O, logs nothing, never panics.
        ///
        /// An event that cannot be taken is dropped and counted ([`Client::stats`](crate::Client::stats), `on_drop`);
        /// [`try_enqueue`](Self::try_enqueue) says why. A `before_send` hook runs within the call.
        pub fn enqueue(self) $($bound)* {
            // The drop is in the books already.
            let _ = hand_over::enqueue(self.target, self.draft);
        }

        /// Like [`enqueue`](Self::enqueue), but says what became of it.
        ///
        /// # Errors
        ///
        /// [`EnqueueError`] when the event was dropped; its kind is the [`DropReason`](crate::DropReason) that it is counted
        /// under.
        ///
        /// # Examples
        ///
        /// ```
        /// # let klime = klime::Client::disabled();
        /// let error = klime.identify("").try_enqueue().unwrap_err();
        /// assert_eq!(error.to_string(), "user id is empty");
        /// ```
        pub fn try_enqueue(self) -> Result<MessageId, EnqueueError> $($bound)* {
            hand_over::try_enqueue(self.target, self.draft)
        }

        /// Sends the event at once, in a batch of its own before all that is queued, and resolves to Klime's answer. The
        /// retry policy is that of all batches. Works on any executor; dropping the future does not take the event back.
        ///
        /// Resolves to [`SendError`] when the event was not accepted.
        ///
        /// # Examples
        ///
        /// ```
        /// # #[cfg(feature = "testing")] {
        /// # let klime = klime::testing::Recorder::new().client();
        /// # smol::block_on(async {
        /// let answer = klime.identify("user_123").send().await?;
        /// assert_eq!(answer.accepted, 1);
        /// # Ok::<(), klime::SendError>(())
        /// # }).unwrap();
        /// # }
        /// ```
        pub fn send(self) -> Sending $($bound)* {
            hand_over::send(self.target, self.draft)
        }

        /// Like [`send`](Self::send), waiting on this thread, for at most `timeout`.
        ///
        /// # Errors
        ///
        /// [`SendError`] when the event was not accepted; of kind
        /// [`Timeout`](crate::SendErrorKind::Timeout) when there was no answer in time, in which case the client goes on trying.
        ///
        /// # Examples
        ///
        /// ```
        /// # #[cfg(feature = "testing")] {
        /// # let klime = klime::testing::Recorder::new().client();
        /// let answer = klime.identify("user_123").send_blocking(std::time::Duration::from_secs(10))?;
        /// assert_eq!(answer.accepted, 1);
        /// # }
        /// # Ok::<(), klime::SendError>(())
        /// ```
        pub fn send_blocking(self, timeout: Duration) -> Result<BatchResponse, SendError> $($bound)* {
            hand_over::send(self.target, self.draft).wait(timeout)
        }

        /// Turns it into the dynamic form, without sending it. What was wrong goes with it, and is reported when it is enqueued.
        #[must_use]
        pub fn into_event(self) -> Event {
            self.draft.into_event(self.target.library())
        }
    };
}

impl<S> Track<'_, S> {
    common!(where S: HasUserOrGroup);
}

impl Identify<'_> {
    common!();
}

impl Group<'_> {
    common!();
}
