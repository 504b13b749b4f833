use serde_json::{Map, Value, json};

use super::super::bounds::Bounds;
use super::super::{Customers, LeftOut};
use super::{days_ago, event, group, now, track};
use crate::dev::event::{Event, Kind, Mode};

fn bounded(bounds: Bounds, events: impl IntoIterator<Item = Event>) -> Customers {
    let mut customers = Customers::within(bounds);
    events.into_iter().for_each(|event| customers.apply(&event));
    customers
}

#[test]
fn users_and_groups_beyond_the_bound_are_left_out_and_counted() {
    let bounds = Bounds { users: 2, groups: 3, ..Bounds::default() };
    let ids: Vec<_> = (0..10).map(|number| (format!("u{number}"), format!("g{number}"))).collect();
    let customers = bounded(bounds, ids.iter().map(|(user, group)| track(Some(user), Some(group), 0)));
    assert_eq!(customers.counts(), (2, 3));
    assert_eq!(customers.left_out(), LeftOut { users: 8, groups: 7, ..LeftOut::default() });
    assert!(!customers.left_out().is_empty());
}

#[test]
fn links_beyond_the_bound_are_left_out_and_counted() {
    let bounds = Bounds { pairs: 4, ..Bounds::default() };
    let users: Vec<_> = (0..10).map(|number| format!("u{number}")).collect();
    let customers = bounded(bounds, users.iter().map(|user| group("g1", Some(user), json!({}))));
    assert_eq!(customers.members_of("g1").count(), 4);
    assert_eq!(customers.left_out(), LeftOut { links: 6, ..LeftOut::default() });
}

#[test]
fn an_event_beyond_the_bound_of_pairs_still_counts_for_its_group() {
    let bounds = Bounds { pairs: 0, ..Bounds::default() };
    let customers = bounded(bounds, [track(Some("u1"), Some("g1"), 0)]);
    assert_eq!(super::events30(&customers, Mode::Companies, "g1"), 1);
    assert_eq!(customers.left_out(), LeftOut { links: 1, ..LeftOut::default() });
}

#[test]
fn traits_beyond_the_bounds_are_left_out_and_counted() {
    let many: Map<String, Value> = (0..20).map(|number| (format!("key{number:02}"), json!(number))).collect();
    let events = [event(Kind::Identify, Some("u1"), None, 0, Value::Object(many))];
    let customers = bounded(Bounds { traits_each: 5, ..Bounds::default() }, events);
    assert_eq!(super::detail(&customers, Mode::Individuals, "u1").customer.traits.len(), 5);
    assert_eq!(customers.left_out().traits, 15);

    let large = |user: &str| event(Kind::Identify, Some(user), None, 0, json!({ "text": "x".repeat(1_000) }));
    let customers =
        bounded(Bounds { trait_bytes: 3_600, ..Bounds::default() }, ["u1", "u2", "u3", "u4", "u5"].map(large));
    assert_eq!(customers.left_out().traits, 2);
    assert!(customers.trait_bytes <= 3_600);
}

#[test]
fn a_trait_that_is_written_again_takes_its_room_once() {
    let write = |days| event(Kind::Identify, Some("u1"), None, days, json!({ "text": "x".repeat(1_000) }));
    let customers = bounded(Bounds { trait_bytes: 1_200, ..Bounds::default() }, (0..100).rev().map(write));
    assert!(customers.left_out().is_empty());
}

#[test]
fn names_beyond_the_bound_are_counted_without_their_name() {
    let named = |number| Event { name: Some(format!("Name {number}")), ..track(Some("u1"), None, 0) };
    let customers = bounded(Bounds { names: 3, ..Bounds::default() }, (0..10).map(named));
    let detail = super::detail(&customers, Mode::Individuals, "u1");
    assert_eq!((detail.customer.events_total, detail.names.len()), (10, 3));
    assert_eq!(customers.left_out().names, 7);
}

#[test]
fn counts_beyond_the_bound_are_left_out_and_counted() {
    let events: Vec<_> = (0..10).map(|days| track(Some("u1"), None, days)).collect();
    // A name and four days find room.
    let customers = bounded(Bounds { counts: 5, ..Bounds::default() }, events);
    let customer = super::detail(&customers, Mode::Individuals, "u1").customer;
    assert_eq!((customer.events_total, customer.events30), (10, 4));
    assert_eq!(customers.left_out(), LeftOut { counts: 6, ..LeftOut::default() });
}

#[test]
fn ids_of_any_length_do_not_take_memory_without_end() {
    let long = "x".repeat(190_000);
    let ids: Vec<_> = (0..500).map(|number| format!("{long}{number}")).collect();
    let customers = bounded(Bounds::default(), ids.iter().map(|id| track(Some(id), None, 0)));
    let (users, _) = customers.counts();
    assert!(users > 300 && users < 400, "{users}");
    assert_eq!(customers.left_out().users, 500 - users as u64);
}

#[test]
fn only_the_latest_days_are_kept_and_they_are_whole() {
    let mut customers = Customers::default();
    let days: Vec<_> = (0..5_000).map(|number| (number * 7_919) % 5_000).collect();
    days.iter().for_each(|days| customers.apply(&track(Some("u1"), None, *days)));
    let customer = customers.detail(Mode::Individuals, "u1", now()).unwrap().customer;
    assert_eq!((customer.events30, customer.events_total), (30, 5_000));
    assert!(customer.trend.iter().all(|count| *count == 1));
    assert_eq!(customer.first_seen, Some(days_ago(4_999)));
    assert!(customers.users[0].own.days_kept() <= 120);
}
