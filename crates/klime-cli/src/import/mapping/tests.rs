use serde_json::json;

use super::*;

/// The event that fields become, or why there is none.
fn event(meaning: &Meaning, fields: Value) -> Result<Value, String> {
    let Value::Object(fields) = fields else { panic!("{fields}") };
    let event = meaning.event(fields, &Times::default()).map(Value::Object);
    event.map_err(|reason| match reason {
        NoEvent::Refused(fault) => format!("{}: {}", fault.code, fault.message),
        NoEvent::Skipped(reason) => format!("skipped: {reason}"),
    })
}

fn columns(set: impl FnOnce(&mut Columns)) -> Meaning {
    let mut columns = Columns { rest: Rest { all: true, named: Vec::new() }, ..Columns::default() };
    set(&mut columns);
    Meaning::Columns(columns)
}

fn map(target: Target, column: &str) -> Vec<(Target, String)> {
    vec![(target, column.to_owned())]
}

#[test]
fn an_event_stays_as_it_is_but_for_its_time() {
    let meaning = columns(|columns| columns.is_event = true);
    let fields = json!({
        "type": "track", "event": "A", "userId": 7, "timestamp": 1_795_447_200, "messageId": 42, "unknown": [1], "groupId": null,
        "context": { "library": { "name": "x", "version": "1" } }, "properties": { "a": null },
    });
    let expected = json!({
        "type": "track", "event": "A", "userId": 7, "timestamp": "2026-11-23T15:20:00.000Z", "messageId": "42", "unknown": [1],
        "context": { "library": { "name": "x", "version": "1" } }, "properties": { "a": null },
    });
    assert_eq!(event(&meaning, fields), Ok(expected));
}

#[test]
fn columns_become_what_they_are_mapped_to_and_the_rest_properties() {
    let meaning = columns(|columns| {
        columns.event = Some("Order Placed".to_owned());
        columns.map = map(Target::UserId, "customer.id");
        columns.map.extend(map(Target::Timestamp, "placed_at"));
    });
    let fields = json!({
        "customer": { "id": "c1", "name": "Ann" }, "placed_at": "2026-11-23T15:20:00Z", "total": "12.50", "ip": "203.0.113.7",
        "messageId": "m1", "note": null,
    });
    let expected = json!({
        "type": "track", "event": "Order Placed", "userId": "c1", "timestamp": "2026-11-23T15:20:00.000Z", "messageId": "m1",
        "context": { "ip": "203.0.113.7" },
        "properties": { "customer": { "id": "c1", "name": "Ann" }, "total": "12.50" },
    });
    assert_eq!(event(&meaning, fields), Ok(expected));
}

#[test]
fn a_column_may_be_two_things_if_it_is_named() {
    let meaning = columns(|columns| {
        columns.kind = Some("track".to_owned());
        columns.event = Some("A".to_owned());
        columns.map = map(Target::MessageId, "order");
        columns.rest = Rest::parse("order:number, seats:number").unwrap();
    });
    let fields = json!({ "order": "42", "seats": "7", "other": "x", "userId": "u" });
    let expected = json!({ "type": "track", "event": "A", "userId": "u", "messageId": "42", "properties": { "order": 42, "seats": 7 } });
    assert_eq!(event(&meaning, fields), Ok(expected));
    assert_eq!(
        event(&meaning, json!({ "userId": "u", "seats": "many" })),
        Err("invalid_field: column \"seats\" must be a number, not \"many\"".to_owned())
    );
}

#[test]
fn users_and_groups_get_traits() {
    let meaning = columns(|columns| {
        columns.kind = Some("identify".to_owned());
        columns.infer = true;
        columns.rest = Rest::parse("*,plan:string").unwrap();
    });
    let fields = json!({ "userId": "u", "seats": "25", "plan": "7", "traits": "{\"a\":1}", "event": "ignored" });
    let expected = json!({ "type": "identify", "userId": "u", "traits": { "a": 1, "seats": 25, "plan": "7" } });
    assert_eq!(event(&meaning, fields), Ok(expected));
}

