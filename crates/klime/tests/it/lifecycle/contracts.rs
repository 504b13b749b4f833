//! What users may rely on at compile time: where values may go, and how large they are.

use std::fmt::Debug;
use std::future::Future;
use std::panic::UnwindSafe;
use std::sync::Arc;

use klime::{
    AlreadyInstalled, BatchResponse, Client, ClientBuilder, ConfigError, EnqueueError, Event, Flush, Group, Identify,
    InstallGuard, MessageId, Report, Request, Response, SendError, Sending, Shutdown, Stats, Track, Transport,
    TransportError, ValidationError,
};

use crate::support::balanced;

fn crosses_threads<T: Send + Sync + Debug>() {}
fn is_a_future<T: Future + Send + Unpin + 'static>() {}
fn is_an_error<T: std::error::Error + Send + Sync + 'static>() {}
fn is_plain<T: Send + Sync + Debug + Clone + UnwindSafe + 'static>() {}

#[test]
fn handles_builders_and_values_cross_threads() {
    crosses_threads::<Client>();
    crosses_threads::<ClientBuilder>();
    crosses_threads::<InstallGuard>();
    crosses_threads::<Event>();
    crosses_threads::<Track<'_, klime::Anonymous>>();
    crosses_threads::<Track<'_>>();
    crosses_threads::<Identify<'_>>();
    crosses_threads::<Group<'_>>();
    crosses_threads::<Request<'_>>();
    is_plain::<MessageId>();
    is_plain::<Report>();
    is_plain::<Stats>();
    is_plain::<BatchResponse>();
    is_plain::<ValidationError>();
    is_plain::<Response>();
    balanced(&Client::disabled());
}

#[test]
fn futures_may_be_spawned_and_kept_anywhere() {
    is_a_future::<Flush>();
    is_a_future::<Shutdown>();
    is_a_future::<Sending>();
    crosses_threads::<(Flush, Shutdown, Sending)>();
    let client = Client::disabled();
    // Not even the builder's borrow of the client is in them.
    let kept = { client.clone().track("a").user(1).send() };
    assert!(smol::block_on(smol::spawn(kept)).is_err());
    balanced(&client);
}

#[test]
fn errors_are_one_pointer_wide() {
    is_an_error::<ConfigError>();
    is_an_error::<EnqueueError>();
    is_an_error::<SendError>();
    is_an_error::<TransportError>();
    is_an_error::<AlreadyInstalled>();
    let pointer = size_of::<usize>();
    assert_eq!([size_of::<ConfigError>(), size_of::<EnqueueError>(), size_of::<SendError>()], [pointer; 3]);
    assert_eq!(size_of::<Client>(), pointer);
    assert_eq!(size_of::<Result<BatchResponse, SendError>>(), size_of::<BatchResponse>());
    balanced(&Client::disabled());
}

#[test]
fn transport_may_be_an_object() {
    /// It does not show itself.
    struct Refusing;

    impl Transport for Refusing {
        fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
            Ok(Response::new(if request.body().is_empty() { 500 } else { 400 }))
        }
    }

    /// Wraps any transport, as a user's decorator would.
    #[derive(Debug)]
    struct Wrapped(Arc<dyn Transport>);

    impl Transport for Wrapped {
        fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
            self.0.send(request)
        }
    }

    let builder = Client::builder("test-key").transport(Wrapped(Arc::new(Refusing)));
    assert!(format!("{builder:?}").ends_with("transport: true }"), "{builder:?}");
    let client = builder.build().unwrap();
    client.track("a").user(1).enqueue();
    assert_eq!(client.flush_blocking(super::LIMIT).failed, 1);
    balanced(&client);
}

#[test]
fn disabled_client_takes_every_call_and_counts() {
    let client = Client::disabled();
    client.track("a").user(1).enqueue();
    client.enqueue_event(Event::identify(1));
    assert_eq!(client.group(1).try_enqueue().unwrap_err().to_string(), "client is disabled");
    assert!(client.track("b").user(1).send_blocking(super::LIMIT).is_err());
    assert!(client.verify_blocking(super::LIMIT).is_err());
    assert!(client.flush_blocking(super::LIMIT).is_complete());
    assert!(smol::block_on(client.shutdown()).is_complete());
    assert!(client.shutdown_blocking(super::LIMIT).is_complete());
    let books = balanced(&client);
    assert_eq!((books.enqueued, books.dropped.disabled, books.requests), (4, 4, 0));
}
