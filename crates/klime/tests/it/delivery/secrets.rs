//! The write key is in the `Authorization` header and nowhere else: in no text of the SDK, no error, and no log line of
//! anybody, the HTTP crate included; whatever the server says.

use std::error::Error;
use std::fmt::Debug;

use klime::{Client, ClientBuilder, Event, Request, Response, Roots, Transport, TransportError};
use serde_json::json;

use super::program::{Output, Program};
use super::setup::{LIMIT, known_roots};
use super::told::Told;
use crate::support::proxy::Proxy;
use crate::support::tls::{Certificate, TlsServer};
use crate::support::{Answer, Server, balanced};

/// Its parts give it away, too, so that a key cut in two is found.
const KEY: &str = "wk4t7hQ29xZ8m-LiveSecret-Rf5bN1cVy3";
const PARTS: [&str; 3] = ["wk4t7hQ29", "LiveSecret", "Rf5bN1cVy3"];
const PASSWORD: &str = "pr0xyPassw0rd";

/// At its finest level the HTTP crate logs each byte that comes over the wire, in rows of sixteen.
const WIRE_DUMP: &str = " log: TRACE ureq_proto::util ";

#[track_caller]
fn check(what: &str, text: &str) {
    for secret in PARTS.into_iter().chain([PASSWORD]) {
        assert!(!text.contains(secret), "{what} shows {secret:?}:\n{text}");
    }
}

#[track_caller]
fn check_debug(what: &str, value: &dyn Debug) {
    check(what, &format!("{value:?} {value:#?}"));
}

