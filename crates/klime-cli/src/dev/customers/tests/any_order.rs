//! Whatever the order in which the same events come, with duplicates in between: the customers are the same.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Customers, Query, Sort};
use super::{event, now};
use crate::dev::event::{Event, Judged, Kind, Mode, Status, Verdict};
use crate::dev::store::{BatchRecord, Limits, Store};

/// Everything that can be seen of customers.
fn seen(customers: &Customers) -> Value {
    let mut lists = Vec::<(Vec<_>, _)>::new();
    for mode in [Mode::Companies, Mode::Individuals] {
        let list = |sort| customers.list(mode, &Query { sort, limit: 1_000, ..Query::default() }, now()).customers;
        let details = list(Sort::LastSeen).iter().map(|customer| customers.detail(mode, &customer.id, now())).collect();
        let ids = |sort| -> Vec<_> { list(sort).into_iter().map(|customer| customer.id).collect() };
        let orders = [Sort::LastSeen, Sort::Events7, Sort::Events30, Sort::Name, Sort::Members].map(ids);
        lists.push((details, orders));
    }
    json!([lists, customers.counts(), customers.left_out(), customers.likely_mode()])
}

/// Events over few users, groups, names and times, each with a message id of its own.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let kinds = proptest::sample::select(&[Kind::Track, Kind::Track, Kind::Track, Kind::Identify, Kind::Group][..]);
    let some = |texts: &'static [&'static str]| proptest::sample::select(texts);
    let parts = (
        kinds,
        some(&["", "u1", "u2", "u3"]),
        some(&["", "", "g1", "g2", "g3"]),
        -3..200_i64,
        some(&["A B", "C D"]),
        0..5,
    );
    let event = parts.prop_map(|(kind, user, group, days, name, value)| {
        let user = if user.is_empty() && (kind == Kind::Identify || group.is_empty()) { "u1" } else { user };
        let group = if group.is_empty() && kind == Kind::Group { "g1" } else { group };
        let some = |text: &'static str| Some(text).filter(|text| !text.is_empty());
        let fields = json!({ "name": name, "plan": value, (format!("key{value}")): days });
        // Few times, so that message ids have to decide.
        let mut event = event(kind, some(user), some(group).filter(|_| kind != Kind::Identify), days / 3 * 3, fields);
        event.name = event.name.map(|_| name.to_owned());
        event
    });
    proptest::collection::vec(event, 0..80).prop_map(|mut events| {
        for (number, event) in events.iter_mut().enumerate() {
            event.message_id = format!("m{}", (number * 7_919) % 10_007);
        }
        events
    })
}

/// Events, and the same ones in another order with some of them sent again.
fn two_orders() -> impl Strategy<Value = (Vec<Event>, Vec<Event>)> {
    events().prop_flat_map(|events| {
        let again = proptest::sample::subsequence(events.clone(), 0..=events.len());
        (Just(events.clone()), again)
            .prop_map(|(events, again)| [events, again].concat())
            .prop_shuffle()
            .prop_map(move |shuffled| (events.clone(), shuffled))
    })
}

/// As the collector does it: what the store accepts is applied.
fn through_a_store(store: &mut Store, events: &[Event]) -> Customers {
    let mut customers = Customers::default();
    for batch in events.chunks(7) {
        let judged: Vec<_> = batch.iter().map(judged).collect();
        let appended = store.append(&record(), &judged).unwrap();
        for (event, _) in batch.iter().zip(appended.statuses).filter(|(_, status)| *status == Status::Accepted) {
            customers.apply(event);
        }
    }
    customers
}

fn judged(event: &Event) -> Judged {
    let key = if event.kind == Kind::Track { "properties" } else { "traits" };
    let body = json!({ key: event.fields });
    Judged { body: body.to_string(), verdict: Verdict::Taken(event.clone()) }
}

fn record() -> BatchRecord {
    BatchRecord {
        received_at: now(),
        status: 200,
        bytes: 0,
        gzip: false,
        took: std::time::Duration::ZERO,
        key: None,
        user_agent: None,
        error: None,
        fault: None,
    }
}

proptest! {
    #[test]
    fn any_order_of_the_same_events_ends_in_the_same_customers((events, shuffled) in two_orders()) {
        let in_order = super::customers(&events);
        let mut known = std::collections::HashSet::new();
        let others: Vec<_> = shuffled.iter().filter(|event| known.insert(event.message_id.clone())).cloned().collect();
        prop_assert_eq!(seen(&super::customers(&others)), seen(&in_order));
    }

    #[test]
    fn so_it_does_through_the_store_with_duplicates_in_between_and_after_a_replay((events, shuffled) in two_orders()) {
        let expected = seen(&super::customers(&events));
        let mut store = Store::open(None, Limits::default()).unwrap();
        prop_assert_eq!(&seen(&through_a_store(&mut store, &shuffled)), &expected);
        prop_assert_eq!(store.event_counts().accepted, events.len() as u64);
        let mut replayed = Customers::default();
        store.replay(|event| {
            if let (Verdict::Taken(event), Status::Accepted) = (&event.judged.verdict, event.status) {
                replayed.apply(event);
            }
        }).unwrap();
        prop_assert_eq!(&seen(&replayed), &expected);
    }
}
