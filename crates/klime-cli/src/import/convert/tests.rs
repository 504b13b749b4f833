use serde_json::json;

use super::*;
use crate::import::mapping::{Columns, Rest};
use crate::import::read::{Dialect, Header, Position, Reader, Source};

fn converter(is_event: bool) -> Converter {
    let rest = Rest { all: true, named: Vec::new() };
    let columns = Columns { is_event, event: (!is_event).then(|| "A".to_owned()), rest, ..Columns::default() };
    Converter {
        source: "f".to_owned(),
        meaning: Meaning::Columns(columns),
        times: Times::default(),
        id_from: None,
        null: None,
    }
}

fn line(text: impl AsRef<[u8]>) -> Record {
    let text = text.as_ref().to_vec();
    let end = Position { bytes: text.len() as u64 + 1, lines: 1, records: 1 };
    Record { line: 1, end, bytes: text.len() as u64 + 1, ending: Ending::Line, content: Content::Line(text) }
}

fn rows(text: &str) -> Vec<Record> {
    let source = Source::stream(std::io::Cursor::new(text.to_owned()));
    let mut reader = Reader::table(source, Dialect::Csv(b','), Header::FirstRow).unwrap();
    std::iter::from_fn(|| reader.read().unwrap()).collect()
}

fn code(converter: &Converter, record: &Record) -> (&'static str, String) {
    match converter.convert(record) {
        Err(NoEvent::Refused(fault)) => (fault.code, fault.message),
        other => panic!("{other:?}"),
    }
}

const TRACK: &str = r#"{"type":"track","event":"A","userId":"u","timestamp":"2026-11-23T15:20:00Z"}"#;

