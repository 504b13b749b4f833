//! An event under construction by a fluent builder: text that is already JSON, in buffers that are used again.

use std::cell::RefCell;
use std::fmt::Display;
use std::io::Write as _;
use std::net::IpAddr;
use std::time::SystemTime;

use serde::Serialize;

use super::fields::Fields;
use super::{Event, EventKind, Library, MessageId, id};
use crate::client::Client;
use crate::clock;
use crate::error::EnqueueError;

/// The client that a fluent builder works for: borrowed from the app, or the installed default if there is one.
#[derive(Debug)]
pub(crate) enum Target<'c> {
    Borrowed(&'c Client),
    Default(Option<Client>),
}

impl Target<'_> {
    pub(crate) fn client(&self) -> Option<&Client> {
        match self {
            Self::Borrowed(client) => Some(client),
            Self::Default(client) => client.as_ref(),
        }
    }

    /// What the client calls itself on the wire.
    pub(crate) fn library(&self) -> &Library {
        self.client().map_or(&Library::RUST, |client| &client.handle().library)
    }
}

/// Drafts whose buffers grew beyond this are given back to the allocator.
const MOST_BYTES_KEPT: usize = 64 * 1024;

thread_local! {
    /// A thread keeps one draft, so that an event costs no allocation.
    static KEPT: RefCell<Option<Box<Draft>>> = const { RefCell::new(None) };
}

/// Where a text stands in a buffer; empty when it was not given.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: usize,
    end: usize,
}

/// What a fluent builder has gathered so far. The first thing that is wrong is kept for the end of the chain.
#[derive(Debug)]
pub(crate) struct Draft {
    kind: EventKind,
    /// Name and ids as JSON strings, in the order of the calls.
    texts: Vec<u8>,
    fields: Fields,
    /// The whole event.
    json: Vec<u8>,
    name: Span,
    user: Span,
    group: Span,
    message_id: Span,
    timestamp: Option<SystemTime>,
    ip: Option<IpAddr>,
    problem: Option<EnqueueError>,
}

impl Draft {
    pub(super) fn new(kind: EventKind) -> Box<Self> {
        let kept = KEPT.try_with(|kept| kept.try_borrow_mut().ok().and_then(|mut kept| kept.take()));
        match kept.ok().flatten() {
            Some(mut draft) => {
                draft.kind = kind;
                draft
            }
            None => Box::new(Self::with_buffers(kind, Vec::new(), Fields::default(), Vec::new())),
        }
    }

    fn with_buffers(kind: EventKind, texts: Vec<u8>, fields: Fields, json: Vec<u8>) -> Self {
        let nothing = Span::default();
        Self {
            kind,
            texts,
            fields,
            json,
            name: nothing,
            user: nothing,
            group: nothing,
            message_id: nothing,
            timestamp: None,
            ip: None,
            problem: None,
        }
    }

    /// Empties the draft and keeps it for the thread's next event.
    fn give_back(mut self: Box<Self>) {
        if self.texts.capacity() + self.fields.capacity() + self.json.capacity() > MOST_BYTES_KEPT {
            return;
        }
        let [texts, json] = [&mut self.texts, &mut self.json].map(std::mem::take);
        let fields = std::mem::take(&mut self.fields);
        *self = Self::with_buffers(self.kind, texts, fields, json);
        self.texts.clear();
        self.fields.clear();
        self.json.clear();
        // At the end of a thread there is nowhere to keep it any more.
        let _ = KEPT.try_with(|kept| kept.try_borrow_mut().map(|mut kept| *kept = Some(self)));
    }

    pub(super) fn set_name(&mut self, name: &str) {
        let start = self.texts.len();
        super::json_string(&mut self.texts, name);
        self.name = Span { start, end: self.texts.len() };
        if name.is_empty() {
            self.note(Err(EnqueueError::invalid("event name is empty")));
        }
    }

    pub(super) fn set_user(&mut self, id: impl Display) {
        self.user = self.text("user id", id);
    }

    pub(super) fn set_group(&mut self, id: impl Display) {
        self.group = self.text("group id", id);
    }

    pub(super) fn set_message_id(&mut self, id: impl Display) {
        self.message_id = self.text("message id", id);
    }

    pub(super) fn set_timestamp(&mut self, timestamp: SystemTime) {
        self.timestamp = Some(timestamp);
    }

    pub(super) fn set_ip(&mut self, ip: IpAddr) {
        self.ip = Some(ip);
    }

    /// Sets the name to what is JSON already and known to be a string that is not empty; likewise the two below.
    pub(super) fn set_raw_name(&mut self, json: &str) {
        self.name = self.raw(json);
    }

    pub(super) fn set_raw_user(&mut self, json: &str) {
        self.user = self.raw(json);
    }

    pub(super) fn set_raw_group(&mut self, json: &str) {
        self.group = self.raw(json);
    }

    fn raw(&mut self, json: &str) -> Span {
        let start = self.texts.len();
        self.texts.extend_from_slice(json.as_bytes());
        Span { start, end: self.texts.len() }
    }

