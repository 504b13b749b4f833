//! The body of Klime's answer: any bytes are read without a panic, and what is read agrees with the JSON.

use klime::BatchResponse;
use serde_json::Value;

pub(crate) const TOKENS: &[&str] = &[
    "\"status\":",
    "\"accepted\":",
    "\"failed\":",
    "\"errors\":",
    "\"index\":",
    "\"message\":",
    "\"code\":",
    "null",
    "18446744073709551615",
    "-1",
    "1e3",
    "[{",
    "}]",
];

pub(crate) fn check(bytes: &[u8]) {
    let json: Option<Value> = serde_json::from_slice(bytes).ok();
    match (BatchResponse::from_json(bytes), json) {
        (Some(answer), Some(json)) => check_read(&answer, &json),
        (None, Some(json)) => assert!(!has_the_shape(&json), "{json} was not read"),
        (None, None) => {}
        (Some(answer), None) => panic!("{answer:?} was read from what is no JSON"),
    }
}

fn is_count_or_missing(value: &Value) -> bool {
    value.is_null() || value.is_u64()
}

/// An object with at least one count, and with `errors`, if they are there, in an array.
fn has_the_shape(json: &Value) -> bool {
    let (accepted, failed, errors) = (&json["accepted"], &json["failed"], &json["errors"]);
    json.is_object()
        && [accepted, failed].into_iter().all(is_count_or_missing)
        && (accepted.is_u64() || failed.is_u64())
        && (errors.is_null() || errors.is_array())
}

fn check_read(answer: &BatchResponse, json: &Value) {
    assert!(has_the_shape(json), "{answer:?} was read from {json}");
    assert_eq!(answer.accepted as u64, json["accepted"].as_u64().unwrap_or(0), "{json}");
    assert_eq!(answer.failed as u64, json["failed"].as_u64().unwrap_or(0), "{json}");
    assert_eq!(answer.status, json["status"].as_str().unwrap_or(""), "{json}");
    let listed = json["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let placed = listed.iter().filter(|error| error["index"].is_u64());
    assert_eq!(answer.errors.len(), placed.clone().count(), "{json}");
    for (error, json) in answer.errors.iter().zip(placed) {
        assert_eq!(error.index as u64, json["index"]);
        assert_eq!(error.message, json["message"].as_str().unwrap_or(""));
        assert_eq!(error.code, json["code"].as_str().unwrap_or(""));
        assert!(!error.to_string().is_empty());
    }
    assert_eq!(answer.is_success(), answer.failed == 0 && answer.errors.is_empty());
    assert!(!(answer.is_success() && answer.is_partial()));
}
