//! Cases in which the SDK talks to `klime dev` itself.

use serde_json::Value;

use super::calls;
use super::vectors::Case;
use crate::support::Dev;

pub(super) fn play(dev: &Dev, case: &Case, faults: &[Value]) -> Result<(), String> {
    for fault in faults {
        let answer = dev.post("/dev/fault", fault);
        if answer.status != 201 {
            return Err(format!("the fault {fault} is answered {}: {}", answer.status, answer.text()));
        }
    }
    let client = calls::builder(case, &dev.endpoint()).build().unwrap();
    calls::make_all(case, &client);
    compare_books(case, &client.stats())?;
    compare_batches(dev, case, faults)?;
    compare_events(dev, case, faults.len())
}

/// What the SDK makes of the answers.
fn compare_books(case: &Case, books: &klime::Stats) -> Result<(), String> {
    let expected = |key: &str| case.outcome[key].as_u64().unwrap_or(0);
    let found = [
        ("enqueued", books.enqueued),
        ("accepted", books.accepted),
        ("rejected", books.rejected),
        ("failed", books.failed),
    ];
    match found.into_iter().find(|(key, count)| *count != expected(key)) {
        Some((key, count)) => Err(format!("{count} events are {key}, not {}", expected(key))),
        None => Ok(()),
    }
}

/// One request for each that is expected, with the answer of its fault, not before its time.
fn compare_batches(dev: &Dev, case: &Case, faults: &[Value]) -> Result<(), String> {
    let batches = dev.get("/dev/batches?limit=1000").json();
    let mut batches: Vec<Value> = batches["batches"].as_array().unwrap().clone();
    batches.reverse();
    if batches.len() != case.requests.len() {
        return Err(format!("{} requests came, not {}", batches.len(), case.requests.len()));
    }
    let mut last: Option<jiff::Timestamp> = None;
    for (index, (batch, request)) in batches.iter().zip(&case.requests).enumerate() {
        let status = match faults.get(index) {
            None => 200,
            // Faults without an answer are in the books as 0.
            Some(fault) => fault["status"].as_u64().unwrap_or(0),
        };
        if batch["status"] != status {
            return Err(format!("request {index} has the status {}, not {status}", batch["status"]));
        }
        if request["body_bytes"].as_u64().is_some_and(|bytes| batch["bytes"] != bytes) {
            return Err(format!("request {index} has {} bytes, not {}", batch["bytes"], request["body_bytes"]));
        }
        let at: jiff::Timestamp = batch["receivedAt"].as_str().unwrap().parse().unwrap();
        let waited = last.map_or(0, |last| at.duration_since(last).as_millis());
        // Both times are cut to milliseconds.
        if waited + 1 < request["min_delay"].as_i64().unwrap_or(0).into() {
            return Err(format!("request {index} came {waited} ms after the one before"));
        }
        last = Some(at);
    }
    Ok(())
}

/// Each event of the accepted requests, in their order, as it was sent.
fn compare_events(dev: &Dev, case: &Case, failed: usize) -> Result<(), String> {
    let events = dev.get("/dev/events?status=all&after=0&limit=1000").json();
    let mut events = events["events"].as_array().unwrap().iter();
    for request in case.requests.iter().skip(failed) {
        let wanted = match (request["events"].as_array(), request["named"].as_array()) {
            (Some(wanted), _) => wanted.clone(),
            (None, Some(names)) => names.iter().map(|name| serde_json::json!({ "event": name })).collect(),
            // One event was sent, and nothing is said of it.
            (None, None) => vec![Value::Null],
        };
        for wanted in wanted {
            let Some(row) = events.next() else { return Err(format!("an event is missing: {wanted}")) };
            compare_event(row, &wanted)?;
        }
    }
    match events.next() {
        Some(row) => Err(format!("one event too many: {row}")),
        None => Ok(()),
    }
}

fn compare_event(row: &Value, wanted: &Value) -> Result<(), String> {
    if row["status"] != "accepted" {
        return Err(format!("an event is not accepted: {row}"));
    }
    for (key, value) in wanted.as_object().into_iter().flatten().filter(|(key, _)| *key != "context") {
        // What differs from run to run is compared where the SDK is tested.
        let is_open = value.as_str().is_some_and(|text| text.starts_with("{{"));
        if !is_open && key != "properties" && row["body"][key] != *value {
            return Err(format!("{key} is {}, not {value}: {row}", row["body"][key]));
        }
        if row.get(key).is_some_and(|shown| key != "timestamp" && !is_open && shown != value) {
            return Err(format!("{key} is shown as {}, not {value}", row[key]));
        }
    }
    let shown = |key: &str| wanted.get(key).and_then(Value::as_object);
    let (wanted, found) = (shown("properties"), row["body"]["properties"].as_object());
    for (key, value) in wanted.into_iter().flatten().filter(|(_, value)| **value != "{{fill}}") {
        if found.and_then(|found| found.get(key)) != Some(value) {
            return Err(format!("the property {key} is not {value}: {row}"));
        }
    }
    Ok(())
}