#[test]
fn the_type_may_be_a_column() {
    let meaning = columns(|columns| columns.map = map(Target::Type, "what"));
    let group = json!({ "what": "group", "groupId": "g", "name": "Acme" });
    assert_eq!(event(&meaning, group), Ok(json!({ "type": "group", "groupId": "g", "traits": { "name": "Acme" } })));
    let track = json!({ "event": "A", "userId": "u", "properties": "{\"a\":1}", "b": 2 });
    let expected = json!({ "type": "track", "event": "A", "userId": "u", "properties": { "a": 1, "b": 2 } });
    assert_eq!(event(&meaning, track), Ok(expected));
    let broken = json!({ "event": "A", "userId": "u", "properties": "[1]" });
    assert_eq!(event(&meaning, broken), Err("invalid_field: \"properties\" must be an object, not \"[1]\"".to_owned()));
}

#[test]
fn lists_of_columns_are_read_with_their_types() {
    let named = |text: &str| Rest::parse(text).map(|rest| (rest.all, rest.named));
    let name = |name: &str, meant| (name.to_owned(), meant);
    assert_eq!(named(""), Ok((false, vec![])));
    assert_eq!(named("*"), Ok((true, vec![])));
    assert_eq!(named("a, b:number"), Ok((false, vec![name("a", None), name("b", Some(Type::Number))])));
    assert_eq!(named("ns:Name"), Ok((false, vec![name("ns:Name", None)])));
    assert_eq!(
        named("a:nmber"),
        Err("\"nmber\" is no type; a column is NAME or NAME:string|number|boolean|time|json".to_owned())
    );
}

#[test]
fn segments_calls_become_ours() {
    let meaning = Meaning::Segment(Segment::default());
    let common = json!({
        "messageId": "ajs-1", "anonymousId": "a", "receivedAt": "2026-11-23T15:20:09Z", "timestamp": "2026-11-23T15:20:00.5Z",
        "context": { "ip": "203.0.113.7", "groupId": "org_1", "userAgent": "x" }, "integrations": {}, "channel": "client",
    });
    let with = |fields: Value| {
        let mut all = common.as_object().unwrap().clone();
        all.extend(fields.as_object().unwrap().clone());
        Value::Object(all)
    };
    let ours = |fields: Value| {
        let mut all = json!({
            "messageId": "ajs-1", "timestamp": "2026-11-23T15:20:00.500Z", "context": { "ip": "203.0.113.7" },
        });
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        Ok(all)
    };
    for (theirs, expected) in [
        (
            json!({ "type": "track", "event": "A", "userId": "u", "properties": { "p": 1 } }),
            ours(json!({ "type": "track", "event": "A", "userId": "u", "groupId": "org_1", "properties": { "p": 1 } })),
        ),
        (
            json!({ "type": "identify", "userId": "u", "traits": { "email": "e" } }),
            ours(json!({ "type": "identify", "userId": "u", "traits": { "email": "e" } })),
        ),
        (
            json!({ "type": "group", "userId": null, "groupId": "g", "traits": {} }),
            ours(json!({ "type": "group", "groupId": "g", "traits": {} })),
        ),
        (json!({ "type": "alias", "userId": "u", "previousId": "a" }), Err("skipped: alias".to_owned())),
        (json!({ "type": "page", "userId": "u" }), Err("skipped: page or screen".to_owned())),
    ] {
        assert_eq!(event(&meaning, with(theirs.clone())), expected, "{theirs}");
    }
}

#[test]
fn segments_pages_are_taken_when_they_are_wanted() {
    let meaning = Meaning::Segment(Segment { pages: true, skip_anonymous: true });
    let page = json!({ "type": "page", "userId": "u", "name": "Home", "properties": { "url": "/", "name": "Start" } });
    let expected = json!({ "type": "track", "event": "Page Viewed", "userId": "u", "properties": { "url": "/", "name": "Start" } });
    assert_eq!(event(&meaning, page), Ok(expected));
    let screen = json!({ "type": "screen", "userId": "u", "name": "Main" });
    let expected =
        json!({ "type": "track", "event": "Screen Viewed", "userId": "u", "properties": { "name": "Main" } });
    assert_eq!(event(&meaning, screen), Ok(expected));
}

#[test]
fn segments_anonymous_messages_are_refused_or_skipped() {
    let anonymous = || json!({ "type": "track", "event": "A", "anonymousId": "a", "userId": "" });
    let refused = event(&Meaning::Segment(Segment::default()), anonymous());
    assert_eq!(refused, Ok(json!({ "type": "track", "event": "A", "userId": "" })), "the rules refuse it");
    let skipping = Meaning::Segment(Segment { skip_anonymous: true, ..Segment::default() });
    assert_eq!(event(&skipping, anonymous()), Err("skipped: anonymous".to_owned()));
    let of_group = json!({ "type": "track", "event": "A", "anonymousId": "a", "context": { "groupId": "g" } });
    assert_eq!(event(&skipping, of_group), Ok(json!({ "type": "track", "event": "A", "groupId": "g" })));
}

