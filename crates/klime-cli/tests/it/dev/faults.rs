//! Faults, through a real SDK.

use std::time::Duration;

use klime::{BatchResponse, Client, SendErrorKind};
use serde_json::json;

use crate::support::{Dev, track};

/// A failure limit, not a pace.
const PATIENCE: Duration = Duration::from_secs(20);

fn client(dev: &Dev) -> Client {
    Client::builder("test-write-key")
        .endpoint(dev.endpoint())
        .retry_initial_delay(Duration::from_millis(1))
        .request_timeout(Duration::from_millis(500))
        .retry_max_attempts(3)
        .build()
        .unwrap()
}

fn send(dev: &Dev, name: &str) -> Result<BatchResponse, klime::SendError> {
    client(dev).track(name).user("user_1").send_blocking(PATIENCE)
}

/// What it prints for a request that met a fault: the fault and the status.
#[track_caller]
fn request(dev: &Dev) -> (String, u64) {
    let line = dev.line();
    let request = &line["request"];
    (request["fault"].as_str().unwrap_or_else(|| panic!("{line}")).to_owned(), request["status"].as_u64().unwrap())
}

#[track_caller]
fn counted(dev: &Dev, status: &str) -> usize {
    let found = dev.get(&format!("/dev/wait?status={status}&count=100&timeout=0"));
    found.json()["matched"].as_u64().unwrap().try_into().unwrap()
}

#[test]
fn a_retry_after_is_honoured() {
    let dev = Dev::start(&["--fault", "429,retry-after=1,count=1"]);
    let began = klime_time();
    let answer = send(&dev, "A").unwrap();
    assert_eq!(answer.accepted, 1);
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(request(&dev), ("status".to_owned(), 429));
    assert_eq!(counted(&dev, "accepted"), 1);
}

#[expect(clippy::disallowed_methods, reason = "a promised delay is measured")]
fn klime_time() -> std::time::Instant {
    std::time::Instant::now()
}

#[test]
fn a_server_error_is_overcome() {
    let dev = Dev::start(&["--fault", "503,count=2"]);
    assert_eq!(send(&dev, "A").unwrap().accepted, 1);
    assert_eq!([request(&dev).1, request(&dev).1], [503, 503]);
    let refused = Dev::start(&["--fault", "400"]);
    let error = send(&refused, "A").unwrap_err();
    assert_eq!(error.status_code(), Some(400));
    assert_eq!(counted(&refused, "all"), 0);
}

#[test]
fn a_partial_fault_refuses_some_of_the_events() {
    let dev = Dev::start(&["--fault", "partial,share=0.5"]);
    let answer = dev.send(&[track("A", "m1"), track("B", "m2"), track("C", "m3"), track("D", "m4")]).json();
    assert_eq!((answer["accepted"].clone(), answer["failed"].clone()), (json!(2), json!(2)));
    assert_eq!(answer["errors"][0]["code"], "fault_injected");
    assert_eq!(answer["errors"][1]["index"], 2);
    assert_eq!((counted(&dev, "accepted"), counted(&dev, "refused")), (2, 2));
    let error = send(&dev, "E").unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Rejected);
}

#[test]
fn a_reset_is_retried_and_the_event_counted_once() {
    let dev = Dev::start(&["--fault", "reset,count=1"]);
    assert_eq!(send(&dev, "A").unwrap().accepted, 1);
    assert_eq!(request(&dev), ("reset".to_owned(), 0));
    assert_eq!((counted(&dev, "accepted"), counted(&dev, "duplicate")), (1, 0));
}

