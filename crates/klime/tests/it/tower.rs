//! `FlushLayer` on a real server, asked by a real HTTP client.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use klime::tower::{FlushLayer, FlushService};
use klime::{Client, ClientBuilder};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tower_layer::Layer;
use tower_service::Service;

use crate::support::{Answer, Server, balanced};

const LIMIT: Duration = Duration::from_secs(10);
const DEADLINE: Duration = Duration::from_secs(1);
/// What a request may take on top of the layer's deadline, on a machine that is busy with other tests.
const GRACE: Duration = Duration::from_secs(1);

fn quiet(endpoint: String) -> ClientBuilder {
    Client::builder("test-key").endpoint(endpoint).flush_interval(Duration::from_secs(3600))
}

/// An axum app whose handlers track, behind the layer.
struct App {
    // The server is a task of it, and ends with it.
    _runtime: Runtime,
    address: String,
}

impl App {
    fn start(client: &Client) -> Self {
        let (tracking, failing) = (client.clone(), client.clone());
        let router = Router::new()
            .route(
                "/track",
                get(async move || {
                    tracking.track("Report Exported").user(1).enqueue();
                    "exported"
                }),
            )
            .route(
                "/fail",
                get(async move || {
                    failing.track("Export Failed").user(1).enqueue();
                    (StatusCode::IM_A_TEAPOT, "no")
                }),
            )
            .route("/nothing", get(async || "nothing"))
            .layer(FlushLayer::new(client.clone()).within(DEADLINE));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_io().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { _runtime: runtime, address }
    }

    /// Asks for a path, and returns the status and the text.
    fn get(&self, path: &str) -> (u16, String) {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(LIMIT))
            .build()
            .new_agent();
        let mut answer = agent.get(format!("{}{path}", self.address)).call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }
}

#[expect(clippy::disallowed_methods, reason = "a promised deadline is measured")]
fn timed<R>(run: impl FnOnce() -> R) -> (Duration, R) {
    let began = Instant::now();
    let result = run();
    (began.elapsed(), result)
}

#[test]
fn events_of_a_handler_are_at_klime_when_the_answer_comes() {
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    let app = App::start(&client);
    for requests in 1..=5 {
        assert_eq!(app.get("/track"), (200, "exported".to_owned()));
        assert_eq!(server.events().len(), requests);
    }
    assert_eq!(app.get("/fail"), (418, "no".to_owned()));
    assert_eq!(server.events()[5]["event"], "Export Failed");
    assert_eq!(app.get("/nothing"), (200, "nothing".to_owned()));
    assert_eq!(server.requests().len(), 6);
    assert_eq!(balanced(&client).accepted, 6);
}

#[test]
fn concurrent_requests_each_have_their_events_delivered() {
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    let app = App::start(&client);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert_eq!(app.get("/track").0, 200);
                    assert_eq!(balanced(&client).failed, 0);
                }
            });
        }
    });
    assert_eq!((server.events().len(), balanced(&client).pending), (40, 0));
}

#[test]
fn hung_klime_neither_fails_a_request_nor_holds_it_past_the_deadline() {
    let server = Server::answering(|_| Answer::hang());
    let client = quiet(server.endpoint()).shutdown_timeout(Duration::ZERO).build().unwrap();
    let app = App::start(&client);
    let (elapsed, answer) = timed(|| app.get("/track"));
    assert_eq!(answer, (200, "exported".to_owned()));
    assert!(elapsed >= DEADLINE && elapsed < DEADLINE + GRACE, "{elapsed:?}");
    assert_eq!(balanced(&client).pending, 1);
}

#[test]
fn dead_klime_neither_fails_a_request_nor_holds_it_past_the_deadline() {
    let client = quiet(Server::unused_port()).shutdown_timeout(Duration::ZERO).build().unwrap();
    let app = App::start(&client);
    let (elapsed, answer) = timed(|| app.get("/track"));
    assert_eq!(answer, (200, "exported".to_owned()));
    assert!(elapsed < DEADLINE + GRACE, "{elapsed:?}");
    balanced(&client);
}

#[test]
fn refusing_klime_does_not_fail_a_request() {
    let server = Server::answering(|_| Answer::status(401));
    let client = quiet(server.endpoint()).build().unwrap();
    let app = App::start(&client);
    assert_eq!(app.get("/track"), (200, "exported".to_owned()));
    assert_eq!(balanced(&client).failed, 1);
}

#[test]
fn client_that_is_shut_down_holds_nothing_up() {
    let client = quiet(Server::unused_port()).build().unwrap();
    let app = App::start(&client);
    assert!(client.shutdown_blocking(LIMIT).is_complete());
    assert_eq!(app.get("/track"), (200, "exported".to_owned()));
    assert_eq!(balanced(&client).dropped.closed, 1);
}

/// A service that is ready the second time it is asked, and whose calls end as the request says.
#[derive(Clone, Default)]
struct Inner {
    asked: usize,
}

impl Service<Result<u8, String>> for Inner {
    type Response = u8;
    type Error = String;
    type Future = std::future::Ready<Result<u8, String>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), String>> {
        self.asked += 1;
        match self.asked {
            1 => Poll::Pending,
            2 => Poll::Ready(Ok(())),
            _ => Poll::Ready(Err("worn out".to_owned())),
        }
    }

    fn call(&mut self, request: Result<u8, String>) -> Self::Future {
        std::future::ready(request)
    }
}

fn layered(client: &Client) -> FlushService<Inner> {
    FlushLayer::new(client.clone()).layer(Inner::default())
}

#[test]
fn answers_and_errors_of_the_inner_service_pass_through() {
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    let mut service = layered(&client);
    for (sent, answer) in [(1, Ok(7)), (2, Err("broken".to_owned()))] {
        client.track("a").user(1).enqueue();
        assert_eq!(smol::block_on(service.call(answer.clone())), answer);
        assert_eq!(server.events().len(), sent);
    }
    balanced(&client);
}

#[test]
fn readiness_of_the_inner_service_passes_through() {
    let client = Client::disabled();
    let mut service = layered(&client);
    let mut poll = || service.poll_ready(&mut Context::from_waker(Waker::noop()));
    assert_eq!([poll(), poll(), poll()], [Poll::Pending, Poll::Ready(Ok(())), Poll::Ready(Err("worn out".to_owned()))]);
    balanced(&client);
}

#[test]
fn nothing_is_flushed_before_the_inner_service_has_answered() {
    let server = Server::start();
    let client = quiet(server.endpoint()).build().unwrap();
    client.track("a").user(1).enqueue();
    let pending = FlushLayer::new(client.clone()).layer(Never);
    let mut never = pin!({
        let mut pending = pending;
        pending.call(())
    });
    assert!(never.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(balanced(&client).pending, 1);
    // A request that goes away takes no event with it.
    drop(client.flush());
    server.wait_for_events(1);
}

#[derive(Clone, Debug)]
struct Never;

impl Service<()> for Never {
    type Response = ();
    type Error = Infallible;
    type Future = std::future::Pending<Result<(), Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        std::future::pending()
    }
}

#[test]
fn layer_service_and_future_fit_where_tower_wants_them() {
    fn is_service_material<T: Clone + Send + Sync + std::fmt::Debug + 'static>(_: &T) {}
    fn is_future_material<T: Future + Send + 'static>(_: &T) {}
    let client = Client::disabled();
    let layer = FlushLayer::new(client.clone());
    is_service_material(&layer);
    let mut service = layer.layer(Never);
    is_service_material(&service);
    is_future_material(&service.call(()));
    balanced(&client);
}
