use std::collections::HashSet;

use proptest::prelude::*;

use super::super::{Audience, BatchRecord, Filter, Order, Page, Row, Store};
use super::{all, at, memory, newest, refused, request, seqs, taken, track};
use crate::dev::event::{Event, Judged, Kind, Library, Status, Verdict};

/// Pages until there are no more.
fn pages(store: &Store, filter: &Filter, audience: Option<&Audience<'_>>, mut order: Order, limit: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    loop {
        let page = store.events(filter, audience, Page { order, limit }).unwrap();
        assert!(page.rows.len() <= limit);
        rows.extend(page.rows);
        let Some(next) = page.next else { return rows };
        order = match order {
            Order::NewestFirst { .. } => Order::NewestFirst { before: Some(next) },
            Order::OldestFirst { .. } => Order::OldestFirst { after: next },
        };
    }
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    let mut store = memory();
    for number in 0..10 {
        store.append(&request(number), &[track(&format!("m{number}"), "A", "u1")]).unwrap();
    }
    let page = store.events(&all(), None, Page { order: Order::NewestFirst { before: None }, limit: 4 }).unwrap();
    assert_eq!((seqs(&page), page.next), (vec![10, 9, 8, 7], Some(7)));
    let page = store.events(&all(), None, Page { order: Order::NewestFirst { before: Some(3) }, limit: 4 }).unwrap();
    assert_eq!((seqs(&page), page.next), (vec![2, 1], None));
    let page = store.events(&all(), None, Page { order: Order::OldestFirst { after: 2 }, limit: 4 }).unwrap();
    assert_eq!((seqs(&page), page.next, page.through), (vec![3, 4, 5, 6], Some(6), 6));
    let page = store.events(&all(), None, Page { order: Order::OldestFirst { after: 6 }, limit: 4 }).unwrap();
    assert_eq!((seqs(&page), page.next, page.through), (vec![7, 8, 9, 10], None, 10));
    let page = store.events(&all(), None, Page { order: Order::OldestFirst { after: 99 }, limit: 4 }).unwrap();
    assert_eq!((seqs(&page), page.next, page.through), (vec![], None, 99));
}

#[test]
fn a_reader_that_follows_gets_each_event_once_and_none_is_left_out() {
    let mut store = memory();
    let filter = Filter { event: Some("B".to_owned()), ..Filter::default() };
    let (mut after, mut got) = (0, Vec::new());
    for number in 0..50 {
        let name = if number % 7 == 0 { "B" } else { "A" };
        store.append(&request(0), &[track(&format!("m{number}"), name, "u1")]).unwrap();
        let page = store.events(&filter, None, Page { order: Order::OldestFirst { after }, limit: 10 }).unwrap();
        got.extend(seqs(&page));
        after = page.next.unwrap_or(page.through);
    }
    assert_eq!(got, [1, 8, 15, 22, 29, 36, 43, 50]);
}

#[test]
fn a_message_id_is_found_whatever_became_of_the_event() {
    let mut store = memory();
    store
        .append(&request(0), &[refused("no"), track("r", "A", "u1"), track("r", "A", "u1"), track("s", "A", "u1")])
        .unwrap();
    let filter = Filter { message_id: Some("r".to_owned()), ..all() };
    assert_eq!(seqs(&newest(&store, &filter)), [3, 2, 1]);
}

/// An event that is made of few values, so that filters meet some.
fn events() -> impl Strategy<Value = Vec<Judged>> {
    let texts = |texts: &'static [&'static str]| proptest::sample::select(texts);
    let event = (
        texts(&["track", "identify", "group", "refused"]),
        texts(&["A", "B"]),
        texts(&["", "u1", "u2", "u3"]),
        texts(&["", "", "g1", "g2"]),
        0..40_u32,
        texts(&["rust-sdk", "python-sdk"]),
    );
    let event = event.prop_map(|(kind, name, user, group, message, library)| {
        let some = |text: &'static str| Some(text).filter(|text| !text.is_empty());
        let kind = match kind {
            "track" => Kind::Track,
            "identify" => Kind::Identify,
            "group" => Kind::Group,
            _ => return refused(name),
        };
        let named = Some(name).filter(|_| kind == Kind::Track);
        let mut judged = taken(kind, &format!("m{message}"), named, some(user), some(group), Default::default());
        if let Verdict::Taken(Event { library: own, .. }) = &mut judged.verdict {
            *own = Some(Library { name: library.to_owned(), version: "1".to_owned() });
        }
        judged
    });
    proptest::collection::vec(event, 0..60)
}

