//! From a record to an event that may be sent, or to the reason why not.

use serde_json::Value;

use super::id::{self, Key, Origin};
use super::mapping::{Fault, Fields, Meaning, NoEvent, Times};
use super::read::{Content, Ending, MAX_RECORD_BYTES, Record, Row};
use super::repeats;
use crate::dev::event::Verdict;
use crate::dev::validate::judge_event;

/// The field of a record that says why it was refused before. Import takes no notice of it, but for the id.
pub(crate) const MARK: &str = "_refused";

/// What most text is that is not UTF-8.
const LATIN: &str = "if the file is Latin-1: iconv -f LATIN1 -t UTF-8 FILE | klime import -";

/// How records become events.
#[derive(Clone, Debug)]
pub struct Converter {
    /// The source's name, part of derived ids.
    pub source: String,
    /// What fields mean.
    pub meaning: Meaning,
    /// How times are read.
    pub times: Times,
    /// The column that derived ids are made of.
    pub id_from: Option<String>,
    /// The text that stands for no value. Without one, no id may look like a text that often does; with an empty one it may.
    pub null: Option<String>,
}

/// An event that keeps to the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The event's JSON.
    pub json: String,
    /// Its message id.
    pub id: String,
    /// `track`, `identify` or `group`.
    pub kind: &'static str,
    /// The value of the column that the id is made of, if it is made of one.
    pub key: Option<String>,
    /// A hash of what it says.
    pub content: u64,
}

impl Converter {
    /// The event of a record.
    ///
    /// # Errors
    ///
    /// [`NoEvent`] says why there is none.
    pub fn convert(&self, record: &Record) -> Result<Event, NoEvent> {
        let mut fields = self.fields(record)?;
        let mark = fields.remove(MARK);
        if fields.is_empty() {
            return Err(Fault { code: "invalid_json", message: unmended(mark.is_some()) }.into());
        }
        let key = self.id_from.as_deref().map(|column| self.key(&fields, column)).transpose()?;
        let mut object = self.meaning.event(fields, &self.times)?;
        self.check_ids(&object)?;
        let has_id = object.get("messageId").is_some_and(|id| id.as_str() != Some(""));
        if !has_id {
            let id = noted_id(mark.as_ref()).unwrap_or_else(|| self.derived(&object, record, key.as_deref()));
            object.insert("messageId".to_owned(), Value::String(id));
        }
        judged(&object, key, has_id)
    }

    /// The message id of a record that is refused, for when it is mended elsewhere: its own one, or that of when it was refused before,
    /// or the one that is made of it. `None` if that would be made of a column that it lacks.
    pub fn id_of(&self, record: &Record) -> Option<String> {
        let mut fields = self.fields(record).unwrap_or_default();
        let mark = fields.remove(MARK);
        let key = self.id_from.as_deref().map(|column| self.key(&fields, column).ok());
        let head = self.meaning.head(&fields);
        let object = self.meaning.event(fields, &self.times).unwrap_or(head);
        let own = object.get("messageId").and_then(Value::as_str).filter(|id| !id.is_empty());
        own.map(str::to_owned).or_else(|| noted_id(mark.as_ref())).or_else(|| match key {
            Some(None) => None,
            key => Some(self.derived(&object, record, key.flatten().as_deref())),
        })
    }

    /// The fields that have a value.
    fn fields(&self, record: &Record) -> Result<Fields, Fault> {
        let mut fields = fields(record)?;
        if let Some(null) = &self.null {
            fields.retain(|_, value| value.as_str() != Some(null));
        }
        Ok(fields)
    }

    /// Checks that no id is a word that programs write where there is none: all records that have it would be one user's.
    fn check_ids(&self, object: &Fields) -> Result<(), Fault> {
        let ids = ["userId", "groupId", "messageId"].map(|name| (name, object.get(name).and_then(Value::as_str)));
        match ids.into_iter().find_map(|(name, id)| Some((name, id.filter(|id| self.is_no_value(id))?))) {
            None => Ok(()),
            Some((name, id)) => Err(Fault::field(format!("\"{name}\" is \"{id}\", {}", no_value(id)))),
        }
    }

    fn is_no_value(&self, text: &str) -> bool {
        let is_one = text.eq_ignore_ascii_case("null") || ["\\N", "undefined", "None"].contains(&text);
        is_one && self.null.as_deref() != Some("")
    }

    fn key(&self, fields: &Fields, column: &str) -> Result<String, Fault> {
        match super::mapping::find(fields, column) {
            Some(Value::String(text)) if self.is_no_value(text) => {
                let message =
                    format!("column {column:?}, of which the id is to be made, is {text:?}, {}", no_value(text));
                Err(Fault { code: "missing_field", message })
            }
            Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            other => {
                let is = other.map_or("missing".to_owned(), |value| format!("{value}, which is no id"));
                let message = format!("column {column:?}, of which the id is to be made, is {is}");
                Err(Fault { code: "missing_field", message })
            }
        }
    }

