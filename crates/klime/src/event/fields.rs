//! The properties or traits of an event while it is built, already as JSON.
//!
//! What is added is encoded at once and appended. The common cases, one object or a few single fields, are never looked at
//! again; only when a key may stand twice is the text taken apart, so that the later one wins.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::EnqueueError;

/// Above this many single fields a repeated key is no longer looked for one by one.
const MOST_KEYS_COMPARED: usize = 32;

/// `,"key":value,"key":value`: each entry with a comma before it.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    json: Vec<u8>,
    /// Where the keys of single fields stand in `json`.
    keys: Vec<(usize, usize)>,
    /// An object was merged, whose keys are not known.
    has_object: bool,
    may_repeat: bool,
}

impl Fields {
    pub(crate) fn clear(&mut self) {
        self.json.clear();
        self.keys.clear();
        self.has_object = false;
        self.may_repeat = false;
    }

    pub(crate) fn capacity(&self) -> usize {
        self.json.capacity()
    }

    /// Adds one field; `what` names it in an error (`property` or `trait`).
    pub(crate) fn add<T: Serialize + ?Sized>(&mut self, what: &str, key: &str, value: &T) -> Result<(), EnqueueError> {
        let before = self.json.len();
        self.json.push(b',');
        let key_start = self.json.len();
        super::json_string(&mut self.json, key);
        let key_end = self.json.len();
        self.json.push(b':');
        if let Err(error) = self.encode(value, || format!("{what} {key:?}")) {
            self.json.truncate(before);
            return Err(error);
        }
        self.may_repeat |= self.has_object || self.stands_already(key_start, key_end);
        if self.keys.len() < MOST_KEYS_COMPARED {
            self.keys.push((key_start, key_end));
        }
        Ok(())
    }

    /// Appends a value; `what` names it in an error.
    fn encode<T: Serialize + ?Sized>(&mut self, value: &T, what: impl FnOnce() -> String) -> Result<(), EnqueueError> {
        let start = self.json.len();
        match serde_json::to_writer(&mut self.json, value) {
            Err(error) => Err(EnqueueError::unencodable(&what(), error)),
            Ok(()) => {
                let json = self.json.get(start..).unwrap_or_default();
                if super::is_too_deep(json) {
                    return Err(super::too_deep(&what()));
                }
                super::check_readable(json).map_err(|error| EnqueueError::unencodable(&what(), error))
            }
        }
    }

    fn stands_already(&self, start: usize, end: usize) -> bool {
        let key = self.json.get(start..end);
        let is_same = |(other_start, other_end): &(usize, usize)| {
            other_end - other_start == end - start && self.json.get(*other_start..*other_end) == key
        };
        self.keys.len() == MOST_KEYS_COMPARED || self.keys.iter().any(is_same)
    }

    /// Merges an object; `what` names it in an error (`properties` or `traits`). `None` and `()` add nothing.
    pub(crate) fn merge<T: Serialize + ?Sized>(&mut self, what: &str, object: &T) -> Result<(), EnqueueError> {
        let before = self.json.len();
        if let Err(error) = self.encode(object, || what.to_owned()) {
            self.json.truncate(before);
            return Err(error);
        }
        let is_first = before == 0;
        let added = self.json.get(before..).unwrap_or_default();
        match added.trim_ascii() {
            [b'{', inner @ .., b'}'] => {
                // A value that was JSON before (`RawValue`) may hold white space.
                let length = inner.trim_ascii().len();
                let start = before + (added.len() - added.trim_ascii_start().len()) + 1;
                let start = start + (inner.len() - inner.trim_ascii_start().len());
                let is_empty = length == 0;
                self.json.truncate(start + length);
                self.json.splice(before..start, (!is_empty).then_some(b','));
                self.may_repeat |= !is_empty && !is_first;
                self.has_object |= !is_empty;
                Ok(())
            }
            b"null" => {
                self.json.truncate(before);
                Ok(())
            }
            other => {
                let found = json_type(other.first().copied());
                self.json.truncate(before);
                Err(EnqueueError::invalid(format!("{what} must be an object, not {found}")))
            }
        }
    }

    /// Appends `,"name":{…}` to `out`, or nothing when there are no fields.
    pub(crate) fn write_object(&self, out: &mut Vec<u8>, name: &str) {
        if self.json.is_empty() {
            return;
        }
        out.extend_from_slice(b",\"");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":{");
        let entries = self.json.get(1..).unwrap_or_default();
        let merged = if self.may_repeat { without_repetitions(entries) } else { None };
        match merged {
            Some(merged) => out.extend_from_slice(&merged),
            None => out.extend_from_slice(entries),
        }
        out.push(b'}');
    }
}

fn json_type(first: Option<u8>) -> &'static str {
    match first {
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        _ => "a number",
    }
}

/// The entries with each key once, at its first place with its last value; `None` when no key stands twice.
fn without_repetitions(entries: &[u8]) -> Option<Vec<u8>> {
    let object = [b"{", entries, b"}"].concat();
    let entries = serde_json::Deserializer::from_slice(&object).deserialize_map(Entries).ok()?;
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(entries.len());
    let mut kept: Vec<(&str, &RawValue)> = Vec::with_capacity(entries.len());
    for (key, value) in &entries {
        match places.get(key.as_str()).and_then(|place| kept.get_mut(*place)) {
            Some(earlier) => earlier.1 = value,
            None => {
                places.insert(key, kept.len());
                kept.push((key, value));
            }
        }
    }
    if kept.len() == entries.len() {
        return None;
    }
    let mut json = Vec::with_capacity(object.len());
    for (index, (key, value)) in kept.into_iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        super::json_string(&mut json, key);
        json.push(b':');
        json.extend_from_slice(value.get().as_bytes());
    }
    Some(json)
}

