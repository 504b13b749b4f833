use std::path::Path;

use super::super::{BatchCounts, BatchRecord, EventCounts, Limits, Store, StoreErrorKind};
use super::{all, at, newest, refused, request, seqs, taken, track};
use crate::dev::event::{Judged, Kind, Status};

fn open(path: &Path) -> Store {
    Store::open(Some(path), Limits::default()).unwrap()
}

#[track_caller]
fn check_error(path: &Path, kind: StoreErrorKind, sentence: &str) {
    let error = Store::open(Some(path), Limits::default()).unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(error.to_string(), format!("cannot open {}: {sentence}", path.display()));
}

fn with_traits() -> Judged {
    let traits = serde_json::json!({ "name": "Acme", "seats": 12, "tags": ["a", { "b": null }] });
    taken(Kind::Group, "g", None, Some("u1"), Some("g1"), traits.as_object().unwrap().clone())
}

#[test]
fn a_file_keeps_everything_for_the_next_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let mut store = open(&path);
    store.append(&request(0), &[track("a", "A", "u1"), refused("no userId"), track("a", "A", "u1")]).unwrap();
    store.append(&BatchRecord { status: 401, ..request(90) }, &[]).unwrap();
    store.append(&request(95), &[with_traits()]).unwrap();
    let (rows, stats, batches) = (newest(&store, &all()), store.stats(at(120)), store.batches(None, 10).unwrap());
    drop(store);
    let mut store = open(&path);
    assert_eq!(newest(&store, &all()), rows);
    assert_eq!(store.stats(at(120)), stats);
    assert_eq!(store.batches(None, 10).unwrap(), batches);
    let appended = store.append(&request(130), &[track("a", "A", "u1"), track("b", "A", "u1")]).unwrap();
    assert_eq!((appended.batch, appended.seqs), (4, 5..7));
    assert_eq!(appended.statuses, [Status::Duplicate, Status::Accepted]);
}

#[test]
fn what_was_pruned_is_still_counted_the_next_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let limits = Limits { max_events: 20, max_batches: 10, ..Limits::default() };
    let mut store = Store::open(Some(&path), limits).unwrap();
    for number in 0..90 {
        store.append(&request(0), &[track(&format!("m{number}"), "A", "u1"), refused("no userId")]).unwrap();
    }
    let counted = |store: &Store| (store.event_counts(), store.stats(at(0)).by_type, store.stats(at(0)).batches);
    let before = counted(&store);
    assert_eq!((before.0.accepted, before.0.refused, before.2.accepted), (90, 90, 90));
    drop(store);
    assert_eq!(counted(&Store::open(Some(&path), limits).unwrap()), before);
}

#[test]
fn a_file_is_brought_within_smaller_limits_when_it_is_opened() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let mut store = open(&path);
    let events: Vec<_> = (0..100).map(|number| track(&format!("m{number}"), "A", "u1")).collect();
    store.append(&request(0), &events).unwrap();
    drop(store);
    let store = Store::open(Some(&path), Limits { max_events: 10, ..Limits::default() }).unwrap();
    let counts = EventCounts { accepted: 100, stored: 9, pruned: 91, ..EventCounts::default() };
    assert_eq!(store.event_counts(), counts);
    drop(store);
    let store = open(&path);
    assert_eq!((store.event_counts(), newest(&store, &all()).rows.len()), (counts, 9));
}

#[test]
fn numbers_go_on_when_a_file_was_reset_and_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let mut store = open(&path);
    store.append(&request(0), &[track("a", "A", "u1")]).unwrap();
    store.reset().unwrap();
    drop(store);
    let mut store = open(&path);
    assert_eq!((store.event_counts(), store.latest_seq()), (EventCounts::default(), 1));
    assert_eq!(store.stats(at(0)).batches, BatchCounts::default());
    let appended = store.append(&request(1), &[track("a", "A", "u1")]).unwrap();
    assert_eq!((appended.batch, appended.seqs), (2, 2..3));
}

