//! What the page asks, and how long each answer takes.

use std::time::{Duration, Instant};

use klime_cli::dev::attribution;
use klime_cli::dev::customers::{Customers, Query, Sort, State};
use klime_cli::dev::event::{Kind, Mode, Status};
use klime_cli::dev::store::{Filter, Order, Page, Store};

use super::events::{message_id, now, received};

const ROUNDS: usize = 30;

/// A name, a filter, and from where on.
type Question = (&'static str, Filter, Option<u64>);

pub(super) fn ask_for_events(store: &Store, customers: &Customers, events: u64) {
    let mut questions = simple(events);
    questions.extend(of_customers());
    questions.extend(combined());
    for (name, filter, before) in questions {
        for limit in [100, 1_000] {
            let page = Page { order: Order::NewestFirst { before }, limit };
            measure(&format!("{name}, {limit}"), || {
                attribution::events(store, customers, Mode::Companies, &filter, page).unwrap().rows.len()
            });
        }
    }
    let oldest = Page { order: Order::OldestFirst { after: 0 }, limit: 1_000 };
    measure("oldest first, 1000 (export)", || {
        attribution::events(store, customers, Mode::Companies, &Filter::default(), oldest).unwrap().rows.len()
    });
    measure("newest 100, as JSON", || {
        let page = Page { order: Order::NewestFirst { before: None }, limit: 100 };
        let page =
            attribution::events(store, customers, Mode::Companies, &Filter { status: None, ..Filter::default() }, page)
                .unwrap();
        serde_json::to_string(&page.rows).unwrap().len()
    });
}

fn simple(events: u64) -> Vec<Question> {
    let text = |text: &str| Some(text.to_owned());
    let all = Filter { status: None, ..Filter::default() };
    let accepted = Filter::default;
    vec![
        ("newest", all.clone(), None),
        ("in the middle", all.clone(), Some(events / 2)),
        ("refused", Filter { status: Some(Status::Refused), ..accepted() }, None),
        ("duplicate, from the middle", Filter { status: Some(Status::Duplicate), ..accepted() }, Some(events / 2)),
        ("type group", Filter { kind: Some(Kind::Group), ..accepted() }, None),
        ("frequent event", Filter { event: text("Report Generated"), ..accepted() }, None),
        ("rare event", Filter { event: text("Account Closed"), ..accepted() }, None),
        ("no such event", Filter { event: text("Nothing Done"), ..accepted() }, None),
        ("user", Filter { user_id: text("user_17"), ..accepted() }, None),
        ("no such user", Filter { user_id: text("nobody"), ..accepted() }, None),
        ("group as sent", Filter { group_id: text("g17"), ..accepted() }, None),
        ("message id", Filter { message_id: text(&message_id(5)), ..accepted() }, None),
        ("rare library", Filter { library: text("elixir-sdk"), ..accepted() }, None),
        ("batch", Filter { batch: Some(3), ..all.clone() }, None),
        ("a minute", Filter { since: Some(received(1_000)), until: Some(received(1_060)), ..accepted() }, None),
    ]
}

fn of_customers() -> Vec<Question> {
    let text = |text: &str| Some(text.to_owned());
    let accepted = Filter::default;
    vec![
        ("customer with 10 members", Filter { customer: text("g17"), ..accepted() }, None),
        ("customer with 5,000 members", Filter { customer: text("g0"), ..accepted() }, None),
        ("  and a rare event", Filter { customer: text("g0"), event: text("Account Closed"), ..accepted() }, None),
        (
            "customer that is a user",
            Filter { customer: text("user_17"), mode: Some(Mode::Individuals), ..accepted() },
            None,
        ),
        ("no such customer", Filter { customer: text("nobody"), ..accepted() }, None),
    ]
}

fn combined() -> Vec<Question> {
    let text = |text: &str| Some(text.to_owned());
    let all = Filter { status: None, ..Filter::default() };
    let accepted = Filter::default;
    vec![
        (
            "frequent event, rare user",
            Filter { event: text("Report Generated"), user_id: text("user_17"), ..accepted() },
            None,
        ),
        (
            "frequent event, rare library",
            Filter { event: text("Report Generated"), library: text("elixir-sdk"), ..accepted() },
            None,
        ),
        ("search, frequent", Filter { search: text("QUARTER"), ..all.clone() }, None),
        ("search, nowhere: a slice", Filter { search: text("nowhere at all"), ..all.clone() }, None),
        (
            "search for a user's events",
            Filter { search: text("user_17\""), user_id: text("user_17"), ..all.clone() },
            None,
        ),
    ]
}

pub(super) fn ask_for_the_rest(store: &Store, customers: &Customers) {
    measure("stats", || store.stats(now()).names.len());
    measure("batches, 100", || store.batches(None, 100).unwrap().batches.len());
    measure("one event", || usize::from(store.event(17).unwrap().is_some()));
    for (name, mode, query) in [
        ("groups, last seen", Mode::Companies, Query::default()),
        ("groups, by name, 500", Mode::Companies, Query { sort: Sort::Name, limit: 500, ..Query::default() }),
        ("groups, quiet", Mode::Companies, Query { state: Some(State::Quiet), ..Query::default() }),
        ("groups, search", Mode::Companies, Query { search: Some("acme 17".to_owned()), ..Query::default() }),
        ("users, last seen", Mode::Individuals, Query::default()),
        (
            "users, by name, last page",
            Mode::Individuals,
            Query { sort: Sort::Name, offset: 19_900, ..Query::default() },
        ),
        ("users, search", Mode::Individuals, Query { search: Some("user17".to_owned()), ..Query::default() }),
    ] {
        measure(name, || customers.list(mode, &query, now()).customers.len());
    }
    measure("group with 5,000 members", || {
        customers
            .detail(Mode::Companies, "g0", now())
            .and_then(|detail| detail.member_list)
            .map_or(0, |list| list.len())
    });
    measure("a user", || customers.detail(Mode::Individuals, "user_17", now()).map_or(0, |detail| detail.names.len()));
}

fn measure(name: &str, mut ask: impl FnMut() -> usize) {
    let mut took = Vec::with_capacity(ROUNDS);
    let mut found = 0;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        found = ask();
        took.push(began.elapsed());
    }
    took.sort();
    let millis = |took: Option<&Duration>| took.unwrap().as_secs_f64() * 1_000.0;
    println!("{:>9.3} ms  max {:>8.3}  {name} → {found}", millis(took.get(ROUNDS / 2)), millis(took.last()));
}
