//! What it costs to turn an event into JSON and back, without a queue.
//!
//!     cargo bench -p klime --bench encode
//!
//! One iteration is one event. The fluent builder writes JSON at once, the dynamic form is a tree that is encoded at the end, and
//! what callbacks and imports read. Both end in a disabled client here, so what a refusal costs is in their figures.

use divan::{Bencher, black_box};
use klime::{Client, Event};

fn main() {
    divan::main();
}

fn event() -> Event {
    Event::track("Report Generated")
        .with_user("usr_1f3a97c2")
        .with_property("report_type", "revenue")
        .with_property("format", "xlsx")
        .with_property("row_count", 482)
}

#[divan::bench]
fn fluent(bencher: Bencher<'_, '_>) {
    let client = Client::disabled();
    bencher.bench(|| {
        let event = client.track("Report Generated").user("usr_1f3a97c2").property("report_type", "revenue");
        event.property("format", "xlsx").property("row_count", 482).try_enqueue()
    });
}

/// The same property again and again: the text is taken apart once, so that the last value wins.
#[divan::bench]
fn fluent_with_a_repeated_key(bencher: Bencher<'_, '_>) {
    let client = Client::disabled();
    bencher.bench(|| {
        let event = client.track("Report Generated").user("usr_1f3a97c2").property("report_type", "revenue");
        event.property("report_type", "costs").property("row_count", 482).try_enqueue()
    });
}

#[divan::bench]
fn dynamic(bencher: Bencher<'_, '_>) {
    let client = Client::disabled();
    bencher.bench(|| client.try_enqueue_event(event()));
}

#[divan::bench]
fn event_to_json(bencher: Bencher<'_, '_>) {
    let event = event();
    bencher.bench(|| serde_json::to_vec(black_box(&event)));
}

#[divan::bench]
fn event_from_json(bencher: Bencher<'_, '_>) {
    let json = serde_json::to_vec(&event()).unwrap_or_default();
    bencher.bench(|| serde_json::from_slice::<Event>(black_box(&json)));
}
