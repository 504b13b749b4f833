//! [`Event`], the dynamic form: a view of one event's JSON object that is owned, can be stored and changed.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::check::type_of;
use super::{EventKind, MessageId, id};
use crate::clock;
use crate::error::EnqueueError;

const NO_TYPE: &str = "event has no type, or one that is not track, identify or group";

/// One event as an owned value, for when it is not known at compile time what it will be, and in callbacks.
///
/// It keeps all fields of the JSON it was read from, unknown ones too, and its message id: an event that was given to a callback,
/// written to a file and read back is the same event to Klime.
///
/// # Examples
///
/// ```
/// use klime::{Event, json};
///
/// # #[cfg(feature = "testing")] {
/// # let klime = klime::testing::Recorder::new().client();
/// let event = Event::track("Report Generated")
///     .with_user("user_123")
///     .with_properties(json!({ "report_type": "revenue" }));
///
/// let stored = serde_json::to_string(&event)?;
/// let again: Event = serde_json::from_str(&stored)?;
/// assert_eq!(again, event);
/// klime.try_enqueue_event(again)?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Event {
    pub(super) kind: EventKind,
    /// The object as it is on the wire.
    pub(super) object: Map<String, Value>,
    /// The first thing that was wrong while it was built; reported when it is enqueued.
    pub(super) problem: Option<EnqueueError>,
}

impl Event {
    /// A track event: something that a user or a group did. It still needs [`with_user`](Self::with_user) or
    /// [`with_group`](Self::with_group); without them the client refuses it as invalid.
    ///
    /// Like all events it is stamped with the time of the call and a new message id.
    ///
    /// # Examples
    ///
    /// ```
    /// use klime::{Event, json};
    ///
    /// let event = Event::track("Report Generated")
    ///     .with_user(123)
    ///     .with_group("org_456")
    ///     .with_properties(json!({ "report_type": "revenue", "pages": 1 }))
    ///     .with_property("pages", 2)
    ///     .with_message_id("report-7");
    /// assert_eq!(event.name(), Some("Report Generated"));
    /// assert_eq!(event.user_id().as_deref(), Some("123"));
    /// assert_eq!(event.properties().unwrap()["pages"], 2);
    /// assert_eq!(event.message_id(), "report-7");
    /// ```
    #[must_use]
    pub fn track(name: impl Into<String>) -> Self {
        Self::stamped(EventKind::Track).with_text("event", name.into())
    }

    /// An identify event: who a user is.
    ///
    /// # Examples
    ///
    /// ```
    /// let event = klime::Event::identify("user_123").with_trait_value("email", "user@example.com");
    /// assert_eq!(event.traits().unwrap()["email"], "user@example.com");
    /// ```
    #[must_use]
    pub fn identify(user_id: impl fmt::Display) -> Self {
        Self::stamped(EventKind::Identify).with_user(user_id)
    }

    /// A group event: what a group is and, [with a user](Self::with_user), that the user belongs to it.
    ///
    /// # Examples
    ///
    /// ```
    /// let event = klime::Event::group("org_456").with_user("user_123").with_ip([203, 0, 113, 7]);
    /// assert_eq!(event.group_id().as_deref(), Some("org_456"));
    /// assert_eq!(event.ip(), Some("203.0.113.7"));
    /// ```
    #[must_use]
    pub fn group(group_id: impl fmt::Display) -> Self {
        Self::stamped(EventKind::Group).with_group(group_id)
    }

    /// Sets the user id. Any type that prints; not empty.
    #[must_use]
    pub fn with_user(self, id: impl fmt::Display) -> Self {
        self.with_id("userId", "user id", id)
    }

    /// Sets the group id. Any type that prints; not empty.
    #[must_use]
    pub fn with_group(self, id: impl fmt::Display) -> Self {
        self.with_id("groupId", "group id", id)
    }

    /// Merges an object into the properties of a track event; of two values for a key the later one wins.
    #[must_use]
    pub fn with_properties(self, properties: impl Serialize) -> Self {
        self.with_fields("properties", properties)
    }

    /// Sets one property of a track event.
    #[must_use]
    pub fn with_property(self, key: impl Into<String>, value: impl Serialize) -> Self {
        self.with_field("properties", key.into(), value)
    }

    /// Merges an object into the traits of an identify or group event; of two values for a key the later one wins.
    #[must_use]
    pub fn with_traits(self, traits: impl Serialize) -> Self {
        self.with_fields("traits", traits)
    }

