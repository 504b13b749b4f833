use proptest::prelude::*;
use serde_json::json;

use super::super::{Replayed, Store};
use super::{at, memory, refused, request, taken, track};
use crate::dev::checks::{Checks, Requests};
use crate::dev::event::{Judged, Kind, Mode, Status, Verdict};
use crate::dev::validate;

fn replayed(store: &Store) -> Vec<Replayed> {
    let mut replayed = Vec::new();
    store.replay(|event| replayed.push(event.clone())).unwrap();
    replayed
}

fn judged(event: &str) -> Judged {
    validate::judge(format!(r#"{{"batch":[{event}]}}"#).as_bytes()).unwrap().remove(0)
}

#[test]
fn a_replay_gives_what_was_appended() {
    let mut store = memory();
    let traits = json!({ "name": "Acme", "seats": 12, "tags": ["a", { "b": null }] });
    let identified = taken(Kind::Group, "g", None, Some("u1"), Some("g1"), traits.as_object().unwrap().clone());
    let events = [track("a", "A", "u1"), refused("no userId"), identified, track("a", "A", "u1")];
    store.append(&request(7), &events).unwrap();
    let statuses = [Status::Accepted, Status::Refused, Status::Accepted, Status::Duplicate];
    let expected: Vec<_> = (1..)
        .zip(events)
        .zip(statuses)
        .map(|((seq, judged), status)| Replayed { seq, received_at: at(7), status, judged })
        .collect();
    assert_eq!(replayed(&store), expected);
}

#[test]
fn traits_come_back_beside_a_field_that_cannot_be_read() {
    let deep = format!("{}{}", "[".repeat(140), "]".repeat(140));
    for unreadable in [deep.as_str(), "1e999", r#""\ud83d""#] {
        let event = format!(
            r#"{{"type":"identify","messageId":"m","timestamp":"2026-11-23T15:20:00Z","userId":"u","traits":{{"plan":"pro"}},"x":{unreadable}}}"#
        );
        let judged = judged(&event);
        assert!(judged.taken().is_some_and(|event| event.fields.contains_key("plan")), "{unreadable}");
        let mut store = memory();
        store.append(&request(0), std::slice::from_ref(&judged)).unwrap();
        assert_eq!(replayed(&store).remove(0).judged, judged, "{unreadable}");
    }
}

fn escaped(text: &str) -> String {
    let json = json!(text).to_string();
    json[1..json.len() - 1].to_owned()
}

#[test]
fn a_retry_of_an_event_from_before_a_restart_is_the_same_event() {
    let retried = judged(
        r#"{"type":"track","messageId":"m","timestamp":"2026-11-23T15:20:00.123456789Z","event":"Report Generated","userId":"u"}"#,
    );
    let mut store = memory();
    store.append(&request(0), std::slice::from_ref(&retried)).unwrap();
    let mut checks = Checks::default();
    store.replay(|event| checks.note(event.seq, event.received_at, &event.judged, event.status)).unwrap();
    checks.note(2, at(1), &retried, Status::Duplicate);
    let report = checks.report(Mode::Companies, true, Requests { total: 2, refused: 0 });
    let duplicates = report.iter().find(|check| check.id == "duplicates").unwrap();
    assert_eq!(duplicates.found, "1 event came again and was counted once.");
}

/// A string as JSON, with escapes where none are needed, and some that stand for no character.
fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -~]{0,6}".prop_map(|text| escaped(&text)),
        2 => any::<u16>().prop_map(|unit| format!("\\u{unit:04x}")),
        1 => any::<char>().prop_map(|char| escaped(&char.to_string())),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

/// JSON as it may be sent, which is more than can be read.
fn anything() -> impl Strategy<Value = String> {
    let simple = prop_oneof![
        string(),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| json!(number).to_string()),
        prop::sample::select(vec!["1e999", "-0", "1.50e+1", "123456789012345678901234567890", "true", "null"])
            .prop_map(str::to_owned),
        (100..200_usize).prop_map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth))),
    ];
    simple.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|values| format!("[{}]", values.join(" ,\n"))),
            object(inner, 4),
        ]
    })
}

fn object(value: impl Strategy<Value = String>, most: usize) -> impl Strategy<Value = String> {
    let member = (string(), value).prop_map(|(key, value)| format!("{key}: {value}"));
    prop::collection::vec(member, 0..most).prop_map(|members| format!("{{{}}}", members.join(",")))
}

/// An event that may be taken, and nearly always is when its own fields and names can be read.
fn event() -> impl Strategy<Value = String> {
    let own = prop_oneof![4 => Just(r#"{"plan":"pro","seats":3}"#.to_owned()), 1 => object(anything(), 3)];
    let unknown = prop::collection::vec(("[a-z]{1,4}", anything()), 0..3);
    let key = prop::sample::select(vec!["properties", "traits", r"trait\u0073", r"\u0070roperties"]);
    let owns = prop::collection::vec((key, own), 0..3);
    let kind = prop::sample::select(vec!["track", "identify", "group"]);
    let id = prop_oneof![4 => Just("\"u\"".to_owned()), 1 => string(), 1 => any::<i64>().prop_map(|id| id.to_string())];
    (kind, id, "[0-9]{1,9}", owns, unknown).prop_map(|(kind, id, fraction, owns, unknown)| {
        let mut members = vec![
            format!(r#""type":"{kind}","messageId":"m","event":"Report Generated","userId":{id},"groupId":"g""#),
            format!(r#""timestamp":"2026-11-23T15:20:00.{fraction}Z""#),
        ];
        members.extend(unknown.iter().map(|(key, value)| format!("\"{key}\":{value}")));
        members.extend(owns.iter().map(|(key, value)| format!("\"{key}\":{value}")));
        format!("{{{}}}", members.join(", "))
    })
}

proptest! {
    #[test]
    fn a_replay_gives_what_was_appended_whatever_was_sent(event in event()) {
        let judged = judged(&event);
        let status = match &judged.verdict {
            Verdict::Taken(_) => Status::Accepted,
            Verdict::Refused(_) => Status::Refused,
        };
        let mut store = memory();
        store.append(&request(7), std::slice::from_ref(&judged)).unwrap();
        prop_assert_eq!(replayed(&store), vec![Replayed { seq: 1, received_at: at(7), status, judged }]);
    }
}
