//! Both ways to build an event: what arrives is what a simple model says, or the event is refused for the reason that the model
//! gives, and counted.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use klime::testing::Recorder;
use klime::{Client, Event, EventKind, Request, Response, Transport, TransportError};
use serde_json::{Map, Value};

use super::{LIMIT, balanced};
use crate::input::Input;

mod model;

use model::Model;

pub(crate) const TOKENS: &[&str] = &["\u{fa}", "\u{ff}", "a\u{0}", "\"\\\u{0}", "\u{1f}\u{0}"];

/// One call of a builder.
#[derive(Debug)]
enum Call {
    User(String),
    Group(String),
    MessageId(String),
    Timestamp(SystemTime),
    Ip(IpAddr),
    Field(String, Value),
    NotANumber(String),
    Fields(Value),
}

impl Call {
    fn read(input: &mut Input<'_>) -> Self {
        match input.below(16) {
            0 => Self::User(input.text()),
            1 => Self::Group(input.text()),
            2 => Self::MessageId(input.text()),
            3 => Self::Timestamp(input.time()),
            4 => Self::Ip(IpAddr::from(u32::to_be_bytes(input.number() as u32))),
            5 => Self::Ip(Ipv6Addr::from(u128::from(input.number()) << input.below(128)).into()),
            6 => Self::NotANumber(input.text()),
            7 => Self::Fields(input.value()),
            8..11 => Self::Fields(Value::Object(input.object())),
            _ => Self::Field(input.text(), input.value()),
        }
    }
}

/// Records, and keeps the bytes as they were sent.
#[derive(Debug, Clone, Default)]
struct Wire {
    recorder: Recorder,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Transport for Wire {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        self.bodies.lock().expect("nobody panics with it").push(request.body().to_vec());
        self.recorder.send(request)
    }
}

pub(crate) fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let wire = Wire::default();
    let client = Client::builder("fuzz-write-key").transport(wire.clone()).build().expect("the settings are right");
    let mut expected = Vec::new();
    let mut refused = 0;
    for _ in 0..=input.below(3) {
        match check_one(&client, &mut input) {
            Some(event) => expected.push(event),
            None => refused += 1,
        }
    }
    let report = client.flush_blocking(LIMIT);
    assert!(report.is_complete(), "{report}");
    let books = balanced(&client);
    assert_eq!((books.accepted, books.dropped.total()), (expected.len() as u64, refused), "{books:?}");
    check_wire(&wire, &expected);
}

/// Builds an event, in the way and by the calls that the input says. Returns what has to arrive.
fn check_one(client: &Client, input: &mut Input<'_>) -> Option<Map<String, Value>> {
    let kind = [EventKind::Track, EventKind::Identify, EventKind::Group][usize::from(input.below(3))];
    let is_dynamic = input.byte() % 2 == 1;
    let subject = input.text();
    let calls: Vec<Call> = (0..input.below(40)).map(|_| Call::read(input)).collect();
    let mut model = Model::new(kind, &subject, is_dynamic);
    for call in &calls {
        model.apply(call);
    }
    let before = client.stats();
    let taken = match (is_dynamic, kind) {
        (true, _) => client.try_enqueue_event(dynamic(kind, &subject, &calls)),
        (false, EventKind::Track) => track(client, &subject, &calls),
        (false, EventKind::Identify) => identify(client, &subject, &calls),
        (false, _) => group(client, &subject, &calls),
    };
    match taken {
        Ok(message_id) => Some(model.arrives(message_id.as_str())),
        Err(error) => {
            let reason = model.refused_for();
            assert_eq!(Some(error.kind()), reason, "{error}");
            let counted = client.stats().dropped.count(error.kind()) - before.dropped.count(error.kind());
            assert_eq!(counted, 1);
            None
        }
    }
}

type Taken = Result<klime::MessageId, klime::EnqueueError>;

