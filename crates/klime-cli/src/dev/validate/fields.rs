//! The fields of one event, each as the JSON text that was sent.

use std::fmt;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// What the protocol names; anything else in an event is left alone. Of a key that is there twice the later one counts.
#[derive(Default)]
pub(super) struct Fields<'de> {
    pub(super) kind: Option<&'de RawValue>,
    pub(super) message_id: Option<&'de RawValue>,
    pub(super) timestamp: Option<&'de RawValue>,
    pub(super) name: Option<&'de RawValue>,
    pub(super) user_id: Option<&'de RawValue>,
    pub(super) group_id: Option<&'de RawValue>,
    pub(super) properties: Option<&'de RawValue>,
    pub(super) traits: Option<&'de RawValue>,
    pub(super) context: Option<&'de RawValue>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Key {
    Type,
    MessageId,
    Timestamp,
    Event,
    UserId,
    GroupId,
    Properties,
    Traits,
    Context,
    #[serde(other)]
    Other,
}

impl<'de> Fields<'de> {
    fn slot(&mut self, key: &Key) -> Option<&mut Option<&'de RawValue>> {
        Some(match key {
            Key::Type => &mut self.kind,
            Key::MessageId => &mut self.message_id,
            Key::Timestamp => &mut self.timestamp,
            Key::Event => &mut self.name,
            Key::UserId => &mut self.user_id,
            Key::GroupId => &mut self.group_id,
            Key::Properties => &mut self.properties,
            Key::Traits => &mut self.traits,
            Key::Context => &mut self.context,
            Key::Other => return None,
        })
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event, which is an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key::<Key>()? {
            match fields.slot(&key) {
                Some(slot) => *slot = Some(map.next_value()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(fields)
    }
}
