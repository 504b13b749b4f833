//! Events from the odd places: a panic hook, a thread that is being torn down.

use std::cell::RefCell;
use std::panic;
use std::thread;

use klime::Client;

use super::{LIMIT, quiet, track};
use crate::support::{Server, balanced, child};

#[test]
fn panic_hook_may_track_flush_and_send() {
    const NAME: &str = "lifecycle::panic_hook::panic_hook_may_track_flush_and_send";
    // The hook is the process's, and other tests panic on purpose.
    if child::role().is_none() {
        assert_eq!(child::run(NAME, "panic", &[]), ["Crashed", "Sent"]);
        return;
    }
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    let in_hook = client.clone();
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map_or(0, panic::Location::line);
        in_hook.track("Crashed").user(1).property("line", place).enqueue();
        assert_eq!(in_hook.flush_blocking(LIMIT).accepted, 1);
        assert!(in_hook.track("Sent").user(1).send_blocking(LIMIT).is_ok());
    }));
    assert!(thread::spawn(|| panic!("on purpose")).join().is_err());
    drop(panic::take_hook());
    balanced(&client);
    super::names(&server).iter().for_each(|name| child::say(name));
}

#[test]
fn hook_that_panics_while_it_holds_a_builder_hurts_nobody() {
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    let panicking = client.clone();
    let panicked = thread::spawn(move || {
        let half_built = panicking.track("never").user(1);
        drop(panicking.flush());
        panic!("on purpose, with {half_built:?}");
    });
    assert!(panicked.join().is_err());
    track(&client, "a");
    assert_eq!(client.flush_blocking(LIMIT).accepted, 1);
    assert_eq!(balanced(&client).enqueued, 1);
}

/// Tracks when the thread that it belongs to ends.
struct AtTheEnd(Client);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        track(&self.0, "The End");
        self.0.identify(1).trait_value("ended", true).enqueue();
        assert_eq!(self.0.flush_blocking(LIMIT).accepted, 2);
        assert!(self.0.track("Sent").user(1).send_blocking(LIMIT).is_ok());
        balanced(&self.0);
        klime::track("for nobody").user(1).enqueue();
    }
}

thread_local! {
    static EARLY: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
    static LATE: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
}

#[test]
fn thread_local_destructor_may_track_flush_and_send() {
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    let [early, late] = [client.clone(), client.clone()];
    let ended = thread::spawn(move || {
        // One before and one after the thread's own buffers are set up: whatever is torn down first, both must work.
        EARLY.set(Some(AtTheEnd(early)));
        klime::Client::disabled().track("warm up").user(1).enqueue();
        LATE.set(Some(AtTheEnd(late)));
    });
    ended.join().unwrap();
    assert_eq!(server.events().len(), 6);
    assert_eq!(balanced(&client).accepted, 6);
}

#[test]
fn threads_that_only_track_at_their_end_lose_nothing() {
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    for _ in 0..20 {
        let client = client.clone();
        thread::spawn(move || EARLY.set(Some(AtTheEnd(client)))).join().unwrap();
    }
    let ids: std::collections::HashSet<String> = super::message_ids(&server).into_iter().collect();
    assert_eq!(ids.len(), 60);
    assert_eq!(balanced(&client).accepted, 60);
}
