//! How fast events are appended, and how long the page's questions take, with a million events stored.
//!
//! `cargo bench -p klime-cli --bench queries [-- EVENTS [FILE]]`; with a file the store is there and not in memory.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark measures time, and may stop at the first error"
)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use klime_cli::dev::attribution;
use klime_cli::dev::customers::{Customers, Query, Sort, State};
use klime_cli::dev::event::{Event, Judged, Kind, Library, Mode, Refusal, Status, Verdict};
use klime_cli::dev::store::{BatchRecord, Filter, Limits, Order, Page, Store};
use serde_json::{Map, Value, json};

const EVENTS: u64 = 1_000_000;
const TRIED_EVENTS: u64 = 2_000;
const BATCH: u64 = 100;
const USERS: u64 = 20_000;
const GROUPS: u64 = 2_000;
/// Members of the group `g0`; the other users are in one of the other groups.
const MANY_MEMBERS: u64 = 5_000;
const START: i64 = 1_763_985_600;
const ROUNDS: usize = 30;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Cargo says `--bench` when it measures, and nothing when it only tries whether a benchmark runs.
    let usual = if arguments.iter().any(|argument| argument == "--bench") { EVENTS } else { TRIED_EVENTS };
    let mut given = arguments.into_iter().filter(|argument| !argument.starts_with("--"));
    let events = given.next().map_or(usual, |events| events.parse().unwrap());
    let path = given.next().map(PathBuf::from);
    let mut store = Store::open(path.as_deref(), Limits::default()).unwrap();
    let mut customers = Customers::default();
    fill(&mut store, &mut customers, events);
    println!(
        "stored {}, {} MB of bodies, {:?} users and groups",
        store.event_counts().stored,
        store.stats(now()).storage.bytes >> 20,
        customers.counts()
    );
    ask_for_events(&store, &customers, events);
    ask_for_the_rest(&store, &customers);
    append_to_a_full_store(&mut store, events);
    let (began, mut replayed) = (Instant::now(), 0_u64);
    store.replay(|_| replayed += 1).unwrap();
    println!("replay of {replayed} events: {:?}", began.elapsed());
    if let Some(path) = path {
        let began = Instant::now();
        drop(store);
        println!("closed in {:?}", began.elapsed());
        let began = Instant::now();
        store = Store::open(Some(&path), Limits::default()).unwrap();
        println!("opened again in {:?}, {} events", began.elapsed(), store.event_counts().stored);
    }
    let began = Instant::now();
    store.reset().unwrap();
    println!("reset in {:?}", began.elapsed());
}

fn fill(store: &mut Store, customers: &mut Customers, events: u64) {
    let (mut appending, mut folding, mut slowest) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let (mut part, mut in_part) = (Duration::ZERO, 0);
    for batch in 0..events / BATCH {
        let judged: Vec<_> = (batch * BATCH..(batch + 1) * BATCH).map(event).collect();
        let began = Instant::now();
        let appended = store.append(&record(batch), &judged).unwrap();
        let appended_in = began.elapsed();
        let began = Instant::now();
        for (judged, status) in judged.iter().zip(&appended.statuses) {
            if let (Verdict::Taken(event), Status::Accepted) = (&judged.verdict, status) {
                customers.apply(event);
            }
        }
        folding += began.elapsed();
        appending += appended_in;
        slowest = slowest.max(appended_in);
        (part, in_part) = (part + appended_in, in_part + BATCH);
        if in_part == 100_000 {
            println!("  append: {:>9.0} events/s", in_part as f64 / part.as_secs_f64());
            (part, in_part) = (Duration::ZERO, 0);
        }
    }
    let rate = |took: Duration| events as f64 / took.as_secs_f64();
    println!(
        "append: {:.0} events/s, slowest batch {slowest:?}; customers: {:.0} events/s",
        rate(appending),
        rate(folding)
    );
}

/// When the store is full each append has to make room.
fn append_to_a_full_store(store: &mut Store, from: u64) {
    let more = from / 5;
    let (mut took, mut slowest) = (Duration::ZERO, Duration::ZERO);
    for batch in from / BATCH..(from + more) / BATCH {
        let judged: Vec<_> = (batch * BATCH..(batch + 1) * BATCH).map(event).collect();
        let began = Instant::now();
        store.append(&record(batch), &judged).unwrap();
        took += began.elapsed();
        slowest = slowest.max(began.elapsed());
    }
    println!("append to the full store: {:.0} events/s, slowest batch {slowest:?}", more as f64 / took.as_secs_f64());
}

fn ask_for_events(store: &Store, customers: &Customers, events: u64) {
    let text = |text: &str| Some(text.to_owned());
    let all = Filter { status: None, ..Filter::default() };
    let accepted = Filter::default;
    let questions = [
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
        ("customer with 10 members", Filter { customer: text("g17"), ..accepted() }, None),
        ("customer with 5,000 members", Filter { customer: text("g0"), ..accepted() }, None),
        ("  and a rare event", Filter { customer: text("g0"), event: text("Account Closed"), ..accepted() }, None),
        (
            "customer that is a user",
            Filter { customer: text("user_17"), mode: Some(Mode::Individuals), ..accepted() },
            None,
        ),
        ("no such customer", Filter { customer: text("nobody"), ..accepted() }, None),
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
    ];
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
        let page = attribution::events(store, customers, Mode::Companies, &all, page).unwrap();
        serde_json::to_string(&page.rows).unwrap().len()
    });
}

