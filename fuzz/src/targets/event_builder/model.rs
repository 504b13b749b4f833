//! What an event has to be after some calls, in the plainest way.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use klime::{DropReason, EventKind};
use serde_json::{Map, Value, json};

use super::Call;

const MOST_BYTES: usize = 200 * 1024;

/// A UUID and a timestamp, both with quotes, and the timestamp's key.
const MESSAGE_ID_BYTES: usize = 38;
const TIMESTAMP_BYTES: usize = ",\"timestamp\":\"2026-11-23T15:20:00.123Z\"".len();

pub(super) struct Model {
    kind: EventKind,
    is_dynamic: bool,
    event: Map<String, Value>,
    fields: Map<String, Value>,
    is_invalid: bool,
    timestamp: Option<SystemTime>,
}

impl Model {
    pub(super) fn new(kind: EventKind, subject: &str, is_dynamic: bool) -> Self {
        let mut event = Map::new();
        event.insert("type".into(), kind.as_str().into());
        event.insert("context".into(), json!({ "library": { "name": "rust-sdk", "version": "1.0.0" } }));
        let mut model = Self { kind, is_dynamic, event, fields: Map::new(), is_invalid: false, timestamp: None };
        match kind {
            EventKind::Track => model.text("event", subject),
            EventKind::Identify => model.text("userId", subject),
            _ => model.text("groupId", subject),
        }
        if kind == EventKind::Track && !is_dynamic {
            model.text("userId", "user");
        }
        model
    }

    pub(super) fn apply(&mut self, call: &Call) {
        // The fluent builders have no method for these.
        let has_user = self.is_dynamic || self.kind != EventKind::Identify;
        let has_group = self.is_dynamic || self.kind == EventKind::Track;
        match call {
            Call::User(id) if has_user => self.text("userId", id),
            Call::Group(id) if has_group => self.text("groupId", id),
            Call::User(_) | Call::Group(_) => {}
            Call::MessageId(id) => self.text("messageId", id),
            Call::Timestamp(time) => self.time(*time),
            Call::Ip(ip) => self.event["context"]["ip"] = json!(ip.to_string()),
            Call::Field(key, value) => drop(self.fields.insert(key.clone(), value.clone())),
            Call::NotANumber(key) => drop(self.fields.insert(key.clone(), Value::Null)),
            Call::Fields(Value::Object(fields)) => self.fields.extend(fields.clone()),
            Call::Fields(other) => self.is_invalid |= !other.is_null(),
        }
    }

    /// A fluent builder notes an empty text at once, an [`Event`](klime::Event) is looked at when it is enqueued.
    fn text(&mut self, key: &str, text: &str) {
        self.is_invalid |= text.is_empty() && !self.is_dynamic;
        self.event.insert(key.into(), text.into());
    }

    fn time(&mut self, time: SystemTime) {
        let is_right = is_in_range(time);
        self.is_invalid |= self.is_dynamic && !is_right;
        if is_right || !self.is_dynamic {
            self.timestamp = Some(time);
        }
    }

    pub(super) fn refused_for(&self) -> Option<DropReason> {
        let is_empty = |key: &str| self.event.get(key).is_some_and(|text| text == "");
        let has_empty = ["event", "userId", "groupId", "messageId"].into_iter().any(is_empty);
        let has_neither = !self.event.contains_key("userId") && !self.event.contains_key("groupId");
        let is_out_of_range = self.timestamp.is_some_and(|time| !is_in_range(time));
        if self.is_invalid || has_empty || has_neither || is_out_of_range {
            return Some(DropReason::Invalid);
        }
        (self.bytes() > MOST_BYTES).then_some(DropReason::TooLarge)
    }

    fn whole(&self) -> Map<String, Value> {
        let mut event = self.event.clone();
        if !self.fields.is_empty() {
            let name = if self.kind == EventKind::Track { "properties" } else { "traits" };
            event.insert(name.into(), Value::Object(self.fields.clone()));
        }
        event
    }

    fn bytes(&self) -> usize {
        let event = self.whole();
        let message_id = if event.contains_key("messageId") { 0 } else { ",\"messageId\":".len() + MESSAGE_ID_BYTES };
        Value::Object(event).to_string().len() + message_id + TIMESTAMP_BYTES
    }

    /// What arrives of an event that was taken with this message id; without a timestamp that was not set.
    pub(super) fn arrives(&self, message_id: &str) -> Map<String, Value> {
        assert_eq!(self.refused_for(), None, "it was taken");
        let mut event = self.whole();
        let set = event.insert("messageId".into(), message_id.into());
        assert!(set.is_none_or(|set| set == message_id));
        if let Some(time) = self.timestamp {
            event.insert("timestamp".into(), timestamp(time).into());
        }
        event
    }
}

fn is_in_range(time: SystemTime) -> bool {
    time.duration_since(UNIX_EPOCH).is_ok_and(|since| since < Duration::from_secs(253_402_300_800))
}

/// The time in the form of the wire, by way of its HTTP form.
fn timestamp(time: SystemTime) -> String {
    let millis = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_millis());
    let date = httpdate::fmt_http_date(time);
    let [day, month, year, clock] = [&date[5..7], &date[8..11], &date[12..16], &date[17..25]];
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|name| *name == month).map_or(0, |place| place + 1);
    format!("{year}-{month:02}-{day}T{clock}.{millis:03}Z")
}
