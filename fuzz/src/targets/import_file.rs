//! A file for `klime import`: any bytes are read without a panic, positions grow, and reading goes on from any of them as if it
//! had not stopped. A record becomes the same event each time, or is refused with a sentence; a refused one is a line of JSON that
//! says so.

use std::io::Cursor;

use serde_json::Value;

use crate::import::convert::{Converter, MARK};
use crate::import::mapping::{Columns, Meaning, NoEvent, PostHog, Rest, Segment, Times};
use crate::import::read::{Dialect, Header, Position, Reader, Record, Source};
use crate::import::refused;

pub(crate) const TOKENS: &[&str] = &[
    "\n",
    "\r\n",
    "\r",
    "\u{feff}",
    "\"",
    "\"\"",
    ",",
    "\t",
    "\\",
    "{\"type\":\"track\",\"event\":\"A\",\"userId\":\"u\",\"timestamp\":\"2026-11-23T15:20:00Z\"}",
    "type,event,userId,timestamp\n",
    "\"distinct_id\":",
    "\"properties\":",
    "\"$set\":{",
    "\"$groups\":",
    "\"context\":{\"groupId\":",
    "\"_refused\":{\"id\":",
    "\"timestamp\":1795447200",
    "1e999",
    "\\ud800",
];

/// The first byte says how the rest is read.
pub(crate) fn check(bytes: &[u8]) {
    let Some((choice, text)) = bytes.split_first() else { return };
    let is_table = choice & 1 == 1;
    let meaning = match choice >> 1 & 3 {
        0 => Meaning::Columns(Columns {
            is_event: !is_table,
            rest: Rest { all: true, named: Vec::new() },
            ..Columns::default()
        }),
        1 => Meaning::Segment(Segment { pages: true, skip_anonymous: choice & 8 == 8 }),
        2 => Meaning::PostHog(PostHog { pages: true, ..PostHog::default() }),
        _ => Meaning::Columns(Columns { infer: true, event: Some("A".to_owned()), ..Columns::default() }),
    };
    let converter = Converter { source: "f".to_owned(), meaning, times: Times::default(), id_from: None, null: None };
    let table = is_table.then_some(if choice & 16 == 16 { Dialect::Mysql } else { Dialect::Csv(b',') });
    let Some(mut reader) = open(text, table) else { return };
    let records = all(&mut reader);
    let mut last = Position::default();
    for record in &records {
        assert!(record.end.bytes > last.bytes && record.end.lines >= last.lines, "{record:?}");
        assert_eq!(record.end.records, last.records + 1);
        last = record.end;
        check_record(&converter, record);
    }
    assert!(last.bytes <= text.len() as u64);
    let at = records.len() / 2;
    if let (Some(record), Some(mut reader)) = (records.get(at), open(text, table)) {
        reader.go_to(record.end).expect("the position is in the file");
        assert_eq!(Some(&*all(&mut reader)), records.get(at + 1..));
    }
}

fn open(text: &[u8], table: Option<Dialect>) -> Option<Reader> {
    let source = Source::stream(Cursor::new(text.to_vec()));
    match table {
        Some(dialect) => Reader::table(source, dialect, Header::FirstRow).ok(),
        None => Some(Reader::lines(source)),
    }
}

fn all(reader: &mut Reader) -> Vec<Record> {
    std::iter::from_fn(|| reader.read().expect("memory can be read")).collect()
}

fn check_record(converter: &Converter, record: &Record) {
    let outcome = converter.convert(record);
    assert_eq!(converter.convert(record), outcome);
    match outcome {
        Ok(event) => {
            let json: Value = serde_json::from_str(&event.json).expect("an event is JSON");
            assert_eq!(json["messageId"], event.id);
            assert!(!event.id.is_empty() && json.get(MARK).is_none());
        }
        Err(NoEvent::Skipped(reason)) => assert!(!reason.is_empty()),
        Err(NoEvent::Refused(fault)) => assert!(!fault.code.is_empty() && !fault.message.is_empty()),
    }
    let entry = refused::entry("f", record.line, ("code", "message"), None, &record.content, record.bytes);
    let (end, line) = entry.split_last().expect("a line");
    assert!(*end == b'\n' && !line.contains(&b'\n'), "{entry:?}");
    let again: Value = serde_json::from_slice(line).expect("an entry is JSON");
    assert_eq!(again[MARK]["line"], record.line);
}
