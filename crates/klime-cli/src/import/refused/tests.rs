use std::io;

use serde_json::json;

use super::*;
use crate::import::read::{Dialect, Header, Reader, Source};

fn marked(content: &Content) -> Value {
    let entry = entry("f.csv", 7, ("missing_field", "no user"), None, content, 3000);
    assert_eq!(entry.iter().filter(|byte| **byte == b'\n').count(), 1);
    serde_json::from_slice(&entry).unwrap()
}

fn row(text: &[u8]) -> Content {
    let source = Source::stream(io::Cursor::new([b"id,name\n", text].concat()));
    Reader::table(source, Dialect::Csv(b','), Header::FirstRow).unwrap().read().unwrap().unwrap().content
}

#[test]
fn a_line_keeps_its_text_to_the_letter() {
    let line = Content::Line(br#" {"a":12345678901234567890123, "b":1.10} "#.to_vec());
    let entry = entry("f", 7, ("c", "m"), None, &line, 10);
    let text = r#"{"_refused":{"file":"f","line":7,"code":"c","message":"m"},"a":12345678901234567890123, "b":1.10}"#;
    assert_eq!(String::from_utf8(entry).unwrap(), format!("{text}\n"));
}

#[test]
fn whatever_a_record_is_it_is_kept() {
    let mark = json!({ "file": "f.csv", "line": 7, "code": "missing_field", "message": "no user" });
    let with = |fields: Value| {
        let mut mark = mark.clone();
        mark.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        json!({ MARK: mark })
    };
    for (content, expected) in [
        (Content::Line(b"{}".to_vec()), json!({ MARK: mark })),
        (Content::Line(br#"{"_refused":{"line":1},"a":1}"#.to_vec()), json!({ MARK: mark, "a": 1 })),
        (Content::Line(b"{half".to_vec()), with(json!({ "text": "{half" }))),
        (Content::Line(b"{\"a\":1e999}".to_vec()), with(json!({ "text": "{\"a\":1e999}" }))),
        (Content::Line(b"caf\xe9".to_vec()), with(json!({ "text": "café", "encoding": "latin-1" }))),
        (Content::TooLong(b"start".to_vec()), with(json!({ "text": "start", "bytes": 3000 }))),
        (row(b"1,\"a \"\"b\"\"\""), json!({ MARK: mark, "id": "1", "name": "a \"b\"" })),
        (row(b",x"), json!({ MARK: mark, "name": "x" })),
        (row(b"1,2,3"), with(json!({ "fields": ["1", "2", "3"] }))),
    ] {
        assert_eq!(marked(&content), expected, "{content:?}");
    }
    let latin = marked(&row(b"1,caf\xe9"));
    assert_eq!((&latin["name"], &latin[MARK]["encoding"]), (&json!("café"), &json!("latin-1")));
}