    fn derived(&self, object: &Fields, record: &Record, column: Option<&str>) -> String {
        let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        let content = bytes_of(&record.content);
        let key = column.map_or(Key::Place(record.end.records, &content), Key::Column);
        id::derive(&Origin { source: &self.source, event: (text("type"), text("event")), key })
    }
}

fn no_value(text: &str) -> String {
    format!("which often stands for no value: --null '{text}' leaves such fields out, --null '' takes them as they are")
}

/// The message id that was noted when the record was refused before.
fn noted_id(mark: Option<&Value>) -> Option<String> {
    mark?.get("id")?.as_str().map(str::to_owned)
}

fn judged(object: &Fields, key: Option<String>, has_own_id: bool) -> Result<Event, NoEvent> {
    let json = serde_json::to_string(object).map_err(|error| Fault::field(error.to_string()))?;
    match judge_event(&json).verdict {
        Verdict::Taken(event) => {
            let kind = match event.kind {
                crate::dev::event::Kind::Track => "track",
                crate::dev::event::Kind::Identify => "identify",
                crate::dev::event::Kind::Group => "group",
            };
            let content = repeats::content(object, &json, has_own_id);
            let key = key.filter(|_| !has_own_id);
            Ok(Event { json, id: event.message_id, kind, key, content })
        }
        Verdict::Refused(refusal) => Err(Fault { code: refusal.code, message: refusal.message }.into()),
    }
}

fn unmended(is_marked: bool) -> String {
    match is_marked {
        true => format!("it was not mended: put the record's fields beside \"{MARK}\""),
        false => "it has no fields".to_owned(),
    }
}

/// The bytes of a record that its id is made of: without what depends on the system that wrote it, such as line ends.
pub(crate) fn bytes_of(content: &Content) -> Vec<u8> {
    match content {
        Content::Line(text) | Content::TooLong(text) => text.trim_ascii().to_vec(),
        Content::Row(row) => {
            let mut bytes = Vec::new();
            for field in row.fields() {
                bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
                bytes.extend_from_slice(field);
            }
            bytes
        }
    }
}

fn fields(record: &Record) -> Result<Fields, Fault> {
    if let Ending::Quote(line) = record.ending {
        return Err(unclosed(line, record.end.lines));
    }
    match &record.content {
        Content::Line(line) => object(line),
        Content::Row(row) => row_fields(row, (record.line, record.end.lines)),
        Content::TooLong(start) => {
            let is_csv = !start.trim_ascii_start().starts_with(b"{");
            let hint = if is_csv { "; in CSV a quote may not be closed" } else { "" };
            let message = format!("it is longer than {MAX_RECORD_BYTES} bytes, the most that is read{hint}");
            Err(Fault { code: "record_too_long", message })
        }
    }
}

fn object(line: &[u8]) -> Result<Fields, Fault> {
    let text = std::str::from_utf8(line).map_err(|error| not_text(error.valid_up_to()))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Fault { code: "invalid_json", message: "it is JSON, but not an object".to_owned() }),
        Err(error) => Err(Fault { code: "invalid_json", message: unreadable(&error) }),
    }
}

fn unclosed(line: u64, last: u64) -> Fault {
    let rest = match last.saturating_sub(line) {
        0 => String::new(),
        1 => "; the line after it was not read as a row".to_owned(),
        lines => format!("; the {lines} lines after it were not read as rows"),
    };
    Fault { code: "unclosed_quote", message: format!("a quote opened at line {line} is never closed{rest}") }
}

fn unreadable(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return format!("it ends within its JSON, at column {}; was it cut off?", error.column());
    }
    let text = error.to_string();
    // The line is always the first, as it is read by itself.
    let problem = text.split(" at line ").next().unwrap_or_default();
    format!("it is not JSON: {problem} at column {}", error.column())
}

fn not_text(valid: usize) -> Fault {
    Fault { code: "invalid_utf8", message: format!("it is not UTF-8, from its byte {} on; {LATIN}", valid + 1) }
}

fn row_fields(row: &Row, (first, last): (u64, u64)) -> Result<Fields, Fault> {
    if row.fields().len() != row.columns.len() {
        let lines = match first == last {
            true => String::new(),
            false => {
                format!("; it goes from line {first} to line {last}, so a quote may not be closed where it should")
            }
        };
        let message = format!("it has {} fields, the header has {}{lines}", row.fields().len(), row.columns.len());
        return Err(Fault { code: "invalid_row", message });
    }
    let mut fields = Fields::new();
    for (name, field) in row.columns.iter().zip(row.fields()) {
        let text = std::str::from_utf8(field).map_err(|error| {
            let Fault { code, message } = not_text(error.valid_up_to());
            Fault { code, message: format!("column {name:?}: {message}") }
        })?;
        // An empty field is how CSV says that there is no value.
        if !text.is_empty() {
            fields.insert(name.clone(), Value::from(text));
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests;
