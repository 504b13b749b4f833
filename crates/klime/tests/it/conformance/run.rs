//! Runs one case.

use std::time::{Duration, SystemTime};

use klime::{Client, ClientBuilder, Event, Overflow};
use serde_json::{Value, json};

use super::matching::Matching;
use super::notices::Notices;
use super::vectors::Case;
use super::{LIBRARY_NAME, LIBRARY_VERSION};
use crate::support::{Answer, Received, Server};

/// Only failures last this long.
const LIMIT: Duration = Duration::from_secs(10);

pub(super) fn run(case: &Case) -> Result<(), String> {
    let server = Server::scripted(case.answers.iter().map(answer));
    let notices = Notices::default();
    let client = build(case, &server, &notices);
    for call in &case.calls {
        make(&client, call);
    }
    if case.calls.last().is_some_and(|call| call["call"] != "shutdown") {
        make(&client, &json!({ "call": "flush" }));
        make(&client, &json!({ "call": "shutdown" }));
    }
    compare_requests(&case.requests, &server.requests())?;
    notices.compare(&case.outcome, &client.stats())
}

fn build(case: &Case, server: &Server, notices: &Notices) -> Client {
    let mut builder = Client::builder("test-key")
        .endpoint(server.endpoint())
        .flush_interval(Duration::from_secs(3600))
        .retry_initial_delay(Duration::from_millis(1))
        .max_in_flight(1);
    for (name, value) in &case.options {
        builder = set(builder, name, value, &server.endpoint());
    }
    notices.listen(builder).build().unwrap()
}

fn set(builder: ClientBuilder, name: &str, value: &Value, server: &str) -> ClientBuilder {
    let number = || usize::try_from(value.as_u64().unwrap()).unwrap();
    let time = || Duration::from_millis(value.as_u64().unwrap());
    match name {
        "endpoint" => builder.endpoint(value.as_str().unwrap().replace("{{server}}", server)),
        "flush_interval" => builder.flush_interval(time()),
        "max_batch_size" => builder.max_batch_size(number()),
        "max_queue_size" => builder.max_queue_size(number()),
        "max_queue_bytes" => builder.max_queue_bytes(number()),
        "overflow" if value == "drop_newest" => builder.overflow(Overflow::DropNewest),
        "overflow" => builder.overflow(Overflow::DropOldest),
        "retry_max_attempts" => builder.retry_max_attempts(u32::try_from(number()).unwrap()),
        "retry_initial_delay" => builder.retry_initial_delay(time()),
        "max_in_flight" => builder.max_in_flight(number()),
        "connect_timeout" => builder.connect_timeout(time()),
        "request_timeout" => builder.request_timeout(time()),
        "shutdown_timeout" => builder.shutdown_timeout(time()),
        "flush_on_shutdown" => builder.flush_on_shutdown(value.as_bool().unwrap()),
        _ => panic!("unknown option {name}"),
    }
}

fn make(client: &Client, call: &Value) {
    // What became of the events is compared at the end, with the books.
    match call["call"].as_str().unwrap() {
        "flush" => drop(client.flush_blocking(LIMIT)),
        "shutdown" => drop(client.shutdown_blocking(LIMIT)),
        _ => client.enqueue_event(event(call)),
    }
}

fn event(call: &Value) -> Event {
    let text = |key: &str| call[key].as_str();
    let id = |key: &str| text(key).unwrap_or_default();
    let mut event = match call["call"].as_str().unwrap() {
        "track" => Event::track(id("event")),
        "identify" => Event::identify(id("user_id")),
        "group" => Event::group(id("group_id")),
        other => panic!("unknown call {other}"),
    };
    if let Some(user) = text("user_id") {
        event = event.with_user(user);
    }
    if let Some(group) = text("group_id") {
        event = event.with_group(group);
    }
    if !call["properties"].is_null() {
        event = event.with_properties(&call["properties"]);
    }
    if !call["traits"].is_null() {
        event = event.with_traits(&call["traits"]);
    }
    if let Some(timestamp) = text("timestamp") {
        let timestamp = timestamp.parse::<jiff::Timestamp>().unwrap();
        event = event.with_timestamp(SystemTime::try_from(timestamp).unwrap());
    }
    if let Some(message_id) = text("message_id") {
        event = event.with_message_id(message_id);
    }
    if let Some(ip) = text("ip") {
        event = event.with_ip(ip.parse::<std::net::IpAddr>().unwrap());
    }
    match call["fill_event_to"].as_u64() {
        Some(bytes) => event.with_property("fill", "x".repeat(usize::try_from(bytes).unwrap() - unfilled_bytes(call))),
        None => event,
    }
}

/// The length of a track event whose property `fill` is empty.
fn unfilled_bytes(call: &Value) -> usize {
    let mut event = json!({
        "type": "track", "messageId": "-".repeat(36), "timestamp": "-".repeat(24), "event": call["event"],
        "properties": { "fill": "" },
        "context": { "library": { "name": LIBRARY_NAME, "version": LIBRARY_VERSION } },
    });
    for (key, field) in [("user_id", "userId"), ("group_id", "groupId")] {
        if !call[key].is_null() {
            event[field] = call[key].clone();
        }
    }
    event.to_string().len()
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
