//! Makes the calls of a case with this SDK. The tests of the command make them, too.

use std::time::{Duration, SystemTime};

use klime::{Client, ClientBuilder, Event, Overflow};
use serde_json::{Value, json};

use super::vectors::Case;
use super::{LIBRARY_NAME, LIBRARY_VERSION};

/// Only failures last this long.
const LIMIT: Duration = Duration::from_secs(60);

/// A client with the runner's settings and those of the case.
pub(super) fn builder(case: &Case, server: &str) -> ClientBuilder {
    let builder = Client::builder("test-key")
        .endpoint(server)
        .flush_interval(Duration::from_secs(3600))
        .retry_initial_delay(Duration::from_millis(1))
        .request_timeout(LIMIT)
        .max_in_flight(1);
    case.options.iter().fold(builder, |builder, (name, value)| set(builder, name, value, server))
}

/// Makes all calls, and brings the client to its end.
pub(super) fn make_all(case: &Case, client: &Client) {
    for call in &case.calls {
        make(client, call);
    }
    if case.calls.last().is_some_and(|call| call["call"] != "shutdown") {
        make(client, &json!({ "call": "flush" }));
        make(client, &json!({ "call": "shutdown" }));
    }
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