    /// Sets one trait of an identify or group event.
    #[must_use]
    pub fn with_trait_value(self, key: impl Into<String>, value: impl Serialize) -> Self {
        self.with_field("traits", key.into(), value)
    }

    /// Sets when it happened; the default is when the event was made. From 1970 to 9999, kept to the millisecond.
    #[must_use]
    pub fn with_timestamp(mut self, timestamp: impl Into<SystemTime>) -> Self {
        let mut text = Vec::with_capacity(clock::TIMESTAMP_LEN);
        match clock::write_timestamp(&mut text, timestamp.into()) {
            Ok(()) => self.with_text("timestamp", String::from_utf8_lossy(&text).into_owned()),
            Err(problem) => {
                self.note(EnqueueError::invalid(problem));
                self
            }
        }
    }

    /// Sets the id that Klime recognises a repetition by; the default is a new UUID v4. Not empty.
    #[must_use]
    pub fn with_message_id(self, id: impl fmt::Display) -> Self {
        self.with_id("messageId", "message id", id)
    }

    /// Sets the user's IP address; the default is none.
    #[must_use]
    pub fn with_ip(mut self, ip: impl Into<IpAddr>) -> Self {
        let ip = Value::from(ip.into().to_string());
        if let Some(context) = self.object_mut("context") {
            context.insert("ip".to_owned(), ip);
        }
        self
    }

    /// Which of the three calls it is.
    #[must_use]
    pub fn kind(&self) -> EventKind {
        self.kind
    }

