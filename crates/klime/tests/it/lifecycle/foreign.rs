//! Code of the app's in odd places: a transport's error that uses the client when it is dropped, a waker that owns it, and callbacks
//! that are still running when a shutdown is asked for again.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use klime::{Client, Request, Response, Transport, TransportError};

use super::{LIMIT, quiet, track};
use crate::support::{Answer, Gate, Server, balanced};

/// Fails once, with an error that uses the client when it is dropped, and then panics.
#[derive(Debug, Default)]
struct FailingOnce {
    client: Arc<OnceLock<Client>>,
    failed: AtomicBool,
}

#[derive(Debug)]
struct UsesTheClient(Arc<OnceLock<Client>>);

impl Transport for FailingOnce {
    fn send(&self, _: &Request<'_>) -> Result<Response, TransportError> {
        if self.failed.swap(true, Ordering::Relaxed) {
            return Ok(Response::new(200));
        }
        Err(TransportError::new(UsesTheClient(Arc::clone(&self.client))))
    }
}

impl fmt::Display for UsesTheClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no luck")
    }
}

impl Error for UsesTheClient {}

impl Drop for UsesTheClient {
    fn drop(&mut self) {
        let pending = self.0.get().unwrap().stats().pending;
        panic!("dropped with {pending} events pending");
    }
}

#[test]
fn error_of_a_transport_is_dropped_without_a_lock_and_may_panic() {
    let transport = FailingOnce::default();
    let known = Arc::clone(&transport.client);
    let client = quiet("http://127.0.0.1:1").transport(transport).build().unwrap();
    known.set(client.clone()).unwrap();
    track(&client, "Clicked");
    assert!(client.flush_blocking(LIMIT).is_complete());
    assert_eq!(balanced(&client).retries, 1);
    assert!(client.shutdown_blocking(LIMIT).is_complete());
}

/// Owns the last handle.
struct Owning(Mutex<Option<Client>>);

impl Wake for Owning {
    fn wake(self: Arc<Self>) {
        drop(self.0.lock().unwrap().take());
    }
}

#[test]
fn waker_may_own_the_last_handle() {
    let server = Server::answering(|_| Answer::hang());
    let client = quiet(server.endpoint()).shutdown_timeout(Duration::ZERO).build().unwrap();
    let mut sending = pin!(client.track("Clicked").user(1).send());
    server.wait_for_requests(1);
    let waker = Waker::from(Arc::new(Owning(Mutex::new(Some(client)))));
    assert!(sending.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(waker);
    // The earlier waker goes, and the client with it.
    let result = sending.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let result =
        if result.is_pending() { sending.as_mut().poll(&mut Context::from_waker(Waker::noop())) } else { result };
    assert!(matches!(result, Poll::Ready(Err(_))), "{result:?}");
}

/// A client whose only event fails, and whose `on_error` waits at a gate and then says that it is done.
fn client_with_a_slow_callback(server: &Server) -> (Client, Gate, Arc<AtomicBool>) {
    let (gate, done) = (Gate::new(), Arc::new(AtomicBool::new(false)));
    let (held, noted) = (gate.clone(), Arc::clone(&done));
    let on_error = move |_: &klime::SendError, _: &[klime::Event]| {
        held.pass();
        noted.store(true, Ordering::SeqCst);
    };
    let client = quiet(server.endpoint()).on_error(on_error).build().unwrap();
    track(&client, "Clicked");
    let report = client.flush_blocking(LIMIT);
    assert_eq!(report.failed, 1);
    gate.wait_until_reached(1);
    (client, gate, done)
}

#[test]
fn shutdown_after_an_impatient_one_waits_for_callbacks() {
    let server = Server::answering(|_| Answer::status(400));
    let (client, gate, done) = client_with_a_slow_callback(&server);
    let _ = client.shutdown_blocking(Duration::from_millis(1));
    assert!(!done.load(Ordering::SeqCst));
    let opening = thread::spawn(move || gate.open());
    let _ = client.shutdown_blocking(LIMIT);
    assert!(done.load(Ordering::SeqCst));
    opening.join().unwrap();
    balanced(&client);
}

#[test]
fn drop_after_a_shutdown_that_nobody_waited_for_waits_for_callbacks() {
    let server = Server::answering(|_| Answer::status(400));
    let (client, gate, done) = client_with_a_slow_callback(&server);
    drop(client.shutdown());
    let opening = thread::spawn(move || gate.open());
    drop(client);
    assert!(done.load(Ordering::SeqCst));
    opening.join().unwrap();
}

#[test]
fn future_of_a_further_shutdown_keeps_its_deadline_though_the_workers_have_ended() {
    let server = Server::answering(|_| Answer::status(400));
    let (client, gate, done) = client_with_a_slow_callback(&server);
    let _ = client.shutdown_blocking(Duration::from_millis(1));
    let _ = smol::block_on(client.shutdown().within(Duration::from_millis(1)));
    assert!(!done.load(Ordering::SeqCst));
    gate.open();
    balanced(&client);
}
