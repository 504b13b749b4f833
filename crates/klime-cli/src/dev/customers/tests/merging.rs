use serde_json::{Value, json};

use super::{customers, days_ago, detail, event};
use crate::dev::event::{Event, Kind, Mode};

fn identify(message_id: &str, days: i64, traits: Value) -> Event {
    Event { message_id: message_id.to_owned(), ..event(Kind::Identify, Some("u1"), None, days, traits) }
}

#[track_caller]
fn check(events: &[Event], expected: Value) {
    let mut reversed = events.to_vec();
    reversed.reverse();
    for events in [events, &reversed] {
        let customer = detail(&customers(events), Mode::Individuals, "u1").customer;
        assert_eq!(Value::Object(customer.traits), expected);
    }
}

#[test]
fn traits_are_merged_key_by_key_and_the_later_value_wins_in_any_order() {
    let early = identify("b", 2, json!({ "name": "Old", "plan": "free", "seats": 1 }));
    let late = identify("a", 1, json!({ "name": "New", "plan": null }));
    check(&[early, late], json!({ "name": "New", "plan": null, "seats": 1 }));
}

#[test]
fn of_two_events_of_one_time_the_greater_message_id_wins() {
    let (low, high) = (identify("a", 1, json!({ "name": "A" })), identify("b", 1, json!({ "name": "B" })));
    check(&[low, high], json!({ "name": "B" }));
}

#[test]
fn a_time_is_compared_to_the_microsecond() {
    let at = |nanos: i128| jiff::Timestamp::from_nanosecond(days_ago(1).as_nanosecond() + nanos).unwrap();
    let early = Event { timestamp: at(1_000), ..identify("b", 1, json!({ "name": "early" })) };
    let late = Event { timestamp: at(2_000), ..identify("a", 1, json!({ "name": "late" })) };
    check(&[early, late], json!({ "name": "late" }));
}

#[test]
fn properties_of_a_track_are_no_traits() {
    let track = event(Kind::Track, Some("u1"), None, 0, json!({ "name": "no trait" }));
    check(&[track], json!({}));
}

#[test]
fn a_name_that_is_no_text_is_a_trait_but_no_name() {
    let customers = customers(&[identify("a", 0, json!({ "name": 7 }))]);
    let customer = detail(&customers, Mode::Individuals, "u1").customer;
    assert_eq!((customer.name, customer.traits.get("name")), (None, Some(&json!(7))));
}
