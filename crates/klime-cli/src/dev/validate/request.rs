//! The shape of a request: `{"batch":[…]}`.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::MAX_BATCH_EVENTS;

/// Why a request is refused as a whole. Its text is the sentence of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

const SHAPE: &str = r#"an object {"batch":[…]}"#;

/// The events of a request, each as the JSON text that was sent.
pub(super) fn events(body: &[u8]) -> Result<Vec<&RawValue>, Malformed> {
    let text = std::str::from_utf8(body)
        .map_err(|error| Malformed(format!("the body is not UTF-8 from byte {} on", error.valid_up_to())))?;
    if text.trim_ascii().is_empty() {
        return Err(Malformed(format!("the body is empty; it must be {SHAPE}")));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let batch = json.deserialize_any(Request).and_then(|batch| json.end().map(|()| batch)).map_err(malformed)?;
    let batch = batch.ok_or_else(|| Malformed(format!(r#"the body has no "batch"; it must be {SHAPE}"#)))?;
    if batch.count > MAX_BATCH_EVENTS {
        let sentence = format!(r#""batch" holds {} events; at most {MAX_BATCH_EVENTS} are taken at once"#, batch.count);
        return Err(Malformed(sentence));
    }
    Ok(batch.events)
}

fn malformed(error: serde_json::Error) -> Malformed {
    Malformed(match error.classify() {
        serde_json::error::Category::Data => format!("the body has another shape than the protocol's: {error}"),
        _ => format!("the body is not JSON: {error}"),
    })
}

struct Request;

impl<'de> Visitor<'de> for Request {
    type Value = Option<Batch<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SHAPE)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut batch = None;
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Batch if batch.is_some() => return Err(A::Error::custom(r#""batch" is there twice"#)),
                Key::Batch => batch = Some(map.next_value_seed(Events)?),
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(batch)
    }
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Batch,
    #[serde(other)]
    Other,
}

/// The events that may be taken, and how many there are in all: a body of millions of them must not cost memory for each.
struct Batch<'de> {
    events: Vec<&'de RawValue>,
    count: usize,
}

struct Events;

impl<'de> DeserializeSeed<'de> for Events {
    type Value = Batch<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Events {
    type Value = Batch<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"an array of events as "batch""#)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut batch = Batch { events: Vec::new(), count: 0 };
        while batch.count < MAX_BATCH_EVENTS {
            let Some(event) = seq.next_element()? else { return Ok(batch) };
            batch.events.push(event);
            batch.count += 1;
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {
            batch.count += 1;
        }
        Ok(batch)
    }
}