/// Reads an object as a list of its entries, so that none is lost to a repeated key.
struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(build: impl FnOnce(&mut Fields)) -> String {
        let mut fields = Fields::default();
        build(&mut fields);
        let mut out = Vec::new();
        fields.write_object(&mut out, "properties");
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_is_written_without_fields() {
        assert_eq!(written(|_| {}), "");
        assert_eq!(written(|f| f.merge("properties", &json!({})).unwrap()), "");
        assert_eq!(written(|f| f.merge("properties", &()).unwrap()), "");
        assert_eq!(written(|f| f.merge("properties", &None::<u8>).unwrap()), "");
    }

    #[test]
    fn the_later_of_two_values_wins() {
        let repeated = |f: &mut Fields| {
            f.add("property", "a", &1).unwrap();
            f.add("property", "b\n", &2).unwrap();
            f.add("property", "a", &3).unwrap();
        };
        assert_eq!(written(repeated), r#","properties":{"a":3,"b\n":2}"#);
        let merged = |f: &mut Fields| {
            f.merge("properties", &json!({"a": {"x": [1.5]}, "b": 2})).unwrap();
            f.merge("properties", &json!({"b": 3, "c": 4})).unwrap();
            f.add("property", "c", "five").unwrap();
        };
        assert_eq!(written(merged), r#","properties":{"a":{"x":[1.5]},"b":3,"c":"five"}"#);
    }

    #[test]
    fn a_repetition_is_found_among_many_single_fields() {
        let many = |f: &mut Fields| {
            for index in 0..100 {
                f.add("property", &format!("key{index}"), &index).unwrap();
            }
            f.add("property", "key99", &"last").unwrap();
        };
        let json = written(many);
        assert_eq!(json.matches("key99").count(), 1);
        assert!(json.ends_with(r#""key99":"last"}"#));
    }

    #[test]
    fn an_object_that_was_json_before_may_hold_white_space() {
        let raw = |json: &str| RawValue::from_string(json.to_owned()).unwrap();
        assert_eq!(written(|f| f.merge("properties", &raw("{ \n }")).unwrap()), "");
        let merged = |f: &mut Fields| {
            f.merge("properties", &raw("{ }")).unwrap();
            f.merge("properties", &raw("{ \"a\" : 1 , \"b\": [ 2 ] }")).unwrap();
            f.merge("properties", &raw("{\t}")).unwrap();
            f.add("property", "b", &raw(" 3 ")).unwrap();
        };
        assert_eq!(written(merged), r#","properties":{"a":1,"b":3}"#);
    }

    #[test]
    fn what_could_not_be_read_back_is_refused() {
        let raw = |json: &str| RawValue::from_string(json.to_owned()).unwrap();
        for json in [r#""\ud800""#, "1e999", &"9".repeat(400), r#"{"\udc00": 1}"#] {
            let error = Fields::default().add("property", "a", &raw(json)).unwrap_err();
            assert_eq!(error.to_string(), "property \"a\" cannot be encoded as JSON", "{json}");
        }
        for json in [r#""\ud83d\ude00""#, "1e99", &"9".repeat(40), r#""1e999""#, r#""\u0000""#] {
            assert!(Fields::default().add("property", "a", &raw(json)).is_ok(), "{json}");
        }
    }

    #[test]
    fn what_is_no_object_is_refused_by_name_and_leaves_no_trace() {
        let mut fields = Fields::default();
        let refusal = |fields: &mut Fields, value| fields.merge("traits", &value).unwrap_err().to_string();
        assert_eq!(refusal(&mut fields, json!([1])), "traits must be an object, not an array");
        assert_eq!(refusal(&mut fields, json!("x")), "traits must be an object, not a string");
        assert_eq!(refusal(&mut fields, json!(1)), "traits must be an object, not a number");
        assert_eq!(refusal(&mut fields, json!(true)), "traits must be an object, not a boolean");
        assert!(fields.json.is_empty());
    }

    #[test]
    fn a_value_that_cannot_be_encoded_is_refused_and_leaves_no_trace() {
        let tuple_keys: HashMap<(u8, u8), u8> = HashMap::from([((1, 2), 3)]);
        let mut fields = Fields::default();
        let error = fields.merge("properties", &tuple_keys).unwrap_err();
        assert_eq!(error.to_string(), "properties cannot be encoded as JSON");
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "key must be a string");
        let error = fields.add("property", "shape", &tuple_keys).unwrap_err();
        assert_eq!(error.to_string(), "property \"shape\" cannot be encoded as JSON");
        assert!(fields.json.is_empty());
    }

    #[test]
    fn numbers_survive_a_merge_to_the_letter() {
        let merged = |f: &mut Fields| {
            f.merge("properties", &HashMap::from([("big", u128::MAX)])).unwrap();
            f.add("property", "nan", &f64::NAN).unwrap();
            f.add("property", "nan", &f64::INFINITY).unwrap();
        };
        assert_eq!(written(merged), r#","properties":{"big":340282366920938463463374607431768211455,"nan":null}"#);
    }
}
