//! Compares events with what a vector says, where `{{…}}` stands for values that differ from run to run.

use std::collections::HashMap;

use serde_json::Value;
use uuid::Uuid;

/// The message ids that one case has named so far.
#[derive(Debug, Default)]
pub(super) struct Matching {
    named: HashMap<String, String>,
}

impl Matching {
    /// Compares, and says where the first difference is.
    pub(super) fn compare(&mut self, place: &str, expected: &Value, actual: &Value) -> Result<(), String> {
        let is_match = match (expected, actual) {
            (Value::Object(expected), Value::Object(actual)) => {
                if let Some(key) = actual.keys().find(|key| !expected.contains_key(*key)) {
                    return Err(format!("{place} has {key}"));
                }
                for (key, expected) in expected {
                    let actual = actual.get(key).ok_or_else(|| format!("{place} has no {key}"))?;
                    self.compare(&format!("{place}.{key}"), expected, actual)?;
                }
                true
            }
            (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
                for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                    self.compare(&format!("{place}[{index}]"), expected, actual)?;
                }
                true
            }
            (Value::String(expected), Value::String(actual)) => self.matches_text(expected, actual),
            _ => expected == actual,
        };
        if is_match { Ok(()) } else { Err(format!("{place} is {actual}, not {expected}")) }
    }

    fn matches_text(&mut self, expected: &str, actual: &str) -> bool {
        let Some(placeholder) = expected.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) else {
            return expected == actual;
        };
        match placeholder.split_once(':') {
            Some(("uuid", name)) => is_uuid_v4(actual) && self.matches_named(name, actual),
            None if placeholder == "uuid" => is_uuid_v4(actual),
            None if placeholder == "timestamp" => is_timestamp(actual),
            None if placeholder == "library.name" => actual == super::LIBRARY_NAME,
            None if placeholder == "library.version" => actual == super::LIBRARY_VERSION,
            // Its length shows in the request's `body_bytes`.
            None if placeholder == "fill" => actual.bytes().all(|byte| byte == b'x'),
            _ => panic!("unknown placeholder {expected}"),
        }
    }

    fn matches_named(&mut self, name: &str, actual: &str) -> bool {
        if let Some(known) = self.named.get(name) {
            return known == actual;
        }
        let is_new = self.named.values().all(|known| known != actual);
        self.named.insert(name.to_owned(), actual.to_owned());
        is_new
    }
}

fn is_uuid_v4(text: &str) -> bool {
    Uuid::try_parse(text).is_ok_and(|uuid| uuid.get_version_num() == 4 && uuid.hyphenated().to_string() == text)
}

fn is_timestamp(text: &str) -> bool {
    let shape = text.replace(|char: char| char.is_ascii_digit(), "0");
    shape == "0000-00-00T00:00:00.000Z"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const A: &str = "6f1d5c9e-0c5b-4f0a-9a51-2d3f4b5c6d7e";
    const B: &str = "00000000-0000-4000-8000-000000000001";

    fn compare(expected: &Value, actual: &Value) -> Result<(), String> {
        Matching::default().compare("event", expected, actual)
    }

    #[test]
    fn placeholders_match_values_of_their_form_only() {
        let cases = [
            ("{{uuid}}", A, true),
            ("{{uuid}}", "6F1D5C9E-0C5B-4F0A-9A51-2D3F4B5C6D7E", false),
            ("{{uuid}}", "6f1d5c9e-0c5b-1f0a-9a51-2d3f4b5c6d7e", false),
            ("{{timestamp}}", "2026-11-23T15:20:00.123Z", true),
            ("{{timestamp}}", "2026-11-23T15:20:00Z", false),
            ("{{fill}}", "xxx", true),
            ("{{fill}}", "xyx", false),
            ("plain", "plain", true),
        ];
        for (expected, actual, is_match) in cases {
            assert_eq!(compare(&json!(expected), &json!(actual)).is_ok(), is_match, "{expected} {actual}");
        }
    }

    #[test]
    fn named_ids_stay_the_same_and_differ_from_each_other() {
        let expected = json!(["{{uuid:a}}", "{{uuid:b}}", "{{uuid:a}}"]);
        compare(&expected, &json!([A, B, A])).unwrap();
        assert_eq!(
            compare(&expected, &json!([A, B, B])).unwrap_err(),
            format!("event[2] is {B:?}, not \"{{{{uuid:a}}}}\"")
        );
        compare(&expected, &json!([A, A, A])).unwrap_err();
    }

    #[test]
    fn keys_must_be_the_same() {
        assert_eq!(compare(&json!({ "a": 1 }), &json!({})).unwrap_err(), "event has no a");
        assert_eq!(compare(&json!({}), &json!({ "a": null })).unwrap_err(), "event has a");
        compare(&json!({ "a": [1] }), &json!({ "a": [1, 2] })).unwrap_err();
    }
}
