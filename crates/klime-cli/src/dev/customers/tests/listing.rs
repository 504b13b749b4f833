use serde_json::json;

use super::super::{Customers, Query, Sort, State};
use super::{customers, event, group, now, track};
use crate::dev::event::{Event, Kind, Mode};

/// Four groups: `g1` active with two members, `g2` quiet, `g3` idle, `g4` active but seen before `g1`.
fn four_groups() -> Customers {
    customers(&[
        group("g1", Some("u1"), json!({ "name": "Zebra" })),
        group("g1", Some("u2"), json!({})),
        group("g2", Some("u3"), json!({ "name": "acme" })),
        group("g3", None, json!({ "email": "Info@Example.com" })),
        track(Some("u1"), None, 0),
        track(Some("u3"), None, 10),
        track(None, Some("g2"), 11),
        track(None, Some("g4"), 1),
        track(None, Some("g4"), 2),
        track(None, Some("g4"), 20),
    ])
}

#[track_caller]
fn check(query: Query, total: usize, ids: &[&str]) {
    let list = four_groups().list(Mode::Companies, &query, now());
    let found: Vec<_> = list.customers.iter().map(|customer| customer.id.as_str()).collect();
    assert_eq!((list.total, found.as_slice()), (total, ids), "{query:?}");
}

#[test]
fn customers_are_sorted_as_asked() {
    let by = |sort| Query { sort, ..Query::default() };
    check(Query::default(), 4, &["g1", "g4", "g2", "g3"]);
    check(by(Sort::Events7), 4, &["g4", "g1", "g2", "g3"]);
    check(by(Sort::Events30), 4, &["g4", "g2", "g1", "g3"]);
    check(by(Sort::Name), 4, &["g2", "g3", "g4", "g1"]);
    check(by(Sort::Members), 4, &["g1", "g2", "g3", "g4"]);
}

#[test]
fn customers_are_filtered_and_cut_into_pages() {
    let in_state = |state| Query { state: Some(state), ..Query::default() };
    check(in_state(State::Active), 2, &["g1", "g4"]);
    check(in_state(State::Quiet), 1, &["g2"]);
    check(in_state(State::Idle), 1, &["g3"]);
    let search = |text: &str| Query { search: Some(text.to_owned()), ..Query::default() };
    check(search("ZEB"), 1, &["g1"]);
    check(search("G3"), 1, &["g3"]);
    check(search("info@"), 1, &["g3"]);
    check(search("nobody"), 0, &[]);
    let page = |limit, offset| Query { limit, offset, ..Query::default() };
    check(page(2, 1), 4, &["g4", "g2"]);
    check(page(2, 4), 4, &[]);
    check(page(2, usize::MAX), 4, &[]);
}

#[test]
fn a_list_says_the_same_as_the_details() {
    let customers = four_groups();
    for mode in [Mode::Companies, Mode::Individuals] {
        for customer in customers.list(mode, &Query::default(), now()).customers {
            let detail = customers.detail(mode, &customer.id, now()).unwrap();
            assert_eq!(detail.customer, customer);
        }
    }
}

#[test]
fn users_are_listed_with_all_their_events() {
    let identify = event(Kind::Identify, Some("u2"), None, 0, json!({ "name": "Two", "email": "two@example.com" }));
    let named = |group: Option<&str>| Event { ..track(Some("u1"), group, 1) };
    let customers = customers(&[named(None), named(Some("g1")), identify]);
    let list = customers.list(Mode::Individuals, &Query::default(), now());
    let shown: Vec<_> = list.customers.iter().map(|user| (user.id.as_str(), user.events7, user.members)).collect();
    assert_eq!(shown, [("u1", 2, None), ("u2", 0, None)]);
}