    pub(super) fn merge_fields<T: Serialize + ?Sized>(&mut self, object: &T) {
        let merged = self.fields.merge(self.kind.fields_name(), object);
        self.note(merged);
    }

    pub(super) fn add_field<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) {
        let added = self.fields.add(self.kind.field_word(), key, value);
        self.note(added);
    }

    fn note(&mut self, outcome: Result<(), EnqueueError>) {
        if let Err(problem) = outcome {
            self.problem.get_or_insert(problem);
        }
    }

    fn text(&mut self, what: &'static str, value: impl Display) -> Span {
        let texts = &mut self.texts;
        let start = texts.len();
        texts.push(b'"');
        let raw = texts.len();
        if super::write_display(texts, value).is_err() {
            texts.truncate(start);
            self.note(Err(super::unformattable(what)));
            return Span::default();
        }
        let is_empty = texts.len() == raw;
        close_json_string(texts, raw);
        let span = Span { start, end: texts.len() };
        if is_empty {
            self.note(Err(EnqueueError::invalid(format!("{what} is empty"))));
        }
        span
    }

    /// Encodes the event, hands it to `use_it`, and keeps the draft for the next one.
    pub(crate) fn encoded<R>(mut self: Box<Self>, library: &Library, use_it: impl FnOnce(Encoded<'_>) -> R) -> R {
        let message_id = self.encode(library);
        let json = self.json.as_slice();
        let message_id = json.get(message_id.start..message_id.end).unwrap_or_default();
        let used = use_it(Encoded { json, message_id, problem: self.problem.take() });
        self.give_back();
        used
    }

    /// Fills `json` and says where the message id stands in it. What is wrong is left out, and noted.
    fn encode(&mut self, library: &Library) -> Span {
        let Self { texts, fields, json, .. } = self;
        let put_text = |json: &mut Vec<u8>, key: &str, span: Span| {
            if span.end > span.start {
                json.extend_from_slice(key.as_bytes());
                json.extend_from_slice(texts.get(span.start..span.end).unwrap_or_default());
            }
        };
        json.clear();
        json.extend_from_slice(b"{\"type\":\"");
        json.extend_from_slice(self.kind.as_str().as_bytes());
        json.extend_from_slice(b"\",\"messageId\":");
        let id_start = json.len();
        let identified = if self.message_id.end == 0 {
            id::write_new(json)
        } else {
            put_text(json, "", self.message_id);
            Ok(())
        };
        let message_id = Span { start: id_start, end: json.len() };
        json.extend_from_slice(b",\"timestamp\":\"");
        let timed = clock::write_timestamp(json, self.timestamp.unwrap_or_else(clock::wall));
        json.push(b'"');
        put_text(json, ",\"event\":", self.name);
        put_text(json, ",\"userId\":", self.user);
        put_text(json, ",\"groupId\":", self.group);
        fields.write_object(json, self.kind.fields_name());
        write_context(json, library, self.ip);
        json.push(b'}');
        self.note(identified.map_err(EnqueueError::invalid));
        self.note(timed.map_err(EnqueueError::invalid));
        message_id
    }

    /// The dynamic form of what was gathered; what was wrong goes with it.
    pub(super) fn into_event(self: Box<Self>, library: &Library) -> Event {
        let kind = self.kind;
        self.encoded(library, |encoded| {
            let event = Event::from_wire(encoded.json).unwrap_or_else(|| Event::empty(kind));
            match encoded.problem {
                Some(problem) => event.with_problem(problem),
                None => event,
            }
        })
    }
}

/// An encoded event, for as long as its buffers are borrowed.
#[derive(Debug)]
pub(crate) struct Encoded<'a> {
    /// The event's JSON; when there is a problem, without the part at fault.
    pub(crate) json: &'a [u8],
    /// The message id within it, quotes included.
    message_id: &'a [u8],
    pub(crate) problem: Option<EnqueueError>,
}

impl Encoded<'_> {
    pub(crate) fn message_id(&self) -> MessageId {
        MessageId::new(serde_json::from_slice(self.message_id).unwrap_or_default())
    }
}

/// Closes a JSON string whose raw text stands from `raw` on, behind its opening quote.
fn close_json_string(texts: &mut Vec<u8>, raw: usize) {
    if texts.get(raw..).is_some_and(super::needs_escape) {
        let text = String::from_utf8_lossy(texts.get(raw..).unwrap_or_default()).into_owned();
        texts.truncate(raw.saturating_sub(1));
        super::json_string(texts, &text);
    } else {
        texts.push(b'"');
    }
}

fn write_context(json: &mut Vec<u8>, library: &Library, ip: Option<IpAddr>) {
    json.extend_from_slice(b",\"context\":{\"library\":");
    json.extend_from_slice(library.json().as_bytes());
    if let Some(ip) = ip {
        // Writing into memory has no way to fail.
        let _ = write!(json, ",\"ip\":\"{ip}\"");
    }
    json.push(b'}');
}
