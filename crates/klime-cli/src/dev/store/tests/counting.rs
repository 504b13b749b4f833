use super::super::{EventCounts, LibraryCount, NameCount, TypeCounts};
use super::{at, memory, refused, request, taken, track};
use crate::dev::event::Kind;

#[test]
fn accepted_events_are_counted_by_type_name_and_sdk() {
    let mut store = memory();
    let identify = taken(Kind::Identify, "i", None, Some("u1"), None, Default::default());
    let events = [
        track("a", "A", "u1"),
        track("b", "B", "u1"),
        track("c", "B", "u2"),
        track("a", "A", "u1"),
        identify,
        refused("no"),
    ];
    store.append(&request(0), &events).unwrap();
    let stats = store.stats(at(0));
    assert_eq!(stats.events, EventCounts { accepted: 4, refused: 1, duplicate: 1, stored: 6, pruned: 0 });
    assert_eq!(stats.by_type, TypeCounts { track: 3, identify: 1, group: 0 });
    let name = |event: &str, count| NameCount { event: event.to_owned(), count };
    assert_eq!(stats.names, [name("B", 2), name("A", 1)]);
    assert_eq!(stats.libraries, [LibraryCount { name: "rust-sdk".to_owned(), version: "1.0.0".to_owned(), count: 4 }]);
}

#[test]
fn the_last_hour_is_counted_minute_by_minute() {
    let mut store = memory();
    store.append(&request(0), &[track("a", "A", "u1")]).unwrap();
    store.append(&request(59), &[track("b", "A", "u1"), track("b", "A", "u1")]).unwrap();
    store.append(&request(60), &[refused("no")]).unwrap();
    let minutes = store.stats(at(125)).per_minute;
    assert_eq!(minutes.len(), 60);
    let counted: Vec<_> = minutes.iter().map(|minute| (minute.accepted, minute.refused, minute.duplicate)).collect();
    assert_eq!(counted[57..], [(2, 0, 1), (0, 1, 0), (0, 0, 0)]);
    assert!(counted[..57].iter().all(|counts| *counts == (0, 0, 0)));
    assert_eq!(minutes[57].minute, at(0));
    assert_eq!(store.stats(at(3_600)).per_minute.iter().map(|minute| minute.accepted).sum::<u64>(), 0);
}

#[test]
fn minutes_are_bounded_when_the_clock_jumps() {
    let mut store = memory();
    for jump in 0..1_000 {
        store.append(&request(jump * 6_000), &[track(&format!("m{jump}"), "A", "u1")]).unwrap();
    }
    assert!(store.tally.minutes_kept() <= 120);
}

#[test]
fn names_without_end_do_not_take_memory_without_end() {
    let mut store = memory();
    for batch in 0..110 {
        let events: Vec<_> =
            (0..100).map(|at| track(&format!("m{batch}-{at}"), &format!("N{batch}-{at}"), "u1")).collect();
        store.append(&request(0), &events).unwrap();
    }
    let stats = store.stats(at(0));
    assert_eq!((stats.events.accepted, stats.names.len()), (11_000, 100));
    assert_eq!(store.tally.names_kept(), 10_000);
}
