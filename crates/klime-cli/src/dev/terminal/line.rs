//! Lines for people: time, what became of it, type, name, who, and the beginning of what it carries.
//!
//! Event data is hostile: whatever a terminal would obey is written as its escape, and everything is cut to a width.

use std::fmt::Write as _;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Arrived;
use crate::dev::event::{Event, Judged, Refusal, Status, Verdict};
use crate::dev::store::BatchRecord;
use crate::print::{GREEN, RED, printable};

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// Widths of columns, in characters.
const TYPE_WIDTH: usize = 8;
const NAME_WIDTH: usize = 26;
const NAME_CHARS: usize = 60;
const ID_CHARS: usize = 40;
const FIELDS_CHARS: usize = 80;
const VALUE_CHARS: usize = 40;
const MESSAGE_CHARS: usize = 300;

/// Whether there is anything about a request that has to be seen to.
pub(super) fn is_wrong(record: &BatchRecord, events: &[Judged]) -> bool {
    record.error.is_some() || record.fault.is_some() || events.iter().any(is_refused)
}

pub(super) fn is_refused(judged: &Judged) -> bool {
    matches!(judged.verdict, Verdict::Refused(_))
}

/// Writes what befell the request, and those of its events that are to be shown.
pub(super) fn write(arrived: &Arrived, out: &mut impl Write, shown: impl Fn(&Judged) -> bool) -> io::Result<()> {
    let time = clock_time(arrived.record.received_at);
    if let Some(text) = request(&arrived.record, arrived.appended.batch) {
        writeln!(out, "{DIM}{time}{DIM:#} {text}")?;
    }
    let events = arrived.events.iter().zip(&arrived.appended.statuses);
    for (judged, &status) in events.filter(|(judged, _)| shown(judged)) {
        let text = match &judged.verdict {
            Verdict::Taken(event) => taken(event, status),
            Verdict::Refused(refusal) => refused(refusal),
        };
        writeln!(out, "{DIM}{time}{DIM:#} {text}")?;
    }
    Ok(())
}

pub(super) fn write_skipped(events: u64, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{DIM}{events} events came faster than they could be shown here; the page and /dev/events have them{DIM:#}"
    )
}

/// The time of day in UTC, as in the events' own timestamps.
fn clock_time(time: Timestamp) -> String {
    let text = format!("{time:.3}");
    text.split_once('T').map_or(text.clone(), |(_, time)| time.trim_end_matches('Z').to_owned())
}

/// A request that was refused as a whole or that a fault hit.
fn request(record: &BatchRecord, batch: u64) -> Option<String> {
    let answer = match record.status {
        0 => "no answer".to_owned(),
        status => status.to_string(),
    };
    let fault = record.fault.as_deref().map(|fault| format!("fault {fault}, ")).unwrap_or_default();
    match &record.error {
        // It says itself which fault answered what.
        Some(error) if record.fault.as_deref() == Some("status") => {
            Some(format!("{RED}✗ request{RED:#}  batch {batch}: {}", cut(error, MESSAGE_CHARS)))
        }
        Some(error) => {
            Some(format!("{RED}✗ request{RED:#}  batch {batch}: {fault}{answer}, {}", cut(error, MESSAGE_CHARS)))
        }
        None if fault.is_empty() => None,
        None => Some(format!("{YELLOW}! request{YELLOW:#}  batch {batch}: {fault}{answer}")),
    }
}

fn taken(event: &Event, status: Status) -> String {
    let (mark, style) = match status {
        Status::Duplicate => ("≡", YELLOW),
        Status::Accepted | Status::Refused => ("✓", GREEN),
    };
    let kind = event.kind.word();
    let name = event.name.as_deref().unwrap_or_default();
    let mut text =
        format!("{style}{mark}{style:#} {kind:TYPE_WIDTH$} {BOLD}{:NAME_WIDTH$}{BOLD:#}", cut(name, NAME_CHARS));
    who(&mut text, event.user_id.as_deref(), event.group_id.as_deref());
    if status == Status::Duplicate {
        text.push_str("  seen before, not counted again");
    }
    let fields = fields(&event.fields);
    if !fields.is_empty() {
        push(&mut text, format_args!("  {DIM}{fields}{DIM:#}"));
    }
    text
}

fn refused(refusal: &Refusal) -> String {
    let kind = cut(refusal.kind.as_deref().unwrap_or("?"), TYPE_WIDTH);
    let name = cut(refusal.name.as_deref().unwrap_or_default(), NAME_CHARS);
    let mut text = format!("{RED}✗{RED:#} {kind:TYPE_WIDTH$} {BOLD}{name:NAME_WIDTH$}{BOLD:#}");
    who(&mut text, refusal.user_id.as_deref(), refusal.group_id.as_deref());
    push(&mut text, format_args!("  {RED}{}{RED:#}: {}", refusal.code, cut(&refusal.message, MESSAGE_CHARS)));
    text
}

fn who(text: &mut String, user_id: Option<&str>, group_id: Option<&str>) {
    for (what, id) in [("user", user_id), ("group", group_id)] {
        if let Some(id) = id {
            push(text, format_args!("  {DIM}{what}{DIM:#} {}", cut(id, ID_CHARS)));
        }
    }
}

/// The beginning of what an event carries, as `key=value`.
fn fields(fields: &Map<String, Value>) -> String {
    let mut text = String::new();
    for (key, value) in fields {
        let value = match value {
            Value::Object(map) => format!("{{{} keys}}", map.len()),
            Value::Array(items) => format!("[{} items]", items.len()),
            // Cut before it is written out, so that a long text costs no more than what is shown of it.
            Value::String(value) => {
                cut(&format!("{:?}", value.chars().take(VALUE_CHARS).collect::<String>()), VALUE_CHARS)
            }
            other => other.to_string(),
        };
        let gap = if text.is_empty() { "" } else { " " };
        push(&mut text, format_args!("{gap}{}={value}", cut(key, VALUE_CHARS)));
        if text.len() > FIELDS_CHARS {
            return cut(&text, FIELDS_CHARS);
        }
    }
    text
}

/// Text from outside without what a terminal would obey, and no longer than this.
fn cut(text: &str, max: usize) -> String {
    let mut shown = printable(&text.chars().take(max + 1).collect::<String>());
    if let Some((end, _)) = shown.char_indices().nth(max) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

/// Writing to a `String` does not fail.
fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(more);
}
