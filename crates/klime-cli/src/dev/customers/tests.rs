use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Customers;
use crate::dev::event::{Event, Kind, Mode};

/// 2025-11-24T12:00:00Z, minus so many days.
fn days_ago(days: i64) -> Timestamp {
    Timestamp::from_second(1_763_985_600 - days * 86_400).unwrap()
}

fn now() -> Timestamp {
    days_ago(0)
}

fn track(user: Option<&str>, group: Option<&str>, days: i64) -> Event {
    event(Kind::Track, user, group, days, json!({}))
}

fn group(id: &str, user: Option<&str>, traits: Value) -> Event {
    event(Kind::Group, user, Some(id), 0, traits)
}

fn event(kind: Kind, user: Option<&str>, group: Option<&str>, days: i64, fields: Value) -> Event {
    Event {
        kind,
        message_id: "m".to_owned(),
        timestamp: days_ago(days),
        name: (kind == Kind::Track).then(|| "Report Generated".to_owned()),
        user_id: user.map(str::to_owned),
        group_id: group.map(str::to_owned),
        fields: fields.as_object().cloned().unwrap_or_else(Map::new),
        library: None,
    }
}

fn customers(events: &[Event]) -> Customers {
    let mut customers = Customers::default();
    events.iter().for_each(|event| customers.apply(event));
    customers
}

fn events30(customers: &Customers, mode: Mode, id: &str) -> u64 {
    customers.detail(mode, id, now()).unwrap().customer.events30
}

#[test]
fn a_users_events_count_for_all_its_groups_whenever_the_links_came() {
    let customers = customers(&[
        group("g1", Some("u1"), json!({})),
        track(Some("u1"), None, 1),
        track(Some("u1"), None, 2),
        group("g2", Some("u1"), json!({})),
    ]);
    assert_eq!(events30(&customers, Mode::Companies, "g1"), 2);
    assert_eq!(events30(&customers, Mode::Companies, "g2"), 2);
    assert_eq!(events30(&customers, Mode::Individuals, "u1"), 2);
}

#[test]
fn an_event_that_names_a_group_counts_for_that_one_alone_and_links_nobody() {
    let customers =
        customers(&[group("g1", Some("u1"), json!({})), track(Some("u1"), Some("g2"), 1), track(None, Some("g2"), 1)]);
    assert_eq!(events30(&customers, Mode::Companies, "g1"), 0);
    assert_eq!(events30(&customers, Mode::Companies, "g2"), 2);
    assert_eq!(events30(&customers, Mode::Individuals, "u1"), 1);
    assert_eq!(customers.members_of("g2").count(), 0);
    assert_eq!(customers.groups_of("u1").collect::<Vec<_>>(), ["g1"]);
}
