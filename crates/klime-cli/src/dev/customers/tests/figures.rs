use jiff::Timestamp;
use serde_json::json;

use super::super::State;
use super::{customers, days_ago, detail, event, group, track};
use crate::dev::event::{Event, Kind, Mode};

#[track_caller]
fn check(days: &[i64], events7: u64, events30: u64, state: State) {
    let events: Vec<_> = days.iter().map(|days| track(Some("u1"), None, *days)).collect();
    let customer = detail(&customers(&events), Mode::Individuals, "u1").customer;
    let figures = (customer.events7, customer.events30, customer.events_total, customer.state);
    assert_eq!(figures, (events7, events30, days.len() as u64, state), "{days:?}");
    assert_eq!(customer.trend.iter().sum::<u64>(), events30);
    for days in days.iter().filter(|days| (0..30).contains(*days)) {
        assert!(customer.trend[29 - *days as usize] > 0, "{days} days ago in {:?}", customer.trend);
    }
}

#[test]
fn windows_are_7_and_30_utc_days_with_today() {
    check(&[0, 6], 2, 2, State::Active);
    check(&[0, 6, 7, 29, 30], 2, 4, State::Active);
    check(&[7, 29], 0, 2, State::Quiet);
    check(&[30, 400], 0, 0, State::Idle);
    check(&[-1, -400], 0, 0, State::Idle);
}

#[test]
fn a_day_begins_and_ends_at_midnight_utc() {
    let at = |text: &str| Event { timestamp: text.parse().unwrap(), ..track(Some("u1"), None, 0) };
    let events = [at("2025-11-24T00:00:00Z"), at("2025-11-23T23:59:59.999999Z"), at("2025-11-24T23:59:59.999Z")];
    let trend = detail(&customers(&events), Mode::Individuals, "u1").customer.trend;
    assert_eq!(trend[27..], [0, 1, 2]);
}

#[test]
fn only_tracks_are_activity() {
    let identify = event(Kind::Identify, Some("u1"), None, 0, json!({ "name": "One" }));
    let customers = customers(&[identify, group("g1", Some("u1"), json!({}))]);
    for (mode, id) in [(Mode::Individuals, "u1"), (Mode::Companies, "g1")] {
        let customer = detail(&customers, mode, id).customer;
        assert_eq!((customer.events_total, customer.last_seen, customer.state), (0, None, State::Idle));
    }
}

#[test]
fn first_and_last_seen_are_of_all_events_that_count() {
    let customers = customers(&[
        track(Some("u1"), None, 50),
        track(Some("u1"), Some("g9"), 60),
        track(Some("u2"), None, 3),
        track(None, Some("g1"), 40),
        group("g1", Some("u1"), json!({})),
        group("g1", Some("u2"), json!({})),
    ]);
    let group = detail(&customers, Mode::Companies, "g1").customer;
    assert_eq!((group.first_seen, group.last_seen), (Some(days_ago(50)), Some(days_ago(3))));
    let user = detail(&customers, Mode::Individuals, "u1").customer;
    assert_eq!((user.first_seen, user.last_seen), (Some(days_ago(60)), Some(days_ago(50))));
}

#[test]
fn times_at_the_calendars_ends_break_nothing() {
    let at = |timestamp| Event { timestamp, ..track(Some("u1"), None, 0) };
    let events = [at(Timestamp::MIN), at(Timestamp::MAX), at(Timestamp::UNIX_EPOCH), track(Some("u1"), None, 1)];
    let customers = customers(&events);
    let customer = detail(&customers, Mode::Individuals, "u1").customer;
    assert_eq!((customer.events7, customer.events_total), (1, 4));
    assert!(customers.detail(Mode::Individuals, "u1", Timestamp::MAX).is_some());
    assert!(customers.detail(Mode::Individuals, "u1", Timestamp::MIN).is_some());
}

#[test]
fn names_are_counted_the_most_frequent_first() {
    let named = |name: &str, user, group| Event { name: Some(name.to_owned()), ..track(user, group, 0) };
    let customers = customers(&[
        named("B", Some("u1"), None),
        named("B", None, Some("g1")),
        named("A", Some("u1"), Some("g1")),
        named("C", Some("u1"), Some("g2")),
        group("g1", Some("u1"), json!({})),
    ]);
    let names = |mode, id| serde_json::to_value(detail(&customers, mode, id).names).unwrap();
    assert_eq!(names(Mode::Companies, "g1"), json!([{ "event": "B", "count": 2 }, { "event": "A", "count": 1 }]));
    let one = |event: &str| json!({ "event": event, "count": 1 });
    assert_eq!(names(Mode::Individuals, "u1"), json!([one("A"), one("B"), one("C")]));
}

#[test]
fn a_customer_is_shown_as_the_contract_has_it() {
    let customers =
        customers(&[group("g1", Some("u1"), json!({ "name": "Acme Inc", "plan": "pro" })), track(Some("u1"), None, 0)]);
    let mut trend = vec![0; 29];
    trend.push(1);
    let shown = serde_json::to_value(detail(&customers, Mode::Companies, "g1")).unwrap();
    let expected = json!({
        "id": "g1", "name": "Acme Inc", "traits": { "name": "Acme Inc", "plan": "pro" }, "members": 1, "events7": 1, "events30": 1,
        "eventsTotal": 1, "trend": trend, "firstSeen": "2025-11-24T12:00:00.000Z", "lastSeen": "2025-11-24T12:00:00.000Z",
        "state": "active", "names": [{ "event": "Report Generated", "count": 1 }],
        "memberList": [{ "id": "u1", "traits": {}, "events30": 1, "lastSeen": "2025-11-24T12:00:00.000Z" }],
    });
    assert_eq!(shown, expected);
}
