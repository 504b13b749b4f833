//! `/dev/checks`: the faults of an integration as a developer asks for them.

use serde_json::{Value, json};

use crate::support::{Dev, track};

/// What a rule says.
#[track_caller]
fn rule(dev: &Dev, query: &str, id: &str) -> Value {
    let answer = dev.get(&format!("/dev/checks{query}")).json();
    let checks = answer["checks"].as_array().unwrap();
    checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no rule {id}: {answer}")).clone()
}

fn levels(dev: &Dev) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let answer = dev.get("/dev/checks").json();
    answer["checks"].as_array().unwrap().iter().map(|check| (text(&check["id"]), text(&check["level"]))).collect()
}

/// An integration with a fault of each kind that an event alone can show.
fn faulty() -> Vec<Value> {
    let anonymous = {
        let mut event = track("Report Generated", "m1");
        event.as_object_mut().unwrap().remove("userId");
        event
    };
    vec![
        anonymous,
        json!({ "type": "page", "messageId": "m2" }),
        track("click_button", "m3"),
        track("Button Clicked", "m4"),
        track("Button Clicked", "m4"),
    ]
}

#[test]
fn faults_are_told_with_what_to_do_and_where_they_are() {
    let dev = Dev::start(&[]);
    dev.send(&faulty());
    let anonymous = rule(&dev, "", "anonymous_events");
    assert_eq!((&anonymous["level"], &anonymous["count"]), (&json!("error"), &json!(1)));
    assert_eq!(anonymous["examples"][0]["seq"], 1);
    for text in ["title", "found", "why", "fix"] {
        assert!(anonymous[text].as_str().is_some_and(|text| !text.is_empty()), "{text}: {anonymous}");
    }
    assert_eq!(rule(&dev, "", "refused_events")["examples"][0]["seq"], 2);
    let names = rule(&dev, "", "event_names");
    assert_eq!(names["examples"], json!([{ "text": "\"click_button\", better \"Button Clicked\"", "seq": 3 }]));
    assert_eq!(rule(&dev, "", "duplicates")["found"], "1 event came again and was counted once.");
}

#[test]
fn refused_requests_are_told_and_asked_for_faults_are_not() {
    let dev = Dev::start(&[]);
    dev.send(&[track("Button Clicked", "m1")]);
    dev.post("/dev/fault", &json!({ "kind": "status", "status": 503, "count": 1 }));
    dev.send(&[]);
    dev.post("/dev/fault", &json!({ "kind": "partial", "share": 1.0, "count": 1 }));
    dev.send(&[track("Button Clicked", "m2")]);
    assert_eq!(
        (&rule(&dev, "", "requests")["level"], &rule(&dev, "", "refused_events")["level"]),
        (&json!("ok"), &json!("ok"))
    );
    dev.send_body(b"[]", "");
    assert_eq!(rule(&dev, "", "requests")["found"], "1 of 4 requests was refused as a whole.");
}

#[test]
fn mode_is_what_was_asked_for_or_given_or_what_the_events_look_like() {
    let dev = Dev::start(&[]);
    dev.send(&[track("Button Clicked", "m1")]);
    let answer = dev.get("/dev/checks").json();
    assert_eq!((&answer["mode"], &answer["modeIsGiven"]), (&json!("individuals"), &json!(false)));
    assert_eq!(rule(&dev, "", "group_calls")["level"], "waiting");
    assert_eq!(rule(&dev, "?mode=individuals", "group_calls")["level"], "ok");
    assert_eq!(rule(&dev, "?mode=companies", "group_calls")["level"], "error");
    let given = Dev::start(&["--mode", "companies"]);
    let answer = given.get("/dev/checks").json();
    assert_eq!((&answer["mode"], &answer["modeIsGiven"]), (&json!("companies"), &json!(true)));
}

#[test]
fn unknown_parameters_are_told() {
    let dev = Dev::start(&[]);
    for (query, named) in [("?mode=teams", "teams"), ("?limit=3", "limit")] {
        let answer = dev.get(&format!("/dev/checks{query}"));
        assert_eq!(answer.status, 400);
        assert!(answer.error().contains(named), "{}", answer.error());
    }
}

#[test]
fn checks_are_the_same_after_a_restart_and_begin_again_after_a_reset() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("events.db");
    let arguments = ["--db", file.to_str().unwrap()];
    let dev = Dev::start(&arguments);
    dev.send(&faulty());
    let before = dev.get("/dev/checks").json();
    drop(dev);
    let dev = Dev::start(&arguments);
    assert_eq!(dev.get("/dev/checks").json(), before);
    dev.post("/dev/reset", &Value::Null);
    assert!(levels(&dev).iter().all(|(_, level)| level == "waiting"), "{:?}", levels(&dev));
}
