use proptest::prelude::*;
use serde_json::{Value, json};

use super::text::{shortened, written_out};
use super::{MAX_EVENT_BYTES, judge};
use crate::dev::event::{Event, Judged, Kind, Library, Refusal, Verdict};

fn only(event: &Value) -> Judged {
    raw(&event.to_string())
}

fn raw(event: &str) -> Judged {
    let mut judged = judge(format!(r#"{{"batch":[{event}]}}"#).as_bytes()).unwrap();
    assert_eq!(judged.len(), 1);
    judged.remove(0)
}

#[track_caller]
fn taken(judged: Judged) -> Event {
    match judged.verdict {
        Verdict::Taken(event) => event,
        Verdict::Refused(refusal) => panic!("refused: {refusal:?}"),
    }
}

#[track_caller]
fn refused(judged: Judged, code: &str, names: &str) -> Refusal {
    match judged.verdict {
        Verdict::Taken(event) => panic!("taken: {event:?}"),
        Verdict::Refused(refusal) => {
            assert_eq!((refusal.code, refusal.message.contains(names)), (code, true), "{}", refusal.message);
            refusal
        }
    }
}

fn track() -> Value {
    json!({
        "type": "track", "messageId": "m1", "timestamp": "2026-11-23T15:20:00.123Z", "event": "Report Generated",
        "userId": "u1", "properties": { "pages": 3 }, "context": { "library": { "name": "rust-sdk", "version": "1.0.0" } },
    })
}

fn without(key: &str) -> Value {
    let mut event = track();
    event.as_object_mut().unwrap().remove(key);
    event
}

fn with(key: &str, value: Value) -> Value {
    let mut event = track();
    event[key] = value;
    event
}

#[test]
fn a_track_is_read_with_all_its_fields() {
    let judged = only(&track());
    assert_eq!(judged.body, track().to_string());
    let library = Library { name: "rust-sdk".to_owned(), version: "1.0.0".to_owned() };
    let expected = Event {
        kind: Kind::Track,
        message_id: "m1".to_owned(),
        timestamp: "2026-11-23T15:20:00.123Z".parse().unwrap(),
        name: Some("Report Generated".to_owned()),
        user_id: Some("u1".to_owned()),
        group_id: None,
        fields: json!({ "pages": 3 }).as_object().unwrap().clone(),
        library: Some(library),
    };
    assert_eq!(taken(judged), expected);
}

#[test]
fn each_missing_or_empty_field_is_named() {
    for key in ["messageId", "timestamp", "event"] {
        refused(only(&without(key)), "missing_field", &format!("\"{key}\""));
        refused(only(&with(key, json!(""))), "missing_field", &format!("\"{key}\""));
        refused(only(&with(key, Value::Null)), "missing_field", &format!("\"{key}\""));
    }
    let identify = json!({ "type": "identify", "messageId": "m", "timestamp": "2026-11-23T15:20:00Z", "groupId": "g" });
    refused(only(&identify), "missing_field", "\"userId\" is missing or empty; an identify needs one");
    let group = json!({ "type": "group", "messageId": "m", "timestamp": "2026-11-23T15:20:00Z", "userId": "u" });
    refused(only(&group), "missing_field", "\"groupId\" is missing or empty; a group needs one");
}

#[test]
fn a_track_of_nobody_is_anonymous() {
    refused(only(&without("userId")), "anonymous_event", "\"userId\" or a \"groupId\"");
    refused(only(&with("userId", json!(""))), "anonymous_event", "groupId");
    refused(only(&with("userId", Value::Null)), "anonymous_event", "groupId");
    assert_eq!(taken(only(&with("groupId", json!("g1")))).group_id.as_deref(), Some("g1"));
}

#[test]
fn a_type_is_one_of_three_words() {
    refused(only(&without("type")), "invalid_type", "\"type\" is missing");
    refused(only(&with("type", json!("page"))), "invalid_type", "not \"page\"");
    refused(only(&with("type", json!({ "track": null }))), "invalid_type", "not {\"track\":null}");
    refused(only(&with("type", Value::Null)), "invalid_type", "not null");
}

#[test]
fn integer_ids_count_as_their_digits() {
    assert_eq!(taken(only(&with("userId", json!(42)))).user_id.as_deref(), Some("42"));
    assert_eq!(taken(only(&with("groupId", json!(-7)))).group_id.as_deref(), Some("-7"));
    let long = raw(&track().to_string().replace("\"u1\"", "123456789012345678901234567890"));
    assert_eq!(taken(long).user_id.as_deref(), Some("123456789012345678901234567890"));
}

#[test]
fn a_field_of_the_wrong_kind_is_named_with_its_value() {
    refused(only(&with("userId", json!(1.5))), "invalid_field", "\"userId\" must be a string or an integer, not 1.5");
    refused(
        only(&with("groupId", json!(["a"]))),
        "invalid_field",
        "\"groupId\" must be a string or an integer, not [\"a\"]",
    );
    refused(only(&with("event", json!(7))), "invalid_field", "\"event\" must be a string");
    refused(only(&with("messageId", json!(true))), "invalid_field", "\"messageId\" must be a string");
    for value in [json!("all"), json!([1]), json!(1), Value::Null] {
        let sentence = format!("must be an object, not {value}");
        refused(only(&with("properties", value.clone())), "invalid_field", &format!("\"properties\" {sentence}"));
        refused(only(&with("context", value)), "invalid_field", &format!("\"context\" {sentence}"));
    }
    refused(only(&json!([1])), "invalid_field", "an event must be an object, not [1]");
}

#[test]
fn a_timestamp_has_a_zone_and_exists() {
    for good in ["2026-11-23T15:20:00Z", "2026-11-23T15:20:00.123456+02:00", "2026-11-23T15:20:00-05:30"] {
        taken(only(&with("timestamp", json!(good))));
    }
    for bad in ["yesterday", "2026-11-23", "2026-11-23T15:20:00", "2026-02-30T00:00:00Z", "1763911200"] {
        refused(
            only(&with("timestamp", json!(bad))),
            "invalid_field",
            &format!("with a zone, like 2026-11-23T15:20:00.123Z, not \"{bad}\""),
        );
    }
    refused(only(&with("timestamp", json!(1_763_911_200))), "invalid_field", "\"timestamp\" must be a string");
}

#[test]
fn a_timestamp_is_taken_to_the_microsecond() {
    for (sent, kept) in [
        ("2026-11-23T15:20:00.123456789Z", "2026-11-23T15:20:00.123456Z"),
        ("1969-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00Z"),
        ("-009999-01-02T01:59:59Z", "-009999-01-02T01:59:59Z"),
        ("9999-12-30T22:00:00.999999999Z", "9999-12-30T22:00:00.999999999Z"),
    ] {
        assert_eq!(taken(only(&with("timestamp", json!(sent)))).timestamp, kept.parse().unwrap(), "{sent}");
    }
}

#[test]
fn an_event_may_have_exactly_200_kb() {
    let mut event = with("properties", json!({ "pad": "" }));
    let pad = MAX_EVENT_BYTES - event.to_string().len();
    event["properties"]["pad"] = json!("x".repeat(pad));
    taken(only(&event));
    event["properties"]["pad"] = json!("x".repeat(pad + 1));
    let judged = only(&event);
    assert!(judged.body.len() < 4096 && serde_json::from_str::<String>(&judged.body).is_ok());
    let refusal = refused(judged, "event_too_large", "204801 bytes of JSON; at most 204800");
    assert_eq!(refusal.user_id.as_deref(), Some("u1"));
}

#[test]
fn what_is_kept_of_a_refused_event_is_short() {
    let mut event = with("event", json!("é".repeat(50_000)));
    event["type"] = json!("x".repeat(50_000));
    let refusal = refused(only(&event), "invalid_type", "not \"xxxx");
    assert!(refusal.message.chars().count() < 200);
    assert_eq!(refusal.name.unwrap().chars().count(), 201);
}

#[test]
fn a_bad_event_leaves_the_others_alone() {
    let body = json!({ "batch": [track(), 3, track(), {}] }).to_string();
    let good: Vec<bool> =
        judge(body.as_bytes()).unwrap().iter().map(|judged| matches!(judged.verdict, Verdict::Taken(_))).collect();
    assert_eq!(good, [true, false, true, false]);
}

#[test]
fn unknown_fields_are_left_alone() {
    let event = with("integrations", json!({ "All": true }));
    taken(only(&event));
    let body = json!({ "sentAt": "2026-11-23T15:20:00Z", "batch": [track()], "x": [1, { "y": null }] });
    assert_eq!(judge(body.to_string().as_bytes()).unwrap().len(), 1);
}

#[test]
fn an_empty_batch_is_no_fault() {
    assert_eq!(judge(br#"{"batch":[]}"#).unwrap(), []);
}

#[test]
fn a_body_of_another_shape_is_refused_as_a_whole() {
    let sentences: Vec<String> = [
        &b""[..],
        b"  ",
        b"hello",
        b"[]",
        b"3",
        b"{}",
        br#"{"batch":{}}"#,
        br#"{"batch":null}"#,
        br#"{"batch":[1,}"#,
        br#"{"batch":[]} x"#,
        br#"{"batch":[],"batch":[]}"#,
        b"{\"batch\":\"\xff\"}",
    ]
    .iter()
    .map(|body| judge(body).unwrap_err().to_string())
    .collect();
    insta::assert_debug_snapshot!(sentences, @r##"
[
    "the body is empty; it must be an object {\"batch\":[…]}",
    "the body is empty; it must be an object {\"batch\":[…]}",
    "the body is not JSON: expected value at line 1 column 1",
    "the body has another shape than the protocol's: invalid type: sequence, expected an object {\"batch\":[…]} at line 1 column 2",
    "the body has another shape than the protocol's: invalid type: integer `3`, expected an object {\"batch\":[…]} at line 1 column 1",
    "the body has no \"batch\"; it must be an object {\"batch\":[…]}",
    "the body has another shape than the protocol's: invalid type: map, expected an array of events as \"batch\" at line 1 column 11",
    "the body has another shape than the protocol's: invalid type: null, expected an array of events as \"batch\" at line 1 column 13",
    "the body is not JSON: expected value at line 1 column 13",
    "the body is not JSON: trailing characters at line 1 column 14",
    "the body has another shape than the protocol's: \"batch\" is there twice at line 1 column 19",
    "the body is not UTF-8 from byte 10 on",
]
"##);
}

#[test]
fn a_batch_holds_at_most_100_events() {
    let body = |count| format!("{{\"batch\":[{}]}}", vec!["1"; count].join(","));
    assert_eq!(judge(body(100).as_bytes()).unwrap().len(), 100);
    let sentence = judge(body(101).as_bytes()).unwrap_err().to_string();
    assert_eq!(sentence, "\"batch\" holds 101 events; at most 100 are taken at once");
    assert!(judge(body(2_000_000).as_bytes()).unwrap_err().to_string().contains("2000000"));
}

#[test]
fn hostile_json_is_refused_by_its_field() {
    let hostile = |properties: &str| raw(&track().to_string().replace(r#"{"pages":3}"#, properties));
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    refused(hostile(&deep), "invalid_field", "\"properties\" holds what cannot be read: recursion limit");
    refused(
        hostile(r#"{"a":1e999}"#),
        "invalid_field",
        "\"properties\" holds what cannot be read: number out of range",
    );
    refused(hostile(r#"{"a":"\ud800"}"#), "invalid_field", "\"properties\" holds what cannot be read");
    refused(
        raw(&track().to_string().replace("\"u1\"", r#""\udc00""#)),
        "invalid_field",
        "\"userId\" must be a string of Unicode",
    );
    refused(raw(r#"{"\ud800":1}"#), "invalid_field", "the event holds what cannot be read");
    let twice = taken(hostile(r#"{"a":1,"a":2}"#));
    assert_eq!(twice.fields["a"], 2);
    assert_eq!(taken(raw(&track().to_string().replace("\"u1\"", r#""a\u0000b""#))).user_id.as_deref(), Some("a\0b"));
}

#[test]
fn a_body_is_kept_as_sent_with_its_escapes_written_out() {
    #[track_caller]
    fn check(json: &str, expected: &str) {
        assert_eq!(written_out(json), expected);
    }
    check(r#"{"b":1.0,"a":1e2}"#, r#"{"b":1.0,"a":1e2}"#);
    check(r#""gr\u00fcn \ud83d\ude00 \n""#, r#""grün 😀 \n""#);
    check(r#""\u0000\u001F\u0022\u005c\\u0041""#, r#""\u0000\u001F\u0022\u005c\\u0041""#);
    check("{\r\n\"a\":\n\"\\n\"}", r#"{  "a": "\n"}"#);
    check(r#""\ud800 \ud800\u0041 \udc00""#, r#""\ud800 \ud800A \udc00""#);
}

#[test]
fn shortening_keeps_whole_characters() {
    assert_eq!(shortened("äöü", 3), "äöü");
    assert_eq!(shortened("äöüß", 3), "äöü…");
}

proptest! {
    #[test]
    fn any_bytes_are_judged(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _verdicts = judge(&body);
    }

    #[test]
    fn written_out_json_says_the_same(text in any::<String>()) {
        let mut escaped = String::from('"');
        for unit in text.encode_utf16() {
            escaped.push_str(&format!("\\u{unit:04x}"));
        }
        escaped.push('"');
        prop_assert_eq!(serde_json::from_str::<String>(&written_out(&escaped)).unwrap(), text);
    }

    #[test]
    fn what_is_taken_has_what_its_kind_needs(
        kind in prop::sample::select(vec!["track", "identify", "group", "x"]),
        user in prop::option::of("[a-z]{0,2}"), group in prop::option::of("[a-z]{0,2}"),
    ) {
        let mut event = track();
        event["type"] = json!(kind);
        event["userId"] = json!(user);
        event["groupId"] = json!(group);
        if let Verdict::Taken(event) = only(&event).verdict {
            prop_assert!(event.user_id.as_deref() != Some("") && event.group_id.as_deref() != Some(""));
            prop_assert!(event.user_id.is_some() || event.group_id.is_some());
        }
    }
}
