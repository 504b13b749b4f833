//! One event, judged by itself.

use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::MAX_EVENT_BYTES;
use super::fields::Fields;
use super::text::{shortened, written_out};
use crate::dev::event::{Event, Judged, Kind, Library, Refusal, Verdict};
use crate::dev::stamp;

/// How much of a bad value an answer repeats.
const VALUE_CHARS: usize = 80;
/// How much of a refused event's id or name is kept.
const KEPT_CHARS: usize = 200;
/// How much of an event that is too large is kept.
const KEPT_BODY_CHARS: usize = 2000;

/// A code of the answer, and its sentence.
struct Fault(&'static str, String);

pub(super) fn judge(raw: &str) -> Judged {
    let fields = serde_json::from_str::<Fields<'_>>(raw);
    let verdict = match &fields {
        _ if raw.len() > MAX_EVENT_BYTES => Err(too_large(raw)),
        Ok(fields) => event(fields),
        Err(error) if raw.starts_with('{') => Err(unreadable("the event", error)),
        Err(_) => Err(wrong("an event", "must be an object", raw)),
    };
    match verdict {
        Ok(event) => Judged { body: written_out(raw), verdict: Verdict::Taken(event) },
        Err(fault) => {
            let refusal = refusal(&fields.unwrap_or_default(), fault);
            Judged { body: kept(raw), verdict: Verdict::Refused(refusal) }
        }
    }
}

/// A refused event is kept to be looked at; of one that is too large, the beginning, as a JSON string.
fn kept(raw: &str) -> String {
    if raw.len() > MAX_EVENT_BYTES {
        return Value::String(shortened(raw, KEPT_BODY_CHARS)).to_string();
    }
    written_out(raw)
}

fn too_large(raw: &str) -> Fault {
    let sentence = format!("the event has {} bytes of JSON; at most {MAX_EVENT_BYTES} are taken", raw.len());
    Fault("event_too_large", sentence)
}

fn refusal(fields: &Fields<'_>, Fault(code, message): Fault) -> Refusal {
    let kept = |field: Option<&RawValue>| Some(shortened(&plain(field?)?, KEPT_CHARS));
    Refusal {
        code,
        message,
        kind: kept(fields.kind),
        name: kept(fields.name),
        user_id: kept(fields.user_id),
        group_id: kept(fields.group_id),
        message_id: kept(fields.message_id),
    }
}

fn event(fields: &Fields<'_>) -> Result<Event, Fault> {
    let kind = kind(fields.kind)?;
    let message_id = required("messageId", string("messageId", fields.message_id)?, kind)?;
    let timestamp = timestamp(fields.timestamp, kind)?;
    let name = match kind {
        Kind::Track => Some(required("event", string("event", fields.name)?, kind)?),
        Kind::Identify | Kind::Group => None,
    };
    let (user_id, group_id) = ids(fields, kind)?;
    let own_fields = own_fields(fields, kind)?;
    let library = library(&object("context", fields.context)?);
    Ok(Event { kind, message_id, timestamp, name, user_id, group_id, fields: own_fields, library })
}

/// See [`super::fields_of`].
pub(super) fn fields_of(kind: Kind, body: &str) -> Option<Map<String, Value>> {
    own_fields(&serde_json::from_str(body).ok()?, kind).ok()
}

fn own_fields(fields: &Fields<'_>, kind: Kind) -> Result<Map<String, Value>, Fault> {
    match kind {
        Kind::Track => object("properties", fields.properties),
        Kind::Identify | Kind::Group => object("traits", fields.traits),
    }
}

fn kind(field: Option<&RawValue>) -> Result<Kind, Fault> {
    const EXPECTED: &str = r#""track", "identify" or "group""#;
    let Some(raw) = field else {
        return Err(Fault("invalid_type", format!(r#""type" is missing; it must be {EXPECTED}"#)));
    };
    let word = serde_json::from_str::<String>(raw.get()).ok();
    word.as_deref().and_then(Kind::of_word).ok_or_else(|| {
        let value = shortened(raw.get(), VALUE_CHARS);
        Fault("invalid_type", format!(r#""type" must be {EXPECTED}, not {value}"#))
    })
}

/// To the microsecond, as the store keeps it: an event must be the same before a restart and after it.
fn timestamp(field: Option<&RawValue>, kind: Kind) -> Result<Timestamp, Fault> {
    const EXPECTED: &str = "must be a date and time in ISO 8601 with a zone, like 2026-11-23T15:20:00.123Z";
    let text = required("timestamp", string("timestamp", field)?, kind)?;
    let exact: Timestamp =
        text.parse().map_err(|_| wrong(r#""timestamp""#, EXPECTED, field.map_or("null", RawValue::get)))?;
    Ok(stamp::from_micros(exact.as_microsecond()))
}

/// The user and the group, as far as this kind of event needs them.
fn ids(fields: &Fields<'_>, kind: Kind) -> Result<(Option<String>, Option<String>), Fault> {
    let user_id = id("userId", fields.user_id)?;
    let group_id = id("groupId", fields.group_id)?;
    match kind {
        Kind::Track if user_id.is_none() && group_id.is_none() => {
            Err(Fault("anonymous_event", r#"a track needs a "userId" or a "groupId""#.to_owned()))
        }
        Kind::Identify => Ok((Some(required("userId", user_id, kind)?), group_id)),
        Kind::Group => Ok((user_id, Some(required("groupId", group_id, kind)?))),
        Kind::Track => Ok((user_id, group_id)),
    }
}

fn required(field: &str, value: Option<String>, kind: Kind) -> Result<String, Fault> {
    value.ok_or_else(|| {
        let kind = match kind {
            Kind::Track => "a track",
            Kind::Identify => "an identify",
            Kind::Group => "a group",
        };
        Fault("missing_field", format!(r#""{field}" is missing or empty; {kind} needs one"#))
    })
}

/// A string that is there and not empty; `null` is as good as nothing.
fn string(field: &str, raw: Option<&RawValue>) -> Result<Option<String>, Fault> {
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else { return Ok(None) };
    let text: String = serde_json::from_str(raw.get())
        .map_err(|_| wrong(&format!("\"{field}\""), "must be a string of Unicode characters", raw.get()))?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// An id is a string; some SDKs send integers, which count as their digits.
fn id(field: &str, raw: Option<&RawValue>) -> Result<Option<String>, Fault> {
    let text = raw.map_or("null", RawValue::get);
    if text.starts_with('"') || text == "null" {
        return string(field, raw);
    }
    if is_integer(text) {
        return Ok(Some(text.to_owned()));
    }
    Err(wrong(&format!("\"{field}\""), "must be a string or an integer", text))
}

fn is_integer(json: &str) -> bool {
    let digits = json.strip_prefix('-').unwrap_or(json);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn object(field: &str, raw: Option<&RawValue>) -> Result<Map<String, Value>, Fault> {
    let Some(raw) = raw else { return Ok(Map::new()) };
    let named = format!("\"{field}\"");
    if !raw.get().starts_with('{') {
        return Err(wrong(&named, "must be an object", raw.get()));
    }
    serde_json::from_str(raw.get()).map_err(|error| unreadable(&named, &error))
}

fn library(context: &Map<String, Value>) -> Option<Library> {
    let library = context.get("library")?;
    let text = |key| library.get(key).and_then(Value::as_str).map(|text| shortened(text, KEPT_CHARS));
    Some(Library { name: text("name")?, version: text("version").unwrap_or_default() })
}

fn unreadable(what: &str, error: &serde_json::Error) -> Fault {
    Fault("invalid_field", format!("{what} holds what cannot be read: {error}"))
}

fn wrong(what: &str, expected: &str, json: &str) -> Fault {
    Fault("invalid_field", format!("{what} {expected}, not {}", shortened(json, VALUE_CHARS)))
}

/// What a field says, for showing it: a string's text, anything else as its JSON.
fn plain(raw: &RawValue) -> Option<String> {
    let json = raw.get();
    match json.starts_with('"') {
        true => Some(serde_json::from_str(json).unwrap_or_else(|_| json.to_owned())),
        false => Some(json.to_owned()).filter(|json| json != "null"),
    }
}
