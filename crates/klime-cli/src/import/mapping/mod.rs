//! From a record's fields to a Klime event's.
//!
//! What a record's fields mean is known in one of three ways: they are columns that the user maps ([`Columns`]; without any mapping the
//! names are Klime's own), or messages of Segment (`segment`) or PostHog (`posthog`). The outcome is an event's object as far as the
//! record says; whether it is a good event is judged afterwards, by the rules of `klime dev`.
//!
//! This module is pure: it knows no files, no network and no time but the record's.

mod columns;
mod posthog;
mod segment;
mod time;
mod values;

use serde_json::{Map, Value};

pub(crate) use columns::find;
pub use columns::{Columns, Rest, Target};
pub use posthog::PostHog;
pub use segment::Segment;
pub use time::Times;
pub(crate) use time::zone;
pub use values::Type;
pub(crate) use values::shown;

/// The fields of a record, and the object of an event.
pub type Fields = Map<String, Value>;

/// What a record's fields mean.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// Columns with names.
    Columns(Columns),
    /// Messages as Segment stores them.
    Segment(Segment),
    /// Events as PostHog exports them.
    PostHog(PostHog),
}

/// Why a record becomes no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoEvent {
    /// It is at fault; it can be mended.
    Refused(Fault),
    /// It is of a kind that is not imported. This is the reason, in a word or two that are counted by.
    Skipped(&'static str),
}

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The code that is counted by; where `klime dev` has the same fault, its code.
    pub code: &'static str,
    /// A sentence that names the field and the value.
    pub message: String,
}

impl Fault {
    /// A field that is not what it must be.
    pub fn field(message: String) -> Self {
        Self { code: "invalid_field", message }
    }
}

impl From<Fault> for NoEvent {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

impl Meaning {
    /// The event's object, with its timestamp in the form of the wire; without a `messageId` if the record has none.
    ///
    /// # Errors
    ///
    /// [`NoEvent`] says why there is none.
    pub fn event(&self, fields: Fields, times: &Times) -> Result<Fields, NoEvent> {
        let mut event = match self {
            Self::Columns(columns) => columns.event(fields, times)?,
            Self::Segment(segment) => segment.event(fields)?,
            Self::PostHog(posthog) => posthog.event(fields)?,
        };
        event.retain(|_, value| !value.is_null());
        if let Some(timestamp) = event.get_mut("timestamp") {
            let text =
                times.normalise(timestamp).map_err(|problem| Fault::field(format!("\"timestamp\" {problem}")))?;
            *timestamp = Value::String(text);
        }
        if let Some(Value::Number(number)) = event.get("messageId") {
            let text = number.to_string();
            event.insert("messageId".to_owned(), Value::String(text));
        }
        Ok(event)
    }

    /// What is known of the event also when the rest of the record is at fault.
    pub fn head(&self, fields: &Fields) -> Fields {
        match self {
            Self::Columns(columns) => columns.head(fields),
            Self::Segment(_) | Self::PostHog(_) => Fields::new(),
        }
    }
}

/// Puts a value into an object, unless there is none.
fn put(object: &mut Fields, key: &str, value: Option<Value>) {
    if let Some(value) = value.filter(|value| !value.is_null()) {
        object.insert(key.to_owned(), value);
    }
}

/// The text of a string that is there and not empty.
fn text<'f>(fields: &'f Fields, key: &str) -> Option<&'f str> {
    fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The context of an imported event: the address, if it is one.
fn context(ip: Option<&Value>) -> Option<Value> {
    let ip = ip?.as_str()?.parse::<std::net::IpAddr>().ok()?;
    Some(serde_json::json!({ "ip": ip.to_string() }))
}

#[cfg(test)]
mod tests;
