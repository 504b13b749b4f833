//! Reads the vectors and writes their repeats out.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

pub(super) const FILES: [&str; 5] = ["wire.json", "limits.json", "answers.json", "input.json", "lifecycle.json"];

/// A case with nothing left to expand.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) options: Map<String, Value>,
    pub(super) calls: Vec<Value>,
    pub(super) answers: Vec<Value>,
    pub(super) requests: Vec<Value>,
    pub(super) outcome: Value,
}

pub(super) fn load(file: &str) -> Vec<Case> {
    let cases = read(file);
    cases.iter().map(Case::from_json).collect()
}

/// The cases of a file as they are written.
pub(super) fn read(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

impl Case {
    fn from_json(case: &Value) -> Self {
        let mut requests = expand(&case["requests"]);
        for request in &mut requests {
            for list in ["events", "named"] {
                if let Some(entries) = request.get_mut(list) {
                    *entries = expand(entries).into();
                }
            }
        }
        Self {
            name: case["name"].as_str().unwrap().to_owned(),
            options: case["options"].as_object().cloned().unwrap_or_default(),
            calls: expand(&case["calls"]),
            answers: expand(&case["answers"]),
            requests,
            outcome: case["outcome"].clone(),
        }
    }
}

fn expand(entries: &Value) -> Vec<Value> {
    let mut expanded = Vec::new();
    for entry in entries.as_array().into_iter().flatten() {
        let Some(copies) = entry.get("repeat").and_then(Value::as_u64) else {
            expanded.push(entry.clone());
            continue;
        };
        let first = entry.get("from").and_then(Value::as_u64).unwrap_or(0);
        expanded.extend((first..first + copies).map(|number| numbered(&entry["of"], number)));
    }
    expanded
}

/// A copy whose `{{i}}` are its number.
fn numbered(value: &Value, number: u64) -> Value {
    match value {
        Value::String(text) => text.replace("{{i}}", &number.to_string()).into(),
        Value::Array(values) => values.iter().map(|value| numbered(value, number)).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), numbered(value, number))).collect(),
        other => other.clone(),
    }
}
