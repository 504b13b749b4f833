//! What is checked of an [`Event`] before it goes out, and the form that it goes out in.

use serde_json::Value;

use super::{Event, EventKind, Library};
use crate::clock;
use crate::error::EnqueueError;

impl Event {
    /// Encodes the event for the wire, and says what is wrong with it.
    pub(crate) fn encode(mut self, library: &Library) -> (Vec<u8>, Option<EnqueueError>) {
        let checked = match self.problem.take() {
            Some(problem) => Err(problem),
            None => self.check_ids().and_then(|()| self.normalise(library)).map_err(EnqueueError::invalid),
        };
        match serde_json::to_vec(&self.object) {
            Ok(json) if super::is_too_deep(&json) => (json, checked.err().or_else(|| Some(super::too_deep("event")))),
            Ok(json) => (json, checked.err()),
            Err(error) => (Vec::new(), checked.err().or(Some(EnqueueError::unencodable("event", error)))),
        }
    }

    fn check_ids(&self) -> Result<(), String> {
        self.check_text("messageId", "message id")?;
        let user = self.check_id("userId", "user id")?;
        let group = self.check_id("groupId", "group id")?;
        match self.kind {
            EventKind::Track => {
                self.check_text("event", "event name")?;
                if !user && !group {
                    return Err("track event has neither a user id nor a group id, it needs one at least".to_owned());
                }
            }
            EventKind::Identify if !user => return Err("identify event has no user id".to_owned()),
            EventKind::Group if !group => return Err("group event has no group id".to_owned()),
            EventKind::Identify | EventKind::Group => {}
        }
        Ok(())
    }

    fn check_text(&self, key: &str, what: &str) -> Result<(), String> {
        match self.object.get(key) {
            Some(Value::String(text)) if text.is_empty() => Err(format!("{what} is empty")),
            Some(Value::String(_)) => Ok(()),
            Some(other) => Err(format!("{what} must be a string, not {}", type_of(other))),
            None => Err(format!("{what} is missing")),
        }
    }

    /// Whether the id is there, as a string or an integer.
    fn check_id(&self, key: &str, what: &str) -> Result<bool, String> {
        match self.object.get(key) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::String(text)) if text.is_empty() => Err(format!("{what} is empty")),
            Some(Value::String(_)) => Ok(true),
            Some(Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(true),
            Some(other) => Err(format!("{what} must be a string or an integer, not {}", type_of(other))),
        }
    }

    /// Brings the parts that have one right form into that form: no nulls, no empty objects, the timestamp in UTC, the library.
    fn normalise(&mut self, library: &Library) -> Result<(), String> {
        self.object.retain(|_, value| !value.is_null());
        let fields_name = self.kind.fields_name();
        match self.object.get(fields_name) {
            Some(Value::Object(fields)) if fields.is_empty() => drop(self.object.remove(fields_name)),
            None | Some(Value::Object(_)) => {}
            Some(other) => return Err(format!("{fields_name} must be an object, not {}", type_of(other))),
        }
        let timestamp = match self.object.get("timestamp") {
            None => clock::wall(),
            Some(Value::String(text)) => clock::parse_timestamp(text)?,
            Some(other) => return Err(format!("timestamp must be a string in ISO 8601, not {}", type_of(other))),
        };
        let mut text = Vec::with_capacity(clock::TIMESTAMP_LEN);
        clock::write_timestamp(&mut text, timestamp)?;
        self.object.insert("timestamp".to_owned(), Value::from(String::from_utf8_lossy(&text)));
        let context = self.object_mut("context").ok_or("context must be an object")?;
        context.entry("library").or_insert_with(|| library.value());
        Ok(())
    }
}

pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