fn ask_for_the_rest(store: &Store, customers: &Customers) {
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

fn now() -> Timestamp {
    Timestamp::from_second(START + 86_400).unwrap()
}

fn received(second: i64) -> Timestamp {
    Timestamp::from_second(START + second).unwrap()
}

fn record(batch: u64) -> BatchRecord {
    BatchRecord {
        received_at: received(batch.cast_signed()),
        status: 200,
        bytes: 40_000,
        gzip: false,
        took: Duration::from_micros(900),
        key: Some("abcd…".to_owned()),
        user_agent: Some("klime-bench/1.0".to_owned()),
        error: None,
        fault: None,
    }
}

/// Evenly scattered numbers that repeat from run to run.
fn scatter(number: u64) -> u64 {
    let mixed = (number ^ (number >> 31)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 16
}

fn message_id(number: u64) -> String {
    let (high, low) = (scatter(number), scatter(number + 7));
    format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", high & 0xffff_ffff, low & 0xffff, high >> 36, low >> 36, number)
}

fn event(number: u64) -> Judged {
    let user = scatter(number) % USERS;
    let group = if user < MANY_MEMBERS { 0 } else { 1 + user % (GROUPS - 1) };
    let (user_id, group_id) = (format!("user_{user}"), format!("g{group}"));
    match number % 200 {
        0 => judged(
            Kind::Group,
            number,
            None,
            Some(user_id),
            Some(group_id),
            json!({ "name": format!("Acme {group}"), "plan": "pro" }),
        ),
        1 => judged(
            Kind::Identify,
            number,
            None,
            Some(user_id),
            None,
            json!({ "name": format!("User {user}"), "email": format!("user{user}@example.com") }),
        ),
        2 => refused(),
        3 | 4 => judged(
            Kind::Track,
            number.saturating_sub(4),
            Some("Report Generated"),
            Some(user_id),
            None,
            properties(number),
        ),
        5..9 => judged(Kind::Track, number, Some("Invoice Paid"), Some(user_id), Some(group_id), properties(number)),
        _ => judged(Kind::Track, number, Some(name(number)), Some(user_id), None, properties(number)),
    }
}

fn name(number: u64) -> &'static str {
    const NAMES: [&str; 8] = [
        "Report Generated",
        "Button Clicked",
        "File Uploaded",
        "Page Viewed",
        "Search Run",
        "Comment Added",
        "Member Invited",
        "Export Started",
    ];
    if number.is_multiple_of(99_991) {
        "Account Closed"
    } else {
        NAMES.get((scatter(number + 3) % 8) as usize).unwrap()
    }
}

fn properties(number: u64) -> Value {
    json!({ "report": "quarterly revenue by region", "rows": number % 977, "plan": "enterprise", "shared": number.is_multiple_of(3),
            "duration_ms": 12.5, "format": "application/pdf" })
}

fn judged(
    kind: Kind,
    number: u64,
    name: Option<&str>,
    user: Option<String>,
    group: Option<String>,
    fields: Value,
) -> Judged {
    let library = if number.is_multiple_of(50_021) { "elixir-sdk" } else { "rust-sdk" };
    let at = Timestamp::from_second(START - (scatter(number) % (40 * 86_400)).cast_signed()).unwrap();
    let mut body = json!({ "type": kind, "messageId": message_id(number), "timestamp": format!("{at:.3}"),
        "context": { "library": { "name": library, "version": "1.0.0" }, "ip": "203.0.113.7" } });
    let key = if kind == Kind::Track { "properties" } else { "traits" };
    for (key, value) in
        [("event", json!(name)), ("userId", json!(user)), ("groupId", json!(group)), (key, fields.clone())]
    {
        if !value.is_null() {
            body.as_object_mut().unwrap().insert(key.to_owned(), value);
        }
    }
    let event = Event {
        kind,
        message_id: message_id(number),
        timestamp: at,
        name: name.map(str::to_owned),
        user_id: user,
        group_id: group,
        fields: fields.as_object().cloned().unwrap_or_else(Map::new),
        library: Some(Library { name: library.to_owned(), version: "1.0.0".to_owned() }),
    };
    Judged { body: body.to_string(), verdict: Verdict::Taken(event) }
}

fn refused() -> Judged {
    let refusal = Refusal {
        code: "anonymous_event",
        message: "a track needs a userId or a groupId".to_owned(),
        kind: Some("track".to_owned()),
        name: Some("Button Clicked".to_owned()),
        user_id: None,
        group_id: None,
        message_id: None,
    };
    Judged {
        body: json!({ "type": "track", "event": "Button Clicked" }).to_string(),
        verdict: Verdict::Refused(refusal),
    }
}