    /// The name of a track event; `None` for the two others.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.object.get("event").and_then(Value::as_str)
    }

    /// The user id as text; `None` when it has none. One that was read from JSON may be a number there.
    #[must_use]
    pub fn user_id(&self) -> Option<Cow<'_, str>> {
        self.id_text("userId")
    }

    /// The group id as text; `None` when it has none.
    #[must_use]
    pub fn group_id(&self) -> Option<Cow<'_, str>> {
        self.id_text("groupId")
    }

    /// The id that Klime recognises a repetition by.
    #[must_use]
    pub fn message_id(&self) -> &str {
        self.object.get("messageId").and_then(Value::as_str).unwrap_or_default()
    }

    /// When it happened; `None` when it was read from JSON that has no timestamp, or none that can be read.
    #[must_use]
    pub fn timestamp(&self) -> Option<SystemTime> {
        self.object.get("timestamp").and_then(Value::as_str).and_then(|text| clock::parse_timestamp(text).ok())
    }

    /// The user's IP address as it was given.
    #[must_use]
    pub fn ip(&self) -> Option<&str> {
        self.object.get("context").and_then(|context| context.get("ip")).and_then(Value::as_str)
    }

    /// The properties of a track event; `None` when it has none.
    #[must_use]
    pub fn properties(&self) -> Option<&Map<String, Value>> {
        self.object.get("properties").and_then(Value::as_object)
    }

    /// The traits of an identify or group event; `None` when it has none.
    #[must_use]
    pub fn traits(&self) -> Option<&Map<String, Value>> {
        self.object.get("traits").and_then(Value::as_object)
    }

    /// The properties, to change them in a [`before_send`](crate::ClientBuilder::before_send) hook; `None` when it has none.
    #[must_use]
    pub fn properties_mut(&mut self) -> Option<&mut Map<String, Value>> {
        self.object.get_mut("properties").and_then(Value::as_object_mut)
    }

    /// The traits, to change them in a [`before_send`](crate::ClientBuilder::before_send) hook; `None` when it has none.
    #[must_use]
    pub fn traits_mut(&mut self) -> Option<&mut Map<String, Value>> {
        self.object.get_mut("traits").and_then(Value::as_object_mut)
    }

    /// The whole event as it is on the wire.
    ///
    /// # Examples
    ///
    /// ```
    /// let event = klime::Event::track("Button Clicked").with_user("user_123");
    /// assert_eq!(event.as_object()["type"], "track");
    /// assert_eq!(event.as_object()["userId"], "user_123");
    /// ```
    #[must_use]
    pub fn as_object(&self) -> &Map<String, Value> {
        &self.object
    }

    /// An event with nothing but its kind.
    pub(super) fn empty(kind: EventKind) -> Self {
        let object = Map::from_iter([("type".to_owned(), Value::from(kind.as_str()))]);
        Self { kind, object, problem: None }
    }

    fn stamped(kind: EventKind) -> Self {
        let mut event = Self::empty(kind).with_timestamp(clock::wall());
        event.ensure_message_id();
        event
    }

    fn ensure_message_id(&mut self) {
        if self.object.contains_key("messageId") {
            return;
        }
        let mut id = Vec::new();
        if let Err(problem) = id::write_new(&mut id) {
            self.note(EnqueueError::invalid(problem));
        }
        self.object.insert("messageId".to_owned(), serde_json::from_slice(&id).unwrap_or_default());
    }

    pub(super) fn with_problem(mut self, problem: EnqueueError) -> Self {
        self.note(problem);
        self
    }

    fn note(&mut self, problem: EnqueueError) {
        self.problem.get_or_insert(problem);
    }

    fn with_text(mut self, key: &str, text: String) -> Self {
        self.object.insert(key.to_owned(), Value::String(text));
        self
    }

    fn with_id(mut self, key: &str, what: &str, id: impl fmt::Display) -> Self {
        let mut text = Vec::new();
        if super::write_display(&mut text, id).is_err() {
            self.note(super::unformattable(what));
            return self;
        }
        self.with_text(key, String::from_utf8_lossy(&text).into_owned())
    }

    fn with_fields(mut self, fields_name: &'static str, object: impl Serialize) -> Self {
        match serde_json::to_value(object) {
            Ok(Value::Null) => {}
            Ok(Value::Object(fields)) => {
                if let Some(present) = self.fields_mut(fields_name) {
                    present.extend(fields);
                }
            }
            Ok(other) => {
                self.note(EnqueueError::invalid(format!("{fields_name} must be an object, not {}", type_of(&other))))
            }
            Err(error) => self.note(EnqueueError::unencodable(fields_name, error)),
        }
        self
    }

    fn with_field(mut self, fields_name: &'static str, key: String, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => {
                if let Some(present) = self.fields_mut(fields_name) {
                    present.insert(key, value);
                }
            }
            Err(error) => self.note(EnqueueError::unencodable(&format!("{} {key:?}", self.kind.field_word()), error)),
        }
        self
    }

    fn fields_mut(&mut self, fields_name: &'static str) -> Option<&mut Map<String, Value>> {
        if fields_name != self.kind.fields_name() {
            let problem = format!("event of type {} has {}, not {fields_name}", self.kind, self.kind.fields_name());
            self.note(EnqueueError::invalid(problem));
            return None;
        }
        self.object_mut(fields_name)
    }

    pub(super) fn object_mut(&mut self, key: &str) -> Option<&mut Map<String, Value>> {
        self.object.entry(key).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
    }

    fn id_text(&self, key: &str) -> Option<Cow<'_, str>> {
        match self.object.get(key)? {
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }

    /// Reads the JSON of an event, wherever it comes from.
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, EnqueueError> {
        let object: Map<String, Value> = serde_json::from_slice(json).map_err(EnqueueError::unreadable)?;
        Self::of_object(object).ok_or(EnqueueError::invalid(NO_TYPE))
    }

    fn of_object(object: Map<String, Value>) -> Option<Self> {
        let kind = object.get("type").and_then(Value::as_str).and_then(EventKind::from_wire)?;
        let mut event = Self { kind, object, problem: None };
        event.ensure_message_id();
        Some(event)
    }

    /// Reads the JSON of an event that the SDK itself encoded.
    pub(crate) fn from_wire(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    pub(crate) fn owned_message_id(&self) -> MessageId {
        MessageId::new(self.message_id().to_owned())
    }
}

/// Two events are equal when they are the same on the wire.
impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.object == other.object && self.problem.is_none() == other.problem.is_none()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut event = f.debug_struct("Event");
        event.field("object", &self.object);
        if let Some(problem) = &self.problem {
            event.field("problem", problem);
        }
        event.finish()
    }
}

/// The event's object as it is on the wire.
///
/// # Errors
///
/// What was wrong when it was built, so that nothing is stored without the part at fault.
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.problem {
            Some(problem) => Err(serde::ser::Error::custom(problem)),
            None => self.object.serialize(serializer),
        }
    }
}

/// Reads an object whose `type` is one of the three; everything else is checked when the event is enqueued. An event
/// without a message id gets a new one.
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of_object(Map::deserialize(deserializer)?).ok_or_else(|| serde::de::Error::custom(NO_TYPE))
    }
}
