//! The export of what is hostile, and its way back by `klime import`.

use serde_json::Value;

use crate::support::{Dev, Klime};

/// Properties that are taken, each of which could break a line.
fn taken() -> Vec<String> {
    let nested = format!("{{\"a\":{}{}}}", "[".repeat(90), "]".repeat(90));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(199 * 1024));
    let texts = [
        "{\r\n \"a\":\n 1,\r\"b\":2\n}",
        r#"{"a":"x\ny\r\u000a\u2028\u0000"}"#,
        "{\"a\":\"\u{2028}\u{85}\u{feff}\u{7f}\"}",
        r#"{"a":123456789012345678901234567890,"b":1e-999}"#,
        r#"{"a":1,"a":2}"#,
    ];
    texts.map(str::to_owned).into_iter().chain([nested, large]).collect()
}

/// What is refused, event by event.
const REFUSED: [&str; 5] = ["5", "null", r#""\ud800""#, "[\n1]", r#"{"type":"track","event":"\udfff"}"#];

/// Sends each by itself.
fn send(dev: &Dev, events: impl IntoIterator<Item = String>) {
    for event in events {
        assert_eq!(dev.send_body(format!("{{\"batch\":[{event}]}}").as_bytes(), "").status, 200, "{event:.80}");
    }
}

#[test]
fn whatever_was_taken_is_exported_as_lines_that_can_be_imported_again() {
    let dev = Dev::start(&[]);
    let event = |(n, properties): (usize, String)| {
        format!(
            r#"{{"type":"track","event":"A","userId":"u","messageId":"m{n}","timestamp":"2026-11-24T12:00:00Z","properties":{properties}}}"#
        )
    };
    let events = taken();
    let count = events.len();
    send(&dev, events.into_iter().enumerate().map(event));
    send(&dev, REFUSED.map(str::to_owned));
    let not_utf8 = dev.send_body(b"{\"batch\":[{\"a\":\"\xff\"}]}", "");
    assert_eq!(not_utf8.status, 400, "{}", not_utf8.text());

    let lines = |dev: &Dev, query: &str| {
        let answer = dev.ask("GET", &format!("/dev/export.ndjson{query}"), "Accept: */*\r\n", b"").unwrap();
        dechunked(&answer.body)
    };
    let exported = lines(&dev, "");
    let objects: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), count);
    let all = lines(&dev, "?status=all");
    assert_eq!(all.lines().count(), count + REFUSED.len());
    assert!(!all.contains('\r'));

    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("events.ndjson"), &exported).unwrap();
    let again = Dev::start(&[]);
    let ran = Klime::new(&["import", "events.ndjson"]).at(&again.endpoint()).in_directory(directory.path()).run();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(again.get("/dev/stats").json()["events"]["accepted"], count);
}

/// The body of an answer that came in chunks.
fn dechunked(mut body: &[u8]) -> String {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|pair| pair == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        whole.extend_from_slice(&body[end + 2..end + 2 + length]);
        body = &body[end + 2 + length + 2..];
    }
    String::from_utf8(whole).unwrap()
}
