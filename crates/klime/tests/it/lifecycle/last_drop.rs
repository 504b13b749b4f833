//! The drop of the last handle is a shutdown, wherever it happens.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use klime::Client;

use super::{GRACE, LIMIT, names, quiet, timed, track, track_all};
use crate::support::watched::Watched;
use crate::support::{Answer, Server, balanced};

/// A client with two events that nothing but its end sends.
fn loaded(server: &Server) -> Client {
    let client = quiet(server.endpoint()).build().unwrap();
    track_all(&client, &["a", "b"]);
    balanced(&client);
    client
}

#[test]
fn last_drop_sends_what_is_queued() {
    let server = Server::start();
    let client = loaded(&server);
    let clone = client.clone();
    drop(client);
    assert_eq!(server.requests().len(), 0);
    assert_eq!(balanced(&clone).pending, 2);
    drop(clone);
    assert_eq!(names(&server), ["a", "b"]);
}

#[test]
fn last_drop_sends_what_is_queued_while_a_panic_unwinds() {
    let server = Server::start();
    let client = loaded(&server);
    let panicked = thread::spawn(move || {
        track(&client, "c");
        panic!("on purpose, to unwind past {client:?}");
    });
    assert!(panicked.join().is_err());
    assert_eq!(names(&server), ["a", "b", "c"]);
}

#[test]
fn last_drop_sends_what_is_queued_inside_a_runtime() {
    for runtime in [
        tokio::runtime::Builder::new_current_thread().build().unwrap(),
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap(),
    ] {
        let server = Server::start();
        let client = loaded(&server);
        runtime.block_on(async move { drop(client) });
        assert_eq!(names(&server), ["a", "b"]);
    }
}

#[test]
fn last_drop_sends_what_is_queued_at_the_end_of_a_thread() {
    thread_local! {
        static OWNED: RefCell<Option<Client>> = const { RefCell::new(None) };
    }
    let server = Server::start();
    let client = loaded(&server);
    thread::spawn(move || OWNED.set(Some(client))).join().unwrap();
    assert_eq!(names(&server), ["a", "b"]);
}

#[test]
fn last_drop_in_a_callback_ends_the_client() {
    let server = Server::start();
    let last = Arc::<Mutex<Option<Client>>>::default();
    let done = Arc::<Watched<bool>>::default();
    let (dropped_here, is_done) = (Arc::clone(&last), Arc::clone(&done));
    let client = quiet(server.endpoint())
        .max_batch_size(1)
        .on_success(move |_| {
            let client = dropped_here.lock().unwrap().take();
            if let Some(client) = client {
                track_all(&client, &["b", "c"]);
                balanced(&client);
                drop(client);
                is_done.change(|done| *done = true);
            }
        })
        .build()
        .unwrap();
    *last.lock().unwrap() = Some(client.clone());
    track(&client, "a");
    balanced(&client);
    drop(client);
    done.wait_until("the callback to drop the client", |done| *done, |done| *done);
    let mut there = names(&server);
    there.sort();
    assert_eq!(there, ["a", "b", "c"]);
}

#[test]
fn last_drop_keeps_the_deadline_of_a_shutdown() {
    let server = Server::answering(|_| Answer::hang());
    let timeout = Duration::from_secs(1);
    let client = quiet(server.endpoint()).shutdown_timeout(timeout).build().unwrap();
    track(&client, "a");
    balanced(&client);
    let (elapsed, ()) = timed(|| drop(client));
    assert!(elapsed < timeout + GRACE, "{elapsed:?}");
}

#[test]
fn last_drop_after_a_shutdown_does_nothing_more() {
    let server = Server::start();
    let client = loaded(&server);
    assert!(client.shutdown_blocking(LIMIT).is_complete());
    balanced(&client);
    drop(client);
    assert_eq!(server.requests().len(), 1);
}

#[cfg(target_os = "linux")]
mod threads {
    use std::fs;

    use super::*;
    use crate::support::child;

    /// The names of this process's threads that belong to a client.
    fn klime_threads() -> Vec<String> {
        fs::read_dir("/proc/self/task")
            .unwrap()
            .filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok())
            .filter(|name| name.starts_with("klime-"))
            .collect()
    }

    /// A thread is gone a little after its work is, so this asks again, up to the limit.
    fn wait_for_no_threads() {
        let (mut left, mut asked) = (klime_threads(), Duration::ZERO);
        while !left.is_empty() && asked < LIMIT {
            thread::yield_now();
            let (took, now_left) = timed(klime_threads);
            left = now_left;
            asked += took;
        }
        assert!(left.is_empty(), "{left:?}");
    }

    fn in_a_process_of_its_own(test: &str, run: impl FnOnce()) {
        match child::role() {
            Some(_) => run(),
            None => drop(child::run(&format!("lifecycle::last_drop::threads::{test}"), "run", &[])),
        }
    }

    #[test]
    fn shutdown_ends_the_workers_and_the_last_drop_all_threads() {
        in_a_process_of_its_own("shutdown_ends_the_workers_and_the_last_drop_all_threads", || {
            let server = Server::start();
            let client = loaded(&server);
            assert!(client.flush_blocking(LIMIT).is_complete());
            assert!(!klime_threads().is_empty());
            assert!(client.shutdown_blocking(Duration::MAX).is_complete());
            balanced(&client);
            drop(client);
            wait_for_no_threads();
        });
    }

    #[test]
    fn abandoned_request_does_not_keep_the_threads_for_good() {
        in_a_process_of_its_own("abandoned_request_does_not_keep_the_threads_for_good", || {
            let server = Server::answering(|_| Answer::hang());
            let client = quiet(server.endpoint()).max_batch_size(1).build().unwrap();
            track_all(&client, &["a", "b", "c"]);
            server.wait_for_requests(3);
            assert_eq!(client.shutdown_blocking(Duration::ZERO).unconfirmed, 3);
            balanced(&client);
            drop(client);
            drop(server);
            wait_for_no_threads();
        });
    }

    #[test]
    fn two_hundred_clients_leave_no_threads() {
        in_a_process_of_its_own("two_hundred_clients_leave_no_threads", || {
            let server = Server::start();
            for n in 0..200 {
                let client = quiet(server.endpoint()).build().unwrap();
                if n % 2 == 0 {
                    track(&client, "a");
                }
                balanced(&client);
            }
            assert_eq!(server.events().len(), 100);
            wait_for_no_threads();
        });
    }

    #[test]
    fn last_drop_in_a_callback_ends_the_threads() {
        in_a_process_of_its_own("last_drop_in_a_callback_ends_the_threads", || {
            last_drop_in_a_callback_ends_the_client();
            wait_for_no_threads();
        });
    }
}
