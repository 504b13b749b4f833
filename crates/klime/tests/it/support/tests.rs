//! The test server, tested with a client that knows nothing but TCP.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use serde_json::json;

use super::{Answer, Gate, Server};

const BODY: &str = r#"{"batch":[{"n":1},{"n":2}]}"#;

struct Client(TcpStream);

impl Client {
    fn connect(server: &Server) -> Self {
        Self(TcpStream::connect(&server.endpoint()["http://".len()..]).unwrap())
    }

    fn send(&mut self, body: &str) {
        let head = "POST /v1/batch HTTP/1.1\r\nHost: klime\r\nX-Try: One\r\n";
        write!(self.0, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }

    /// Reads one answer: the head, then the body it announces.
    fn receive(&mut self) -> io::Result<String> {
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte)?;
            answer.push(byte[0]);
        }
        let head = String::from_utf8(answer).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body)?;
        Ok(head + &String::from_utf8(body).unwrap())
    }

    fn post(&mut self) -> io::Result<String> {
        self.send(BODY);
        self.receive()
    }

    fn status(&mut self) -> String {
        let answer = self.post().unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    }
}

#[test]
fn right_answer_counts_the_events_and_keeps_the_connection() {
    let server = Server::start();
    let mut client = Client::connect(&server);
    for _ in 0..2 {
        let answer = client.post().unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.ends_with(r#"{"accepted":2,"failed":0,"status":"ok"}"#), "{answer}");
    }
    server.wait_for_requests(2);
    server.wait_for_events(4);
    assert_eq!((server.connections(), server.most_in_flight()), (1, 1));
    assert_eq!(server.events()[3], json!({ "n": 2 }));
    let request = &server.requests()[1];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/batch"));
    assert_eq!((request.header("X-Try"), request.header("x-other")), (Some("One"), None));
    assert_eq!((request.body.as_slice(), request.connection), (BODY.as_bytes(), 0));
    assert!(request.complete && request.at >= server.requests()[0].at);
}

#[test]
fn script_is_followed_in_order_and_then_answers_are_right() {
    let unavailable = Answer::status(503).header("Retry-After", 7);
    let server = Server::scripted([unavailable, Answer::status(200).json(&json!({ "odd": true }))]);
    let mut client = Client::connect(&server);
    assert!(client.post().unwrap().contains("HTTP/1.1 503 Scripted\r\nRetry-After: 7\r\n"));
    assert!(client.post().unwrap().ends_with(r#"{"odd":true}"#));
    assert_eq!(client.status(), "200");
}

#[test]
fn closure_decides_by_what_it_received() {
    let server = Server::answering(|received| Answer::status(if received.events().len() == 2 { 202 } else { 400 }));
    let mut client = Client::connect(&server);
    assert_eq!(client.status(), "202");
    client.send(r#"{"batch":[]}"#);
    assert!(client.receive().unwrap().starts_with("HTTP/1.1 400 "));
}

#[test]
fn panic_in_a_handler_reaches_the_test() {
    let server = Server::answering(|_| panic!("a failed assertion of the handler"));
    assert!(Client::connect(&server).post().is_err());
    let panic = panic::catch_unwind(AssertUnwindSafe(|| drop(server))).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("a thread of the test server panicked"), "{message}");
}

#[test]
fn closed_answer_ends_the_connection() {
    let server = Server::scripted([Answer::ok().close_after()]);
    let mut client = Client::connect(&server);
    assert!(client.post().unwrap().contains("\r\nConnection: close\r\n"));
    assert_eq!(client.0.read(&mut [0]).unwrap(), 0);
    assert_eq!(Client::connect(&server).status(), "200");
    assert_eq!(server.connections(), 2);
}

#[test]
fn hanging_answer_ends_with_the_server() {
    let server = Server::scripted([Answer::hang()]);
    let mut client = Client::connect(&server);
    client.send(BODY);
    server.wait_for_events(2);
    drop(server);
    assert!(client.receive().is_err());
}

#[test]
fn held_answer_waits_for_its_gate() {
    let gate = Gate::new();
    let server = Server::scripted([Answer::held(&gate), Answer::status(503).held_by(&gate)]);
    let mut clients = [Client::connect(&server), Client::connect(&server)];
    for client in &mut clients {
        client.send(BODY);
    }
    gate.wait_until_reached(2);
    assert_eq!(server.most_in_flight(), 2);
    gate.open();
    let mut statuses: Vec<String> =
        clients.iter_mut().map(|client| client.receive().unwrap()[9..12].to_owned()).collect();
    statuses.sort();
    assert_eq!(statuses, ["200", "503"]);
}

#[test]
fn closed_gate_does_not_keep_the_server_alive() {
    let gate = Gate::new();
    let server = Server::scripted([Answer::held(&gate)]);
    Client::connect(&server).send(BODY);
    gate.wait_until_reached(1);
    drop(server);
}

#[test]
fn reset_is_a_reset_after_the_whole_request() {
    let server = Server::scripted([Answer::reset()]);
    let error = Client::connect(&server).post().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(server.events().len(), 2);
}

#[test]
fn reset_mid_body_cuts_the_answer_in_two() {
    let server = Server::scripted([Answer::reset_mid_body()]);
    let error = Client::connect(&server).post().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn refusal_comes_before_the_body_is_through() {
    let server = Server::scripted([Answer::refuse_mid_request()]);
    let mut client = Client::connect(&server);
    client.0.write_all(b"POST /v1/batch HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{").unwrap();
    assert!(client.receive().is_err());
    assert_eq!(Client::connect(&server).status(), "200");
    assert_eq!(server.requests().iter().map(|request| request.complete).collect::<Vec<_>>(), [false, true]);
    assert_eq!(server.events().len(), 2);
}

#[test]
fn trickled_answer_arrives_whole_or_never_ends() {
    let delay = Duration::from_micros(10);
    let server = Server::scripted([Answer::trickle(delay), Answer::trickle_endless(delay)]);
    let mut client = Client::connect(&server);
    assert_eq!(client.status(), "200");
    client.send(BODY);
    let mut some = [0; 500];
    client.0.read_exact(&mut some).unwrap();
    assert!(some.ends_with(b"    "));
}

#[test]
fn raw_interim_and_huge_answers_are_sent_as_asked() {
    let answers = [Answer::interim_then_ok(103), Answer::huge_body(1_000_000), Answer::raw("SSH-2.0-\r\n\r\n")];
    let server = Server::scripted(answers);
    let mut client = Client::connect(&server);
    assert_eq!(client.post().unwrap(), "HTTP/1.1 103 Interim\r\n\r\n");
    assert!(client.receive().unwrap().starts_with("HTTP/1.1 200 "));
    assert!(client.post().unwrap().len() > 1_000_000);
    assert_eq!(client.post().unwrap(), "SSH-2.0-\r\n\r\n");
}

#[test]
fn nothing_listens_on_an_unused_port() {
    let address = Server::unused_port();
    let error = TcpStream::connect(&address["http://".len()..]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}
