//! Runs one case.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::calls;
use super::matching::Matching;
use super::notices::Notices;
use super::vectors::Case;
use crate::support::{Answer, Received, Server};

pub(super) fn run(case: &Case) -> Result<(), String> {
    let server = Server::scripted(case.answers.iter().map(answer));
    let notices = Notices::default();
    let client = notices.listen(calls::builder(case, &server.endpoint())).build().unwrap();
    calls::make_all(case, &client);
    compare_requests(&case.requests, &server.requests())?;
    notices.compare(&case.outcome, &client.stats())
}

fn answer(answer: &Value) -> Answer {
    match answer["fault"].as_str() {
        Some("hang") => return Answer::hang(),
        Some("reset") => return Answer::reset(),
        Some("refuse") => return Answer::refuse_mid_request(),
        Some(other) => panic!("unknown fault {other}"),
        None => {}
    }
    let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
    let mut made = match (answer.get("body"), answer["text"].as_str()) {
        (Some(body), _) => Answer::status(status).json(body),
        (None, Some(text)) => Answer::status(status).body(text),
        (None, None) if status == 200 => Answer::ok(),
        (None, None) => Answer::status(status),
    };
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        made = made.header(name, header_value(value.as_str().unwrap()));
    }
    made
}

#[expect(clippy::disallowed_methods, reason = "an HTTP date in the future needs the time")]
fn header_value(text: &str) -> String {
    match text.strip_prefix("{{http_date+").and_then(|rest| rest.strip_suffix("}}")) {
        Some(seconds) => httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds.parse().unwrap())),
        None => text.to_owned(),
    }
}

fn compare_requests(expected: &[Value], received: &[Received]) -> Result<(), String> {
    if received.len() != expected.len() {
        return Err(format!("{} requests, not {}", received.len(), expected.len()));
    }
    let mut matching = Matching::default();
    for (index, (expected, request)) in expected.iter().zip(received).enumerate() {
        let place = format!("request {index}");
        compare_head(&place, expected, request)?;
        if expected["complete"] != false {
            compare_body(&place, expected, request, &mut matching)?;
        }
        let since_last = index.checked_sub(1).map_or(Duration::ZERO, |last| request.at - received[last].at);
        if since_last < Duration::from_millis(expected["min_delay"].as_u64().unwrap_or(0)) {
            return Err(format!("{place} came {since_last:?} after the one before"));
        }
    }
    Ok(())
}

fn compare_head(place: &str, expected: &Value, request: &Received) -> Result<(), String> {
    let mut headers = json!({ "content-type": "application/json", "authorization": "Bearer test-key" });
    for (name, value) in expected["headers"].as_object().into_iter().flatten() {
        headers[name] = value.clone();
    }
    for (name, value) in headers.as_object().unwrap() {
        if request.header(name) != value.as_str() {
            return Err(format!("{place} has {name}: {:?}, not {value}", request.header(name)));
        }
    }
    let wanted = ("POST", expected["path"].as_str().unwrap_or("/v1/batch"));
    let asked = (request.method.as_str(), request.path.as_str());
    if asked == wanted { Ok(()) } else { Err(format!("{place} is {asked:?}, not {wanted:?}")) }
}

fn compare_body(place: &str, expected: &Value, request: &Received, matching: &mut Matching) -> Result<(), String> {
    let bytes = request.body.len() as u64;
    if expected["body_bytes"].as_u64().is_some_and(|wanted| wanted != bytes) {
        return Err(format!("{place} has {bytes} bytes, not {}", expected["body_bytes"]));
    }
    let body = request.json();
    if body.as_object().is_none_or(|body| body.len() != 1) {
        return Err(format!("{place} is more than a batch"));
    }
    let events = request.events();
    if let Some(wanted) = expected.get("named") {
        let names: Value = events.iter().map(|event| event["event"].clone()).collect();
        matching.compare(&format!("{place}, names"), wanted, &names)?;
    }
    match expected.get("events") {
        Some(wanted) => matching.compare(&format!("{place}, batch"), wanted, &events.into()),
        None => Ok(()),
    }
}