fn dynamic(kind: EventKind, subject: &str, calls: &[Call]) -> Event {
    let event = match kind {
        EventKind::Track => Event::track(subject),
        EventKind::Identify => Event::identify(subject),
        _ => Event::group(subject),
    };
    calls.iter().fold(event, |event, call| match (call, kind) {
        (Call::User(id), _) => event.with_user(id),
        (Call::Group(id), _) => event.with_group(id),
        (Call::MessageId(id), _) => event.with_message_id(id),
        (Call::Timestamp(time), _) => event.with_timestamp(*time),
        (Call::Ip(ip), _) => event.with_ip(*ip),
        (Call::Field(key, value), EventKind::Track) => event.with_property(key, value),
        (Call::Field(key, value), _) => event.with_trait_value(key, value),
        (Call::NotANumber(key), EventKind::Track) => event.with_property(key, f64::NAN),
        (Call::NotANumber(key), _) => event.with_trait_value(key, f64::NAN),
        (Call::Fields(fields), EventKind::Track) => event.with_properties(fields),
        (Call::Fields(fields), _) => event.with_traits(fields),
    })
}

fn track(client: &Client, name: &str, calls: &[Call]) -> Taken {
    let event = calls.iter().fold(client.track(name).user("user"), |event, call| match call {
        Call::User(id) => event.user(id),
        Call::Group(id) => event.group(id),
        Call::MessageId(id) => event.message_id(id),
        Call::Timestamp(time) => event.timestamp(*time),
        Call::Ip(ip) => event.ip(*ip),
        Call::Field(key, value) => event.property(key, value),
        Call::NotANumber(key) => event.property(key, f64::NAN),
        Call::Fields(fields) => event.properties(fields),
    });
    event.try_enqueue()
}

fn identify(client: &Client, user: &str, calls: &[Call]) -> Taken {
    let event = calls.iter().fold(client.identify(user), |event, call| match call {
        // An identify has no other ids.
        Call::User(_) | Call::Group(_) => event,
        Call::MessageId(id) => event.message_id(id),
        Call::Timestamp(time) => event.timestamp(*time),
        Call::Ip(ip) => event.ip(*ip),
        Call::Field(key, value) => event.trait_value(key, value),
        Call::NotANumber(key) => event.trait_value(key, f64::NAN),
        Call::Fields(fields) => event.traits(fields),
    });
    event.try_enqueue()
}

fn group(client: &Client, group: &str, calls: &[Call]) -> Taken {
    let event = calls.iter().fold(client.group(group), |event, call| match call {
        Call::User(id) => event.user(id),
        Call::Group(_) => event,
        Call::MessageId(id) => event.message_id(id),
        Call::Timestamp(time) => event.timestamp(*time),
        Call::Ip(ip) => event.ip(*ip),
        Call::Field(key, value) => event.trait_value(key, value),
        Call::NotANumber(key) => event.trait_value(key, f64::NAN),
        Call::Fields(fields) => event.traits(fields),
    });
    event.try_enqueue()
}

/// Each event once and in order, and its text as short as its content: no key stands twice.
fn check_wire(wire: &Wire, expected: &[Map<String, Value>]) {
    let arrived = wire.recorder.events();
    assert_eq!(arrived.len(), expected.len());
    for (arrived, expected) in arrived.iter().zip(expected) {
        let mut arrived = arrived.as_object().clone();
        if !expected.contains_key("timestamp") {
            let timestamp = arrived.remove("timestamp").expect("each event has a timestamp");
            assert_eq!(timestamp.as_str().map(str::len), Some(24), "{timestamp}");
        }
        assert_eq!(&arrived, expected);
    }
    for body in wire.bodies.lock().expect("nobody panics with it").iter() {
        let parsed: Value = serde_json::from_slice(body).expect("a body is JSON");
        assert_eq!(body.len(), parsed.to_string().len(), "a key stands twice in {}", String::from_utf8_lossy(body));
        assert!(parsed["batch"].as_array().is_some_and(|events| !events.is_empty()));
    }
}