#[test]
fn a_file_is_open_in_one_store_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let store = open(&path);
    let sentence = "another program has it open, most likely another klime dev; there can be one at a time";
    check_error(&path, StoreErrorKind::InUse, sentence);
    drop(store);
    drop(open(&path));
}

#[test]
fn files_of_others_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("notes.txt");
    std::fs::write(&text, "This is a text that is longer than the header of a database. ".repeat(100)).unwrap();
    check_error(&text, StoreErrorKind::Foreign, "it is no SQLite database; choose another file");
    let others = directory.path().join("others.db");
    rusqlite::Connection::open(&others).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    let before = std::fs::read(&others).unwrap();
    check_error(&others, StoreErrorKind::Foreign, "it is another program's database; choose another file");
    assert_eq!(std::fs::read(&others).unwrap(), before);
}

#[test]
fn a_file_of_a_newer_version_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    drop(open(&path));
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    let sentence = "a newer klime has written it (tables of version 2, this klime knows 1)";
    check_error(&path, StoreErrorKind::Newer, sentence);
}

#[test]
fn an_empty_file_becomes_a_store() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert_eq!(open(file.path()).latest_seq(), 0);
}

#[test]
fn places_where_no_file_can_be_are_told() {
    let directory = tempfile::tempdir().unwrap();
    check_error(directory.path(), StoreErrorKind::Unusable, "it is a directory, not a file");
    let nowhere = directory.path().join("missing").join("events.db");
    check_error(&nowhere, StoreErrorKind::Unusable, "the directory that it should be in does not exist");
    check_error(Path::new(""), StoreErrorKind::Unusable, "the name of the file is empty");
    #[cfg(target_os = "linux")]
    check_error(Path::new("/proc/events.db"), StoreErrorKind::Unusable, "it cannot be opened for writing");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_written_is_told() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    drop(open(&path));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    // The superuser may write everywhere.
    match std::fs::OpenOptions::new().write(true).open(&path) {
        Ok(_) => drop(open(&path)),
        Err(_) => check_error(&path, StoreErrorKind::Unusable, "it may be read but not written"),
    }
}

#[test]
fn a_full_disk_leaves_the_store_as_it_was_and_usable() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let mut store = open(&path);
    let limit = |store: &Store, pages: i64| {
        store.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    };
    limit(&store, 20);
    let mut number = 0;
    let error = loop {
        match store
            .append(&request(0), &[track(&format!("a{number}"), "A", "u1"), track(&format!("b{number}"), "A", "u1")])
        {
            Ok(_) => number += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), StoreErrorKind::Full);
    assert_eq!(error.to_string(), format!("cannot write to {}: the disk is full", path.display()));
    assert!(number > 10);
    assert_eq!((store.event_counts().accepted, store.latest_seq()), (2 * number, 2 * number));
    assert_eq!(newest(&store, &all()).rows.len() as u64, 2 * number);
    limit(&store, 1_000);
    let last = format!("a{number}");
    let appended = store.append(&request(0), &[track(&last, "A", "u1"), track("a0", "A", "u1")]).unwrap();
    assert_eq!(appended.seqs.start, 2 * number + 1);
    assert_eq!(appended.statuses, [Status::Accepted, Status::Duplicate]);
    let rows = newest(&store, &all());
    drop(store);
    assert_eq!(seqs(&newest(&open(&path), &all())), seqs(&rows));
}

#[test]
fn a_damaged_file_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let mut store = open(&path);
    for number in 0..200 {
        store.append(&request(0), &[track(&format!("a{number}"), "A", "u1")]).unwrap();
    }
    drop(store);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.iter_mut().skip(4_096).for_each(|byte| *byte = 0xA5);
    std::fs::write(&path, bytes).unwrap();
    let error = Store::open(Some(&path), Limits::default()).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Failed);
    assert!(error.to_string().contains("malformed"), "{error}");
}