#[track_caller]
fn check_error(what: &str, error: &(dyn Error + 'static)) {
    for error in std::iter::successors(Some(error), |&error| error.source()) {
        check(what, &format!("{error} {error:#} {error:?} {error:#?}"));
    }
}

fn builder() -> ClientBuilder {
    Client::builder(KEY).retry_max_attempts(1)
}

#[test]
fn no_public_type_shows_it() {
    let server = Server::start();
    let client = builder().endpoint(server.endpoint()).build().unwrap();
    check_debug("ClientBuilder", &builder().on_error(|_, _| {}).before_send(Some).transport(Looking::default()));
    check_debug("Client", &client);
    check_debug("Track", &client.track("A").user("u"));
    check_debug("Track of nobody", &client.track("A"));
    check_debug("Identify", &client.identify("u"));
    check_debug("Group", &client.group("g"));
    check_debug("Event", &client.track("A").user("u").into_event());
    check_debug("Sending", &client.track("A").user("u").send());
    check_debug("verify", &client.verify());
    check_debug("Flush", &client.flush());
    check_debug("Report", &client.flush_blocking(LIMIT));
    check_debug("Stats", &balanced(&client));
    check_debug("Shutdown", &client.shutdown());
    check_debug("InstallGuard", &client.install().unwrap());
    check_debug("Client after its shutdown", &client);
    check_debug("Roots", &known_roots());
    assert_eq!(server.requests()[0].header("authorization"), Some(&*format!("Bearer {KEY}")));
}

/// Keeps how a request shows itself, and fails each one.
#[derive(Debug, Clone, Default)]
struct Looking(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl Transport for Looking {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        self.0.lock().unwrap().push(format!("{request:?} {request:#?} {} {:?}", request.url(), request.body()));
        assert!(request.headers().any(|(_, value)| value.ends_with(KEY)));
        Err(TransportError::new("looked at"))
    }
}

#[test]
fn request_shows_it_to_its_transport_only_as_a_header() {
    let (looking, told) = (Looking::default(), Told::default());
    let client = told.listen(builder().transport(looking.clone())).build().unwrap();
    let error = client.track("A").user("u").send_blocking(LIMIT).unwrap_err();
    check_error("SendError", &error);
    let seen = looking.0.lock().unwrap().concat();
    assert!(!seen.is_empty());
    check("Request", &seen);
    let _ = client.shutdown_blocking(LIMIT);
    check_debug("on_error", &told.calls());
    balanced(&client);
}

#[test]
fn no_error_of_the_configuration_shows_it() {
    let with_line_break = Client::builder(format!("{KEY}\n")).build().unwrap_err();
    check_error("a key with a line break", &with_line_break);
    check_error("a key with a space", &Client::builder(format!("{KEY} {KEY}")).build().unwrap_err());
    check_error("a key with an umlaut", &Client::builder(format!("ü{KEY}")).build().unwrap_err());
    check_error("a bad size", &builder().max_batch_size(0).build().unwrap_err());
    let endpoints = ["https://user:pr0xyPassw0rd@i.klime.com", "http://u:pr0xyPassw0rd@h", "u:pr0xyPassw0rd@host"];
    for endpoint in endpoints {
        check_error(endpoint.split('@').next_back().unwrap(), &builder().endpoint(endpoint).build().unwrap_err());
    }
    check_error("roots", &Roots::from_pem(b"no PEM").unwrap_err());
}

#[test]
fn no_error_of_a_call_shows_it() {
    let client = builder().endpoint(Server::unused_port()).build().unwrap();
    check_error("no name", &client.track("").user("u").try_enqueue().unwrap_err());
    check_error("no object", &client.enqueue_refused());
    let _ = client.shutdown_blocking(LIMIT);
    check_error("closed", &client.track("A").user("u").try_enqueue().unwrap_err());
    check_error("send after the shutdown", &client.track("A").user("u").send_blocking(LIMIT).unwrap_err());
    balanced(&client);
}

trait EnqueueRefused {
    fn enqueue_refused(&self) -> klime::EnqueueError;
}

impl EnqueueRefused for Client {
    fn enqueue_refused(&self) -> klime::EnqueueError {
        self.try_enqueue_event(Event::track("A").with_user("u").with_properties(7)).unwrap_err()
    }
}

fn program(endpoint: &str) -> Program {
    Program::sending_to(endpoint).variable("KLIME_WRITE_KEY", KEY)
}

/// Everything that a program wrote, its log at the finest level and the `Debug` of all that its callbacks got included.
#[track_caller]
fn check_output(what: &str, output: &Output) {
    assert!(output.text().contains("DEBUG ureq::run POST "), "the log is not seen: {output:?}");
    check(what, output.text());
    // A dump cuts the key into rows; its letters stand at each row's end.
    let rows = output.text().lines().filter(|line| line.contains(WIRE_DUMP)).filter_map(|row| row.rsplit("  ").next());
    check(what, &rows.collect::<String>());
}

/// The same, but for what a server said of the key itself: a dump of its bytes is its own text.
#[track_caller]
fn check_echo(what: &str, output: &Output) {
    let text: Vec<&str> = output.text().lines().filter(|line| !line.contains(WIRE_DUMP)).collect();
    check(what, &text.join("\n"));
}

#[test]
fn no_log_line_of_a_delivery_shows_it() {
    let server = Server::scripted([]);
    let output = program(&server.endpoint()).run();
    assert!(output.line("report").starts_with("1 accepted"));
    check_output("a delivery", &output);
    assert_eq!(server.requests()[0].header("authorization"), Some(&*format!("Bearer {KEY}")));
    assert!(!String::from_utf8_lossy(&server.requests()[0].body).contains(KEY));
}

#[test]
fn server_that_echoes_it_is_not_repeated() {
    let padding = "x".repeat(190);
    let text = json!({ "error": format!("no such key: {KEY}") });
    let cut = json!({ "error": format!("{padding}{KEY}") });
    let split = json!({ "error": format!("{}\n{}", &KEY[..12], &KEY[12..]) });
    let errors = json!([{ "index": 0, "message": format!("bad {KEY}"), "code": KEY }]);
    let refused = json!({ "status": KEY, "accepted": 0, "failed": 1, "errors": errors });
    let cases = [
        ("401", Answer::status(401).json(&text)),
        ("401, the key at the end of what is kept", Answer::status(401).json(&cut)),
        ("401, a key with a line break in it", Answer::status(401).json(&split)),
        ("401, in a header", Answer::status(401).header("WWW-Authenticate", format!("Bearer {KEY}"))),
        ("503", Answer::status(503).json(&text)),
        ("200 that refuses", Answer::ok().json(&refused)),
    ];
    for (case, answer) in cases {
        let server = Server::scripted([answer]);
        let output = program(&server.endpoint()).run();
        assert!(output.line("report").starts_with("0 accepted"), "{case}: {output:?}");
        check_echo(case, &output);
    }
}

#[test]
fn no_failure_of_the_network_shows_it() {
    check_output("a refused connection", &program(&Server::unused_port()).run());
    let server = Server::scripted([Answer::raw("no HTTP"), Answer::reset()]);
    check_output("no HTTP", &program(&server.endpoint()).run());
    check_output("a reset", &program(&server.endpoint()).run());
    let server = TlsServer::start(Certificate::SelfSigned);
    let output = program(&server.endpoint()).run();
    assert!(output.line("error").contains("the TLS connection failed"), "{output:?}");
    check_output("a wrong certificate", &output);
}

#[test]
fn password_of_a_proxy_is_not_shown_either() {
    let server = Server::start();
    let (_, address) = server.endpoint().split_once("://").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let proxy = Proxy::leading_to(address.parse().unwrap());
    let refusing = Server::scripted([Answer::status(407)]);
    for (case, proxy) in [
        ("a proxy", proxy.endpoint()),
        ("a proxy that is not there", Server::unused_port()),
        ("a proxy that refuses", refusing.endpoint()),
    ] {
        let url = proxy.replace("http://", &format!("http://user:{PASSWORD}@"));
        let output = program("http://klime.test:8080").variable("http_proxy", &url).run();
        check_output(case, &output);
        let basic = "dXNlcjpwcjB4eVBhc3N3MHJk";
        assert!(!output.text().contains(basic), "{case} shows the password in base 64: {output:?}");
    }
    assert_eq!(server.events().len(), 1);
}
