//! The answers of a case as faults of `klime dev`, and as what a server by script says.

use serde_json::{Value, json};

use super::vectors::Case;
use crate::support::Reply;

/// The faults that give the answers of a case, in this order; `None` if there are none that do.
pub(super) fn faults(case: &Case) -> Option<Vec<Value>> {
    let is_elsewhere = case.options.get("endpoint").is_some_and(|endpoint| endpoint != "{{server}}/");
    if is_elsewhere {
        return None;
    }
    // Faults hit the first requests; what is accepted comes after them.
    let accepted = case.answers.iter().rev().take_while(|answer| is_plain_ok(answer)).count();
    case.answers.iter().take(case.answers.len() - accepted).map(fault).collect()
}

/// Whether it is what `klime dev` says without a fault.
fn is_plain_ok(answer: &Value) -> bool {
    let body = answer.get("body");
    answer["status"] == 200
        && answer.get("text").is_none()
        && body.is_none_or(|body| body["failed"] == 0 && body["accepted"] != 99 && body.get("errors").is_none())
}

fn fault(answer: &Value) -> Option<Value> {
    match answer["fault"].as_str() {
        Some(kind @ ("hang" | "reset")) => return Some(json!({ "kind": kind, "count": 1 })),
        Some(_) => return None,
        None => {}
    }
    let mut fault = json!({ "kind": "status", "status": answer["status"], "count": 1 });
    match answer["headers"].as_object() {
        Some(headers) if headers.len() > 1 || !headers.contains_key("Retry-After") => return None,
        Some(headers) => fault["retryAfter"] = headers["Retry-After"].as_str()?.parse::<u64>().ok()?.into(),
        None => {}
    }
    (400..600).contains(&answer["status"].as_u64()?).then_some(fault)
}

/// The answer as bytes; how long to wait is left out, because only the bodies matter there.
pub(super) fn reply(answer: &Value) -> Reply {
    if answer.get("fault").is_some() {
        return Reply::Close;
    }
    let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
    match (answer.get("body"), answer["text"].as_str()) {
        (Some(body), _) => Reply::status(status, &body.to_string()),
        (None, text) => Reply::status(status, text.unwrap_or_default()),
    }
}