#[test]
fn an_id_that_stands_for_no_value_is_at_fault_unless_it_is_said_which_does() {
    let track = |id: &str| line(TRACK.replace(r#""u""#, id));
    let events = converter(true);
    for id in ["NULL", "null", "Null", "\\N", "undefined", "None"] {
        let sentence = format!(
            "\"userId\" is \"{id}\", which often stands for no value: --null '{id}' leaves such fields out, --null '' takes \
             them as they are"
        );
        let record = track(&serde_json::to_string(id).unwrap());
        assert_eq!(code(&events, &record), ("invalid_field", sentence));
        let left_out = Converter { null: Some(id.to_owned()), ..converter(true) };
        assert_eq!(code(&left_out, &record).0, "anonymous_event", "{id}");
        let taken = Converter { null: Some(String::new()), ..converter(true) };
        assert!(taken.convert(&record).unwrap().json.contains(r#""userId":""#), "{id}");
    }
    for id in ["none", "nil", "N", "Undefined"] {
        assert!(events.convert(&track(&format!("{id:?}"))).is_ok(), "{id}");
    }
    let rows = rows("id,userId,timestamp,note\nNULL,u,2026-11-23T15:20:00Z,NULL\n");
    assert!(converter(false).convert(&rows[0]).unwrap().json.contains(r#""note":"NULL""#), "only ids are looked at");
    let keyed = Converter { id_from: Some("id".to_owned()), ..converter(false) };
    let (found, message) = code(&keyed, &rows[0]);
    let problem = r#"column "id", of which the id is to be made, is "NULL", which often stands for no value"#;
    assert!(found == "missing_field" && message.starts_with(problem), "{message}");
}

#[test]
fn faults_have_a_code_and_a_sentence() {
    let events = converter(true);
    for (text, expected, sentence) in [
        (&b"{\"type\":\"track\""[..], "invalid_json", "it ends within its JSON, at column 15; was it cut off?"),
        (b"{\"a\" 1}", "invalid_json", "it is not JSON: expected `:` at column 6"),
        (b"[1]", "invalid_json", "it is JSON, but not an object"),
        (b"{}", "invalid_json", "it has no fields"),
        (
            br#"{"_refused":{"text":"x"}}"#,
            "invalid_json",
            "it was not mended: put the record's fields beside \"_refused\"",
        ),
        (
            b"{\"a\":\"\xff\"}",
            "invalid_utf8",
            "it is not UTF-8, from its byte 7 on; if the file is Latin-1: iconv -f LATIN1 -t UTF-8 FILE | klime import -",
        ),
        (br#"{"type":"page"}"#, "invalid_type", r#""type" must be "track", "identify" or "group", not "page""#),
        (
            br#"{"type":"track","event":"A","userId":"u"}"#,
            "missing_field",
            r#""timestamp" is missing or empty; a track needs one"#,
        ),
        (
            br#"{"type":"track","event":"A","timestamp":"2026-11-23T15:20:00Z"}"#,
            "anonymous_event",
            r#"a track needs a "userId" or a "groupId""#,
        ),
    ] {
        assert_eq!(code(&events, &line(text)), (expected, sentence.to_owned()), "{}", String::from_utf8_lossy(text));
    }
    let mut large = line(TRACK);
    large.content = Content::TooLong(b"{\"a\":".to_vec());
    assert_eq!(code(&events, &large).0, "record_too_long");
    let text = TRACK.replace("\"A\"", &format!("\"{}\"", "x".repeat(200 * 1024)));
    assert_eq!(code(&events, &line(text)).0, "event_too_large");
}

#[test]
fn rows_are_refused_for_what_csv_can_have_wrong() {
    let columns = converter(false);
    let rows = rows("userId,timestamp\nu,2026-11-23T15:20:00Z\nu\nu,2026-11-23T15:20:00Z,\n,2026-11-23T15:20:00Z\n");
    assert!(columns.convert(&rows[0]).is_ok());
    assert_eq!(code(&columns, &rows[1]), ("invalid_row", "it has 1 fields, the header has 2".to_owned()));
    assert_eq!(code(&columns, &rows[2]), ("invalid_row", "it has 3 fields, the header has 2".to_owned()));
    assert_eq!(code(&columns, &rows[3]).0, "anonymous_event", "an empty field is no value");
}

#[test]
fn an_id_is_kept_or_made_of_the_record() {
    let events = converter(true);
    let given = TRACK.replace("{\"type", "{\"messageId\":\"m1\",\"type");
    assert_eq!(events.convert(&line(given)).unwrap().id, "m1");

    let made = events.convert(&line(TRACK)).unwrap();
    assert_eq!(events.convert(&line(TRACK)).unwrap(), made);
    assert_eq!(events.convert(&line(format!("{TRACK}\r"))).unwrap().id, made.id, "whatever its line end is");
    let json: Value = serde_json::from_str(&made.json).unwrap();
    assert_eq!(json["messageId"], made.id);
    let mut next = line(TRACK);
    next.end.records = 2;
    assert_ne!(events.convert(&next).unwrap().id, made.id);
}

#[test]
fn an_id_is_made_of_a_column_wherever_the_record_stands() {
    let columns = Converter { id_from: Some("id".to_owned()), ..converter(false) };
    let rows =
        rows("id,userId,timestamp\n7,u,2026-11-23T15:20:00Z\n7,other,2026-11-23T15:20:01Z\n,u,2026-11-23T15:20:00Z\n");
    assert_eq!(columns.convert(&rows[0]).unwrap().id, columns.convert(&rows[1]).unwrap().id);
    let missing = ("missing_field", "column \"id\", of which the id is to be made, is missing".to_owned());
    assert_eq!(code(&columns, &rows[2]), missing);
}

#[test]
fn a_mended_record_keeps_the_id_that_was_made_for_it() {
    let marked = TRACK.replace('}', r#","_refused":{"line":7,"id":"the-id"}}"#);
    let event = converter(true).convert(&line(marked)).unwrap();
    assert_eq!(event.id, "the-id");
    let json: Value = serde_json::from_str(&event.json).unwrap();
    assert_eq!(
        json,
        json!({
            "type": "track", "event": "A", "userId": "u", "timestamp": "2026-11-23T15:20:00.000Z", "messageId": "the-id",
        })
    );
}

#[test]
fn a_quote_that_is_never_closed_says_what_it_has_swallowed() {
    let columns = converter(false);
    let header = "userId,timestamp,note\n";
    for (rows_text, sentence) in [
        ("u,1,\"x\n", "a quote opened at line 2 is never closed"),
        ("u,1,\"x\nu,1,y\n", "a quote opened at line 2 is never closed; the line after it was not read as a row"),
        (
            "u,1,x\nu,1,\"x\nu\nu\nu",
            "a quote opened at line 3 is never closed; the 3 lines after it were not read as rows",
        ),
    ] {
        let record = rows(&format!("{header}{rows_text}")).pop().unwrap();
        assert_eq!(code(&columns, &record), ("unclosed_quote", sentence.to_owned()), "{rows_text}");
    }
    let record = rows(&format!("{header}u,1,\"x\nu,\"y,z\n")).pop().unwrap();
    let (code, message) = code(&columns, &record);
    assert_eq!(code, "invalid_row");
    assert!(
        message.ends_with("it goes from line 2 to line 3, so a quote may not be closed where it should"),
        "{message}"
    );
}
