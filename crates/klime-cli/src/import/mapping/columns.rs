//! Columns that the user maps: which one is the user, which the time, and what becomes of the others.

use std::fmt;

use serde_json::Value;

use super::values::{inferred, shown};
use super::{Fault, Fields, NoEvent, Times, Type, context, put};

/// A part of an event that a column can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// `type`.
    Type,
    /// `event`, the name.
    Event,
    /// `userId`.
    UserId,
    /// `groupId`.
    GroupId,
    /// `timestamp`.
    Timestamp,
    /// `messageId`.
    MessageId,
    /// The address in `context`.
    Ip,
    /// An object that the properties or traits begin with, or its JSON as text.
    Properties,
}

impl Target {
    pub(crate) const ALL: [(Self, &str); 8] = [
        (Self::Type, "type"),
        (Self::Event, "event"),
        (Self::UserId, "userId"),
        (Self::GroupId, "groupId"),
        (Self::Timestamp, "timestamp"),
        (Self::MessageId, "messageId"),
        (Self::Ip, "ip"),
        (Self::Properties, "properties"),
    ];

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == word).map(|(target, _)| *target)
    }

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(target, _)| *target == self).map_or("", |(_, name)| name)
    }
}

/// Which of the other columns become properties or traits, and as what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// Whether all others do, or only those that are named.
    pub all: bool,
    /// The columns that are named, with their types.
    pub named: Vec<(String, Option<Type>)>,
}

impl Rest {
    /// Reads `*`, `a,b`, `*,seats:number` or nothing.
    ///
    /// # Errors
    ///
    /// A sentence about what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rest = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            if part == "*" {
                rest.all = true;
                continue;
            }
            // A name may hold a colon itself.
            let typed = part.rsplit_once(':').map(|(name, word)| (name, word, Type::parse(word)));
            match typed {
                Some((name, _, Some(meant))) if !name.is_empty() => rest.named.push((name.to_owned(), Some(meant))),
                Some((_, word, None)) if word.chars().all(|char| char.is_ascii_lowercase()) => {
                    return Err(format!(
                        "{word:?} is no type; a column is NAME or NAME:string|number|boolean|time|json"
                    ));
                }
                _ => rest.named.push((part.to_owned(), None)),
            }
        }
        Ok(rest)
    }
}

impl fmt::Display for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.all.then(|| "*".to_owned());
        let named = self.named.iter().map(|(name, meant)| match meant {
            Some(meant) => format!("{name}:{}", meant.word()),
            None => name.clone(),
        });
        f.write_str(&all.into_iter().chain(named).collect::<Vec<_>>().join(","))
    }
}

/// The user's mapping of columns.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// Whether the fields are an event's already, and nothing is mapped: then unknown ones stay where they are.
    pub is_event: bool,
    /// The type of all events.
    pub kind: Option<String>,
    /// The name of all events.
    pub event: Option<String>,
    /// Which column is what; a part that is not here has the column of its own name.
    pub map: Vec<(Target, String)>,
    /// What becomes of the others.
    pub rest: Rest,
    /// Whether texts that look like numbers or truth values are meant as such.
    pub infer: bool,
}

impl Columns {
    /// The column that is mapped to a part of the event.
    pub fn column(&self, target: Target) -> Option<&str> {
        self.map.iter().rev().find(|(mapped, _)| *mapped == target).map(|(_, column)| column.as_str())
    }

    pub(super) fn event(&self, mut fields: Fields, times: &Times) -> Result<Fields, NoEvent> {
        fields.retain(|_, value| !value.is_null());
        if self.is_event {
            return Ok(fields);
        }
        let mut event = self.head(&fields);
        let is_track = event.get("type").and_then(Value::as_str) == Some("track");
        let name = if is_track { "properties" } else { "traits" };
        let own = self.fields(fields, name, times)?;
        put(&mut event, name, (!own.is_empty()).then_some(Value::Object(own)));
        Ok(event)
    }

    /// All but the properties or traits.
    pub(super) fn head(&self, fields: &Fields) -> Fields {
        if self.is_event {
            return fields.clone();
        }
        let mut event = Fields::new();
        for (target, name) in Target::ALL {
            let value = find(fields, self.column(target).unwrap_or(name)).cloned();
            match target {
                Target::Ip => put(&mut event, "context", context(value.as_ref())),
                Target::Properties => {}
                _ => put(&mut event, name, value),
            }
        }
        put(&mut event, "type", self.kind.clone().map(Value::String));
        put(&mut event, "event", self.event.clone().map(Value::String));
        if !event.contains_key("type") && event.contains_key("event") {
            event.insert("type".to_owned(), Value::from("track"));
        }
        if event.get("type").and_then(Value::as_str) != Some("track") {
            event.remove("event");
        }
        event
    }

    /// The properties or traits.
    fn fields(&self, mut fields: Fields, name: &str, times: &Times) -> Result<Fields, Fault> {
        let whole = self.column(Target::Properties).unwrap_or(name);
        let mut own = object(whole, find(&fields, whole))?;
        let named: Vec<_> = self.rest.named.iter().map(|(name, _)| (name, find(&fields, name).cloned())).collect();
        for (target, name) in Target::ALL {
            fields.remove(self.column(target).unwrap_or(name));
        }
        fields.remove(whole);
        if self.rest.all {
            own.extend(fields);
        }
        own.extend(named.into_iter().filter_map(|(name, value)| Some((name.clone(), value?))));
        for (name, meant) in &self.rest.named {
            if let (Some(value), Some(meant)) = (own.get_mut(name), meant) {
                let read = meant.read(value.take(), times);
                *value = read.map_err(|problem| Fault::field(format!("column {name:?} {problem}")))?;
            }
        }
        if self.infer {
            let has_type =
                |name: &String| self.rest.named.iter().any(|(named, meant)| named == name && meant.is_some());
            for (_, value) in own.iter_mut().filter(|(name, _)| !has_type(name)) {
                *value = inferred(value.take());
            }
        }
        Ok(own)
    }
}

/// The value of a column: the field of that name, or what the path leads to (`user.id`).
pub(crate) fn find<'f>(fields: &'f Fields, column: &str) -> Option<&'f Value> {
    if let Some(value) = fields.get(column) {
        return Some(value);
    }
    let (first, rest) = column.split_once('.')?;
    find(fields.get(first)?.as_object()?, rest)
}

/// An object, or the JSON of one.
pub(super) fn object(name: &str, value: Option<&Value>) -> Result<Fields, Fault> {
    let refuse = |value: &Value| Fault::field(format!("\"{name}\" must be an object, not {}", shown(value)));
    match value {
        None | Some(Value::Null) => Ok(Fields::new()),
        Some(Value::Object(object)) => Ok(object.clone()),
        Some(value @ Value::String(text)) => match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Ok(object),
            _ if text.trim().is_empty() => Ok(Fields::new()),
            _ => Err(refuse(value)),
        },
        Some(other) => Err(refuse(other)),
    }
}
