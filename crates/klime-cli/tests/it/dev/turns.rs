//! Those who read much and those who send take turns.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::support::stored;
use crate::support::{Dev, track};

/// Read piece by piece; a search looks at all of them.
const STORED: usize = 30_000;

/// How many posts are answered, one after another, while this is.
fn posts_during(dev: &Dev, path: &str) -> usize {
    let (is_over, posts) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let answer = dev.get(path);
            is_over.store(true, Ordering::SeqCst);
            assert!(matches!(answer.status, 200 | 504), "{answer:?}");
        });
        while !is_over.load(Ordering::SeqCst) {
            let number = posts.fetch_add(1, Ordering::SeqCst);
            assert_eq!(dev.send(&[track("New", &format!("{path}{number}"))]).status, 200);
        }
    });
    posts.into_inner()
}

#[test]
fn who_sends_has_a_turn_between_the_pieces_of_a_search() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("events.db");
    stored::store(&file, STORED);
    let dev = Dev::start(&["--db", file.to_str().unwrap()]);
    for path in [
        "/dev/export.ndjson?search=nobody-has-this",
        "/dev/wait?search=nobody-has-this&timeout=0",
        "/dev/export.ndjson",
    ] {
        let posts = posts_during(&dev, path);
        assert!(posts >= 10, "{posts} posts were answered during {path}");
    }
}
