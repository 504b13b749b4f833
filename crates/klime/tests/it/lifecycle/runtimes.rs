//! Any async runtime will do, and none is needed.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use klime::Client;
use tokio::runtime::{Builder, Runtime};

use super::{quiet, track};
use crate::support::{Answer, Gate, Server, balanced};

/// An executor made of nothing but the standard library.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Every future of the API, one after another.
async fn whole_life(client: Client) {
    track(&client, "queued");
    assert_eq!(client.flush().await.accepted, 1);
    let answer = client.track("urgent").user(1).send().await.unwrap();
    assert_eq!(answer.accepted, 1);
    client.verify().await.unwrap();
    track(&client, "last");
    assert_eq!(client.shutdown().await.accepted, 1);
    assert_eq!(balanced(&client).accepted, 3);
}

fn current_thread() -> Runtime {
    // No timer and no I/O driver: the SDK uses neither.
    Builder::new_current_thread().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

fn check(run: impl FnOnce(Client)) {
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    run(client.clone());
    assert_eq!(server.events().len(), 3);
    balanced(&client);
}

#[test]
fn futures_run_on_a_current_thread_runtime() {
    check(|client| current_thread().block_on(whole_life(client)));
}

#[test]
fn futures_run_as_tasks_of_a_multi_thread_runtime() {
    check(|client| {
        let runtime = multi_thread();
        runtime.block_on(runtime.spawn(whole_life(client))).unwrap();
    });
}

#[test]
fn futures_run_on_smol() {
    check(|client| smol::block_on(smol::spawn(whole_life(client))));
}

#[test]
fn futures_run_without_a_runtime() {
    check(|client| block_on(whole_life(client)));
}

#[test]
fn client_outlives_the_runtime_that_it_was_built_in() {
    let server = Server::start();
    let endpoint = server.endpoint();
    let runtime = multi_thread();
    let client = runtime.block_on(async {
        let client = quiet(endpoint).build().unwrap();
        track(&client, "before");
        client
    });
    drop(runtime);
    track(&client, "after");
    assert_eq!(block_on(client.flush()).accepted, 2);
    assert_eq!(current_thread().block_on(client.flush()).accepted, 0);
    assert_eq!(balanced(&client).accepted, 2);
}

#[test]
fn future_moves_between_executors_while_it_waits() {
    let gate = Gate::new();
    let server = Server::scripted([Answer::held(&gate)]);
    let client = quiet(server.endpoint()).build().unwrap();
    track(&client, "a");
    let mut flush = client.flush();
    assert!(pin!(&mut flush).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let elsewhere = thread::spawn(|| smol::block_on(flush));
    gate.open();
    assert_eq!(elsewhere.join().unwrap().accepted, 1);
    assert_eq!(balanced(&client).accepted, 1);
}