fn filters() -> impl Strategy<Value = Filter> {
    let maybe = |texts: &'static [&'static str]| {
        proptest::option::weighted(0.25, proptest::sample::select(texts).prop_map(str::to_owned))
    };
    let statuses = vec![None, Some(Status::Accepted), Some(Status::Refused), Some(Status::Duplicate)];
    let kinds = vec![Kind::Track, Kind::Identify, Kind::Group];
    let numbers = (
        proptest::sample::select(statuses),
        proptest::option::weighted(0.25, proptest::sample::select(kinds)),
        proptest::option::weighted(0.1, 1..8_u64),
        proptest::option::weighted(0.1, 0..8_i64),
        proptest::option::weighted(0.1, 0..8_i64),
    );
    let texts = (
        maybe(&["A", "B", "C"]),
        maybe(&["u1", "u2", "nobody"]),
        maybe(&["g1", "nothing"]),
        maybe(&["m1", "m2"]),
        maybe(&["rust-sdk", "go-sdk"]),
        maybe(&["g1", "G2", "half", "nowhere"]),
    );
    (numbers, texts).prop_map(
        |((status, kind, batch, since, until), (event, user_id, group_id, message_id, library, search))| {
            let (since, until) = (since.map(at), until.map(at));
            Filter { status, kind, event, user_id, group_id, message_id, library, batch, since, until, search, ..all() }
        },
    )
}

/// What a filter means, said in the plainest way.
fn is_wanted(row: &Row, filter: &Filter, audience: Option<&Audience<'_>>) -> bool {
    fn agrees(wanted: &Option<String>, is: Option<&str>) -> bool {
        wanted.is_none() || wanted.as_deref() == is
    }
    let kind = row.kind.as_deref();
    let (user, group) = (row.user_id.as_deref(), row.group_id.as_deref());
    let texts = [Some(row.body.as_str()), row.event.as_deref(), row.error.as_ref().map(|error| error.message.as_str())];
    let has = |search: &String| texts.iter().flatten().any(|text| text.to_lowercase().contains(&search.to_lowercase()));
    filter.status.is_none_or(|status| status == row.status)
        && filter.kind.is_none_or(|wanted| serde_json::to_value(wanted).unwrap().as_str() == kind)
        && agrees(&filter.event, row.event.as_deref())
        && agrees(&filter.user_id, user)
        && agrees(&filter.group_id, group)
        && agrees(&filter.message_id, row.message_id.as_deref())
        && agrees(&filter.library, row.library.as_ref().map(|library| library.name.as_str()))
        && filter.batch.is_none_or(|batch| batch == row.batch)
        && filter.since.is_none_or(|since| row.received_at >= since)
        && filter.until.is_none_or(|until| row.received_at < until)
        && filter.search.as_ref().is_none_or(has)
        && match audience {
            None => true,
            Some(Audience::User(id)) => user == Some(*id),
            Some(Audience::Group { id, members }) => match group {
                Some(group) => group == *id,
                None => user.is_some_and(|user| members.contains(user)),
            },
        }
}

proptest! {
    #[test]
    fn a_filter_lets_through_what_it_says_in_pages_of_any_size_and_both_directions(
        events in events(),
        filter in filters(),
        customer in 0..5_u8,
        limit in 1..9_usize,
    ) {
        let mut store = memory();
        for (number, batch) in events.chunks(9).enumerate() {
            store.append(&BatchRecord { received_at: at(number as i64), ..request(0) }, batch).unwrap();
        }
        let audience = match customer {
            0 => Some(Audience::User("u1")),
            1 => Some(Audience::Group { id: "g1", members: HashSet::from(["u1", "u3"]) }),
            2 => Some(Audience::Group { id: "g9", members: HashSet::new() }),
            _ => None,
        };
        let mut expected: Vec<_> = (1..=store.latest_seq()).map(|seq| store.event(seq).unwrap().unwrap()).collect();
        expected.retain(|row| is_wanted(row, &filter, audience.as_ref()));
        let oldest_first = pages(&store, &filter, audience.as_ref(), Order::OldestFirst { after: 0 }, limit);
        prop_assert_eq!(&oldest_first, &expected);
        expected.reverse();
        let newest_first = pages(&store, &filter, audience.as_ref(), Order::NewestFirst { before: None }, limit);
        prop_assert_eq!(&newest_first, &expected);
    }
}
