//! Events that are JSON already, as other languages' faces of the SDK and stored lines give them.
//!
//! The common shape is taken apart no further than its outermost keys. Whatever is not of that shape, or may be wrong, is left to
//! [`Event`](super::Event), which looks at everything; both end as the same event.

use std::fmt;

use serde::de::{Deserializer as _, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Draft, EventKind};

impl Draft {
    /// Takes the JSON of an event of the common shape: a kind, a plain name, plain ids and one object, each once and no other
    /// key. `None` for everything else.
    pub(crate) fn from_json(json: &[u8]) -> Option<Box<Self>> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let parts = reader.deserialize_map(Shallow).ok()?;
        reader.end().ok()?;
        let kind = parts.kind.and_then(|kind| EventKind::from_wire(plain_text(kind)?))?;
        let (name, user, group) = (parts.name, parts.user, parts.group);
        let is_complete = match kind {
            EventKind::Track => name.is_some() && (user.is_some() || group.is_some()),
            EventKind::Identify => name.is_none() && user.is_some(),
            EventKind::Group => name.is_none() && group.is_some(),
        };
        let has_other_fields = parts.fields.is_some_and(|(fields_name, _)| fields_name != kind.fields_name());
        let ids_are_plain = [user, group].into_iter().flatten().all(is_plain_id);
        let name_is_plain = name.is_none_or(|name| plain_text(name).is_some());
        if !is_complete || has_other_fields || !ids_are_plain || !name_is_plain {
            return None;
        }
        let mut draft = Self::new(kind);
        if let Some(name) = name {
            draft.set_raw_name(name);
        }
        if let Some(user) = user {
            draft.set_raw_user(user);
        }
        if let Some(group) = group {
            draft.set_raw_group(group);
        }
        if let Some((_, fields)) = parts.fields {
            draft.merge_fields(fields);
        }
        Some(draft)
    }
}

/// The text of a JSON string that is not empty and has nothing escaped.
fn plain_text(json: &str) -> Option<&str> {
    let text = json.strip_prefix('"')?.strip_suffix('"')?;
    (!text.is_empty() && !text.contains('\\')).then_some(text)
}

/// Whether this is a plain string, or an integer of 64 bits.
fn is_plain_id(json: &str) -> bool {
    plain_text(json).is_some() || json.parse::<i64>().is_ok() || json.parse::<u64>().is_ok()
}

/// The outermost keys of an event, with their values as JSON.
#[derive(Default)]
struct Parts<'a> {
    kind: Option<&'a str>,
    name: Option<&'a str>,
    user: Option<&'a str>,
    group: Option<&'a str>,
    fields: Option<(&'a str, &'a RawValue)>,
}

struct Shallow;

impl<'de> Visitor<'de> for Shallow {
    type Value = Parts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event of the common shape")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parts<'de>, A::Error> {
        let uncommon = || A::Error::custom("not of the common shape");
        let mut parts = Parts::default();
        while let Some((key, value)) = map.next_entry::<&str, &RawValue>()? {
            let is_repeated = match key {
                "type" => parts.kind.replace(value.get()).is_some(),
                "event" => parts.name.replace(value.get()).is_some(),
                "userId" => parts.user.replace(value.get()).is_some(),
                "groupId" => parts.group.replace(value.get()).is_some(),
                "properties" | "traits" => parts.fields.replace((key, value)).is_some(),
                _ => return Err(uncommon()),
            };
            if is_repeated {
                return Err(uncommon());
            }
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Library};
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    /// What an event is on the wire, without what differs from one to the next.
    fn of_draft(json: &[u8]) -> Option<Result<Value, String>> {
        let draft = Draft::from_json(json)?;
        Some(draft.encoded(&Library::RUST, |encoded| match &encoded.problem {
            Some(problem) => Err(problem.to_string()),
            None => Ok(comparable(serde_json::from_slice(encoded.json).unwrap())),
        }))
    }

    fn of_event(json: &[u8]) -> Result<Value, String> {
        match Event::from_json(json).map_err(|error| error.to_string())?.encode(&Library::RUST) {
            (_, Some(problem)) => Err(problem.to_string()),
            (json, None) => Ok(comparable(serde_json::from_slice(&json).unwrap())),
        }
    }

    fn comparable(mut event: Value) -> Value {
        let fields = event.as_object_mut().unwrap();
        assert!(fields.remove("messageId").is_some() && fields.remove("timestamp").is_some());
        event
    }

    #[test]
    fn common_shape_is_taken_as_it_is() {
        for json in [
            r#"{"type":"track","event":"E","userId":"u","properties":{"a":[1,2.5,{"b":null}]}}"#,
            r#" { "event" : "Ü ✓", "groupId" : 42, "userId" : -7, "type" : "track" } "#,
            r#"{"type":"identify","userId":18446744073709551615,"traits":{}}"#,
            r#"{"type":"group","groupId":"g","traits":null}"#,
        ] {
            let taken = of_draft(json.as_bytes());
            assert_eq!(taken, Some(of_event(json.as_bytes())), "{json}");
            assert!(taken.unwrap().is_ok(), "{json}");
        }
    }

    #[test]
    fn everything_else_is_left_to_the_event() {
        for json in [
            r#"{"type":"track","event":"E"}"#,
            r#"{"type":"track","event":"","userId":"u"}"#,
            r#"{"type":"track","event":"a\"b","userId":"u"}"#,
            r#"{"type":"track","event":"E","userId":""}"#,
            r#"{"type":"track","event":"E","userId":1.5}"#,
            r#"{"type":"track","event":"E","userId":18446744073709551616}"#,
            r#"{"type":"track","event":"E","userId":null,"groupId":"g"}"#,
            r#"{"type":"track","event":"E","userId":"u","messageId":"m"}"#,
            r#"{"type":"track","event":"E","userId":"u","userId":"v"}"#,
            r#"{"type":"identify","userId":"u","properties":{}}"#,
            r#"{"type":"group","userId":"u"}"#,
            r#"{"type":"alias","userId":"u"}"#,
            r#"{"userId":"u"}"#,
            r#"{"type":"identify","userId":"u"}4"#,
            "[]",
            "",
        ] {
            assert!(Draft::from_json(json.as_bytes()).is_none(), "{json}");
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e9..1e9).prop_map(Value::from),
            "[a-zé\"\\\\]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec(("[a-z]{1,2}", inner), 0..3)
                    .prop_map(|entries| Value::Object(Map::from_iter(entries))),
            ]
        })
    }

    proptest! {
        #[test]
        fn both_ways_make_the_same_event(
            kind in prop::sample::select(vec!["track", "identify", "group", "alias"]),
            parts in prop::collection::vec(any_value(), 5),
            present in prop::collection::vec(any::<bool>(), 5),
        ) {
            let mut event = json!({ "type": kind });
            let keys = ["event", "userId", "groupId", "properties", "traits"];
            for ((key, part), is_present) in keys.into_iter().zip(parts).zip(present) {
                if is_present {
                    event[key] = part;
                }
            }
            let json = event.to_string();
            if let Some(taken) = of_draft(json.as_bytes()) {
                prop_assert_eq!(taken, of_event(json.as_bytes()), "{}", json);
            }
        }
    }
}