#[test]
fn posthogs_events_become_ours() {
    let meaning = Meaning::PostHog(PostHog::default());
    let ours = |fields: Value| {
        let mut all = json!({ "messageId": "0191-x", "timestamp": "2026-11-23T15:20:00.123Z" });
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        Ok(all)
    };
    for (name, properties, expected) in [
        (
            "order placed",
            json!({ "total": 5, "$browser": "x", "$groups": { "company": "org_1" }, "$ip": "203.0.113.7", "$set": { "a": 1 } }),
            ours(json!({
                "type": "track", "event": "order placed", "userId": "u", "groupId": "org_1", "properties": { "total": 5 },
                "context": { "ip": "203.0.113.7" },
            })),
        ),
        (
            "$identify",
            json!({ "$set": { "email": "e", "$geoip": 1 }, "$set_once": { "email": "old", "first": 1 }, "$anon_distinct_id": "a" }),
            ours(json!({ "type": "identify", "userId": "u", "traits": { "email": "e", "first": 1 } })),
        ),
        (
            "$groupidentify",
            json!({ "$group_type": "company", "$group_key": "org_1", "$group_set": { "name": "Acme" } }),
            ours(json!({ "type": "group", "groupId": "org_1", "traits": { "name": "Acme" } })),
        ),
        ("$autocapture", json!({}), Err("skipped: PostHog's own event".to_owned())),
        ("$pageview", json!({}), Err("skipped: page or screen".to_owned())),
        (
            "a",
            json!({ "$groups": { "company": "o", "project": "p" } }),
            Err("invalid_field: \"$groups\" is {\"company\":\"o\",\"project\":\"p\"}; say by --group-type which of them is the group"
                .to_owned()),
        ),
    ] {
        let fields = json!({
            "uuid": "0191-x", "event": name, "distinct_id": "u", "timestamp": "2026-11-23 15:20:00.123456",
            // As in CSV; in JSON lines it is an object.
            "properties": properties.to_string(), "person_id": "p", "team_id": 1,
        });
        assert_eq!(event(&meaning, fields), expected, "{name}");
    }
}

#[test]
fn posthogs_groups_are_those_of_one_type() {
    let meaning = Meaning::PostHog(PostHog { group_type: Some("company".to_owned()), ..PostHog::default() });
    let track =
        json!({ "event": "a", "distinct_id": "u", "properties": { "$groups": { "company": "o", "project": "p" } } });
    let expected = json!({ "type": "track", "event": "a", "userId": "u", "groupId": "o", "properties": {} });
    assert_eq!(event(&meaning, track), Ok(expected));
    let other = json!({ "event": "$groupidentify", "properties": { "$group_type": "project", "$group_key": "p" } });
    assert_eq!(event(&meaning, other), Err("skipped: group of another type".to_owned()));
}

#[test]
fn posthogs_devices_are_no_users() {
    let posthog = PostHog { pages: true, keep_dollar: true, ..PostHog::default() };
    for properties in [json!({ "$device_id": "d" }), json!({ "$is_identified": false })] {
        let fields = json!({ "event": "$pageview", "distinct_id": "d", "properties": properties });
        let expected = json!({ "type": "track", "event": "Page Viewed", "properties": properties });
        assert_eq!(event(&Meaning::PostHog(posthog.clone()), fields.clone()), Ok(expected), "the rules refuse it");
        let skipping = Meaning::PostHog(PostHog { skip_anonymous: true, ..posthog.clone() });
        assert_eq!(event(&skipping, fields), Err("skipped: anonymous".to_owned()));
    }
    let of_group =
        json!({ "event": "a", "distinct_id": "d", "properties": { "$device_id": "d", "$groups": { "c": "o" } } });
    let skipping = Meaning::PostHog(PostHog { skip_anonymous: true, ..PostHog::default() });
    assert_eq!(
        event(&skipping, of_group),
        Ok(json!({ "type": "track", "event": "a", "groupId": "o", "properties": {} }))
    );
}

#[test]
fn what_is_no_time_refuses_the_record() {
    let meaning = columns(|columns| columns.is_event = true);
    let problem = event(&meaning, json!({ "type": "track", "timestamp": "soon" })).unwrap_err();
    assert!(problem.starts_with("invalid_field: \"timestamp\" must be a time such as"), "{problem}");
}