#[test]
fn a_reset_is_one_on_the_wire() {
    use std::io::{Read as _, Write as _};
    let dev = Dev::start(&["--fault", "reset"]);
    let mut stream = crate::support::http::connect(dev.address());
    let body = br#"{"batch":[]}"#;
    let head =
        "POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\n";
    write!(stream, "{head}Content-Length: {}\r\n\r\n", body.len()).unwrap();
    stream.write_all(body).unwrap();
    let error = stream.read(&mut [0; 100]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn an_event_whose_answer_was_lost_is_sent_again_and_counted_once() {
    let dev = Dev::start(&["--fault", "lost-answer,count=1"]);
    assert_eq!(send(&dev, "A").unwrap().accepted, 1);
    assert_eq!(request(&dev), ("lost_answer".to_owned(), 0));
    assert_eq!((counted(&dev, "accepted"), counted(&dev, "duplicate")), (1, 1));
}

#[test]
fn a_request_whose_answer_was_lost_has_none_whatever_it_would_have_been() {
    let dev = Dev::start(&["--fault", "lost-answer"]);
    assert!(dev.try_send_body(b"[]", "").is_none());
    assert_eq!(request(&dev), ("lost_answer".to_owned(), 0));
}

#[test]
fn a_request_that_hangs_ends_by_the_clients_time_out() {
    let dev = Dev::start(&["--fault", "hang,count=1"]);
    assert_eq!(send(&dev, "A").unwrap().accepted, 1);
    assert_eq!(request(&dev), ("hang".to_owned(), 0));
    assert_eq!(counted(&dev, "all"), 1);
}

#[cfg(unix)]
#[test]
fn a_request_that_hangs_does_not_keep_it_from_stopping() {
    let dev = Dev::start(&["--fault", "hang"]);
    let hanging = [(); 8].map(|()| {
        let mut stream = crate::support::http::connect(dev.address());
        std::io::Write::write_all(
            &mut stream,
            b"POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"batch\":[]}",
        )
        .unwrap();
        assert_eq!(request(&dev), ("hang".to_owned(), 0));
        stream
    });
    dev.signal(rustix::process::Signal::TERM);
    for mut stream in hanging {
        // It is cut off there and then. At the end of its patience the server would close the connection in good order.
        let error = std::io::Read::read(&mut stream, &mut [0; 100]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    assert_eq!(dev.ended().code, Some(0));
}

#[test]
fn a_slow_answer_comes_later_but_it_comes() {
    let dev = Dev::start(&["--fault", "slow=300ms,count=1"]);
    let began = klime_time();
    assert_eq!(dev.send(&[track("A", "m1")]).json()["accepted"], 1);
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
}

/// SDKs give up on an answer that is late. The batch is taken nevertheless, as by a server that is slow.
#[test]
fn a_batch_whose_answer_is_slow_is_taken_though_the_client_leaves() {
    let dev = Dev::start(&["--fault", "slow=60s"]);
    let mut leaving = crate::support::http::connect(dev.address());
    let body = json!({ "batch": [track("A", "m1")] }).to_string();
    let head =
        "POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\n";
    std::io::Write::write_all(&mut leaving, format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes())
        .unwrap();
    drop(leaving);
    assert_eq!(request(&dev), ("slow".to_owned(), 200));
    assert_eq!(dev.line()["event"], "A");
    assert_eq!(counted(&dev, "accepted"), 1);
}

#[test]
fn faults_are_set_and_cleared_while_it_runs() {
    let dev = Dev::start(&[]);
    let added = dev.post("/dev/fault", &json!({ "kind": "status", "status": 429, "retryAfter": 2, "rate": 0.5 }));
    assert_eq!(added.status, 201);
    assert_eq!(
        added.json(),
        json!({ "faults": [{ "kind": "status", "status": 429, "retryAfter": 2, "rate": 0.5, "hits": 0 }] })
    );
    let answers = [dev.send(&[]), dev.send(&[]), dev.send(&[]), dev.send(&[])];
    assert_eq!(answers.each_ref().map(|answer| answer.status), [200, 429, 200, 429]);
    assert_eq!(answers[1].header("retry-after"), Some("2"));
    assert_eq!(answers[1].error(), "a fault that answers 429 Too Many Requests was asked for");
    assert_eq!(dev.get("/dev/fault").json()["faults"][0]["hits"], 2);
    assert_eq!(dev.ask("DELETE", "/dev/fault", "", b"").unwrap().json(), json!({ "faults": [] }));
    assert_eq!(dev.send(&[]).status, 200);
    let refused = dev.post("/dev/fault", &json!({ "kind": "flood" }));
    assert_eq!(
        (refused.status, refused.error()),
        (400, "there is no kind \"flood\"; it is one of status, partial, slow, hang, reset, lost_answer".to_owned())
    );
}

#[test]
fn a_burst_through_many_faults_loses_nothing_and_counts_nothing_twice() {
    let dev = Dev::start(&[
        "--fault",
        "reset,rate=0.1",
        "--fault",
        "lost-answer,rate=0.2",
        "--fault",
        "503,rate=0.1",
        "--fault",
        "slow=5ms,rate=0.2",
    ]);
    let client = Client::builder("test-write-key")
        .endpoint(dev.endpoint())
        .retry_initial_delay(Duration::from_millis(1))
        .retry_max_attempts(50)
        .build()
        .unwrap();
    for n in 0..900 {
        client.track("Report Generated").user(n).enqueue();
    }
    let report = client.shutdown_blocking(PATIENCE);
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(client.stats().accepted, 900, "{:?}", client.stats());
    assert_eq!(dev.get("/dev/wait?count=900&timeout=0").json()["matched"], 900);
    assert_eq!(dev.get("/dev/wait?count=901&timeout=0").status, 504);
    assert!(counted(&dev, "duplicate") > 0);
}

#[test]
fn a_fault_is_an_object() {
    let dev = Dev::start(&[]);
    let answer = dev.post("/dev/fault", &json!(["hang"]));
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (400, "this is no fault: it must be a JSON object, and is an array")
    );
    assert_eq!(dev.get("/dev/fault").json(), json!({ "faults": [] }));
}
