//! TLS is always verified, and nothing leaves the process before it is.

use std::io::{Read, Write};

use klime::{Roots, SendErrorKind};

use super::program::Program;
use super::setup::{KEY, LIMIT, builder, enqueue, known_roots, numbered};
use super::told::{Calls, Told};
use crate::support::balanced;
use crate::support::listener::Listener;
use crate::support::tls::{Certificate, TlsServer};

#[test]
fn right_certificate_is_taken_and_its_connection_kept() {
    let server = TlsServer::start(Certificate::Right);
    let roots = Roots::from_pem(server.authority_pem().as_bytes()).unwrap();
    let client = builder(server.endpoint()).roots(roots).build().unwrap();
    for name in numbered(5) {
        enqueue(&client, [name]);
        assert_eq!(client.flush_blocking(LIMIT).accepted, 1);
    }
    assert_eq!((server.requests().len(), server.handshakes()), (5, 1));
    assert_eq!(server.requests()[0].header("authorization"), Some("Bearer test-key"));
    balanced(&client);
}

/// Sends an event to a server that must be refused, with these roots, and returns what the callbacks were told.
#[track_caller]
fn refused(case: &str, server: &TlsServer, roots: Roots) -> Calls {
    let told = Told::default();
    let client = told.listen(builder(server.endpoint()).roots(roots).retry_max_attempts(2)).build().unwrap();
    enqueue(&client, ["Report Generated"]);
    assert_eq!(client.flush_blocking(LIMIT).failed, 1, "{case}");
    let _ = client.shutdown_blocking(LIMIT);
    server.wait_for_refusals(2);
    assert_eq!((server.handshakes(), server.bytes_after_failure(), server.requests().len()), (0, 0, 0), "{case}");
    assert_eq!(balanced(&client).failed, 1, "{case}");
    told.calls()
}

#[track_caller]
fn check_reason(case: &str, calls: &Calls, reason: &str) {
    let [error] = calls.errors.as_slice() else { panic!("{case}: {calls:?}") };
    assert_eq!((error.kind, error.status, error.attempts), (SendErrorKind::Network, None, 2), "{case}");
    assert_eq!(error.chain[1], "the TLS connection failed", "{case}: {:?}", error.chain);
    assert!(error.chain.last().unwrap().contains(reason), "{case}: {:?}", error.chain);
}

#[test]
fn wrong_certificate_gets_no_byte_of_a_request() {
    let cases = [
        (Certificate::WrongHost, "not valid for name"),
        (Certificate::Expired, "expired"),
        (Certificate::SelfSigned, "UnknownIssuer"),
    ];
    for (certificate, reason) in cases {
        let server = TlsServer::start(certificate);
        let roots = Roots::from_pem(server.authority_pem().as_bytes()).unwrap();
        let case = format!("{certificate:?}");
        check_reason(&case, &refused(&case, &server, roots), reason);
    }
}

#[test]
fn certificate_of_an_authority_that_is_not_trusted_is_refused() {
    let (server, other) = (TlsServer::start(Certificate::Right), TlsServer::start(Certificate::Right));
    let roots = Roots::from_pem(other.authority_pem().as_bytes()).unwrap();
    check_reason("another authority", &refused("another authority", &server, roots), "invalid peer certificate");
    for roots in known_roots() {
        refused(&format!("{roots:?}"), &server, roots);
    }
}

#[test]
fn server_that_speaks_no_tls_gets_no_byte_of_a_request() {
    let (seen, hello) = std::sync::mpsc::channel();
    let server = Listener::start(move |mut stream, _| {
        let mut bytes = vec![0; 64 * 1024];
        let length = stream.read(&mut bytes).unwrap();
        bytes.truncate(length);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").unwrap();
        seen.send(bytes).unwrap();
    });
    let told = Told::default();
    let roots = Roots::from_pem(TlsServer::start(Certificate::Right).authority_pem().as_bytes()).unwrap();
    let settings = builder(format!("https://{}", server.address())).roots(roots).retry_max_attempts(1);
    let client = told.listen(settings).build().unwrap();
    enqueue(&client, ["Report Generated"]);
    assert_eq!(client.shutdown_blocking(LIMIT).failed, 1);
    let sent = String::from_utf8_lossy(&hello.recv_timeout(LIMIT).unwrap()).into_owned();
    assert!(!sent.contains(KEY) && !sent.contains("Report Generated"), "{sent}");
    assert_eq!(told.calls().errors[0].kind, SendErrorKind::Network);
    balanced(&client);
}

#[test]
fn process_wide_tls_state_is_not_touched() {
    let server = TlsServer::start(Certificate::Right);
    let roots = Roots::from_pem(server.authority_pem().as_bytes()).unwrap();
    for roots in known_roots().into_iter().chain([roots]) {
        let client = builder(server.endpoint()).roots(roots).retry_max_attempts(1).build().unwrap();
        enqueue(&client, ["Report Generated"]);
        let _ = client.shutdown_blocking(LIMIT);
        balanced(&client);
    }
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}

#[test]
fn system_roots_are_those_of_the_environment() {
    let server = TlsServer::start(Certificate::Right);
    let roots = TempDir::new("roots");
    let file = roots.write("ca.pem", server.authority_pem());
    let program = Program::sending_to(&server.endpoint()).variable("SSL_CERT_FILE", &file);
    assert_eq!(program.run().line("report"), "1 accepted, 0 rejected, 0 failed, 0 dropped, 0 pending");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn system_without_roots_is_an_error_and_no_panic() {
    let server = TlsServer::start(Certificate::Right);
    let roots = TempDir::new("no-roots");
    let file = roots.write("empty.pem", "");
    let program = Program::sending_to(&server.endpoint()).variable("SSL_CERT_FILE", &file);
    let output = program.variable("SSL_CERT_DIR", &roots.path("nothing")).run();
    assert_eq!(output.line("report"), "0 accepted, 0 rejected, 1 failed, 0 dropped, 0 pending");
    assert!(output.line("error").starts_with("network error, no answer from Klime"), "{output:?}");
    assert!(!output.text().contains("panicked"), "{output:?}");
    assert_eq!(server.requests().len(), 0);
}

/// A directory that is removed at the end of its test.
struct TempDir(std::path::PathBuf);

impl TempDir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("klime-{}-{name}", std::process::id()));
        std::fs::create_dir_all(path.join("nothing")).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
